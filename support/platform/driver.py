"""The port to a platform: everything that scenarios ask of one. A driver says it in one platform's API.

Each verb gives an :class:`Outcome`, also for a refusal; what its ``require()`` gives is said here, in the words of
``values.py`` and ``runs.py``. A driver leaves out the verbs of the capabilities that its platform lacks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeVar

import requests

from support.platform.capabilities import Capability
from support.platform.configured import Configured
from support.platform.dialect import Dialect
from support.platform.outcome import Outcome
from support.platform.streams import Transport
from support.platform.values import PoolFigures
from support.scenario.verdict import NotShown

Json = Mapping[str, Any]
V = TypeVar("V", bound=Callable[..., Any])


class Caller(Protocol):
    """Who asks: a user with a session of their own, or nobody (no token)."""

    @property
    def access_token(self) -> str | None: ...

    @property
    def http(self) -> requests.Session: ...


def straight() -> requests.Session:
    """Connections straight to the platform: what the environment says of proxies and credentials is not for them.

    It would also be read anew for each request, which takes a fifth of its time.
    """
    session = requests.Session()
    session.trust_env = False
    return session


@dataclass(slots=True)
class Anyone:
    """A caller who is no user of the platform, with whatever token was picked up somewhere."""

    access_token: str | None = field(default=None, repr=False)
    http: requests.Session = field(default_factory=straight)

    def __str__(self) -> str:
        return "somebody with a token" if self.access_token else "anonymous"


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be provided. ``inviter`` is the owner of the organisation, for everybody but the owner."""

    organisation: str
    email: str
    password: str = field(repr=False)
    display_name: str
    plan: str
    role: str
    inviter: Caller | None = None


class Lacking(NotShown):
    """A driver was asked for what its platform does not have; a scenario with the right tags is skipped instead."""

    def __init__(self, driver: "Driver", capability: Capability) -> None:
        super().__init__(f"{driver.dialect.name} has no {capability.value}")


def of(capability: Capability) -> Callable[[V], V]:
    """Marks a verb that only platforms with a capability have."""

    def marked(verb: V) -> V:
        verb.capability = capability  # type: ignore[attr-defined]
        return verb

    return marked


