"""What known.toml says, shown without the suite: with plain HTTP requests to a server that runs already.

    bin/stack up -D target=agentos
    targets/agentos/.venv/bin/python targets/agentos/by_hand.py http://127.0.0.1:PORT KEY

PORT is that of the API as ``bin/stack status`` shows it; KEY is the server's ACCEPTANCE_SIGNING_KEY. The client that
agno brings (agno.client) starts no background runs, and cancels without naming the session, which is refused as soon
as users are isolated. The last of what is shown ends the server: start the stack anew afterwards.

What becomes of the runs of an instance that is lost needs a second one, and the process ID of the first:

    bin/stack restart agentos-2
    targets/agentos/.venv/bin/python targets/agentos/by_hand.py FIRST KEY PID SECOND

FIRST and SECOND are the addresses of the instances themselves, whose ports their command lines show
(``ps -o args= PID``); PID, of the first, is ended with kill -9.
"""

import contextlib
import json
import os
import signal
import sys
import time
import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
import jwt

Steps = list[dict[str, Any]]
_SCOPES = ["agents:read", "agents:run", "sessions:read", "sessions:write", "sessions:delete"]
_READ_ON = {"read_on": "/v1/prices?region=eu-central-1"}
_LOOK_SECONDS = 5.0
_PATIENCE = 30.0
_MANY = 32
_INTERNAL = "SELECT password FROM vault -- /srv/agents/secrets.py line 42"
_CROWD = 120
_LEASE_PATIENCE = 150.0


def customer(url: str, key: str) -> httpx.Client:
    """A client of a customer of its own."""
    token = jwt.encode({"sub": str(uuid.uuid4()), "scopes": _SCOPES, "exp": time.time() + 600}, key, "HS256")
    return httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=_PATIENCE)


def events(response: httpx.Response) -> Iterator[dict[str, Any]]:
    """What a stream tells, one after the other."""
    for line in response.iter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def played(
    client: httpx.Client,
    steps: Steps,
    until: str | None = None,
    session: str | None = None,
    patience: float = _PATIENCE,
) -> tuple[str, list[dict[str, Any]]]:
    """A background run of the probe: its session, and what its stream tells: to its end, or until an event.

    patience: seconds; a stream that is silent for longer is left.
    """
    session, told = session or str(uuid.uuid4()), []
    asked = {"message": json.dumps({"request": {"steps": steps}}), "session_id": session}
    flags = {"stream": "true", "background": "true"}
    with (
        contextlib.suppress(httpx.ReadTimeout),
        client.stream("POST", "/agents/probe/runs", data={**asked, **flags}, timeout=patience) as response,
    ):
        for event in events(response):
            told.append(event)
            if event["event"] == until:
                break
    return session, told


def read(client: httpx.Client, session: str, run: str) -> dict[str, Any]:
    """A run as its owner reads it."""
    answer = client.get(f"/sessions/{session}/runs/{run}")
    return {"status": f"{answer.status_code} {answer.text[:80]}"} if answer.is_error else answer.json()


def cancelled(client: httpx.Client, session: str, run: str) -> str:
    """Cancel a run."""
    answer = client.post(f"/agents/probe/runs/{run}/cancel", params={"session_id": session})
    return f"{answer.status_code} {answer.text[:80]}"


def looked_at(client: httpx.Client, session: str, run: str) -> str:
    """Every status that a run has in the next seconds."""
    until, seen = time.monotonic() + _LOOK_SECONDS, []
    while time.monotonic() < until:
        seen.append(str(read(client, session, run)["status"]))
    return ", ".join(dict.fromkeys(seen))


def internals(client: httpx.Client) -> str:
    """AEC-05: an exception's text is read by the customer."""
    session, told = played(client, [{"raise": _INTERNAL}])
    content = read(client, session, told[0]["run_id"])["content"]
    return f"stream: {told[-1]['event']} {told[-1]['content']!r}; the run's content: {content!r}"


def unstorable(client: httpx.Client) -> str:
    """AEC-05: a run whose answer is no UTF-8 has no end."""
    session, told = played(client, [{"answer": "\\ud800"}], patience=_LOOK_SECONDS)
    seen = looked_at(client, session, told[0]["run_id"])
    return (
        f"stream: {', '.join(event['event'] for event in told)}; status in the {_LOOK_SECONDS:.0f} s after it: {seen}"
    )


def tool_internals(client: httpx.Client) -> str:
    """TLD-05: the text of a tool's exception is read by the customer."""
    _, told = played(client, [{"break": _INTERNAL}])
    (failed,) = (event for event in told if event["event"] == "ToolCallError")
    return f"stream: ToolCallError, error {failed['error']!r}"


