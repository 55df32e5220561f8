"""People in every role call every endpoint: what is closed to their role, then what is open to it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hamcrest import equal_to
from hamcrest.core.base_matcher import BaseMatcher

from support.api import endpoints, owned_resources, tokens
from support.api.access_rules import OPERATORS, SERVICES
from support.api.calls import Call, call_of
from support.api.owned_resources import OwnedResources, named
from support.matchers.faultless import faultless
from support.platform.dialect import Meaning
from support.platform.driver import Anyone, Caller
from support.platform.examples import ANY_TEXT
from support.platform.openapi import Operation
from support.scenario import planting
from support.scenario.users import Role, User
from support.scenario.world import World
from support.stores import rows
from support.tool_dispatcher import tool_registration

ANONYMOUS = "anonymous"
"""The role of a caller without a token."""
_COLLEAGUES = {"Ada": Role.ADMIN, "Ben": Role.MEMBER, "Cleo": Role.VIEWER}
# An admin and the owner each remove one of them.
_REMOVABLE = ("Dan", "Eve")


@dataclass(frozen=True, slots=True)
class RoleCall(Call):
    """A call by somebody in a role; ``roles`` may call the endpoint, None without an access rule.

    ``permission`` is what the others lack; ``owned`` tells whether the caller has the resource in question.
    """

    role: str
    roles: frozenset[str] | None
    permission: str | None
    owned: bool


@dataclass(frozen=True, slots=True)
class PeopleInEveryRole:
    """Somebody in each role, the owner first and the operator last, with resources of their own."""

    everybody: Sequence[OwnedResources]


@dataclass(frozen=True, slots=True)
class DataAroundRefusals:
    """What was stored of the organisation before and after all calls that must be refused."""

    before: Mapping[str, str]
    after: Mapping[str, str]


def people_in_every_role(world: World, owner: User) -> None:
    """Give the owner, a colleague in each role and the operator resources of their own.

    :raises NotShown: the platform refused one of them.
    """
    planting.usage(world, owner.tenant)
    planting.cloud_account(world, owner)
    staff = [world.users.settle(world.users[f"{name} of {owner}"], role=role) for name, role in _COLLEAGUES.items()]
    removable = [world.users.settle(world.users[f"{name} of {owner}"], role=Role.VIEWER) for name in _REMOVABLE]
    customers = [owned_resources.of_person(world, person, removable[person is owner]) for person in (owner, *staff)]
    operator = OwnedResources(world.users.operator, named(world, member=removable[0].id, tool=ANY_TEXT))
    world.keep(PeopleInEveryRole([*customers, operator]))


def call_every_endpoint(world: World, owner: User) -> list[RoleCall]:
    """Everybody calls what is closed to them, then what is open; keeps the :class:`DataAroundRefusals`.

    Nobody can do anything after logging out, so that each of them does so last.
    """
    published = endpoints.protected(world)
    # The operator adds a tool, which nobody withdraws when the scenario is interrupted, as one before may have been.
    tool_registration.keep_out(world, ANY_TEXT)
    people = world.kept(PeopleInEveryRole).everybody
    before = owned_resources.stored_of(world, owner.tenant)
    made = [each for person in people for each in _calls(world, person, published, permitted=False)]
    world.keep(DataAroundRefusals(before, owned_resources.stored_of(world, owner.tenant)))
    # The colleagues come before the owner, who comes last of the organisation.
    for person in reversed(people):
        made += _calls(world, person, published, permitted=True)
        endpoints.log_in_again(world, person.owner)
    # A notice to everyone must not reach those who connect for a later scenario.
    world.eventually(lambda: rows.waiting_to_be_told(world), equal_to(0), "notice delivery")
    return made


def call_with_and_without_token(world: World, owner: User) -> list[RoleCall]:
    """Every endpoint is called for the owner's resources: without a token, then by the owner."""
    owned, published = world.kept(OwnedResources), endpoints.protected(world)
    callers: dict[str, Caller] = {ANONYMOUS: Anyone(), owner.role: owner}
    made = [
        _role_call(endpoint, call, role, owned=True)
        for role, caller in callers.items()
        for endpoint, call in zip(published, endpoints.call_all(world, published, caller, owned.ids), strict=True)
    ]
    endpoints.log_in_again(world, owner)
    return made