class Driver:
    """What can be asked of a platform. The verbs without a capability are what every platform must have."""

    dialect: ClassVar[Dialect]

    # -- accounts ---------------------------------------------------------------------------------------------

    def provide(self, who: Caller, account: NewAccount) -> Outcome:
        """See that there is such an account, by whatever means the platform has: an ``Account``."""
        raise NotImplementedError

    def log_in(
        self,
        who: Caller,
        *,
        email: str,
        password: str,
        expires_in: float | None = None,
        device_token: str | None = None,
    ) -> Outcome:
        """Open a session, or mint a token for one: a ``Session``. ``expires_in``: seconds, shorter than usual;
        ``device_token``: that of an earlier session.
        """
        raise NotImplementedError

    @of(Capability.ACCOUNTS)
    def sign_up(
        self, who: Caller, *, organisation: str, email: str, password: str, plan: str, display_name: str | None = None
    ) -> Outcome:
        """Ask for an organisation of one's own: an ``Account``."""
        raise Lacking(self, Capability.ACCOUNTS)

    @of(Capability.APPLICATIONS)
    def authorize(self, who: Caller, *, client_id: str, redirect_uri: str, code_challenge: str, state: str) -> Outcome:
        """Let an application act for the caller: the address to go on at, with a code for it (text)."""
        raise Lacking(self, Capability.APPLICATIONS)

    @of(Capability.APPLICATIONS)
    def exchange_code(
        self, who: Caller, *, client_id: str, client_secret: str, code: str, redirect_uri: str, code_verifier: str
    ) -> Outcome:
        """Have an application exchange a code: a ``Session`` of the customer."""
        raise Lacking(self, Capability.APPLICATIONS)

    @of(Capability.ACCOUNTS)
    def me(self, who: Caller) -> Outcome:
        """Ask who one is: an ``Account``."""
        raise Lacking(self, Capability.ACCOUNTS)

    @of(Capability.SESSIONS)
    def refresh(self, who: Caller, refresh_token: str) -> Outcome:
        """Renew a session: a ``Session``."""
        raise Lacking(self, Capability.SESSIONS)

    @of(Capability.SESSIONS)
    def log_out(self, who: Caller) -> Outcome:
        """End the session of the caller's token."""
        raise Lacking(self, Capability.SESSIONS)

    @of(Capability.PLANS)
    def change_plan(self, who: Caller, plan: str) -> Outcome:
        """Change one's organisation to another plan."""
        raise Lacking(self, Capability.PLANS)

    @of(Capability.COLLEAGUES)
    def invite(self, who: Caller, *, email: str, role: str) -> Outcome:
        """Invite somebody into one's organisation: an ``Invitation``."""
        raise Lacking(self, Capability.COLLEAGUES)

    @of(Capability.COLLEAGUES)
    def accept_invitation(self, who: Caller, *, token: str, password: str, display_name: str | None = None) -> Outcome:
        """Accept an invitation: an ``Account``."""
        raise Lacking(self, Capability.COLLEAGUES)

    @of(Capability.COLLEAGUES)
    def members(self, who: Caller) -> Outcome:
        """List one's organisation: a ``Page`` of ``Account``."""
        raise Lacking(self, Capability.COLLEAGUES)

    @of(Capability.COLLEAGUES)
    def remove_member(self, who: Caller, user_id: str) -> Outcome:
        """Remove a colleague from the organisation."""
        raise Lacking(self, Capability.COLLEAGUES)

    @staticmethod
    def with_key(who: Caller, key: str) -> Caller:
        """Somebody whose every request carries this idempotency key; of a platform that takes such keys alone."""
        raise NotImplementedError

    # -- conversations: ``instance`` is the address of one instance of the API, where it must not be any -------------

    @of(Capability.CONVERSATIONS)
    def create_thread(self, who: Caller, title: str) -> Outcome:
        """Begin a conversation: a ``Thread``."""
        raise Lacking(self, Capability.CONVERSATIONS)

    @of(Capability.CONVERSATIONS)
    def threads(self, who: Caller, *, limit: int | None = None, cursor: str | None = None) -> Outcome:
        """List one's conversations, newest first: a ``Page`` of ``Thread``."""
        raise Lacking(self, Capability.CONVERSATIONS)

    @of(Capability.CONVERSATIONS)
    def thread(self, who: Caller, thread_id: str, *, instance: str | None = None) -> Outcome:
        """Read a conversation: a ``Thread``."""
        raise Lacking(self, Capability.CONVERSATIONS)

    @of(Capability.CONVERSATIONS)
    def rename_thread(self, who: Caller, thread_id: str, title: str, *, instance: str | None = None) -> Outcome:
        """Give a conversation another title: a ``Thread``."""
        raise Lacking(self, Capability.CONVERSATIONS)

    @of(Capability.CONVERSATIONS)
    def delete_thread(self, who: Caller, thread_id: str) -> Outcome:
        """Delete a conversation with its messages."""
        raise Lacking(self, Capability.CONVERSATIONS)

    @of(Capability.MESSAGES)
    def post_message(self, who: Caller, thread_id: str, content: str) -> Outcome:
        """Add a message: a ``Message``."""
        raise Lacking(self, Capability.MESSAGES)

    @of(Capability.CONVERSATIONS)
    def messages(self, who: Caller, thread_id: str, *, limit: int | None = None, cursor: str | None = None) -> Outcome:
        """List the messages of a conversation, oldest first: a ``Page`` of ``Message``."""
        raise Lacking(self, Capability.CONVERSATIONS)

    @of(Capability.MESSAGE_MOVES)
    def move_messages(self, who: Caller, thread_id: str, to: str, message_ids: Sequence[str]) -> Outcome:
        """Move messages to another conversation."""
        raise Lacking(self, Capability.MESSAGE_MOVES)

    # -- what agents work on ----------------------------------------------------------------------------------

    @of(Capability.CLOUD_ACCOUNTS)
    def set_cloud_account(self, who: Caller, *, account_id: str, role_arn: str, region: str) -> Outcome:
        """Name the cloud account of one's organisation."""
        raise Lacking(self, Capability.CLOUD_ACCOUNTS)

    def store_usage(self, who: Caller, records: Sequence[Json]) -> Outcome:
        """Store usage records of one's organisation, for agents that report on it."""
        raise NotImplementedError

    @of(Capability.ENDPOINT_RULES)
    def further_resources(self, who: Caller, thread_id: str, text: str) -> Mapping[str, str]:
        """Give a customer one of each resource that the other verbs know nothing of, bearing a text: their ids, by what
        they are in the target's ``resources``. ``thread_id``: of a conversation with a run that has ended.
        """
        raise Lacking(self, Capability.ENDPOINT_RULES)

    # -- runs -------------------------------------------------------------------------------------------------

    def agents(self, who: Caller) -> Outcome:
        """List the agents: a ``Page`` of ``Agent``."""
        raise NotImplementedError

    def start_run(
        self,
        who: Caller,
        agent_name: str,
        *,
        thread_id: str | None = None,
        input: Json | None = None,
        time_limit_seconds: float | None = None,
        trace_id: str | None = None,
        request_id: str | None = None,
    ) -> Outcome:
        """Start a run of an agent: a ``Run``."""
        raise NotImplementedError

    def run(self, who: Caller, run_id: str) -> Outcome:
        """Read a run: a ``Run``."""
        raise NotImplementedError

    def runs(self, who: Caller, **query: Any) -> Outcome:
        """List one's runs, newest first: a ``Page`` of ``Run``."""
        raise NotImplementedError

    @of(Capability.CANCELLATION)
    def cancel_run(self, who: Caller, run_id: str) -> Outcome:
        """Cancel a run: a ``Run``."""
        raise Lacking(self, Capability.CANCELLATION)

    @of(Capability.JOB_RECORDS)
    def jobs(self, who: Caller, run_id: str, *, limit: int | None = None) -> Outcome:
        """List the job records of a run, so many at most: a ``Page`` of ``Job``."""
        raise Lacking(self, Capability.JOB_RECORDS)

    # -- live events ------------------------------------------------------------------------------------------

    @of(Capability.LIVE_EVENTS)
    def transport(self, address: str | None = None) -> Transport:
        """How a user's events come. ``address``: of a link that is the user's own, instead of the common one."""
        raise Lacking(self, Capability.LIVE_EVENTS)

    # -- allowances; ``instance`` as above --------------------------------------------------------------------------

    @of(Capability.ALLOWANCES)
    def set_allowance(self, who: Caller, monthly_amount: str, *, instance: str | None = None) -> Outcome:
        """Set what one's organisation may spend in a month."""
        raise Lacking(self, Capability.ALLOWANCES)

    @of(Capability.ALLOWANCES)
    def allowance(self, who: Caller, *, instance: str | None = None) -> Outcome:
        """Read it: an ``Allowance``."""
        raise Lacking(self, Capability.ALLOWANCES)

    @of(Capability.ALLOWANCES)
    def book_expense(self, who: Caller, amount: str, purpose: str, *, instance: str | None = None) -> Outcome:
        """Book an expense on it: an ``Expense``."""
        raise Lacking(self, Capability.ALLOWANCES)

    @of(Capability.ALLOWANCES)
    def expenses(self, who: Caller, **query: Any) -> Outcome:
        """List the booked expenses: a ``Page`` of ``Expense``."""
        raise Lacking(self, Capability.ALLOWANCES)

    @of(Capability.ALLOWANCES)
    def allot(self, who: Caller, team: str, amount: str, *, instance: str | None = None) -> Outcome:
        """Give a team a part of it: a ``Budget``."""
        raise Lacking(self, Capability.ALLOWANCES)

    @of(Capability.ALLOWANCES)
    def budgets(self, who: Caller, **query: Any) -> Outcome:
        """List the teams' parts: a ``Page`` of ``Budget``."""
        raise Lacking(self, Capability.ALLOWANCES)

    @of(Capability.ALLOWANCES)
    def change_budget(self, who: Caller, budget_id: str, amount: str) -> Outcome:
        """Change a team's part: a ``Budget``."""
        raise Lacking(self, Capability.ALLOWANCES)

    # -- tools ------------------------------------------------------------------------------------------------

    @of(Capability.TOOLS)
    def tools(self, who: Caller) -> Outcome:
        """List the tools, also those that one may not use: a ``Page`` of ``Tool``."""
        raise Lacking(self, Capability.TOOLS)

    @of(Capability.TOOL_REGISTRATION)
    def add_tool(self, operator: Caller, **tool: Any) -> Outcome:
        """Add a tool of a partner."""
        raise Lacking(self, Capability.TOOL_REGISTRATION)

    @of(Capability.TOOL_REGISTRATION)
    def withdraw_tool(self, operator: Caller, name: str) -> Outcome:
        """Withdraw a tool that was added."""
        raise Lacking(self, Capability.TOOL_REGISTRATION)

    # -- operations -------------------------------------------------------------------------------------------

    @of(Capability.OPERATOR)
    def operator_runs(self, operator: Caller, **query: Any) -> Outcome:
        """List the runs of all customers: a ``Page`` of ``TrackedRun``."""
        raise Lacking(self, Capability.OPERATOR)

    @of(Capability.OPERATOR)
    def operator_connections(self, operator: Caller) -> Outcome:
        """Count the live connections: ``Connections``."""
        raise Lacking(self, Capability.OPERATOR)

    @of(Capability.OPERATOR)
    def operator_instances(self, operator: Caller) -> Outcome:
        """List the registered instances: a ``Page`` of ``Instance``."""
        raise Lacking(self, Capability.OPERATOR)

    @of(Capability.REDELIVERY)
    def undelivered(self, operator: Caller) -> Outcome:
        """List what other stores refused and was set aside: a ``Page`` of ``Undelivered``."""
        raise Lacking(self, Capability.REDELIVERY)

    @of(Capability.REDELIVERY)
    def deliver_again(self, operator: Caller) -> Outcome:
        """Have all that was set aside delivered again."""
        raise Lacking(self, Capability.REDELIVERY)

    @of(Capability.NOTICES)
    def send_notice(self, operator: Caller, *, title: str, body: str) -> Outcome:
        """Send a notice to everyone: a ``Notice``."""
        raise Lacking(self, Capability.NOTICES)

    # -- how it is configured -----------------------------------------------------------------------------------

    configured: ClassVar[Configured]
    """Of a platform with layered configuration alone."""

    @of(Capability.CONFIGURATION)
    def running_configuration(self, who: Caller, instance: str) -> Outcome:
        """Ask a service, by its address, what it runs on: a ``RunningConfiguration``."""
        raise Lacking(self, Capability.CONFIGURATION)

    @of(Capability.CONFIGURATION)
    def mesh(self, operator: Caller, instance: str) -> Outcome:
        """Ask a service, by its address, which processes it knows of: a list of ``MeshInstance``."""
        raise Lacking(self, Capability.CONFIGURATION)

    @of(Capability.CONFIGURATION)
    def health(self, who: Caller, url: str, path: str, timeout: float) -> Outcome:
        """Ask a process how it is, where it says that it tells it."""
        raise Lacking(self, Capability.CONFIGURATION)

    @of(Capability.REPLICA)
    def replication(self, who: Caller, instance: str) -> Outcome:
        """Ask a service, by its address, whether a replica follows its database: "replicated" or "unreplicated"."""
        raise Lacking(self, Capability.REPLICA)

    # -- what the platform publishes of itself ------------------------------------------------------------------

    def is_alive(self, who: Caller) -> Outcome:
        """The cheapest request that the API answers."""
        raise NotImplementedError

    def version(self) -> str:
        """What the platform says its version is; "" where it does not say it."""
        return ""

    @of(Capability.PUBLISHED_API)
    def documents(self) -> Mapping[str, Outcome]:
        """The OpenAPI document of each service, by its name: the document."""
        raise Lacking(self, Capability.PUBLISHED_API)

    @of(Capability.OWN_RECORDS)
    def metrics(self, instance: str | None = None) -> Outcome:
        """The metrics of an instance of the API: text in the format of Prometheus."""
        raise Lacking(self, Capability.OWN_RECORDS)

    @staticmethod
    def pool_figures(metrics: str) -> PoolFigures:
        """What an instance's metrics say of its database pool; of a platform that has such figures alone."""
        raise NotImplementedError
