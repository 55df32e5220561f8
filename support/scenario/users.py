"""The customers of a scenario: organisations, their people, and the operator, each known by an alias."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import cycle

import requests

from support.cloud.inventory import REGION
from support.cloud.savings import Inventory, UsageRecords
from support.platform.driver import Driver, NewAccount, straight
from support.platform.events import EventCapture
from support.platform.story import Event
from support.redaction import know_secret
from support.scenario.verdict import NotShown
from support.stack.client import Link

# The cast. A name that is not on it is a typing mistake, and the sentence an undefined step.
ORGANISATIONS = (
    "Acme",
    "Borealis",
    "Cumulus",
    "Dorado",
    "Ember",
    "Fathom",
    "Granite",
    "Harbor",
    "Juniper",
    "Lumen",
)
PEOPLE = ("Ada", "Ben", "Cleo", "Dan")
OPERATOR = "the operator"

USER_PATTERN = rf"(?:{OPERATOR}|(?:(?:{'|'.join(PEOPLE)}) of )?(?:{'|'.join(ORGANISATIONS)}))"
"""``Acme`` is the owner of the organisation Acme, ``Ben of Acme`` a colleague there."""


@dataclass(frozen=True, slots=True)
class Named:
    """A user as a sentence names them."""

    alias: str


class Plan(Enum):
    """The customer segments, as a feature names them."""

    FREE = "Free"
    EARLY = "Early"
    MID = "Mid"
    ENTERPRISE = "Enterprise"

    @property
    def wire(self) -> str:
        return self.value.lower()


class Role(Enum):
    """What a person may be in an organisation."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


@dataclass(slots=True)
class Tenant:
    """An organisation. ``marker`` is text that appears in this tenant's data and nowhere else.

    ``account_id`` is its cloud account: 12 digits, its own; ``region`` is where its servers are.
    """

    alias: str
    name: str
    marker: str
    account_id: str
    region: str = REGION
    id: str = ""
    plan: Plan = Plan.MID
    inventory: Inventory | None = None
    usage: UsageRecords | None = None

    @property
    def role_arn(self) -> str:
        """The role through which the platform may read the tenant's cloud account."""
        return f"arn:aws:iam::{self.account_id}:role/apex-cost-reader"

    @classmethod
    def fresh(cls, alias: str) -> "Tenant":
        """A tenant of that alias unlike any other: Acme -> acme-7f3a90c2."""
        mark = secrets.token_hex(6)
        return cls(
            alias,
            f"{alias.lower()}-{mark[:8]}",
            f"canary-{mark}",
            str(100_000_000_000 + secrets.randbelow(900_000_000_000)),
        )


@dataclass(slots=True, eq=False)
class User:
    """A person with a session of their own. Before sign-up there is an alias and nothing else.

    ``link`` is the user's own link to the platform, when a scenario gave them one.
    """

    alias: str
    tenant: Tenant
    email: str
    password: str = field(repr=False)
    id: str = ""
    role: str = ""
    access_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    device_token: str | None = field(default=None, repr=False)
    http: requests.Session = field(default_factory=straight, repr=False)
    captures: list[EventCapture] = field(default_factory=list, repr=False)
    link: Link | None = field(default=None, repr=False)

    @property
    def known(self) -> bool:
        """Whether the platform knows this user."""
        return bool(self.id)

    @property
    def watching(self) -> EventCapture:
        """The user's first connection.

        :raises NotShown: the user does not watch.
        """
        if not self.captures:
            raise NotShown(f"{self.alias} watches nothing; a Given must connect {self.alias} first")
        return self.captures[0]

    @property
    def events(self) -> Sequence[Event]:
        """What came over the user's first connection."""
        return self.watching.events

    def __str__(self) -> str:
        return self.alias