def _calls(world: World, person: OwnedResources, published: Sequence[Operation], permitted: bool) -> Iterator[RoleCall]:
    role = person.owner.role
    for endpoint in published:
        if (role in (endpoint.roles or ())) is permitted:
            owned = all(name in person.ids for name in endpoint.names("path"))
            owned &= {role} != OPERATORS or "of_customers" not in endpoint.groups
            yield _role_call(endpoint, endpoints.call(world, endpoint, person.owner, person.ids), role, owned)


def _role_call(endpoint: Operation, call: Call, role: str, owned: bool) -> RoleCall:
    return RoleCall(call.place, call.answer, role, endpoint.roles, endpoint.permission, owned)


# -- matchers ---------------------------------------------------------------------------------------------------------


def follow_the_access_rules() -> BaseMatcher[Sequence[RoleCall]]:
    """Each endpoint has an access rule, is open to its roles and closed to all others; there were both.

    Open is also an endpoint where somebody who owns no such resource finds none.
    """
    closed = frozenset({Meaning.UNAUTHENTICATED, Meaning.PERMISSION_DENIED})
    return _each("every response follows the access rule of its endpoint", closed, _fault)


def name_the_missing_permission() -> BaseMatcher[Sequence[RoleCall]]:
    """There were permission errors, and each names the permission of the endpoint, also in its text."""
    return _each("every permission error names the missing permission", {Meaning.PERMISSION_DENIED}, _unnamed)


def _each(
    expected: str, closed: Collection[Meaning], fault_of: Callable[[RoleCall], str | None]
) -> BaseMatcher[Sequence[RoleCall]]:
    """No call has a fault; some were done, and some closed in one of these ways."""

    def faults_of(calls: Sequence[RoleCall]) -> list[str]:
        meanings = {call.answer.meaning for call in calls}
        missing = [] if Meaning.DONE in meanings else [Meaning.DONE.value]
        missing += [] if meanings.intersection(closed) else [" or ".join(sorted(each.value for each in closed))]
        found = [f"no response was: {', '.join(missing)}"] if missing else []
        return found + [f"{call.place} as {call.role}: {fault}" for call in calls if (fault := fault_of(call))]

    return faultless(expected, faults_of)


def _closed(call: RoleCall) -> Meaning | None:
    """How an endpoint is to be closed to the caller; None where it is open to them, or has no rule."""
    if call.roles is None or call.role in call.roles:
        return None
    unknown = call.role == ANONYMOUS or call.roles == SERVICES
    return Meaning.UNAUTHENTICATED if unknown else Meaning.PERMISSION_DENIED


def _fault(call: RoleCall) -> str | None:
    answer, closed = call.answer, _closed(call)
    if call.roles is None:
        return f"there is no access rule; {answer}"
    if closed is not None:
        return None if answer.meaning is closed else f"expected to be closed ({closed.value}): {answer}"
    nothing_there = not call.owned and answer.meaning is Meaning.NOT_FOUND
    return None if answer.done or nothing_there else f"expected to be open: {answer}"


def _unnamed(call: RoleCall) -> str | None:
    problem = call.answer.problem
    if call.answer.meaning is not Meaning.PERMISSION_DENIED:
        return None
    named = str(problem.extra.get("permission") or "") if problem else ""
    if problem and named and named in problem.detail:
        return None if named == call.permission else f"{named!r} is named, expected {call.permission!r}"
    return f"no permission is named: {call.answer}"


def book_with_renewed_session(world: World, user: User) -> list[Call]:
    """The user renews the session, and tries with its new token to spend the organisation's money."""
    tokens.renew(world, user).require()
    return [call_of(world.platform.book_expense(user, "1.00", "Books"))]
