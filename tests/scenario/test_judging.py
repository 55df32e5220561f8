"""Verdicts, budgets, undo, settings and redaction: each says what it should, and refuses what it must."""

import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from support.redaction import MASK, know_secret, redact
from support.refusal import Refusal
from support.scenario.budgets import Budgets, load_budgets
from support.scenario.undo import NotUndone, UndoStack
from support.scenario.verdict import DeadlinePassed, Verdict, verdict_of_error, verdict_of_step, worst
from support.settings import KEYS, Order, Settings, prepare_reports
from support.surroundings import base_environment

# The ceilings as the promises name them; a limit above one would be a promise broken on paper.
CEILINGS = {
    "event delivery": 0.25,
    "crowd event delivery": 1.0,
    "real-time delivery": 0.05,
    "socket memory": 256 * 1024,
    "event size": 1024 * 1024,
    "error after a time limit": 1.0,
    "cancel takes effect": 1.0,
    "worker lost": 10.0,
    "reconnect": 2.0,
    "configuration reload": 2.0,
    "pool recovery": 2.0,
    "broken connection": 2.0,
    "failover": 10.0,
    "health turns": 5.0,
    "mixed requests": 1.0,
    "pages of conversations": 0.1,
    "platform overhead": 0.2,
    "freshness": 2.0,
    "start": 15.0,
    "start on a small machine": 45.0,
}


@pytest.mark.parametrize(
    ("step_type", "status", "error", "verdict"),
    [
        ("then", "passed", None, Verdict.PROVEN),
        ("then", "failed", AssertionError("no"), Verdict.VIOLATED),
        ("then", "failed", DeadlinePassed("late"), Verdict.VIOLATED),
        ("when", "failed", AssertionError("no"), Verdict.VIOLATED),
        ("given", "failed", AssertionError("no"), Verdict.INCONCLUSIVE),
        ("given", "failed", DeadlinePassed("late"), Verdict.INCONCLUSIVE),
        ("then", "error", RuntimeError("broken"), Verdict.INCONCLUSIVE),
        ("then", "error", ConnectionError("broken"), Verdict.INCONCLUSIVE),
        ("then", "undefined", None, Verdict.INCONCLUSIVE),
        ("when", "untested", None, Verdict.INCONCLUSIVE),
    ],
)
def test_the_verdict_of_a_step(step_type, status, error, verdict):
    assert verdict_of_step(step_type, status, error) is verdict


def test_the_verdict_of_an_examination():
    assert verdict_of_error(None) is Verdict.PROVEN
    assert verdict_of_error(AssertionError()) is Verdict.VIOLATED
    assert verdict_of_error(NotUndone([])) is Verdict.INCONCLUSIVE


def test_a_violation_never_hides():
    assert worst(Verdict.PROVEN, Verdict.PROVEN) is Verdict.PROVEN
    assert worst(Verdict.PROVEN, Verdict.INCONCLUSIVE) is Verdict.INCONCLUSIVE
    assert worst(Verdict.INCONCLUSIVE, Verdict.VIOLATED, Verdict.PROVEN) is Verdict.VIOLATED


@pytest.mark.parametrize("name", CEILINGS)
def test_no_budget_is_above_what_was_promised(name):
    budget = load_budgets()[name]
    assert budget.ceiling == CEILINGS[name]
    assert budget.limit <= CEILINGS[name]


def test_every_budget_with_a_ceiling_is_checked():
    assert {name for name, budget in load_budgets().items() if budget.ceiling is not None} == set(CEILINGS)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[[budget]]\nname="a"\nlimit=2\nceiling=1\nunit="seconds"\npromise="X"\n', "above its ceiling"),
        ('[[budget]]\nname="a"\nlimit=1\nunit="seconds"\npromise="X"\n' * 2, "stands twice"),
    ],
)
def test_bad_budgets_are_refused(tmp_path, text, fault):
    path = tmp_path / "budgets.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=fault):
        load_budgets(path)


def test_the_share_of_a_budget_is_kept():
    budgets = Budgets()
    use = budgets.record("event delivery", 0.05)
    assert use.share == pytest.approx(0.2)
    assert budgets.uses == [use]
    with pytest.raises(KeyError, match="no budget is called 'soon'"):
        budgets.limit("soon")


def test_everything_is_undone_in_reverse():
    done: list[str] = []
    undo = UndoStack()
    for name in ("first", "second", "third"):
        undo.register(name, partial(done.append, name))
    assert undo.run_all() == []
    assert done == ["third", "second", "first"]
    assert undo.run_all() == []
    assert done == ["third", "second", "first"]


def test_one_undo_that_fails_keeps_no_other_from_being_done():
    done: list[str] = []

    def fail():
        raise ConnectionError("gone")

    undo = UndoStack()
    undo.register("close the window", lambda: done.append("window"))
    undo.register("thaw worker-1", fail)
    undo.register("heal the line", fail)
    left = undo.run_all()
    assert done == ["window"]
    assert str(NotUndone(left)) == (
        "left behind: heal the line: ConnectionError: gone; thaw worker-1: ConnectionError: gone"
    )


def test_an_undo_may_register_another():
    done: list[str] = []
    undo = UndoStack()
    undo.register("outer", lambda: undo.register("inner", lambda: done.append("inner")))
    assert undo.run_all() == []
    assert done == ["inner"]


def test_settings_have_defaults():
    assert Settings.from_userdata({}) == Settings()


def test_the_defaults_that_the_help_shows_are_the_defaults():
    assert Settings.from_userdata({key.name: key.default for key in KEYS if key.default}) == Settings()


