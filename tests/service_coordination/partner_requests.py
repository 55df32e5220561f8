"""Requests as the partner would have seen them."""

from support.scenario.partner import PartnerCall

TRACE, OTHER_TRACE = "a" * 32, "b" * 32


def request(path: str, at: float, trace: str = TRACE, key: str | None = None, answered: bool = True) -> PartnerCall:
    """A request for a path, received at a time in Unix seconds, and answered 10 ms later."""
    return PartnerCall(1, path, trace, key or f"key of {path}", at, at + 0.01 if answered else None, None)