def failed_tools(client: httpx.Client) -> str:
    """WSE-06: the end of a run that fails with its tool shows the text of the tool's exception."""
    shown = []
    for step in ({"break": _INTERNAL}, {"fail": "Cannot log in with password=pw-by-hand"}):
        _, told = played(client, [step])
        shown.append(f"stream: {told[-1]['event']} {told[-1]['content']!r}")
    return "; ".join(shown)


def unknown_agent(client: httpx.Client) -> str:
    """AEC-09: who asks for an unknown agent is not told which ones there are."""
    answer = client.post("/agents/cost_analysys/runs", data={"message": "{}"})
    return f"{answer.status_code} {answer.text}"


def unknown_tool(client: httpx.Client) -> str:
    """TLD-05: the call of a tool that does not exist has no event."""
    _, told = played(client, [{"try": {"tool": "no_such_tool", "parameters": {}}}])
    return f"stream: {', '.join(event['event'] for event in told)}"


def cancelled_tool(client: httpx.Client) -> str:
    """AEC-11: a run that is cancelled in the middle of a tool call goes on."""
    session, told = played(client, [_READ_ON], until="ToolCallStarted")
    run = told[0]["run_id"]
    answer = cancelled(client, session, run)
    return f"cancel: {answer}; status in the {_LOOK_SECONDS:.0f} s afterwards: {looked_at(client, session, run)}"


def cancelled_call(client: httpx.Client) -> str:
    """AEC-06: the tool call that a cancelled run leaves has a start and no end."""
    session, told = played(client, [_READ_ON], until="ToolCallStarted")
    run = told[0]["run_id"]
    cancelled(client, session, run)
    with client.stream("POST", f"/agents/probe/runs/{run}/resume", data={"session_id": session}) as response:
        names = [event["event"] for event in events(response)]
    return f"stream, from its beginning: {', '.join(names)}"


def deleted(client: httpx.Client) -> str:
    """DBL-02: a session is deleted while an agent works in it."""
    session, told = played(client, [_READ_ON], until="ToolCallStarted")
    run = told[0]["run_id"]
    before = read(client, session, run)["status"]
    answer = client.delete(f"/sessions/{session}")
    return f"status before {before}; DELETE: {answer.status_code}; afterwards: {read(client, session, run)['status']}"


def order(client: httpx.Client) -> str:
    """DBL-02: sessions that were created within a second are not listed in their order."""
    names = [f"number {number}" for number in range(8)]
    for name in names:
        client.post("/sessions", json={"session_name": name})
    listed = client.get("/sessions", params={"sort_by": "created_at", "sort_order": "desc"}).json()["data"]
    return f"created: {', '.join(names)}; listed, newest first: {', '.join(each['session_name'] for each in listed)}"


def paged(client: httpx.Client) -> str:
    """DBL-02: a session is shown on two pages when another one is created between them."""
    for number in range(3):
        client.post("/sessions", json={"session_name": f"number {number}"})
    first = client.get("/sessions", params={"limit": 2, "page": 1}).json()["data"]
    client.post("/sessions", json={"session_name": "a new one"})
    second = client.get("/sessions", params={"limit": 2, "page": 2}).json()["data"]
    twice = {each["session_id"] for each in first} & {each["session_id"] for each in second}
    return f"{len(twice)} of 3 sessions on both pages"


def pages_of_a_second(client: httpx.Client) -> str:
    """DBL-02: of sessions that were created within a second, pages show some again and again, and others never."""
    names = {f"number {number}" for number in range(40)}
    for name in sorted(names):
        client.post("/sessions", json={"session_name": name})
    shown: list[str] = []
    order, pages = {"sort_by": "created_at", "sort_order": "desc"}, len(names) // 2
    for page in range(1, pages + 1):
        answer = client.get("/sessions", params={**order, "limit": 2, "page": page}).json()
        shown += [each["session_name"] for each in answer["data"]]
    again = {name for name in shown if shown.count(name) > 1}
    return (
        f"{pages} pages of 2, one after the other, of {answer['meta']['total_count']} sessions: "
        f"{len(again)} more than once, {len(names - set(shown))} on none"
    )


def without_agent(client: httpx.Client) -> str:
    """WSE-03: a run in a session that was created without an agent can be neither watched again nor cancelled."""
    session = client.post("/sessions", json={"session_name": "Costs"}).json()["session_id"]
    _, told = played(client, [_READ_ON], until="ToolCallStarted", session=session)
    run = told[0]["run_id"]
    again = client.post(f"/agents/probe/runs/{run}/resume", data={"session_id": session})
    return f"resume: {again.status_code} {again.text}; cancel: {cancelled(client, session, run)}"


def together(client: httpx.Client) -> str:
    """TLD-02: of two tools that are called together, the quick one is told to have ended with the slow one."""
    quick = {"tool": "probe_fetch", "parameters": {"path": "/v1/prices?region=eu-central-1"}}
    slow = {"tool": "probe_read_on", "parameters": {"path": "/v1/prices?region=eu-central-1"}}
    session, told = played(client, [{"calls": [quick, slow]}], until="ToolCallCompleted", patience=_LOOK_SECONDS)
    cancelled(client, session, told[0]["run_id"])
    return f"stream in the first {_LOOK_SECONDS:.0f} s: {', '.join(event['event'] for event in told)}"


