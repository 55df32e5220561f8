"""Live events: dropped, doubled, in another order, late, of another user."""

from collections.abc import Sequence

from support.platform.story import Event
from support.spoiling.entries import Scenario
from support.spoiling.passing import Frame, Seen, Stream, values_at

ordinary = Scenario("An ordinary run sends its events in order")
announced = Scenario("The answer can be read as soon as it is announced")
progress = Scenario("Progress is shown while the run is still running")
cancelled = Scenario("Cancelling a run stops its work and its events")
questions = Scenario("A second question is asked before the first is answered")
reports = Scenario("A progress report arrives while its tool is still running")
tabs = Scenario("Ten customers with two tabs each receive only their own events")
reset = Scenario("No event is lost when a connection is reset during a run")
missed = Scenario("Hundreds of missed events are all delivered")
shown = Scenario("A run is shown from its first step to its answer")
unknown_agent = Scenario("A refused request leaves no run, conversation or event")

COMPLETE = "Acme has received every event of the run in order, each once"
OWN = "every connection has received all events of its own user's runs in order, and nothing else"
TOO_LATE = 30.0
UNTIMED = {"aegra": None, "agentos": None}
"""Their events have no times that are judged."""


@ordinary.events("AEC-06.1", "the end of a tool call is left out", step=COMPLETE)
def _(frame: Frame, stream: Stream, seen: Seen) -> Sequence[Frame]:
    return [] if frame.is_of("tool_completed") else [frame]


@ordinary.events("AEC-06.2", "the start of a tool call comes twice", step=COMPLETE)
def _(frame: Frame, stream: Stream, seen: Seen) -> Sequence[Frame]:
    return [frame, frame.copied()] if frame.is_of("tool_executing") else [frame]


@ordinary.events("AEC-06.3", "the start of a tool call comes after its end", step=COMPLETE)
def _(frame: Frame, stream: Stream, seen: Seen) -> Sequence[Frame]:
    if frame.is_of("tool_executing"):
        stream.held.append(frame)
        return []
    if frame.is_of("tool_completed"):
        held, stream.held[:] = list(stream.held), []
        return [frame, *held]
    return [frame]


@ordinary.events("AEC-06.4", "the end of a run is left out", step=COMPLETE)
def _(frame: Frame, stream: Stream, seen: Seen) -> Sequence[Frame]:
    return [] if frame.is_of("agent_completed") else [frame]


@ordinary.events("AEC-06.5", "the start of a run is left out", step=COMPLETE)
def _(frame: Frame, stream: Stream, seen: Seen) -> Sequence[Frame]:
    return [] if frame.is_of("agent_started") else [frame]


@ordinary.events("AEC-06.6", "a run starts twice", step=COMPLETE)
def _(frame: Frame, stream: Stream, seen: Seen) -> Sequence[Frame]:
    return [frame, frame.copied()] if frame.is_of("agent_started") else [frame]


@ordinary.events("AEC-06.7", "an event before the end comes after it", step=COMPLETE)
def _(frame: Frame, stream: Stream, seen: Seen) -> Sequence[Frame]:
    if frame.is_of("agent_thinking") and not stream.kept.get("kept"):
        stream.kept["kept"] = True
        stream.held.append(frame)
        return []
    if frame.is_of("agent_completed"):
        held, stream.held[:] = list(stream.held), []
        return [frame, *held]
    return [frame]


@ordinary.events("AEC-06.8", "the end of a run has an earlier time than its start", step=COMPLETE, on=UNTIMED)
def _(frame: Frame, stream: Stream, seen: Seen) -> Sequence[Frame]:
    if frame.is_of("agent_completed"):
        for _, put in values_at(frame.body, "timestamp"):
            put("2001-01-01T00:00:00.000000Z")
    return [frame]


@ordinary.events("AEC-06.9", "a tool call ends under the name of another tool", step=COMPLETE)
def _(frame: Frame, stream: Stream, seen: Seen) -> Sequence[Frame]:
    if frame.is_of("tool_completed"):
        for event in frame.events:
            if isinstance(event, Event):
                frame.rewrite(str(event.payload.get("tool_name")), "send_invoice")
    return [frame]


@announced.events(
    "AEC-01.4",
    "another answer is announced than the one that is stored",
    step="Acme reads the announced answer at the first attempt",
)
def _(frame: Frame, stream: Stream, seen: Seen) -> Sequence[Frame]:
    for value, put in values_at(frame.body, "monthly_savings"):
        put(f"1{value}")
    return [frame]


