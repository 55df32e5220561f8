"""Every other matcher accepts what is right and names what is wrong."""

import json
import random
from datetime import date
from decimal import Decimal

import pytest
from hamcrest.core.string_description import StringDescription

from support.cloud.savings import (
    Instance,
    Inventory,
    PriceTable,
    UsageRecord,
    UsageRecords,
    busy,
    idle,
    oversized,
    unmeasured,
    varied,
)
from support.matchers.answers import equals_advice, equals_plan, equals_savings, equals_usage
from support.matchers.isolation import shows_only_data_of, text_of
from support.matchers.problems import internals_in, is_fit_for_a_customer, is_refused_with
from support.matchers.schema import is_valid_against
from support.matchers.timing import percentile
from support.platform.dialect import Meaning
from support.platform.drivers.apex import DIALECT
from support.platform.outcome import Outcome
from support.redaction import MASK
from support.scenario.users import Tenant
from tests.matchers.stories import told


def mismatch(matcher, value):
    described = StringDescription()
    matcher.describe_mismatch(value, described)
    return str(described)


def refusal(status, **problem):
    return Outcome("GET", "/x", status, text=json.dumps(problem), meaning=DIALECT.meaning(status))


# -- isolation ----------------------------------------------------------------------------------------------------

ACME, BOREALIS = Tenant.fresh("Acme"), Tenant.fresh("Borealis")


def test_own_data_alone_is_isolated():
    assert shows_only_data_of(ACME).matches({"items": [{"title": f"server of {ACME.marker}"}]})


def test_foreign_data_is_noticed_wherever_it_stands():
    for observed in (
        f"{ACME.marker} {BOREALIS.marker}",
        {"own": ACME.marker, "deep": [{"er": BOREALIS.marker}]},
        Outcome("GET", "/", 200, text=f"{ACME.marker}{BOREALIS.marker}"),
        told(("agent_thinking", {"thought": ACME.marker}), ("agent_thinking", {"thought": BOREALIS.marker})),
    ):
        assert not shows_only_data_of(ACME).matches(observed)
        assert BOREALIS.marker in mismatch(shows_only_data_of(ACME), observed)


def test_nothing_shown_proves_nothing():
    assert not shows_only_data_of(ACME).matches({"items": []})
    assert "proves nothing" in mismatch(shows_only_data_of(ACME), {"items": []})


def test_everything_observed_has_a_text():
    assert text_of(7) == "7"
    assert text_of(["a", {"b": "c"}]) == 'a\n{"b": "c"}'


# -- answers ------------------------------------------------------------------------------------------------------

PRICES = PriceTable(
    {
        "m5.large": Decimal("0.115"),
        "m5.xlarge": Decimal("0.23"),
        "t3.medium": Decimal("0.048"),
        "t3.small": Decimal("0.024"),
    }
)
INVENTORY = Inventory(
    (
        Instance("i-1", "a", "t3.medium", 1.5, True),
        Instance("i-2", "b", "m5.xlarge", 12.5, True),
        Instance("i-3", "c", "m5.xlarge", 62.5, True),
        Instance("i-4", "d", "t3.small", None, True),
        Instance("i-5", "e", "t3.medium", 1.0, False),
        Instance("i-6", "f", "m5.large", 12.5, True),
    )
)


def answer():
    return {
        "currency": "USD",
        "monthly_savings": "118.99",
        "findings": [
            finding("i-2", "oversized", "m5.large", "83.95"),
            finding("i-1", "idle", None, "35.04"),
        ],
    }


def finding(resource_id, kind, recommended, savings):
    return {
        "resource_id": resource_id,
        "finding": kind,
        "recommended_instance_type": recommended,
        "monthly_savings": savings,
    }


def test_savings_follow_the_published_rules():
    expected = INVENTORY.expected(PRICES)
    assert expected.monthly_savings == Decimal("118.99")
    assert [found.resource_id for found in expected.findings] == ["i-2", "i-1"]
    assert INVENTORY.unmeasured == 1


@pytest.mark.parametrize(
    ("cpu", "finding"),
    [(0.0, "idle"), (4.99, "idle"), (5.0, "oversized"), (19.99, "oversized"), (20.0, None), (90.0, None)],
)
def test_the_limits_belong_to_the_upper_side(cpu, finding):
    found = Inventory((Instance("i", "n", "m5.xlarge", cpu, True),)).expected(PRICES).findings
    assert [judged.finding for judged in found] == ([finding] if finding else [])


def test_each_saving_is_rounded_half_up_before_it_is_summed():
    prices = PriceTable({"t3.nano": Decimal("0.00525")})  # 3.8325 a month
    two = Inventory(tuple(Instance(f"i-{n}", "n", "t3.nano", 0.5, True) for n in range(2))).expected(prices)
    assert two.monthly_savings == Decimal("7.66")
    half = PriceTable({"t3.nano": Decimal("0.0105") / Decimal("730") * Decimal("10")})
    assert Inventory((Instance("i", "n", "t3.nano", 0.5, True),)).expected(half).monthly_savings == Decimal("0.11")


