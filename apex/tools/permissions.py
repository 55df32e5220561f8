"""Which plan and which role may use which tool: the one table, published with the list of tools.

A tool names the permission that it needs; a permission comes with some plans and is for some roles.
"""

from __future__ import annotations

from dataclasses import dataclass

from apex.http.identity import OPERATOR
from apex.http.problems import Problem

_EVERY_PLAN = ("free", "early", "mid", "enterprise")
_EVERYBODY = ("owner", "admin", "member")
_IN_CHARGE = ("owner", "admin")


@dataclass(frozen=True)
class Grant:
    """Who has a permission: members of these roles in organisations with these plans."""

    plans: tuple[str, ...]
    roles: tuple[str, ...]

    def covers(self, plan: str, role: str) -> bool:
        """Whether a caller has it; operators of the platform may use every tool."""
        return role == OPERATOR or (plan in self.plans and role in self.roles)


GRANTS: dict[str, Grant] = {
    "cloud:read": Grant(_EVERY_PLAN, _EVERYBODY),
    "partners:read": Grant(_EVERY_PLAN, _EVERYBODY),
    "cloud:tag": Grant(("early", "mid", "enterprise"), _EVERYBODY),
    "partners:write": Grant(("mid", "enterprise"), _EVERYBODY),
    "cloud:stop": Grant(("mid", "enterprise"), _IN_CHARGE),
    "cloud:resize": Grant(("enterprise",), _IN_CHARGE),
}


def require(permission: str, caller: dict[str, str]) -> None:
    """See that ``caller`` (an ``Identity.as_caller``) has the permission.

    Raises:
        Problem: 403, naming the permission, and the plans and roles that have it.
    """
    grant = GRANTS[permission]
    if grant.covers(caller["plan"], caller["role"]):
        return
    raise Problem(
        403,
        "permission_denied",
        f"This needs the permission '{permission}', which comes with the plan {_either(grant.plans)} "
        f"for the role {_either(grant.roles)}.",
        permission=permission,
        plans=list(grant.plans),
        roles=list(grant.roles),
    )


def _either(names: tuple[str, ...]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
