"""Matchers over an agent's answer: does it equal what the suite computed from what it planted?"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

from support.cloud.savings import ExpectedSavings, UsageRecords

Answer = Mapping[str, Any]


class _Equals(BaseMatcher[Answer | None]):
    """Matches an answer without differences; the message lists each."""

    def __init__(self, expected: str) -> None:
        self.expected = expected

    def differences(self, answer: Answer) -> list[str]:
        raise NotImplementedError

    def _differences(self, answer: Answer | None) -> list[str]:
        if not isinstance(answer, Mapping):
            return [f"there is no answer: {answer!r}"]
        return self.differences(answer)

    def _matches(self, item: Answer | None) -> bool:
        return not self._differences(item)

    def describe_to(self, description: Description) -> None:
        description.append_text(self.expected)

    def describe_mismatch(self, item: Answer | None, mismatch_description: Description) -> None:
        mismatch_description.append_text("; ".join(self._differences(item)[:10]))


class _Savings(_Equals):
    def __init__(self, savings: ExpectedSavings) -> None:
        super().__init__(f"savings of {savings.monthly_savings} a month in {len(savings.findings)} findings")
        self.savings = savings

    def differences(self, answer: Answer) -> list[str]:
        return _money(answer, "monthly_savings", self.savings.monthly_savings) + _list(
            "finding",
            [(f.resource_id, f.finding, f.recommended_instance_type, f.monthly_savings) for f in self.savings.findings],
            [
                (
                    f.get("resource_id"),
                    f.get("finding"),
                    f.get("recommended_instance_type"),
                    _decimal(f.get("monthly_savings")),
                )
                for f in answer.get("findings") or ()
            ],
        )


class _Plan(_Equals):
    def __init__(self, savings: ExpectedSavings) -> None:
        super().__init__(f"a plan of {len(savings.findings)} steps that saves {savings.monthly_savings} a month")
        self.savings = savings

    def differences(self, answer: Answer) -> list[str]:
        return _money(answer, "monthly_savings", self.savings.monthly_savings) + _list(
            "step",
            [
                (f.resource_id, f.instance_type, f.recommended_instance_type, f.monthly_savings)
                for f in self.savings.findings
            ],
            [
                (s.get("resource_id"), s.get("from_type"), s.get("to_type"), _decimal(s.get("monthly_savings")))
                for s in answer.get("steps") or ()
            ],
        )


class _Usage(_Equals):
    def __init__(self, usage: UsageRecords) -> None:
        super().__init__(f"a total of {usage.total_cost} over {len(usage.by_service)} services")
        self.usage = usage

    def differences(self, answer: Answer) -> list[str]:
        return _money(answer, "total_cost", self.usage.total_cost) + _list(
            "total",
            [(total.service, total.quantity, total.cost) for total in self.usage.by_service.values()],
            [
                (t.get("service"), _decimal(t.get("quantity")), _decimal(t.get("cost")))
                for t in answer.get("by_service") or ()
            ],
        )


class _Advice(_Equals):
    def __init__(self, savings: ExpectedSavings, usage: UsageRecords) -> None:
        super().__init__(f"advice of {savings.monthly_savings} a month on a total of {usage.total_cost}")
        self.savings = _Savings(savings)
        self.usage = _Usage(usage)

    def differences(self, answer: Answer) -> list[str]:
        return [
            *_money(answer, "monthly_savings", self.savings.savings.monthly_savings),
            *_money(answer, "total_cost", self.usage.usage.total_cost),
            *self.savings.differences(answer.get("cost_analysis") or {}),
            *self.usage.differences(answer.get("usage_report") or {}),
        ]


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


def _list(what: str, expected: list[Any], given: list[Any]) -> list[str]:
    faults = [f"the {what} {entry} is missing" for entry in expected if entry not in given]
    faults += [f"the {what} {entry} is wrong" for entry in given if entry not in expected]
    if len(given) != len(expected) and not faults:
        faults.append(f"{len(given)} of {what} instead of {len(expected)}")
    return faults


def equals_savings(savings: ExpectedSavings) -> BaseMatcher[Answer | None]:
    """A cost analysis: the total and each finding, in any order."""
    return _Savings(savings)


def equals_plan(savings: ExpectedSavings) -> BaseMatcher[Answer | None]:
    """A rightsizing plan for the same findings: a smaller size, or none for what is to be stopped."""
    return _Plan(savings)


def equals_usage(usage: UsageRecords) -> BaseMatcher[Answer | None]:
    """A usage report: the total and that of each service."""
    return _Usage(usage)


def equals_advice(savings: ExpectedSavings, usage: UsageRecords) -> BaseMatcher[Answer | None]:
    """The supervisor's answer: both of its delegates', with their totals."""
    return _Advice(savings, usage)