def test_the_smallest_size_and_one_without_a_price_have_no_smaller_one():
    assert PRICES.smaller("m5.xlarge") == "m5.large"
    assert PRICES.smaller("t3.small") is None
    assert PRICES.smaller("t3.nano") is None


def test_the_right_answer_equals_the_savings():
    expected = INVENTORY.expected(PRICES)
    assert equals_savings(expected).matches(answer())
    assert equals_savings(expected).matches({**answer(), "findings": answer()["findings"][::-1]})


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda a: a.update(monthly_savings="119.00"), "monthly_savings is '119.00' instead of '118.99'"),
        (lambda a: a.update(monthly_savings=118.99), "monthly_savings is 118.99"),
        (lambda a: a.update(findings=[]), "is missing"),
        (lambda a: a["findings"].pop(), "is missing"),
        (lambda a: a["findings"].append(a["findings"][0]), "3 of finding instead of 2"),
        (lambda a: a["findings"][0].update(finding="idle"), "is wrong"),
        (lambda a: a["findings"][0].update(recommended_instance_type="m5.xlarge"), "is wrong"),
        (lambda a: a["findings"][1].update(monthly_savings="35.05"), "is wrong"),
        (lambda a: a["findings"][1].update(resource_id="i-9"), "is wrong"),
    ],
)
def test_a_wrong_answer_does_not(spoil, fault):
    wrong = answer()
    spoil(wrong)
    matcher = equals_savings(INVENTORY.expected(PRICES))
    assert not matcher.matches(wrong)
    assert fault in mismatch(matcher, wrong)


def test_no_answer_is_no_answer():
    matcher = equals_savings(INVENTORY.expected(PRICES))
    assert not matcher.matches(None)
    assert "there is no answer" in mismatch(matcher, None)


def test_a_plan_names_from_and_to():
    plan = {
        "monthly_savings": "118.99",
        "steps": [
            {"resource_id": "i-2", "from_type": "m5.xlarge", "to_type": "m5.large", "monthly_savings": "83.95"},
            {"resource_id": "i-1", "from_type": "t3.medium", "to_type": None, "monthly_savings": "35.04"},
        ],
    }
    matcher = equals_plan(INVENTORY.expected(PRICES))
    assert matcher.matches(plan)
    assert not matcher.matches({**plan, "steps": plan["steps"][:1]})
    assert not matcher.matches({**plan, "monthly_savings": "0.00"})


USAGE = UsageRecords(
    (
        UsageRecord("compute", date(2026, 1, 1), Decimal("1.5"), Decimal("2.25")),
        UsageRecord("compute", date(2026, 1, 2), Decimal("0.5"), Decimal("0.75")),
        UsageRecord("storage", date(2026, 1, 1), Decimal("10"), Decimal("0.10")),
    )
)


def usage_answer():
    return {
        "total_cost": "3.10",
        "by_service": [
            {"service": "compute", "quantity": "2.0", "cost": "3.00"},
            {"service": "storage", "quantity": "10", "cost": "0.1"},
        ],
    }


def test_a_usage_report_sums_up():
    assert equals_usage(USAGE).matches(usage_answer())
    assert not equals_usage(USAGE).matches({**usage_answer(), "total_cost": "3.11"})
    assert not equals_usage(USAGE).matches({**usage_answer(), "by_service": usage_answer()["by_service"][:1]})
    assert not equals_usage(USAGE).matches({**usage_answer(), "total_cost": "a lot"})


def test_advice_holds_both_answers():
    advice = {
        "monthly_savings": "118.99",
        "total_cost": "3.10",
        "cost_analysis": answer(),
        "usage_report": usage_answer(),
    }
    matcher = equals_advice(INVENTORY.expected(PRICES), USAGE)
    assert matcher.matches(advice)
    for part in advice:
        assert not matcher.matches({**advice, part: None}), part


def test_two_varied_inventories_are_worth_different_savings():
    chance = random.Random(3)
    groups = [varied(chance) for _ in range(20)]
    assert all({group.cpu is None for group in some} == {True, False} for some in groups)
    assert len({str(some) for some in groups}) > 15
    assert (idle(1).cpu, oversized(1).cpu, busy(1).cpu, unmeasured(1).cpu) == (1.5, 12.5, 62.5, None)


def test_varied_usage_carries_the_marker():
    records = UsageRecords.varied("canary-aaaaaaaaaaaa")
    assert len(records.records) == 15
    assert all("canary-aaaaaaaaaaaa" in record.wire()["service"] for record in records.records)
    assert records.total_cost == sum(total.cost for total in records.by_service.values())


# -- problems -----------------------------------------------------------------------------------------------------


