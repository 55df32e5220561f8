"""The model of a walk: who there is, what each of them may do, and what they have."""

import random
import secrets
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TypeVar

from support.platform.components import Component
from support.platform.dialect import Meaning
from support.platform.http import HttpDriver
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


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that has ended: how, and what it read as when it was read first."""

    run: RunHandle
    status: str
    text: str


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
class Analysis:
    """A run that said what could be saved, how much it had to say, and the conversation in which its answer is."""

    run: str
    savings: Decimal
    thread: str


@dataclass(slots=True)
class Ground:
    """Where a walk is taken: the scenario's world, and what the model knows of it.

    ``backends``: the ways to the platform, one for each process that answers. ``ended``: how each run that has ended
    did so, in the order in which they were begun. ``analyses``: the oldest one first.
    ``strange``: the conversations into which answers of runs in others were moved.
    ``tools``: the names of those that the operator has added, which all have ``mark`` in them.
    """

    world: World
    backends: list[HttpDriver] = field(default_factory=list)
    organisations: list[Organisation] = field(default_factory=list)
    ended: dict[str, Ended] = field(default_factory=dict)
    analyses: list[Analysis] = field(default_factory=list)
    strange: set[str] = field(default_factory=set)
    tools: set[str] = field(default_factory=set)
    mark: str = field(default_factory=lambda: f"_{secrets.token_hex(4)}")

    @classmethod
    def with_two_backends(cls, world: World) -> "Ground":
        """A ground whose customers come to either of two backends; the second one is started for it."""
        world.faults.start_spare(Component.SPARE_API)
        address = world.addresses.spare_backend_url
        second = world.target.driver(replace(world.addresses, backend_url=address), world.evidence.request)
        return cls(world, [world.platform, world.books.keeping(second)])

    def turn_to(self, number: int) -> None:
        """What follows is asked of the backend of that number."""
        if self.backends:
            self.world.platform = self.backends[number % len(self.backends)]

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