class Users:
    """Who takes part in a scenario, by alias; the platform learns of them through its public sign-up."""

    def __init__(self, platform: Driver, operator_email: str, operator_password: str) -> None:
        self._platform = platform
        self._operator_credentials = (operator_email, operator_password)
        self._users: dict[str, User] = {}
        self._tenants: dict[str, Tenant] = {}

    def __getitem__(self, alias: str) -> User:
        """The user of that alias, as yet unknown to the platform when nobody has signed them up."""
        if alias not in self._users:
            self._users[alias] = self._imagine(alias)
        return self._users[alias]

    def __iter__(self) -> Iterator[User]:
        return iter(self._users.values())

    def __len__(self) -> int:
        return len(self._users)

    @property
    def tenants(self) -> list[Tenant]:
        """The customers' organisations (not the operator's)."""
        return list(self._tenants.values())

    @property
    def customers(self) -> list[User]:
        """Everybody whom the platform knows, except the operator."""
        return [user for user in self if user.known and user.role != "operator"]

    def _imagine(self, alias: str) -> User:
        password = f"pw-{secrets.token_hex(12)}"
        if alias == OPERATOR:
            email, password = self._operator_credentials
            know_secret(password)
            return User(alias, Tenant(alias, alias, "", ""), email, password, role="operator")
        person, _, organisation = alias.rpartition(" of ")
        if organisation not in self._tenants:
            self._tenants[organisation] = Tenant.fresh(organisation)
        tenant = self._tenants[organisation]
        mailbox = f"{(person or 'owner').lower()}@{tenant.name}-{tenant.account_id}.example"
        return User(alias, tenant, mailbox, password)

    # -- becoming known -----------------------------------------------------------------------------------------

    def settle(self, user: User, plan: Plan | None = None, role: Role = Role.MEMBER) -> User:
        """Make sure that the platform knows the user and the user is logged in; safe to call again.

        An owner signs up with the plan (Mid unless given); a colleague is invited by the owner.

        :raises NotShown: the platform refused.
        """
        if not user.known:
            if user.role == "operator":
                pass
            elif " of " in user.alias:
                self._provide(user, role, self.settle(self[user.alias.rpartition(" of ")[2]]))
            else:
                user.tenant.plan = plan or Plan.MID
                self._provide(user, Role.OWNER)
        if user.access_token is None:
            self.log_in(user)
        return user

    def _provide(self, user: User, role: Role, inviter: User | None = None) -> None:
        account = self._platform.provide(
            user,
            NewAccount(
                organisation=user.tenant.name,
                email=user.email,
                password=user.password,
                display_name=user.alias,
                plan=user.tenant.plan.wire,
                role=role.value,
                inviter=inviter,
            ),
        ).require()
        user.id, user.role = account.user_id, account.role
        user.tenant.id = account.tenant_id or user.tenant.id

    def log_in(self, user: User, expires_in: float | None = None) -> None:
        """Give the user a new session; ``expires_in`` asks for a shorter life of the token (seconds).

        :raises NotShown: the platform refused.
        """
        session = self._platform.log_in(user, email=user.email, password=user.password, expires_in=expires_in).require()
        user.access_token, user.refresh_token = session.access_token, session.refresh_token
        user.device_token = session.device_token
        if not user.id:
            account = self._platform.me(user).require()
            user.id, user.tenant.id = account.user_id, account.tenant_id

    @property
    def operator(self) -> User:
        """The operator of the platform, logged in."""
        return self.settle(self[OPERATOR])

    def owners(self, size: int) -> list[User]:
        """That many owners of organisations of their own, known or not: the cast first, then numbered ones."""
        aliases = [ORGANISATIONS[n] if n < len(ORGANISATIONS) else f"Customer{n + 1}" for n in range(size)]
        return [self[alias] for alias in aliases]

    def crowd(self, size: int) -> list[User]:
        """That many settled owners of organisations of their own; the plans are dealt out among them."""
        return [self.settle(owner, plan) for owner, plan in zip(self.owners(size), cycle(Plan), strict=False)]

    def close(self) -> None:
        """Give back the users' connections."""
        for user in self:
            user.http.close()