def test_settings_are_read():
    settings = Settings.from_userdata(
        {"stack": "keep", "ports": "21000-21999", "order": "random:42", "profile": "small", "reports": "/tmp/x"}
    )
    assert settings.keep
    assert settings.ports == (21000, 21999)
    assert settings.order == Order(42)
    assert str(settings.order) == "random:42"
    assert settings.evidence == Path("/tmp/x/evidence")


def test_another_run_that_is_given_the_same_plays_the_same():
    settings = Settings.from_userdata({"order": "random:42", "profile": "small", "stack": "keep", "reports": "/tmp/x"})
    repeated = settings.repeated()
    assert (repeated["order"], repeated["target"], repeated["seed"]) == ("random:42", "apex", str(settings.seed))
    assert not {"stack", "reports", "jobs"} & repeated.keys()
    assert Settings.from_userdata(repeated) == replace(settings, stack="fresh", reports=Settings().reports)


def test_options_of_behaves_own_reporters_are_left_alone():
    assert Settings.from_userdata({"behave.reporter.junit.show_hostname": "false"}) == Settings()


@pytest.mark.parametrize(
    ("userdata", "line"),
    [
        ({"profle": "small"}, r"unknown setting -D profle=small \(did you mean profile\?\); known: .*reports"),
        ({"zzz": "1"}, r"unknown setting -D zzz=1; known:"),
        ({"profile": "smal"}, r"bad value in -D profile=smal: choose one of full, small \(did you mean small\?\)"),
        ({"seed": "x"}, "give a number, or today"),
        ({"services": "docker"}, "choose one of embedded, containers, external"),
        ({"ports": "20000"}, "give a range as LOW-HIGH"),
        ({"ports": "30000-20000"}, "LOW must be smaller"),
        ({"ports": "80-90"}, "must lie within 1024-65535"),
        ({"order": "random"}, "order=random:SEED"),
        ({"order": "random:x"}, "order=random:SEED"),
        ({"target": "moon"}, "choose one of aegra, agentos, apex"),
        ({"stack": ""}, "choose one of fresh, keep"),
        ({"reports": ""}, "give a directory"),
    ],
)
def test_a_bad_setting_is_refused_in_one_line(userdata, line):
    with pytest.raises(Refusal, match=line) as refused:
        Settings.from_userdata(userdata)
    assert "\n" not in str(refused.value)


def test_children_get_a_short_list_of_variables(monkeypatch):
    monkeypatch.setenv("PATH", "/bin")
    monkeypatch.setenv("APEX_DATABASE__URL", "postgresql://elsewhere")
    environment = base_environment()
    assert environment["PATH"] == "/bin"
    assert "APEX_DATABASE__URL" not in environment


def test_reports_that_cannot_be_written_are_refused(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Refusal, match=r"cannot write reports to .* choose another with -D reports=DIR"):
        prepare_reports(Settings(reports=tmp_path / "file"))
    prepare_reports(Settings(reports=tmp_path / "new"))
    assert (tmp_path / "new" / "evidence").is_dir()


@pytest.mark.parametrize(
    "text",
    [
        '{"password": "correct horse battery"}',
        '{"access_token": "opaque-1234"}',
        "password='s3cret value'",
        "Authorization: Bearer abcdef.123456",
        "subprotocol bearer.eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl here",
        "pw-0123456789abcdef01234567",
        "postgresql://apex:hunter2hunter2@127.0.0.1/apex",
        '{\\"secret\\": \\"within a string\\"}',
        '{"password": "correct horse \\" battery", "user": "ada"}',
        """{'password': 'it"s hunter2'}""",
        "host=db password=hunter2 user=ada",
        "GET /?access_token=opaque-1234&page=2",
        "Cookie: session=opaque-1234; other=hunter2",
        "[(b'cookie', b'session=opaque-1234'), (b'host', b'x')]",
        "{'Set-Cookie': 'refresh=opaque-1234; Path=/'}",
        "Authorization: Basic aHVudGVyMg==hunter2",
        "https://ada:hunter2@x@host.test/path",
        "https://ghp_hunter2hunter2hunter2@host.test",
        "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_secrets_are_masked(text):
    masked = redact(text)
    assert MASK in masked
    for secret in (
        "correct horse",
        "opaque-1234",
        "s3cret",
        "abcdef.123456",
        "eyJhbGci",
        "0123456789abcdef",
        "hunter2",
    ):
        assert secret not in masked
    assert "within a string" not in masked


def test_a_known_secret_is_masked_wherever_it_stands():
    know_secret("rt_Zm9vYmFyYmF6")
    assert redact("refreshed with rt_Zm9vYmFyYmF6, later") == f"refreshed with {MASK}, later"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "the answer is 42",
        "canary-0123456789ab",
        '{"run_id": "7d1c-11"}',
        "tokens used: 12",
        "expected 'password', 'email' and a cookie: none was there",
        "password=***&token=[secret], token=None",
        "http://127.0.0.1:80/x@y",
        'Bearer realm="apex", error="invalid_token"',
    ],
)
def test_what_is_no_secret_stays(text):
    assert redact(text) == text


def test_promises_are_all_there():
    text = (Path(__file__).parents[2] / "support" / "promises.toml").read_text("utf-8")
    assert len(re.findall(r"^\[\[promise\]\]$", text, re.MULTILINE)) == 118
    assert len(set(re.findall(r'^id = "([A-Z]{3}-\d\d)"$', text, re.MULTILINE))) == 118
