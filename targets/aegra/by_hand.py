"""What known.toml says, shown without the suite: with the platform's own SDK against a server that runs already.

    bin/stack up -D target=aegra
    targets/aegra/.venv/bin/python targets/aegra/by_hand.py http://127.0.0.1:PORT KEY [NAME...]

PORT is that of the API as ``bin/stack status`` shows it; KEY is the server's ACCEPTANCE_SIGNING_KEY. The last of what
is shown ends the server's event loop: start the stack anew afterwards. NAME is one of the functions here; ``overdue``
needs the time limits of ``bin/stack up -D target=aegra -D mode=time-limits``, ``outage`` that somebody has ended the
stack's PostgreSQL, ``interrupted`` the way to the server's database in PostgreSQL's own variables (PGHOST, PGPORT,
PGUSER, PGPASSWORD, PGDATABASE): they are only shown when they are named.
"""

import asyncio
import sys
import time
import uuid
from typing import Any

import jwt
import psycopg
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

Steps = list[dict[str, Any]]
_ENOUGH = 1_000
_PATIENCE = 10.0
_MODES: Any = ["values", "tasks", "messages-tuple", "custom"]


def customer(url: str, key: str) -> LangGraphClient:
    """A client of a customer of its own."""
    token = jwt.encode({"sub": str(uuid.uuid4()), "exp": time.time() + 600}, key, "HS256")
    return get_client(url=url, headers={"authorization": f"Bearer {token}"})


async def started(client: LangGraphClient, steps: Steps) -> tuple[str, str]:
    """A run of the probe: its thread and its id."""
    thread = await client.threads.create()
    asked = {"request": {"steps": steps}}
    run = await client.runs.create(thread["thread_id"], "probe", input=asked, stream_mode=_MODES)
    return thread["thread_id"], run["run_id"]


async def told(client: LangGraphClient, thread: str, run: str) -> list[tuple[str, Any]]:
    """Everything that the stream of a run tells."""
    parts = client.runs.join_stream(thread, run, last_event_id=f"{run}_event_0")
    return [(part.event, part.data) async for part in parts]


async def internals(client: LangGraphClient) -> str:
    """AEC-05: an exception's text is read by the customer."""
    thread, run = await started(client, [{"raise": "SELECT password FROM vault -- /srv/agents/secrets.py line 42"}])
    await told(client, thread, run)
    read: Any = await client.runs.get(thread, run)
    return f"runs.get: status {read['status']}, error_message {read['error_message']!r}"


async def unknown_agent(client: LangGraphClient) -> str:
    """AEC-09: who asks for an unknown assistant is not told which ones there are."""
    thread = await client.threads.create()
    try:
        await client.runs.create(thread["thread_id"], "cost_analysys", input={"request": {}})
    except Exception as refused:
        return f"runs.create: {type(refused).__name__}: {refused}"
    return "runs.create: accepted"


async def until_it_works(client: LangGraphClient, thread: str, run: str, kind: str) -> list[Any]:
    """What the stream tells until the first part of that kind: ``tool``, a call that begins, or ``messages``."""
    seen: list[Any] = []
    async for part in client.runs.join_stream(thread, run, last_event_id=f"{run}_event_0"):
        seen.append(part)
        data: Any = part.data
        if part.event == kind or (part.event == "tasks" and data["name"] == kind):
            break
    return seen


async def cancelled_call(client: LangGraphClient) -> str:
    """AEC-06: the tool call that a cancelled run leaves has a start and no end."""
    thread, run = await started(client, [{"read_on": "/v1/prices?region=eu-central-1"}])
    await until_it_works(client, thread, run, "tool")
    stream = asyncio.create_task(told(client, thread, run))
    await client.runs.cancel(thread, run)
    parts = await stream
    tools = [data for event, data in parts if event == "tasks" and data["name"] == "tool"]
    return f"stream: {len(tools)} part(s) of the tool's task (a start, no result), then {parts[-1]}"


async def deleted(client: LangGraphClient) -> str:
    """DBL-02: a thread is deleted while an agent works in it."""
    thread, run = await started(client, [{"read_on": "/v1/prices?region=eu-central-1"}])
    await until_it_works(client, thread, run, "tool")
    before: Any = await client.runs.get(thread, run)
    await client.threads.delete(thread)
    try:
        await client.runs.get(thread, run)
        after = "still there"
    except Exception as gone:
        after = type(gone).__name__
    return f"status before {before['status']}; threads.delete: no error; runs.get afterwards: {after}"


