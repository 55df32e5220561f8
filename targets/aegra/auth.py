"""Who calls: tokens of the run's own key, whose subject is the user. Each user finds what is their own, and no more."""

from typing import Any

import jwt
from langgraph_sdk import Auth
from probe import surroundings

auth = Auth()


@auth.authenticate
async def authenticate(headers: dict[str, str]) -> dict[str, Any]:
    """The user of a valid token."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Auth.exceptions.HTTPException(status_code=401, detail="A bearer token is needed.")
    try:
        claims = jwt.decode(
            token, surroundings.signing_key(), algorithms=["HS256"], options={"require": ["exp", "sub"]}
        )
    except jwt.InvalidTokenError:
        raise Auth.exceptions.HTTPException(status_code=401, detail="The token is not valid.") from None
    return {"identity": claims["sub"]}


@auth.on.threads
@auth.on.crons
async def own_only(ctx: Auth.types.AuthContext, value: dict[str, Any]) -> dict[str, str]:
    """What is made bears its owner, and is found by its owner alone."""
    metadata = value.setdefault("metadata", {})
    if isinstance(metadata, dict):
        metadata["owner"] = ctx.user.identity
    return {"owner": ctx.user.identity}