@progress.events(
    "AEC-01.3",
    "events come when the run has ended",
    step="Acme receives these events while the run is still running",
)
def _(frame: Frame, stream: Stream, seen: Seen) -> Sequence[Frame]:
    if not frame.is_event or frame.is_of("agent_started", "agent_thinking"):
        return [frame]
    stream.held.append(frame)
    if any(isinstance(event, Event) and event.is_end for event in frame.events):
        held, stream.held[:] = list(stream.held), []
        return held
    return []


@cancelled.events(
    "AEC-11.4",
    "the event of a cancellation is late",
    step="Acme receives the cancellation in time, as the last event of the run",
    on={"agentos": None},
)
def _(frame: Frame, stream: Stream, seen: Seen) -> Sequence[Frame]:
    if frame.is_of("agent_cancelled"):
        frame.late = TOO_LATE
    return [frame]


@cancelled.events(
    "AEC-11.5",
    "a cancelled run is announced as completed",
    step="Acme receives the cancellation in time, as the last event of the run",
    on={"agentos": None},
)
def _(frame: Frame, stream: Stream, seen: Seen) -> Sequence[Frame]:
    if frame.is_of("agent_cancelled"):
        frame.rewrite("agent_cancelled", "agent_completed")
        frame.rewrite("interrupted", "success")
    return [frame]


@questions.events(
    "TLD-02.1",
    "two tool calls have each other's results",
    step="Acme receives the right answer to each question, in the result and in the events",
    # What a tool gave stands beside a content of the event's own.
    on={"agentos": None},
)
def _(frame: Frame, stream: Stream, seen: Seen) -> Sequence[Frame]:
    if not frame.is_of("tool_completed"):
        return [frame]
    stream.held.append(frame)
    if len(stream.held) < 2:
        return []
    held, stream.held[:] = list(stream.held), []
    (one, put_one), (other, put_other) = (next(values_at(each.body, "content")) for each in held)
    put_one(other)
    put_other(one)
    return held


@reports.events(
    "CSC-02.1",
    "progress reports are left out",
    step="Acme receives the first of two progress reports while the run is still running",
)
def _(frame: Frame, stream: Stream, seen: Seen) -> Sequence[Frame]:
    return [] if frame.is_of("tool_progress") else [frame]


@tabs.events("WSE-02.1", "an event of another customer's run comes, too", step=OWN)
def _(frame: Frame, stream: Stream, seen: Seen) -> Sequence[Frame]:
    strange = seen.events_of_others(stream)
    if not strange or stream.kept.get("given"):
        return [frame]
    stream.kept["given"] = True
    return [frame, *strange]


@tabs.events("WSE-02.2", "an event bears the run of another customer", step=OWN)
def _(frame: Frame, stream: Stream, seen: Seen) -> Sequence[Frame]:
    strange = [
        event.run_id for each in seen.events_of_others(stream) for event in each.events if isinstance(event, Event)
    ]
    own = [event.run_id for event in frame.events if isinstance(event, Event)]
    if strange and own and frame.is_of("agent_thinking"):
        frame.rewrite(str(own[0]), str(strange[-1]))
    return [frame]


@reset.events("WSE-03.1", "the first missed event does not come after a reconnect", step=COMPLETE)
def _(frame: Frame, stream: Stream, seen: Seen) -> Sequence[Frame]:
    if stream.opened_before and frame.is_event and not stream.kept.get("lost"):
        stream.kept["lost"] = True
        return []
    return [frame]


@reset.events("WSE-03.2", "an event that was received comes again after a reconnect", step=COMPLETE)
def _(frame: Frame, stream: Stream, seen: Seen) -> Sequence[Frame]:
    known = seen.events_before(stream)
    if stream.opened_before and frame.is_event and known and not stream.kept.get("again"):
        stream.kept["again"] = True
        return [*known, frame]
    return [frame]


@missed.events("WSE-03.3", "two of the missed events change places", step=COMPLETE)
def _(frame: Frame, stream: Stream, seen: Seen) -> Sequence[Frame]:
    if not frame.is_of("agent_thinking") or stream.kept.get("swapped"):
        return [frame]
    stream.held.append(frame)
    if len(stream.held) < 2:
        return []
    stream.kept["swapped"] = True
    first, second = stream.held
    stream.held.clear()
    return [second, first]


@shown.events(
    "WSE-01.1",
    "the first event of a run names it by a number",
    step="every message that Acme has received conforms to the published event reference",
)
def _(frame: Frame, stream: Stream, seen: Seen) -> Sequence[Frame]:
    if frame.is_of("agent_started"):
        for _, put in values_at(frame.body, "run_id"):
            put(7)
    return [frame]
