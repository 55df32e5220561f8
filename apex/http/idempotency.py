"""Requests that are made once however often they are sent: the header ``Idempotency-Key`` of the IETF's draft.

The key is stored with the answer in the transaction of the request itself, so that the two are there or neither. It
belongs to the caller, for a day. Sent again while the first is being worked on, a request waits for that.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Header
from pydantic import AfterValidator, BaseModel
from sqlalchemy import Connection, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from apex.http.identity import Identity, require_session
from apex.http.problems import Problem
from apex.storage.database import Database
from apex.storage.repeating import repeated
from apex.storage.tables import idempotency_keys

R = TypeVar("R", bound=BaseModel)
_KEPT = text("interval '1 day'")
_LONGEST = 255


def _bare(key: str | None) -> str | None:
    # The draft has a string of structured fields, in quotes; many clients send it without.
    return key[1:-1] if key is not None and len(key) > 2 and key[0] == key[-1] == '"' else key


Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=_LONGEST,
        pattern="^[!-~]([ -~]*[!-~])?$",  # printable ASCII; blanks at its ends are lost on the way
        description="Sent again with the same key and content within a day, the request is not made again, and has "
        "the same answer.",
    ),
    AfterValidator(_bare),
]


def once(database: Database) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Have an endpoint, whose parameter ``identity`` is the caller, take an ``Idempotency-Key``.

    It is repeated as the endpoint of a :class:`~apex.http.routing.Repeating` route is, which does not do so again.
    """

    def decorate(endpoint: Callable[..., R]) -> Callable[..., R]:
        signature = inspect.signature(endpoint, eval_str=True)
        name, answer_type = endpoint.__qualname__, signature.return_annotation

        def known_or_done(key: str, **given: Any) -> R:
            identity: Identity = given["identity"]
            with database.as_one(identity.tenant_id) as connection:
                require_session(connection, identity)
                known = _known(connection, identity, key, _fingerprint(name, given))
                if known is not None:
                    done: R = answer_type.model_validate_json(known)
                    return done
                answer = endpoint(**given)
                own = (idempotency_keys.c.user_id == identity.user_id) & (idempotency_keys.c.key == key)
                connection.execute(update(idempotency_keys).where(own).values(answer=answer.model_dump_json()))
            return answer

        # With a key it may be done again even when nobody knows whether it was done.
        surely, unkeyed = repeated(known_or_done, is_harmless=True), repeated(endpoint)

        @functools.wraps(endpoint)
        def asked(idempotency_key: str | None = None, **given: Any) -> R:
            if idempotency_key is None:
                return unkeyed(**given)
            return surely(idempotency_key, **given)

        header = inspect.Parameter("idempotency_key", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Key)
        parameters = [*signature.parameters.values(), header]
        asked.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        asked.is_repeated = True  # type: ignore[attr-defined]
        return asked

    return decorate


def _known(connection: Connection, identity: Identity, key: str, fingerprint: str) -> str | None:
    """The answer to the request that has used the key; None where it is the first, which has claimed it now.

    Raises:
        Problem: 409 when the key was used for another request.
    """
    keys = idempotency_keys.c
    expired = (keys.user_id == identity.user_id) & (keys.created_at < func.now() - _KEPT)
    connection.execute(delete(idempotency_keys).where(expired))
    claim = insert(idempotency_keys).values(
        tenant_id=identity.tenant_id, user_id=identity.user_id, key=key, fingerprint=fingerprint
    )
    if connection.scalar(claim.on_conflict_do_nothing().returning(keys.key)) is not None:
        return None
    query = select(keys.fingerprint, keys.answer).where(keys.user_id == identity.user_id, keys.key == key)
    found = connection.execute(query).one()
    if found.fingerprint != fingerprint:
        raise Problem(
            409,
            "idempotency_key_reused",
            "This Idempotency-Key was used for another request; a new request needs a key of its own.",
        )
    return str(found.answer)


def _fingerprint(name: str, given: dict[str, Any]) -> str:
    """What tells a request from others: its endpoint and what it was given, apart from who asks."""
    content = {
        key: value.model_dump(mode="json") if isinstance(value, BaseModel) else value
        for key, value in given.items()
        if key != "identity"
    }
    return hashlib.sha256(json.dumps([name, content], sort_keys=True, default=str).encode()).hexdigest()
