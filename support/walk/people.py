"""The model of a walk: who there is, what each of them may do, and what they have."""

import random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from support.platform.dialect import Meaning
from support.platform.outcome import Outcome
from support.scenario.users import ORGANISATIONS, PEOPLE, Plan, Role, User
from support.scenario.world import RunHandle, World
from support.walk.walking import Stumble

T = TypeVar("T")

MANAGERS = frozenset({Role.OWNER, Role.ADMIN})
"""Who may invite, remove, and plan the money."""
WORKERS = frozenset({Role.OWNER, Role.ADMIN, Role.MEMBER})
"""Who may run agents and spend money."""


@dataclass(slots=True, eq=False)
class Person:
    """Somebody with a session. ``spent`` are refresh tokens of this session that were used."""

    user: User
    role: Role
    organisation: "Organisation"
    spent: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return str(self.user)


@dataclass(slots=True, eq=False)
class Organisation:
    """An organisation with the people who belong to it, the owner first."""

    alias: str
    plan: Plan
    people: list[Person] = field(default_factory=list)
    ever: int = 0
    has_usage: bool = False
    has_allowance: bool = False


@dataclass(slots=True)
class Ground:
    """Where a walk is taken: the scenario's world, and what the model knows of it.

    ``ended``: what a run that has ended read as, when it was read first.
    """

    world: World
    organisations: list[Organisation] = field(default_factory=list)
    ended: dict[str, tuple[RunHandle, str]] = field(default_factory=dict)

    @property
    def people(self) -> list[Person]:
        """Everybody, of all organisations."""
        return [person for organisation in self.organisations for person in organisation.people]

    def workers(self) -> list[Person]:
        """Who may run agents."""
        return [person for person in self.people if person.role in WORKERS]

    # -- growing ------------------------------------------------------------------------------------------------

    def found(self, plan: Plan) -> Organisation:
        """A new organisation with its owner.

        :raises NotShown: the platform refused it.
        """
        alias = ORGANISATIONS[len(self.organisations)]
        owner = self.world.users.settle(self.world.users[alias], plan)
        organisation = Organisation(alias, plan)
        organisation.people.append(Person(owner, Role.OWNER, organisation))
        self.organisations.append(organisation)
        return organisation

    def join(self, organisation: Organisation, role: Role) -> Person:
        """A new person in an organisation.

        :raises NotShown: the platform refused them.
        """
        alias = f"{PEOPLE[organisation.ever]} of {organisation.alias}"
        organisation.ever += 1
        person = Person(self.world.users.settle(self.world.users[alias], role=role), role, organisation)
        organisation.people.append(person)
        return person

    # -- what there is ------------------------------------------------------------------------------------------

    def threads(self, person: Person) -> list[str]:
        """The person's conversations."""
        return list(self.world.books.of("threads", person.user).entries)

    def messages(self, thread_id: str) -> list[str]:
        """What the person wrote in a conversation."""
        return list(self.world.books.of("messages", thread_id).entries)

    def budgets(self, organisation: Organisation) -> list[str]:
        """The budgets of an organisation's teams."""
        return list(self.world.books.of("budgets", organisation.alias).entries)

    def remaining(self, person: Person) -> Decimal | None:
        """What is left to spend this month; None: there is no allowance, or it is not known."""
        due = self.world.books.spending(person.user)
        return None if due.monthly is None or due.spent is None else Decimal(due.monthly) - due.spent

    def unallotted(self, person: Person) -> Decimal | None:
        """What no team has been given yet."""
        due = self.world.books.spending(person.user)
        return None if due.monthly is None or due.allotted is None else Decimal(due.monthly) - due.allotted


def one_of(choices: random.Random, some: list[T]) -> T | None:
    """One of some; None: there is none."""
    return choices.choice(some) if some else None


def came(sentence: str, outcome: Outcome, *expected: Meaning) -> str:
    """The sentence, when the platform answered as it must.

    :raises Stumble: it answered otherwise.
    """
    if outcome.status is None or outcome.meaning not in expected:
        wanted = " or ".join(meaning.value for meaning in expected)
        raise Stumble(sentence, [f"the answer is {outcome.meaning.value} instead of {wanted}: {outcome}"])
    return f"{sentence} ({outcome.meaning.value})"
