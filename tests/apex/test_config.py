"""Configurations: layers, faults, rules, what changes mean, and changes while a process runs."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from apex.config.command import main
from apex.config.effects import SERVICES, effect_of
from apex.config.layers import Fault, Files, Loaded, SettingsError, checksum, deployment_of, flat, load
from apex.config.live import Configuration
from apex.config.schema import holds_secrets
from apex.settings import SigningKey
from tests.apex.examples import DEPLOYMENT

Write = Callable[..., Files]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a configuration: the example's, with sections changed, secrets by name, and variables."""

    def written(
        secrets: dict[str, str] | None = None, variables: dict[str, Any] | None = None, **changes: Any
    ) -> Files:
        values = {**DEPLOYMENT, **{name: value for name, value in changes.items() if value is not None}}
        values = {name: value for name, value in values.items() if changes.get(name, value) is not None}
        (tmp_path / "apex.toml").write_text(tomli_w.dumps(values), "utf-8")
        folder = tmp_path / "secrets"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, value in (secrets or {}).items():
            (folder / name).write_text(value, "utf-8")
        return Files(tmp_path / "apex.toml", folder, variables or {})

    return written


def refusal(files: Files) -> list[str]:
    """What is wrong with a configuration, without the folder."""
    with pytest.raises(SettingsError) as refused:
        load(files)
    return [str(fault).replace(f"{files.deployment.parent}/", "") for fault in refused.value.faults]


def value(loaded: Loaded, key: str) -> Any:
    return dict(flat(loaded.settings))[key]


def test_each_layer_is_stronger_than_the_one_before_it(write: Write):
    assert value(load(write()), "log.level") == "info"
    assert value(load(write(log={"level": "error"})), "log.level") == "error"
    assert value(load(write(log={"level": "error"}, secrets={"log__level": "debug\n"})), "log.level") == "debug"
    strongest = write(secrets={"log__level": "debug"}, variables={"log": {"level": "warning"}})
    assert value(load(strongest), "log.level") == "warning"


def test_where_a_value_stands_is_known(write: Write):
    files = write(secrets={"redis__url": "redis://:x@127.0.0.1/1"})
    sources = load(files).sources
    assert sources["auth.audience"] == "base.toml"
    assert sources["auth.attempts.account.burst"] == "test.toml"
    assert sources["redis.url"] == str(files.secrets / "redis__url" if files.secrets else "")
    assert sources["auth.issuer"] == str(files.deployment)


def test_every_fault_is_named_with_its_place(write: Write):
    files = write(
        worker={"slots": 0, "slotz": 1},
        auth={**DEPLOYMENT["auth"], "issuer": " "},
        redis=None,
        secrets={"databse__url": "x", "clickhouse__url": "ftp://secret"},
    )
    assert refusal(files) == [
        "secrets/databse__url: databse.url: there is no such setting",
        "apex.toml: auth.issuer: Should not be blank (found ' ')",
        "apex.toml: worker.slots: Input should be greater than or equal to 1 (found 0)",
        "apex.toml: worker.slotz: there is no such setting; did you mean 'slots'?",
        "apex.toml: redis: missing; there is no default",
        "secrets/clickhouse__url: clickhouse.url: Should be a URL that begins with http:// or https://",
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[log", "not valid TOML"),
        (b"# \xff", "is not UTF-8 (byte 2)"),
        (b"#" * (1 << 20) + b"#", "is larger than 1048576 bytes"),
    ],
)
def test_a_file_that_cannot_be_read_is_the_only_fault(write: Write, content: bytes, reason: str):
    files = write()
    files.deployment.write_bytes(content)
    (fault,) = refusal(files)
    assert fault.startswith(f"apex.toml: {reason}")


def test_what_is_no_file_is_named(write: Write, tmp_path: Path):
    files = write()
    assert files.secrets is not None
    (files.secrets / "redis__url").symlink_to(tmp_path / "nowhere")
    (files.secrets / "log__level").mkdir()
    assert refusal(files) == [
        "secrets/log__level: cannot be read (Is a directory)",
        "secrets/redis__url: cannot be read (No such file or directory)",
    ]
    assert refusal(Files(files.deployment, tmp_path / "none")) == ["none: is no directory of secrets"]


