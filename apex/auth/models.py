"""What the auth service takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from apex.storage.storable import Secret

Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s\x00]+@[^@\s\x00]+\.[^@\s\x00]+$"),
]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Text = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]
Password = Annotated[Secret, Field(min_length=10, max_length=200)]
Plan = Literal["free", "early", "mid", "enterprise"]


class Request(BaseModel):
    """What a caller sends; unknown members are refused."""

    model_config = ConfigDict(extra="forbid", str_max_length=10_000)


class SignUp(Request):
    """A new tenant and its first user, who becomes the owner."""

    organisation: Name
    email: Email
    password: Password
    display_name: Name | None = None
    plan: Plan = "free"


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
    email: Text
    password: Annotated[Secret, Field(max_length=200)]
    device_token: Annotated[Secret, Field(max_length=2_000)] | None = None
    expires_in: int | None = Field(default=None, ge=1)


class RefreshGrant(Request):
    """A refresh token, good for one use."""

    grant_type: Literal["refresh_token"]
    refresh_token: Annotated[Secret, Field(max_length=200)]


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

    token: Annotated[Secret, Field(max_length=200)]
    password: Password
    display_name: Name | None = None


class Accepted(BaseModel):
    """The user that an acceptance makes."""

    user: User


class Members(BaseModel):
    """Everybody in the tenant, oldest first."""

    items: list[User]