async def paged(client: LangGraphClient) -> str:
    """DBL-02: a thread is shown on two pages when another one is created between them."""
    for _ in range(3):
        await client.threads.create()
    first = await client.threads.search(limit=2, offset=0)
    await client.threads.create()
    second = await client.threads.search(limit=2, offset=2)
    twice = {thread["thread_id"] for thread in first} & {thread["thread_id"] for thread in second}
    return f"threads.search: {len(twice)} of 3 threads on both pages, none created while they were shown"


async def secrets(client: LangGraphClient) -> str:
    """TLD-08: what a tool is called with is streamed as it is."""
    call = {
        "tool": "probe_sign_in",
        "parameters": {"path": "/x", "user": "u", "password": "pw-by-hand", "proxy": "", "headers": []},
    }
    thread, run = await started(client, [{"try": call}])
    shown = [event for event, data in await told(client, thread, run) if "pw-by-hand" in str(data)]
    return f"the password stands in {len(shown)} parts of the stream: {sorted(set(shown))}"


async def blocked(client: LangGraphClient) -> str:
    """AEC-11: an agent that blocks keeps back the server, a cancellation, and everybody else."""
    thread, run = await started(client, [{"block": 5}])
    await until_it_works(client, thread, run, "messages")
    began = time.monotonic()
    await client.runs.cancel(thread, run)
    return f"runs.cancel answered after {time.monotonic() - began:.1f} s"


async def detected(client: LangGraphClient, other: LangGraphClient) -> str:
    """API-02: who asks for a run in a thread learns whether somebody else has that thread."""
    foreign = (await other.threads.create())["thread_id"]
    answers = []
    for thread in (foreign, str(uuid.uuid4())):
        answer = await _http(client).post(f"/threads/{thread}/runs", json={"assistant_id": "probe", "input": {}})
        answers.append(str(answer.status_code))
    return f"runs.create in a thread of another user: {answers[0]}; in one that never existed: {answers[1]}"


