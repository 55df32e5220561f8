"""Answers about runs: their results, statuses, errors and times."""

from support.spoiling.catalogue.requests import INTERNALS
from support.spoiling.entries import Scenario
from support.spoiling.passing import Answer, Seen, values_at

inventory = Scenario("The savings equal those in the customer's own inventory")
announced = Scenario("The answer can be read as soon as it is announced")
follow_up = Scenario("A follow-up states the change since the previous answer")
many_runs = Scenario("A conversation keeps all of its runs")
restarted = Scenario("A finished run is unchanged after the backend has crashed")
ten = Scenario("Ten customers at the same time each get their own result")
crash = Scenario("Other runs complete while an agent crashes")
internals = Scenario("The error of a crashed agent contains no internal details")
reasons = Scenario("Each customer reads why their own tool has failed")
polled = Scenario("A program starts a run, polls it and reads the result")
decimals = Scenario("Nested data, decimals and Unicode read back unchanged")
megabyte = Scenario("A megabyte of text reads back complete")
partial = Scenario("An agent continues after many failed tool calls")
fifty_jobs = Scenario("Fifty customers run a job each at the same time")

RETURNED = "the stored result equals what the agent returned"


@inventory.answers(
    "AEC-01.1",
    "a number of the result is another one",
    "run",
    step="the answer equals the savings in Acme's own inventory",
)
def _(answer: Answer, seen: Seen) -> None:
    for value, put in values_at(answer.body, "monthly_savings"):
        put(f"1{value}")


@announced.answers(
    "AEC-01.2",
    "a completed run is still running for who reads it at once",
    "run",
    step="Acme reads the announced answer at the first attempt",
)
def _(answer: Answer, seen: Seen) -> None:
    if answer.is_in("completed") and not seen.kept.get("read"):
        seen.kept["read"] = True
        answer.state("running")


@inventory.answers("AEC-01.5", "a run was created in another year", "run", step="the records oracle finds nothing")
def _(answer: Answer, seen: Seen) -> None:
    if answer.is_done:
        answer.put("created_at", f"2001{str(answer.part('created_at'))[4:]}")


@many_runs.answers(
    "AEC-02.4",
    "a run names another conversation",
    "run",
    step="the records oracle finds nothing",
    # Their drivers look for a run in the conversation that they know: it would not be found at all, or unnoticed.
    on={"aegra": None, "agentos": None},
)
def _(answer: Answer, seen: Seen) -> None:
    if answer.is_done:
        answer.put("thread", "3f2b6a0e-5d1c-4c58-9d0c-0d7c1f0f5a11")


@restarted.answers(
    "AEC-02.1", "the time of a run is another one when it is read again", "run", step="the run is unchanged"
)
def _(answer: Answer, seen: Seen) -> None:
    before = seen.kept.setdefault("completed", [])
    if answer.is_in("completed"):
        before.append(answer.ids)
    if before.count(answer.ids) > 2:
        answer.put("created_at", "2001-01-01T00:00:00.000001Z")


@many_runs.answers(
    "AEC-02.2",
    "a completed run is running again when it is read once more",
    "run",
    step="every run of Acme reads as completed",
    # It is known to take too long for that many.
    on={"agentos": None},
)
def _(answer: Answer, seen: Seen) -> None:
    read = seen.kept.setdefault("completed", [])
    if answer.is_in("completed"):
        read.append(answer.ids)
        # Once only: who waits for its end need not wait for good.
        if read.count(answer.ids) == 2:
            answer.state("running")


@follow_up.answers(
    "AEC-02.3",
    "a follow-up knows nothing of the answer before",
    "run",
    step="the answer states the change since the previous answer",
)
def _(answer: Answer, seen: Seen) -> None:
    for name in ("previous", "change"):
        for _, put in values_at(answer.body if answer.is_done else None, name):
            put(None)


@ten.answers(
    "AEC-03.1",
    "the result of another customer's run is given",
    "run",
    step="each customer's answer equals the savings in their own inventory",
)
def _(answer: Answer, seen: Seen) -> None:
    other = seen.of_another(answer) if answer.is_in("completed") else None
    if other is not None:
        answer.put("result", other.part("result"))


@ten.answers(
    "AEC-03.2",
    "a list of runs shows another customer's run, too",
    "runs",
    step="answers, events and stored runs show each customer only their own data",
)
def _(answer: Answer, seen: Seen) -> None:
    others = [each for each in seen.answers if each.verb == "run" and each.caller != answer.caller]
    other = next((each for each in others if each.is_in("completed")), None)
    if other is not None:
        answer.items = [*answer.items, other.body]