@pytest.mark.parametrize(
    "changes",
    [
        {"worker": {"slots": True}},
        {"worker": {"run_seconds": float("inf")}},
        {"version": "a\nb"},
        {"version": "x" * 4097},
        {"auth": {**DEPLOYMENT["auth"], "audience": 5}},
        {"worker": {"lease_seconds": 1, "heartbeat_seconds": 1}},
        {"internal": {"signing_key": "s" * 32}},
        {"database": {"url": "postgresql://a@b/c", "owner_url": "postgresql://a@b/c", "host": "b"}},
        {"environment": "production"},
    ],
)
def test_what_does_not_go_is_refused(write: Write, changes: dict[str, Any]):
    assert refusal(write(**changes))


def test_what_looks_odd_is_kept(write: Write):
    for text in ("$HOME ${X}", "false", "007", "\"'`", "東京 🙂", "100 %s {x}"):
        assert value(load(write(version=text)), "version") == text
    files = write(version="ä")
    files.deployment.write_bytes(b"\xef\xbb\xbf" + files.deployment.read_bytes().replace(b"\n", b"\r\n"))
    assert value(load(files), "version") == "ä"
    assert value(load(write(features={"sign_up": "false"})), "features.sign_up") is False


def test_a_database_may_be_given_in_parts(write: Write):
    parts = {"host": "db", "name": "apex", "user": "app", "password": "p@ss/word"}
    loaded = load(write(database={**parts, "owner_user": "owner", "owner_password": "o", "tls": "verify-full"}))
    assert value(loaded, "database.url") == "postgresql://app:p%40ss%2Fword@db:5432/apex?sslmode=verify-full"
    assert value(loaded, "database.owner_url") == "postgresql://owner:o@db:5432/apex?sslmode=verify-full"
    (fault,) = refusal(write(database=parts))
    assert "owner_user: Field required; owner_password: Field required" in fault
    assert "p@ss" not in fault


def test_no_fault_shows_a_secret(write: Write):
    secret = "the-secret"
    files = write(
        auth={**DEPLOYMENT["auth"], "signing_keys": [{"id": "one", "secret": secret}], "operator_pasword": secret},
        redis={"url": secret},
        secrets={"partners__api_key": f"{secret}\x07"},
    )
    faults = refusal(files)
    assert len(faults) == 4
    assert not [fault for fault in faults if secret in fault]


def test_every_setting_has_an_effect_on_some_service(write: Write):
    keys = dict(flat(load(write()).settings))
    assert {service for key in keys for service in effect_of(key).services} == set(SERVICES)
    with pytest.raises(KeyError):
        effect_of("nothing.like.it")


def test_of_an_address_only_the_login_is_taken_over():
    effect = effect_of("redis.url")
    assert effect.is_taken_over("redis://a:b@host/0", "redis://c:d@host/0")
    assert not effect.is_taken_over("redis://a:b@host/0", "redis://a:b@host/1")


def test_secrets_are_known_also_within_lists_and_unknown_keys():
    assert holds_secrets("auth.signing_keys")
    assert holds_secrets("auth.signing_keys.0.secret")
    assert holds_secrets("database.password")
    assert holds_secrets("auth.operator_pasword")
    assert not holds_secrets("auth.signing_keys.0.id")
    assert not holds_secrets("worker.slots")


def test_two_processes_share_a_checksum_when_they_share_all_values(write: Write):
    def of(files: Files) -> str:
        return checksum(dict(flat(load(files).settings)))

    assert of(write()) == of(write(variables={"log": {"level": "info"}}))
    assert of(write()) != of(write(secrets={"internal__signing_key": "other " * 8}))


