"""A running stack is played on only if it is what it would be when it were started now."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.run import starting
from support.settings import CHECKOUT, Settings
from support.stack.client import Fault, Stack, StackError
from tests.stack.conftest import MakeOptions


@pytest.fixture
def running(options: MakeOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """A stack of Redis alone, of a checkout whose sources can be changed."""
    root = tmp_path / "checkout"
    (root / "apex").mkdir(parents=True)
    (root / "apex" / "settings.py").write_text("first = 1\n")
    (root / "support").symlink_to(CHECKOUT / "support")
    (root / "targets").symlink_to(CHECKOUT / "targets")
    monkeypatch.setattr(starting, "CHECKOUT", root)
    with Stack.start(options("redis", checkout=root), progress=lambda _: None) as stack:
        yield stack


def attach(stack: Stack) -> Stack:
    return starting.stack_of(Settings(stack=f"attach:{stack.socket_path}"), lambda _: None)


def spoil_sources(_: Stack) -> None:
    (vars(starting)["CHECKOUT"] / "apex" / "settings.py").write_text("first = 2\n")


def test_the_stack_of_another_platform_is_refused(running: Stack):
    wanted = Settings(stack=f"attach:{running.socket_path}", target="aegra")
    with pytest.raises(StackError, match="is that of apex; bin/stack down and bin/stack up -D target=aegra start"):
        starting.stack_of(wanted, lambda _: None)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_sources, "was started from other sources than these; bin/stack down and bin/stack up"),
        (lambda stack: stack.kill("redis"), r"redis \(killed\)"),
        (lambda stack: stack.freeze("redis"), r"redis \(frozen\)"),
        (lambda stack: stack.set_fault(stack.links()[0].name, Fault("blackhole")), "blackhole"),
    ],
)
def test_a_stack_that_would_show_something_else_is_refused(running, spoil, said):
    assert attach(running).addresses == running.addresses
    spoil(running)
    with pytest.raises(StackError, match=said):
        attach(running)