@ten.answers(
    "AEC-03.4",
    "the run of another customer is given",
    "run",
    step="each customer's answer equals the savings in their own inventory",
)
def _(answer: Answer, seen: Seen) -> None:
    other = seen.of_another(answer) if answer.is_in("completed") else None
    if other is not None:
        answer.replace_with(other)


@ten.answers(
    "AEC-03.5",
    "a list of runs is empty",
    "runs",
    step="answers, events and stored runs show each customer only their own data",
    # What a run is called that was started is read there, too.
    on={"agentos": None},
)
def _(answer: Answer, seen: Seen) -> None:
    answer.items = []


@reasons.answers(
    "AEC-03.3",
    "a run fails for the reason of another customer's run",
    "run",
    step="each customer reads the reason of their own failure",
)
def _(answer: Answer, seen: Seen) -> None:
    other = seen.of_another(answer) if answer.is_in("failed") else None
    if other is not None:
        answer.put("message", other.part("message"))


@crash.answers("AEC-05.1", "a failed run is completed", "run", step="Acme's run has failed because of the agent")
def _(answer: Answer, seen: Seen) -> None:
    if answer.is_in("failed"):
        answer.state("completed")
        answer.put("error", None)


@crash.answers(
    "AEC-05.2",
    "a failed run gives no reason",
    "run",
    step="Acme's run has failed because of the agent",
    # Its status alone says why a run has failed.
    on={"agentos": None},
)
def _(answer: Answer, seen: Seen) -> None:
    if answer.is_in("failed"):
        answer.put("error", None)


@internals.answers(
    "AEC-05.3",
    "the error of a run shows internals",
    "run",
    step="the stored error and the error event of Acme's run show no internal details",
    # Their own errors are known to show internals.
    on={"aegra": None, "agentos": None},
)
def _(answer: Answer, seen: Seen) -> None:
    if answer.is_in("failed"):
        answer.put("message", INTERNALS)


@polled.answers(
    "API-01.1",
    "a field of a run is of another type than published",
    "run",
    step="every response conforms to the published API reference",
)
def _(answer: Answer, seen: Seen) -> None:
    if answer.is_done:
        answer.put("created_at", ["today"])


@polled.answers(
    "API-01.2",
    "a run that has ended has no result",
    "run",
    step="the answer equals the totals of Acme's own usage",
)
def _(answer: Answer, seen: Seen) -> None:
    if answer.is_in("completed"):
        answer.put("result", None)


@fifty_jobs.answers(
    "CSC-05.1",
    "a job has the result of another customer's",
    "run",
    step="each job has its own results, and the partner has answered each request once",
)
def _(answer: Answer, seen: Seen) -> None:
    other = seen.of_another(answer) if answer.is_in("completed") else None
    if other is not None:
        answer.put("result", other.part("result"))


@decimals.answers("DBL-03.1", "decimals of a result are floating-point numbers", "run", step=RETURNED)
def _(answer: Answer, seen: Seen) -> None:
    if answer.is_in("completed"):
        answer.put("result", _as_floats(answer.part("result")))


@decimals.answers("DBL-03.2", "letters of a result that are no ASCII are lost", "run", step=RETURNED)
def _(answer: Answer, seen: Seen) -> None:
    if answer.is_in("completed"):
        answer.put("result", _as_ascii(answer.part("result")))


@megabyte.answers("DBL-03.3", "a long text ends after ten thousand letters", "run", step=RETURNED)
def _(answer: Answer, seen: Seen) -> None:
    if answer.is_in("completed"):
        answer.put("result", _cut(answer.part("result")))


@decimals.answers(
    "DBL-03.4",
    "the message of an answer has another one's data",
    "messages",
    step="the conversation shows what the agent returned",
)
def _(answer: Answer, seen: Seen) -> None:
    for item in answer.items:
        if answer.part("data", item):
            answer.put("data", {"kept": {}}, item)


@partial.answers(
    "TLD-05.1", "a partial result is not marked as partial", "run", step="the run completes with a partial answer"
)
def _(answer: Answer, seen: Seen) -> None:
    if answer.is_in("completed"):
        answer.put("partial", False)


def _as_floats(value: object) -> object:
    if isinstance(value, dict):
        return {name: _as_floats(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_as_floats(each) for each in value]
    if isinstance(value, str) and value.replace(".", "", 1).lstrip("-").isdigit():
        return float(value)
    return value


def _as_ascii(value: object) -> object:
    if isinstance(value, dict):
        return {name: _as_ascii(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_as_ascii(each) for each in value]
    return value.encode("ascii", "replace").decode() if isinstance(value, str) else value


def _cut(value: object) -> object:
    if isinstance(value, dict):
        return {name: _cut(each) for name, each in value.items()}
    return value[:10_000] if isinstance(value, str) else value
