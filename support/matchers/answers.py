"""Matchers over an agent's answer: does it equal what the suite computed from what it planted?"""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher

from support.cloud.savings import ExpectedSavings, UsageRecords
from support.matchers.faultless import faultless

Answer = Mapping[str, Any]


Differences = Callable[[Answer], list[str]]


def _equals(expected: str, differences: Differences) -> BaseMatcher[Answer | None]:
    def faults_of(answer: Answer | None) -> list[str]:
        return differences(answer) if isinstance(answer, Mapping) else [f"there is no answer: {answer!r}"]

    return faultless(expected, faults_of)


def _decimal(text: Any) -> Decimal | None:
    # Money is decimal text; a JSON number has been through a float and is not the same.
    if not isinstance(text, str):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _money(answer: Answer, name: str, expected: Decimal) -> list[str]:
    given = _decimal(answer.get(name))
    return [] if given == expected else [f"{name} is {answer.get(name)!r} instead of {str(expected)!r}"]


def _entries(answer: Answer, name: str) -> list[Answer]:
    """The entries of a list; what is none has no values, and equals nothing that is expected."""
    listed = answer.get(name)
    return [each if isinstance(each, Mapping) else {} for each in listed] if isinstance(listed, list) else []


def _list(what: str, expected: list[Any], given: list[Any]) -> list[str]:
    faults = [f"the {what} {entry} is missing" for entry in expected if entry not in given]
    faults += [f"the {what} {entry} is wrong" for entry in given if entry not in expected]
    if len(given) != len(expected) and not faults:
        faults.append(f"{len(given)} of {what} instead of {len(expected)}")
    return faults


def _findings(savings: ExpectedSavings) -> Differences:
    def differences(answer: Answer) -> list[str]:
        return _money(answer, "monthly_savings", savings.monthly_savings) + _list(
            "finding",
            [(f.resource_id, f.finding, f.recommended_instance_type, f.monthly_savings) for f in savings.findings],
            [
                (
                    each.get("resource_id"),
                    each.get("finding"),
                    each.get("recommended_instance_type"),
                    _decimal(each.get("monthly_savings")),
                )
                for each in _entries(answer, "findings")
            ],
        )

    return differences


def _steps(savings: ExpectedSavings) -> Differences:
    def differences(answer: Answer) -> list[str]:
        return _money(answer, "monthly_savings", savings.monthly_savings) + _list(
            "step",
            [
                (f.resource_id, f.instance_type, f.recommended_instance_type, f.monthly_savings)
                for f in savings.findings
            ],
            [
                (
                    each.get("resource_id"),
                    each.get("from_type"),
                    each.get("to_type"),
                    _decimal(each.get("monthly_savings")),
                )
                for each in _entries(answer, "steps")
            ],
        )

    return differences


def _totals(usage: UsageRecords) -> Differences:
    def differences(answer: Answer) -> list[str]:
        return _money(answer, "total_cost", usage.total_cost) + _list(
            "total",
            [(total.service, total.quantity, total.cost) for total in usage.by_service.values()],
            [
                (each.get("service"), _decimal(each.get("quantity")), _decimal(each.get("cost")))
                for each in _entries(answer, "by_service")
            ],
        )

    return differences


def equals_savings(savings: ExpectedSavings) -> BaseMatcher[Answer | None]:
    """A cost analysis: the total and each finding, in any order."""
    expected = f"savings of {savings.monthly_savings} a month in {len(savings.findings)} findings"
    return _equals(expected, _findings(savings))


def equals_plan(savings: ExpectedSavings) -> BaseMatcher[Answer | None]:
    """A rightsizing plan for the same findings: a smaller size, or none for what is to be stopped."""
    expected = f"a plan of {len(savings.findings)} steps that saves {savings.monthly_savings} a month"
    return _equals(expected, _steps(savings))


def equals_usage(usage: UsageRecords) -> BaseMatcher[Answer | None]:
    """A usage report: the total and that of each service."""
    return _equals(f"a total of {usage.total_cost} over {len(usage.by_service)} services", _totals(usage))


def equals_advice(savings: ExpectedSavings, usage: UsageRecords) -> BaseMatcher[Answer | None]:
    """The supervisor's answer: both of its delegates', with their totals."""

    def differences(answer: Answer) -> list[str]:
        return [
            *_money(answer, "monthly_savings", savings.monthly_savings),
            *_money(answer, "total_cost", usage.total_cost),
            *_findings(savings)(answer.get("cost_analysis") or {}),
            *_totals(usage)(answer.get("usage_report") or {}),
        ]

    return _equals(f"advice of {savings.monthly_savings} a month on a total of {usage.total_cost}", differences)
