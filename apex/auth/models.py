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


Grant = Annotated[PasswordGrant | RefreshGrant, Field(discriminator="grant_type")]
"""A way to get a token."""


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
