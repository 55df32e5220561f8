"""The checker of serial orders, with results that no order has."""

from decimal import Decimal as D

import pytest
from hamcrest.core.string_description import StringDescription

from support.database_management.serial_order import (
    Accounts,
    Allowance,
    Budget,
    Expense,
    Result,
    equals_a_serial_order,
    serial_results,
)

START = Accounts(D(10), {"a": D(4)}, {"r": D(4), "s": D(4)})
ROOM_FOR_ONE = (Expense("a", D(6)), Expense("b", D(6)))
SKEW = (Budget("r", D(6)), Budget("s", D(6)))
LOWER = (Expense("b", D(5)), Allowance(D(8)))


def accounts(**other) -> Accounts:
    return Accounts(**{"allowance": D(10), "spent": {"a": D(4)}, "budgets": {"r": D(4), "s": D(4)}, **other})


@pytest.mark.parametrize(
    ("operations", "result"),
    [
        (ROOM_FOR_ONE, Result((True, False), accounts(spent={"a": D(10)}))),
        (ROOM_FOR_ONE, Result((False, True), accounts(spent={"a": D(4), "b": D("6.00")}))),
        (SKEW, Result((False, True), accounts(budgets={"s": D(6), "r": D(4)}))),
        (LOWER, Result((True, False), accounts(spent={"a": D(4), "b": D(5)}))),
        (LOWER, Result((False, True), accounts(allowance=D(8)))),
        ((Expense("b", D(7)),), Result((False,), accounts())),
    ],
)
def test_the_result_of_an_order(operations, result):
    assert equals_a_serial_order(START, operations).matches(result)


@pytest.mark.parametrize(
    ("operations", "result", "fault"),
    [
        (ROOM_FOR_ONE, Result((True, True), accounts(spent={"a": D(10), "b": D(6)})), "no order has these made"),
        (ROOM_FOR_ONE, Result((False, False), accounts()), "no order has these made"),
        (ROOM_FOR_ONE, Result((True, False), accounts()), ".spent.a: Decimal('4'), expected Decimal('10')"),
        (ROOM_FOR_ONE, Result((True, None), accounts(spent={"a": D(10)})), "neither made nor refused"),
        (ROOM_FOR_ONE, Result((True, False), accounts(spent={"a": D(10)}), ("spent: 4 is shown",)), "4 is shown"),
        (SKEW, Result((True, True), accounts(budgets={"r": D(6), "s": D(6)})), "no order has these made"),
        (SKEW, Result((True, False), accounts(budgets={"r": D(4), "s": D(6)})), ".budgets.r"),
        (LOWER, Result((True, True), accounts(allowance=D(8), spent={"a": D(4), "b": D(5)})), "no order has"),
        (LOWER, Result((False, True), accounts()), ".allowance: Decimal('10'), expected Decimal('8')"),
    ],
)
def test_what_no_order_has(operations, result, fault):
    matcher, described = equals_a_serial_order(START, operations), StringDescription()
    assert not matcher.matches(result)
    matcher.describe_mismatch(result, described)
    assert fault in str(described)


def test_every_order_is_tried():
    made = {result.made for result in serial_results(START, [*ROOM_FOR_ONE, *LOWER])}
    # Whether the later ones fit depends on all that came before.
    assert made >= {(True, False, False, False), (False, True, False, False), (False, False, True, False)}
    assert len(list(serial_results(START, [*ROOM_FOR_ONE, *LOWER]))) == 24