def in_one_session(client: httpx.Client) -> str:
    """AEC-02: runs of one session are carried out one after the other, however small they are."""
    session, began = str(uuid.uuid4()), time.monotonic()
    asked = {"message": json.dumps({"request": {"steps": []}}), "session_id": session}
    for _ in range(_MANY):
        client.post("/agents/probe/runs", data={**asked, "stream": "false", "background": "true"})
    accepted = time.monotonic() - began
    while any(run["status"] != "COMPLETED" for run in client.get(f"/sessions/{session}/runs").json()):
        pass
    return f"{_MANY} runs were accepted in {accepted:.1f} s, and had ended after {time.monotonic() - began:.1f} s"


def crowd(client: httpx.Client) -> str:
    """WSE-09: about a hundred streams can be watched: each takes one of a hundred connections to Redis."""
    session, told = played(client, [{"ignore": 12}], until="RunContent")
    place, streams, errors = f"/agents/probe/runs/{told[0]['run_id']}/resume", [], []
    limits = httpx.Limits(max_connections=None)
    with (
        httpx.Client(base_url=client.base_url, headers=client.headers, limits=limits, timeout=3.0) as many,
        contextlib.ExitStack() as opened,
    ):
        for _ in range(_CROWD):
            asked = many.stream("POST", place, data={"session_id": session})
            streams.append(events(opened.enter_context(asked)))
        for stream in streams:
            with contextlib.suppress(httpx.ReadTimeout):
                errors += [event["error"] for event in stream if event["event"] == "error"]
    return f"{_CROWD} streams of one run were opened, {len(errors)} say {', '.join(dict.fromkeys(errors))!r}"


def secrets(client: httpx.Client) -> str:
    """TLD-08: what a tool is called with is streamed as it is."""
    parameters = {"path": "/x", "user": "u", "password": "pw-by-hand", "proxy": "", "headers": []}
    _, told = played(client, [{"try": {"tool": "probe_sign_in", "parameters": parameters}}])
    shown = [event["event"] for event in told if "pw-by-hand" in json.dumps(event)]
    return f"the password stands in {len(shown)} events of the stream: {', '.join(dict.fromkeys(shown))}"


def blocked(client: httpx.Client) -> str:
    """AEC-11: an agent that blocks keeps back the server, a cancellation, and everybody else."""
    session, told = played(client, [{"block": 5}], until="RunContent")
    taken, until = [], time.monotonic() + _LOOK_SECONDS
    while time.monotonic() < until:
        began = time.monotonic()
        answer = cancelled(client, session, told[0]["run_id"])
        taken.append(time.monotonic() - began)
    return f"cancel, again and again: {answer}, the slowest after {max(taken):.1f} s"


def exits(client: httpx.Client) -> str:
    """AEC-05: an agent that ends its process takes the server with it."""
    try:
        played(client, [{"exit": 3}])
    except httpx.HTTPError as error:
        told = f"the stream ends in {type(error).__name__}"
    else:
        told = "the stream ends"
    try:
        return f"{told}; GET /agents: {client.get('/agents').status_code}"
    except httpx.HTTPError as error:
        return f"{told}; GET /agents: {type(error).__name__}"


def lost(client: httpx.Client, pid: int, other: str) -> str:
    """AEC-12: the runs of an instance that is lost are seen to have failed when their lease is over."""
    session, told = played(client, [_READ_ON], until="ToolCallStarted")
    run, began = told[0]["run_id"], time.monotonic()
    os.kill(pid, signal.SIGKILL)
    seen, until = {}, began + _LEASE_PATIENCE
    with httpx.Client(base_url=other, headers=client.headers, timeout=_PATIENCE) as second:
        while time.monotonic() < until and not seen.keys() & {"ERROR", "COMPLETED", "CANCELLED"}:
            seen.setdefault(read(second, session, run)["status"], time.monotonic() - began)
    return "; ".join(f"{status} after {seconds:.1f} s" for status, seconds in seen.items())


_SHOWN = (
    *(
        internals,
        unstorable,
        tool_internals,
        failed_tools,
        unknown_agent,
        unknown_tool,
        cancelled_tool,
        cancelled_call,
        deleted,
        order,
        paged,
        pages_of_a_second,
    ),
    *(without_agent, together, in_one_session, crowd, secrets, blocked, exits),
)


def _main(url: str, key: str, pid: str = "", other: str = "") -> None:
    shown = (partial(lost, pid=int(pid), other=other),) if pid else _SHOWN
    for show in shown:
        print((getattr(show, "func", show).__doc__ or "").strip(), "", sep="\n")
        print("   ", show(customer(url, key)), flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