def test_a_refusal_has_its_code_and_meaning():
    assert is_refused_with("unknown_agent").matches(refusal(422, code="unknown_agent"))
    assert not is_refused_with("unknown_agent").matches(refusal(422, code="validation_failed"))
    assert not is_refused_with("unknown_agent").matches(refusal(500, code="unknown_agent"))
    assert not is_refused_with("unknown_agent").matches(Outcome("GET", "/", 202, text="{}", meaning=Meaning.DONE))
    assert not is_refused_with("unavailable").matches(Outcome("GET", "/", None, error="reset"))
    assert "GET /x: 500 failed" in mismatch(is_refused_with("conflict"), refusal(500, code="conflict"))
    with pytest.raises(KeyError):
        is_refused_with("no_such_code")


@pytest.mark.parametrize(
    "text",
    [
        "The agent could not finish its work. Please try again.",
        "The run took longer than 2 seconds and was ended.",
        "There is no agent 'x'. Known: cost_analysis, usage_report.",
        "Please select a plan from the list.",
        "The database is not available; please try again in 2 s. Each conversation has a role and a schema.",
        f"password: '{MASK}', Bearer {MASK}, postgres://apex:{MASK}@database",
        {"code": "tool_failed", "message": "The price list could not be read.", "recoverable": True},
    ],
)
def test_messages_for_customers_are_fit(text):
    assert is_fit_for_a_customer().matches(text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('Traceback (most recent call last):\n  File "x"', "a stack trace"),
        ('File "/app/agent.py", line 3, in run', "a stack trace"),
        ("could not open /srv/agents/secrets", "a path"),
        ("failed in worker.py", "a path"),
        ("SELECT password FROM vault", "SQL"),
        ("insert into runs values (1)", "SQL"),
        ("psycopg could not connect", "SQL"),
        ("ZeroDivisionError happened", "an exception"),
        ("httpx.exceptions.ReadTimeout", "an exception"),
        ('canceling statement due to lock timeout in relation "threads"', "a database's own words"),
        ("DETAIL:  Key (email)=(a@b.example) already exists.", "a database's own words"),
        ("Code: 60. DB::Exception", "a database's own words"),
        ("WRONGPASS invalid username-password pair", "a database's own words"),
        ("[Errno 111] Connect call failed", "an operating system's own words"),
        ("no answer from 127.0.0.1", "an inner address"),
        ("no answer from http://tools:8004/x", "an inner address"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "a secret"),
        (f"password: '{MASK}', bearer abcdefghijkl", "a secret"),
    ],
)
def test_internals_are_noticed(text, fault):
    assert any(found.startswith(fault) for found in internals_in(text))
    assert not is_fit_for_a_customer().matches(text)
    assert fault in mismatch(is_fit_for_a_customer(), text)


def test_an_empty_message_helps_nobody():
    assert not is_fit_for_a_customer().matches("  ")
    assert mismatch(is_fit_for_a_customer(), "") == "it said nothing"


def test_the_message_about_a_secret_does_not_show_it():
    assert MASK in mismatch(is_fit_for_a_customer(), "password: 'hunter2hunter2'")


# -- schemas ------------------------------------------------------------------------------------------------------

SCHEMA = {
    "title": "Run",
    "type": "object",
    "required": ["id", "created_at"],
    "properties": {"id": {"type": "string", "format": "uuid"}, "created_at": {"type": "string", "format": "date-time"}},
}
RUN = {"id": "0b5c3a5e-0a0f-4b8e-9d3a-2f1f5f4c3b2a", "created_at": "2026-01-01T00:00:00.000001Z"}


def test_values_keep_to_a_schema():
    assert is_valid_against(SCHEMA).matches(RUN)


@pytest.mark.parametrize(
    ("spoiled", "fault"),
    [
        ({"id": RUN["id"]}, "'created_at' is a required property"),
        ({**RUN, "id": 7}, "$.id: 7 is not of type 'string'"),
        ({**RUN, "id": "seven"}, "is not a 'uuid'"),
        ({**RUN, "created_at": "yesterday"}, "is not a 'date-time'"),
        ([], "is not of type 'object'"),
    ],
)
def test_what_breaks_a_schema_is_named(spoiled, fault):
    assert not is_valid_against(SCHEMA).matches(spoiled)
    assert fault in mismatch(is_valid_against(SCHEMA), spoiled)


# -- times --------------------------------------------------------------------------------------------------------


def test_a_percentile_is_a_measured_value():
    values = [float(n) for n in range(1, 101)]
    assert percentile(values, 0.95) == 95
    assert percentile(values, 1.0) == 100
    assert percentile([3.0], 0.5) == 3
    for bad in (([], 0.5), ([1.0], 0.0), ([1.0], 95.0)):
        with pytest.raises(ValueError, match=r"no values|no share"):
            percentile(*bad)
