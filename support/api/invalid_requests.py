"""Every request that takes anything, sent with an error."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher

from support.api import owned_resources
from support.api.access_rules import PUBLIC, SERVICES
from support.api.calls import Call, each_call
from support.api.mutations import Mutation, RequestError, mutations
from support.api.owned_resources import OwnedResources
from support.load.http_crowd import a_few_at_a_time
from support.matchers.problems import internals_in
from support.platform.capabilities import Capability
from support.platform.dialect import Meaning
from support.platform.driver import Anyone, Caller
from support.platform.examples import example_of, made_up_in
from support.platform.openapi import Operation, operations
from support.platform.outcome import Outcome
from support.scenario.users import User
from support.scenario.world import World

_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class InvalidCall(Call):
    """A call with an error in ``field``, which is in the list entries of these numbers."""

    field: str
    entries: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class InvalidSignUps:
    """The names and addresses of customers in invalid requests."""

    names: frozenset[str]


def send_all(world: World, owner: User, error: RequestError) -> list[InvalidCall]:
    """The owner, or whoever may, sends every request that takes anything with this error."""
    owned = world.kept(OwnedResources)
    owned_resources.remember_stored(world, owner.tenant)
    invalid = [
        mutation
        for operation in operations(world)
        if operation.roles != SERVICES
        for mutation in mutations(operation, error, owned.ids)
    ]
    # What makes a body oversized names nobody.
    names = frozenset[str]().union(*(made_up_in((mutation.body or b"").rstrip()) for mutation in invalid))
    world.keep(InvalidSignUps(names))
    operator = world.users.operator if Capability.OPERATOR in world.target.capabilities else None

    def send(mutation: Mutation) -> InvalidCall:
        caller = _caller(mutation.operation, owned.owner, operator)
        answer = _send(world, mutation, caller, owned.ids)
        return InvalidCall(mutation.operation.place, answer, mutation.field, mutation.entries)

    return a_few_at_a_time(send, invalid)


def _caller(operation: Operation, owner: User, operator: User | None) -> Caller:
    """Who may call the endpoint."""
    roles = operation.roles or frozenset()
    if roles == PUBLIC:
        return Anyone()
    return owner if owner.role in roles or operator is None else operator


def _send(world: World, mutation: Mutation, caller: Caller, ids: Mapping[str, str]) -> Outcome:
    operation, path = mutation.operation, mutation.operation.path
    wrong = {mutation.field: mutation.value}
    for name in operation.names("path"):
        known = wrong if mutation.place == "path" else ids
        path = path.replace(f"{{{name}}}", known.get(name) or str(example_of(operation, {}, name)))
    return world.platform.request(
        caller,
        operation.method,
        path,
        service=operation.service,
        data=_pieces(mutation.body) if mutation.in_pieces and mutation.body is not None else mutation.body,
        query=wrong if mutation.place == "query" else None,
        headers={"content-type": "application/json", **(wrong if mutation.place == "header" else {})},
    )


def _pieces(body: bytes) -> Iterator[bytes]:
    """The body in chunks, so that its length is not announced."""
    yield from (body[at : at + _CHUNK] for at in range(0, len(body), _CHUNK))


# -- matcher ----------------------------------------------------------------------------------------------------------


def name_the_field() -> BaseMatcher[Sequence[InvalidCall]]:
    """Each request was refused as invalid, with a message about the field that contains no internal details."""
    return each_call("every response is a validation error that names the field", _fault)


def _fault(call: InvalidCall) -> str | None:
    answer, problem = call.answer, call.answer.problem
    if answer.meaning is not Meaning.INVALID:
        return f"{call.field}: {answer}"
    if problem is None or not _names(problem.errors, call.field, call.entries):
        where = "".join(f" in entry {number}" for number in call.entries)
        return f"{call.field}{where} is not named: {answer}"
    shown = internals_in(answer.text)
    return f"{call.field}: shows {', '.join(shown)}: {answer}" if shown else None


def _names(errors: Sequence[Any], field: str, entries: Sequence[int]) -> bool:
    """Whether an error with a message is about the field, or something in it, at any depth, and says in which entries
    of lists that is.
    """
    wanted = {field, *map(str, entries)}
    explained = [error for error in errors if isinstance(error, dict) and error.get("message")]
    return any(wanted <= set(str(error.get("field")).split(".")) for error in explained)
