"""What the operator sees and says, and customers may not."""

import random
from functools import partial

from support.platform.dialect import Meaning
from support.platform.paging import pages
from support.platform.runs import RunStatus
from support.walk.people import Ground, came, one_of
from support.walk.walking import Stumble

DONE, DENIED = Meaning.DONE, Meaning.PERMISSION_DENIED
_SIZES = (1, 7, None)


def operator_lists_runs(ground: Ground, choices: random.Random) -> str | None:
    """The operator finds the runs of an organisation, in their states; its people may not look there."""
    organisation = one_of(choices, ground.organisations)
    if organisation is None:
        return None
    platform, operator = ground.world.platform, ground.world.users.operator
    person = choices.choice(organisation.people)
    status = choices.choice([*sorted(RunStatus), None])
    sentence = f"the operator lists the runs of {organisation.alias}{f' that are {status}' if status else ''}"
    query = {"tenant_id": person.user.tenant.id, "limit": choices.choice(_SIZES), "status": status}
    listed = []
    for answer in pages(partial(platform.operator_runs, operator), **query):
        came(sentence, answer, DONE)
        listed += answer.value.items
    states = {run.id: str(run.status) for run in listed}
    own = [each for each in ground.ended.values() if each.run.user.tenant is person.user.tenant]
    expected = {each.run.run_id: each.status for each in own if status in (None, each.status)}
    # Runs of conversations that were deleted, and of people who have left, are the operator's to see or not.
    wrong = [
        f"run {id} is {states.get(id)}, it is {state}" for id, state in expected.items() if states.get(id) != state
    ]
    if len(states) < len(listed):
        wrong.append(f"of {len(listed)} runs only {len(states)} are different ones")
    if wrong:
        raise Stumble(sentence, wrong)
    came(f"{person} tries to see all customers' runs", platform.operator_runs(person.user), DENIED)
    return f"{sentence} ({len(listed)})"


def operator_sends_a_notice(ground: Ground, choices: random.Random) -> str | None:
    """Everybody who watches receives the operator's notice, once; customers can send none."""
    person = one_of(choices, ground.people)
    if person is None:
        return None
    world = ground.world
    came(f"{person} tries to send a notice", world.platform.send_notice(person.user, title="Hi", body="Hi"), DENIED)
    title = choices.choice(["Maintenance", "Über Nacht 🙂"])
    sent = world.platform.send_notice(world.users.operator, title=title, body="Live events pause.")
    told = came(f"the operator sends the notice {title!r}", sent, DONE)
    id = sent.value.id
    watching = [each.user.captures[0] for each in ground.people if each.user.captures and each.user.captures[0].is_open]
    wrong = []
    for capture in watching:
        shown = capture.wait_for(
            "notice",
            within=world.budgets.limit("notice delivery"),
            where=lambda event: event.payload.get("notice_id") == id,
        )
        if shown.payload.get("title") != title:
            wrong.append(f"{capture.name} received {shown.payload}")
    if wrong:
        raise Stumble(told, wrong)
    return f"{told}, received by {len(watching)}"