async def invalid(client: LangGraphClient) -> str:
    """API-05: requests that the published schemas or JSON do not allow."""
    as_json = {"content-type": "application/json"}
    requests: dict[str, tuple[str, bytes]] = {
        "a limit that is text": ("/threads/search", b'{"limit": "7"}'),
        "NUL in metadata": ("/threads", b'{"metadata": {"noted": "x\\u0000y"}}'),
        "half a surrogate pair in metadata": ("/threads", b'{"metadata": {"noted": "\\ud800"}}'),
        "NaN in metadata": ("/threads", b'{"metadata": {"noted": NaN}}'),
        "invalid UTF-8": ("/threads", b'{"metadata": {"noted": "\xff"}}'),
        "UTF-16": ("/threads", '{"metadata": {}}'.encode("utf-16")),
        "a name of a million letters": ("/assistants", b'{"graph_id": "probe", "name": "%s"}' % (b"x" * 1_000_000)),
        "100,000 nested lists": ("/threads", b'{"metadata": {"noted": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}"),
        "a body of 5 MB": ("/threads", b'{"metadata": {}}'.ljust(5 * 1024 * 1024)),
    }
    answers = []
    for what, (path, body) in requests.items():
        try:
            answer = await _http(client).post(path, content=body, headers=as_json)
            answers.append(f"{what}: {answer.status_code} {answer.text[:100]}")
        except Exception as broken:
            answers.append(f"{what}: no answer, {type(broken).__name__}")
    return "\n    ".join(answers)


async def unpublished(client: LangGraphClient) -> str:
    """API-01: the published API says nothing of a refusal without a token."""
    document = (await _http(client).get("/openapi.json")).json()
    operations = [each for methods in document["paths"].values() for each in methods.values()]
    named = sum("401" in each["responses"] for each in operations)
    crons = document["paths"]["/runs/crons"]["post"]["responses"]
    answer = await _http(client).get("/threads", headers={"authorization": ""})
    created = await _http(client).post(
        "/runs/crons", json={"assistant_id": "none", "schedule": "0 0 1 1 *", "input": {}}
    )
    return (
        f"GET /threads without a token: {answer.status_code}; published of {named} of {len(operations)} operations"
        f"; POST /runs/crons of an unknown assistant: {created.status_code}; published are {', '.join(crons)}"
    )


async def overdue(client: LangGraphClient) -> str:
    """AEC-04, with -D mode=time-limits: an agent that cannot be cancelled goes on after the time limit of 2 s."""
    answers = []
    for steps in ({"read_on": "/v1/prices?region=eu-central-1"}, {"ignore": 8}, {"block": 8}):
        thread, run = await started(client, [steps])
        await until_it_works(client, thread, run, "metadata")
        began = time.monotonic()
        parts = await told(client, thread, run)
        took = time.monotonic() - began
        calls = [data for event, data in parts if event == "tasks" and data["name"] == "tool"]
        read: Any = await client.runs.get(thread, run)
        answers.append(
            f"{steps}: {parts[-2:]} after {took:.1f} s; runs.get: {read['error_message']!r}"
            f"; {len(calls)} part(s) of a tool's task"
        )
    return "\n    ".join(answers)


async def outage(client: LangGraphClient) -> str:
    """API-07, when its PostgreSQL has been ended: what a customer is answered."""
    began = time.monotonic()
    try:
        answer = await _http(client).get("/assistants", timeout=60)
    except Exception as broken:
        return f"GET /assistants: no answer, {type(broken).__name__}, after {time.monotonic() - began:.1f} s"
    id = answer.headers.get("x-request-id")
    took = time.monotonic() - began
    return f"GET /assistants: {answer.status_code} {answer.text} after {took:.1f} s; its request ID: {id}"


async def interrupted(client: LangGraphClient) -> str:
    """DBL-06: who asks for a run and loses the database on the way is told of an internal error, not to try again."""
    thread = await client.threads.create()
    blocked_by = "select pid from pg_stat_activity where %s = any (pg_blocking_pids(pid))"
    with psycopg.connect() as holder, psycopg.connect(autocommit=True) as other:
        holder.execute("lock table runs in share mode")
        path, asked = (
            f"/threads/{thread['thread_id']}/runs",
            {"assistant_id": "probe", "input": {"request": {"steps": []}}},
        )
        answer = asyncio.create_task(_http(client).post(path, json=asked))
        waiting: Any = []
        while not waiting:
            look = await asyncio.to_thread(other.execute, blocked_by, [holder.info.backend_pid])
            waiting = look.fetchall()
        other.execute("select pg_terminate_backend(%s)", waiting[0])
    came = await answer
    return f"POST of a run: {came.status_code} {came.text}; its request ID: {came.headers.get('x-request-id')}"


def _http(client: LangGraphClient) -> Any:
    """What the SDK sends its requests with."""
    return client.http.client


async def exits(client: LangGraphClient) -> str:
    """AEC-05: an agent that ends its process takes the server with it, which stays and answers nobody."""
    await started(client, [{"exit": 3}])
    answers: list[str] = []
    while len(answers) < _ENOUGH:
        try:
            await asyncio.wait_for(client.assistants.search(), _PATIENCE)
            answers.append("an answer")
        except TimeoutError:
            return f"assistants.search: {', '.join(dict.fromkeys(answers))}, then nothing within {_PATIENCE:.0f} s"
        except Exception as error:
            answers.append(type(error).__name__)
    return f"assistants.search: {', '.join(dict.fromkeys(answers))}"


_SHOWN: Any = (
    *(internals, unknown_agent, cancelled_call, deleted, paged, secrets, blocked),
    *(detected, invalid, unpublished, overdue, outage, interrupted, exits),
)
_ONLY_NAMED = (overdue, outage, interrupted)


async def _main(url: str, key: str, *names: str) -> None:
    for show in _SHOWN:
        if show.__name__ not in (names or [each.__name__ for each in _SHOWN if each not in _ONLY_NAMED]):
            continue
        people = [customer(url, key) for _ in range(show.__code__.co_argcount)]
        print((show.__doc__ or "").strip(), "", sep="\n")
        print("   ", await show(*people), flush=True)


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
