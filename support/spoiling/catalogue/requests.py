"""What is asked and not done, and refusals that are none."""

from support.spoiling.entries import Scenario
from support.spoiling.passing import Answer, Seen, values_at

cancelling = Scenario("Cancelling a run stops its work and its events")
twice = Scenario("Cancelling a run twice is harmless")
unknown_run = Scenario("A run that never existed is not found")
unknown_agent = Scenario("The error names every known agent")
refused = Scenario("A refused request leaves no run, conversation or event")
no_rule = Scenario("No endpoint is accessible without an access rule")
fifty = Scenario("Fifty concurrent users receive correct responses in time")

INTERNALS = 'File "/srv/agents/secrets.py", line 42: SELECT password FROM vault'
NOT_FOUND = "the response is a not-found error"


@cancelling.answers(
    "AEC-11.1",
    "a cancellation is answered, and the run goes on",
    "cancel_run",
    step="the run's request to the partner is aborted in time",
    instead={"cancel_run": "run"},
    # A cancelled run of its goes on with its tool, as is known.
    on={"agentos": None},
)
def _(answer: Answer, seen: Seen) -> None:
    if answer.is_in("queued", "running"):
        answer.state("cancelled")


@twice.answers(
    "AEC-11.2",
    "a second cancellation is a conflict",
    "cancel_run",
    step="the second cancellation is accepted like the first",
)
def _(answer: Answer, seen: Seen) -> None:
    if seen.before(answer) is not None:
        answer.status, answer.body = 409, {}


@twice.answers("AEC-11.3", "a cancelled run is completed", "run", step="the run is stored as cancelled")
def _(answer: Answer, seen: Seen) -> None:
    if answer.is_in("cancelled"):
        answer.state("completed")


@unknown_agent.answers(
    "AEC-09.1",
    "an unknown agent is refused as if it were forbidden",
    "start_run",
    step="the error names every known agent",
    on={"aegra": None, "agentos": None},
)
def _(answer: Answer, seen: Seen) -> None:
    if not answer.is_done:
        answer.status = 403


@refused.answers(
    "AEC-09.2",
    "a list of conversations shows one that was never begun",
    "threads",
    step="Acme has no run and no conversation",
)
def _(answer: Answer, seen: Seen) -> None:
    if answer.is_done and not answer.items:
        thread: dict[str, object] = {}
        answer.put("id", "3f2b6a0e-5d1c-4c58-9d0c-0d7c1f0f5a11", thread)
        answer.put("title", "Costs", thread)
        answer.items = [thread]


@unknown_run.answers(
    "API-06.1", "another run of the customer's is given for one that never existed", "run", step=NOT_FOUND
)
def _(answer: Answer, seen: Seen) -> None:
    own = seen.a_run()
    if not answer.is_done and own is not None:
        answer.status, answer.body = 200, own


@unknown_run.answers("API-06.2", "an unknown run is an internal error", "run", step=NOT_FOUND)
def _(answer: Answer, seen: Seen) -> None:
    if not answer.is_done:
        answer.status = 500


@unknown_run.answers("API-06.3", "an unknown run is a conflict", "run", step=NOT_FOUND)
def _(answer: Answer, seen: Seen) -> None:
    if not answer.is_done:
        answer.status = 409


@unknown_run.answers("API-06.4", "a refusal shows internals", "run", step="the answers oracle finds nothing")
def _(answer: Answer, seen: Seen) -> None:
    if not answer.is_done:
        for name in ("message", "detail"):
            for _, put in values_at(answer.body, name):
                put(INTERNALS)


@fifty.answers(
    "API-08.1",
    "lists are late",
    "threads",
    "messages",
    step="at least 95 % of all responses arrive within the target time for mixed requests",
    on={"aegra": None, "agentos": None},
)
def _(answer: Answer, seen: Seen) -> None:
    answer.late = 5.0


@no_rule.answers(
    "API-04.1",
    "who has no token is given a list",
    "threads",
    "runs",
    step="every response follows the access rule of its endpoint",
    on={"agentos": None},
)
def _(answer: Answer, seen: Seen) -> None:
    if not answer.caller:
        answer.status, answer.body = 200, []
