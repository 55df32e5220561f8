"""What the auth service takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, SecretStr

from apex.http.values import STORABLE, AsWhole, Email, Password, Request, Secret, ShortText, TypedPassword

Plan = Literal["free", "early", "mid", "enterprise"]


class SignUp(Request):
    """A new tenant and its first user, who becomes the owner."""

    organisation: ShortText
    email: Email
    password: Password
    display_name: ShortText | None = None
    plan: Plan = "free"


class PlanChange(Request):
    """The plan to change to."""

    plan: Plan


class Tenant(BaseModel):
    """A customer organisation."""

    id: str
    name: str
    plan: str


class User(BaseModel):
    """A person in a tenant."""

    id: str
    email: str
    display_name: str | None
    role: str


class Account(BaseModel):
    """What a sign-up makes."""

    tenant: Tenant
    user: User


class PasswordGrant(Request):
    """``expires_in``: a shorter life than usual for the access token, in seconds. ``device_token``: from an earlier
    log-in on this device; it is let in also while others guess at the password.
    """

    grant_type: Literal["password"]
    email: Email
    password: TypedPassword
    device_token: Annotated[SecretStr, Field(max_length=2_000), STORABLE] | None = None
    expires_in: Annotated[int, Field(ge=1), AsWhole] | None = None


class RefreshGrant(Request):
    """A refresh token, good for one use."""

    grant_type: Literal["refresh_token"]
    refresh_token: Secret


class AuthorizationCodeGrant(Request):
    """A code that a customer has let an application have, with what shows that it is that application."""

    grant_type: Literal["authorization_code"]
    client_id: ShortText
    client_secret: Secret
    code: Secret
    redirect_uri: ShortText
    code_verifier: Secret


Grant = Annotated[PasswordGrant | RefreshGrant | AuthorizationCodeGrant, Field(discriminator="grant_type")]
"""A way to get a token."""


class Authorization(Request):
    """What an application asks a customer for; ``code_challenge`` is the SHA-256 of a verifier (PKCE, S256)."""

    client_id: ShortText
    redirect_uri: ShortText
    code_challenge: Annotated[str, Field(min_length=43, max_length=43), STORABLE]
    state: ShortText | None = None


class Authorized(BaseModel):
    """Where the customer goes on: the application's address, with the code and the state."""

    redirect_to: str


class Token(BaseModel):
    """``expires_in``: life of the access token in seconds. ``device_token``: from a log-in, to be kept for the next."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int
    refresh_token: str
    device_token: str | None = None


class Invite(Request):
    """Whom to invite, and as what."""

    email: Email
    role: Literal["admin", "member", "viewer"] = "member"


class Invitation(BaseModel):
    """``token`` is shown once, to be handed to the invited person."""

    id: str
    email: str
    role: str
    token: str
    expires_at: datetime


class Acceptance(Request):
    """An invited person takes the place; ``token`` is that of the invitation."""

    token: Secret
    password: Password
    display_name: ShortText | None = None


class Accepted(BaseModel):
    """The user that an acceptance makes."""

    user: User


class Members(BaseModel):
    """Everybody in the tenant, oldest first."""

    items: list[User]
