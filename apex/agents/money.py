"""Amounts of money: decimals, rounded half up to cents, written as text."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    """The amount rounded half up to cents."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def signed(amount: Decimal) -> str:
    """The amount with its sign, as for a change: ``+1.20``, ``-0.50``, ``+0.00``."""
    return f"{amount:+.2f}"
