"""The platform of a stack: what a target's description starts, and what is wrong with one."""

from pathlib import Path
from typing import Any

import pytest

from support.settings import CHECKOUT
from support.stack.apex import Apex
from support.stack.client import Stack, StackError, StackOptions
from support.stack.platform import described
from tests.stack.conftest import MakeOptions

DESCRIPTION = 'platform = "support.stack.apex:Apex"\n'


def other(tmp_path: Path, text: str | None) -> StackOptions:
    if text is not None:
        (tmp_path / "targets" / "other").mkdir(parents=True)
        (tmp_path / "targets" / "other" / "target.toml").write_text(text)
    return StackOptions(checkout=tmp_path, log_dir=tmp_path / "logs", target="other")


def test_the_description_names_the_platform(tmp_path: Path):
    assert described(other(tmp_path, DESCRIPTION)) == (Apex, {"platform": "support.stack.apex:Apex"})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (None, "there is no target other: "),
        ("", "target.toml lacks the entry 'platform'"),
        ("platform = ", "target.toml: "),
        ('platform = "support.stack.apecks:Apex"', "No module named"),
        ('platform = "support.stack.apex:Apecks"', "has no attribute 'Apecks'"),
    ],
)
def test_a_fault_in_a_description_is_one_line(tmp_path: Path, text: str | None, fault: str):
    with pytest.raises(StackError, match=fault) as refused:
        described(other(tmp_path, text))
    assert "\n" not in str(refused.value)


def test_what_a_platform_does_not_need_is_no_service_of_its_stack(options: MakeOptions):
    with pytest.raises(StackError, match=r"there is no service clickhouse; there are postgres-primary, redis, cloud"):
        Stack.start(options("clickhouse", target="aegra"), progress=lambda _: None)


def test_a_platform_without_its_environment_is_refused(options: MakeOptions, checkout: Any):
    folder = CHECKOUT / "targets" / "aegra"
    files = {f"targets/aegra/{name}": (folder / name).read_bytes() for name in ("target.toml", "aegra.json")}
    root = checkout(files, targets=False)
    given = options("aegra-1", target="aegra", checkout=root)
    with pytest.raises(StackError, match=r"aegra-1 needs the environment .*/targets/aegra/"):
        Stack.start(given, progress=lambda _: None)


def test_a_database_without_a_replica_confirms_alone(options: MakeOptions):
    given = options("postgres-primary", "redis", target="aegra")
    with Stack.start(given, progress=lambda _: None) as stack:
        addresses = stack.addresses
        assert (addresses.replica_observer_url, addresses.clickhouse_url, addresses.operator_password) == ("", "", "")
        assert {link.name for link in stack.links()} >= {"postgres", "redis", "aegra-1", "aegra-2"}
        assert len(addresses.signing_key) >= 32
