"""A cancelled run really stops."""

import uuid

from hamcrest import any_of, equal_to, has_entries, not_none

from support.matchers.problems import is_indistinguishable_from
from support.run.sentences import then, when
from support.scenario.partner import own_path

# Of a run, and so of what two cancellations tell of it: between them it may have come to its end.
_CHANGED_BY_CANCELLING = frozenset(
    ["status", "input", "steps", "progress", "usage", "finished_at", "duration_seconds", "cancel_requested_at"]
)


@then("the partner sees that nobody waits for its answer any more")
def _(world):
    path = own_path(world.last_run.user)
    withdrawn = world.eventually(
        lambda: world.partner.calls(path)[-1].closed_by_client_at, not_none(), "cancel takes effect"
    )
    world.within("cancel takes effect", withdrawn - world.facts["cancelled at"])


@then("each is answered as if the run had never existed")
def _(world):
    for answer, answer_to_nothing in world.facts["attempts"]:
        world.expect(answer, is_indistinguishable_from(answer_to_nothing))


@then("the second cancellation is accepted like the first")
def _(world):
    first, second = world.recall("cancellations", list)
    world.expect((second.done, second.status), equal_to((True, first.status)), str(second))
    told = first.require()
    same = {name: value for name, value in told.items() if name not in _CHANGED_BY_CANCELLING}
    world.expect(second.body, has_entries({**same, "status": any_of(told["status"], "cancelled")}))


@when("{others:Users} try to cancel {customer:Owner} run before the partner answers")
def _(world, others, customer):
    run_id, cancel = world.run_of(customer).run_id, world.platform.cancel_run
    # What each is answered to it, and what to the cancelling of a run that never existed.
    world.facts["attempts"] = [(cancel(other, run_id), cancel(other, str(uuid.uuid4()))) for other in others]
    world.partner.release(own_path(customer))


@then("{viewer:User} hears of the cancellation in time and of nothing after it")
def _(world, viewer):
    run = world.run_of(viewer)
    limit = world.budgets.limit("cancel takes effect")
    told = viewer.watching.wait_for("agent_cancelled", run=run, within=limit)
    world.within("cancel takes effect", told.received_wall - world.facts["cancelled at"])
    # The control: the line is alive, and a later run is heard of.
    later = world.running(viewer, "usage_report")
    viewer.watching.wait_for_end(later, within=world.budgets.limit("run ends"))
    world.expect(viewer.watching.of(run)[-1].type, equal_to("agent_cancelled"))