def test_a_change_is_taken_over_where_it_stands(write: Write):
    configuration = Configuration.read("backend", write())
    limits, called = configuration.settings.rate_limits, []
    configuration.on_change("rate_limits", lambda: called.append("limits"))
    configuration.on_change("worker", lambda: called.append("worker"))
    before = configuration.checksum
    write(version="2", rate_limits={"free": {"burst": 3, "per_second": 1.5}})
    configuration.refresh()
    assert (limits.free.burst, limits.free.per_second) == (3, 1.5)
    assert called == ["limits"]
    assert configuration.version == "2"
    assert configuration.checksum != before
    write()
    configuration.refresh()
    assert configuration.checksum == before


def test_what_is_wrong_changes_nothing_until_it_is_right(write: Write):
    configuration = Configuration.read("backend", write())
    before = configuration.checksum
    files = write(version="", log={"level": "error"})
    configuration.refresh()
    assert [fault.key for fault in configuration.refused] == ["version"]
    assert (configuration.checksum, configuration.settings.log.level) == (before, "info")
    files.deployment.unlink()
    configuration.refresh()
    assert [fault.reason for fault in configuration.refused] == ["cannot be read (No such file or directory)"]
    write(log={"level": "error"})
    configuration.refresh()
    assert configuration.refused == ()
    assert configuration.settings.log.level == "error"


def test_only_who_uses_a_setting_waits_for_a_restart(write: Write):
    tools, auth = (Configuration.read(service, write()) for service in ("tools", "auth"))
    write(tools={"threads": 7})
    for each in (tools, auth):
        each.refresh()
    assert (tools.restart_needed, tools.settings.tools.threads) == (("tools.threads",), 32)
    assert (auth.restart_needed, auth.settings.tools.threads) == ((), 7)
    assert tools.checksum != auth.checksum
    assert Configuration.read("tools", write(tools={"threads": 7})).checksum == auth.checksum


def test_a_key_that_is_to_go_is_accepted_for_its_time():
    def key(seconds: float) -> SigningKey:
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        return SigningKey.model_validate({"id": "one", "secret": "s" * 32, "accepted_until": until})

    assert key(60).is_accepted
    assert not key(-1).is_accepted


def test_a_deployment_is_live_unless_its_file_says_otherwise(write: Write):
    assert deployment_of(write(deployment="rehearsal", version="")) == "rehearsal"
    files = write()
    assert deployment_of(files) == "live"
    files.deployment.write_text("[")
    assert deployment_of(files) == "live"


def test_the_commands_say_what_there_is_and_never_a_secret(write: Write, tmp_path: Path, capsys: Any):
    files = write()
    candidate = tmp_path / "candidate.toml"
    changed = {**DEPLOYMENT, "version": "2", "internal": {"signing_key": "another " * 5}, "worker": {"slots": 9}}
    candidate.write_text(tomli_w.dumps(changed), "utf-8")
    given = ["--config", str(files.deployment), "--secrets", str(files.secrets)]
    for command in (["validate", *given], ["show", *given], ["diff", *given, str(candidate)]):
        assert main(command) == 0
        assert main([*command, "--json"]) == 0
    assert main(["impact", *given, "--json", str(candidate)]) == 0
    said = capsys.readouterr().out
    impact = json.loads(said.splitlines()[-1])
    assert [row["key"] for row in impact["changes"]] == ["version", "worker.slots", "internal.signing_key"]
    assert impact["restart"] == ["analytics", "backend", "tools", "worker"]
    assert "another another" not in said
    assert "s" * 32 not in said


def test_a_faulty_configuration_has_an_exit_code_of_its_own(write: Write, capsys: Any):
    files = write(version="")
    assert main(["validate", "--config", str(files.deployment)]) == 1
    assert capsys.readouterr().err == (
        "1 fault in the configuration:\n"
        f"{Fault(str(files.deployment), 'version', 'Should not be blank (found {!r})'.format(''))}\n"
    )
    with pytest.raises(SystemExit) as wrong:
        main(["validate"])
    assert wrong.value.code == 2
