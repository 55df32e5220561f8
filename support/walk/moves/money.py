"""Allowances, expenses and budgets. Amounts are few and often just what is left, or a cent more."""

import random
from decimal import Decimal

from support.platform.dialect import Meaning
from support.walk.people import MANAGERS, WORKERS, Ground, came, one_of

DONE, DENIED, UNKNOWN = Meaning.DONE, Meaning.PERMISSION_DENIED, Meaning.NOT_FOUND
CONFLICT, UNAUTHENTICATED = Meaning.CONFLICT, Meaning.UNAUTHENTICATED
_AMOUNTS = ("0.01", "1", "2.50", "10.00", "99.99")
_TEAMS = ("Marketing", "Research", "Betrieb & Co")


def sets_the_allowance(ground: Ground, choices: random.Random) -> str | None:
    """An organisation may spend so much in a month."""
    person = one_of(choices, ground.people)
    if person is None:
        return None
    due = ground.world.books.spending(person.user)
    spent, allotted = due.spent or Decimal(0), due.allotted or Decimal(0)
    floor = max(spent, allotted)
    amount = choices.choice([floor, floor + Decimal("100.00"), floor - Decimal("0.01"), Decimal("250.00")])
    if amount <= 0:
        return None
    sentence = f"{person} ({person.role.value}) sets the allowance to {amount}"
    outcome = ground.world.platform.set_allowance(person.user, f"{amount:.2f}")
    if person.role not in MANAGERS:
        return came(sentence, outcome, DENIED)
    told = came(sentence, outcome, DONE if amount >= floor else CONFLICT)
    person.organisation.has_allowance = person.organisation.has_allowance or amount >= floor
    return told


def books_an_expense(ground: Ground, choices: random.Random) -> str | None:
    """Money is spent, as far as there is any."""
    person = one_of(choices, ground.people)
    if person is None:
        return None
    left = ground.remaining(person)
    amounts = [Decimal(amount) for amount in _AMOUNTS]
    if left is not None and left > 0:
        amounts += [left, left + Decimal("0.01")] * 2
    amount = choices.choice(amounts)
    sentence = f"{person} ({person.role.value}) spends {amount:.2f} of {left}"
    outcome = ground.world.platform.book_expense(person.user, f"{amount:.2f}", choices.choice(_TEAMS))
    if person.role not in WORKERS:
        return came(sentence, outcome, DENIED)
    return came(sentence, outcome, DONE if left is not None and amount <= left else CONFLICT)


def plans_a_budget(ground: Ground, choices: random.Random) -> str | None:
    """A team gets a budget."""
    person = one_of(choices, ground.people)
    if person is None:
        return None
    left = ground.unallotted(person)
    amounts = [Decimal(amount) for amount in _AMOUNTS]
    if left is not None and left > 0:
        amounts += [left, left + Decimal("0.01")]
    amount = choices.choice(amounts)
    sentence = f"{person} ({person.role.value}) gives a team {amount:.2f} of {left}"
    outcome = ground.world.platform.allot(person.user, choices.choice(_TEAMS), f"{amount:.2f}")
    if person.role not in MANAGERS:
        return came(sentence, outcome, DENIED)
    return came(sentence, outcome, DONE if left is not None and amount <= left else CONFLICT)


def changes_a_budget(ground: Ground, choices: random.Random) -> str | None:
    """A budget gets another amount."""
    person = one_of(choices, [each for each in ground.people if ground.budgets(each.organisation)])
    if person is None:
        return None
    id = choices.choice(ground.budgets(person.organisation))
    texts = ground.world.books.of("budgets", person.organisation.alias).entries[id].texts
    left = ground.unallotted(person)
    if left is None or texts is None:
        return None
    present = Decimal(next(iter(texts)).partition(" ")[0])
    amount = choices.choice([present + left, present + left + Decimal("0.01"), Decimal("0.01"), Decimal("1.00")])
    sentence = f"{person} ({person.role.value}) changes a budget from {present} to {amount:.2f} with {left} left"
    outcome = ground.world.platform.change_budget(person.user, id, f"{amount:.2f}")
    if person.role not in MANAGERS:
        return came(sentence, outcome, DENIED)
    return came(sentence, outcome, DONE if amount <= present + left else CONFLICT)
