"""Every setting of a run: the ``-D`` keys."""

import difflib
import fcntl
import os
import re
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from support.refusal import Refusal
from support.stack.modes import in_mode

CHECKOUT = Path(__file__).resolve().parent.parent

# The control socket of a stack that somebody else owns, as bin/prove does.
_ATTACH = "attach:"

PortRange = tuple[int, int]


class _BadValue(Exception):
    """A value that a setting does not accept; the message says which ones it does."""


@dataclass(frozen=True, slots=True)
class Key:
    """One ``-D`` key: its name, default as typed on the command line, parser and help text."""

    name: str
    default: str
    parse: Callable[[str], Any]
    help: str


@dataclass(frozen=True, slots=True)
class Order:
    """The order of features and scenarios; ``seed`` is None for the order in which they are written."""

    seed: int | None = None

    def __str__(self) -> str:
        return "defined" if self.seed is None else f"random:{self.seed}"


@dataclass(frozen=True, slots=True)
class Shard:
    """One of so many parts of a run, counted from 1."""

    part: int
    parts: int

    def __str__(self) -> str:
        return f"{self.part}/{self.parts}"


def _one_of(*values: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in values:
            raise _BadValue(f"choose one of {', '.join(values)}{_nearest(text, values)}")
        return text

    return parse


def _stack(text: str) -> str:
    if text.startswith(_ATTACH) and text != _ATTACH:
        return text
    return _one_of("fresh", "keep")(text)


def _target(text: str) -> str:
    if "/" in text or text in (".", ".."):
        # A folder of the caller's own, wherever it is; joined to the folder of all targets it stays what it is.
        folder = _directory(text)
        if not (folder / "target.toml").is_file():
            raise _BadValue(f"there is no file {folder / 'target.toml'}")
        return str(folder)
    known = sorted(each.parent.name for each in (CHECKOUT / "targets").glob("*/target.toml"))
    if text not in known and Path(text, "target.toml").is_file():
        raise _BadValue(f"there is no such target in the checkout; the folder here is ./{text}")
    return _one_of(*known)(text)


def _known(text: str) -> bool:
    return _one_of("no", "yes")(text) == "yes"


def _ports(text: str) -> PortRange:
    found = re.fullmatch(r"(\d{1,5})-(\d{1,5})", text)
    if not found:
        raise _BadValue("give a range as LOW-HIGH, for example 20000-29999")
    low, high = int(found[1]), int(found[2])
    if not 1024 <= low < high <= 65535:
        raise _BadValue("the range must lie within 1024-65535 and LOW must be smaller than HIGH")
    return low, high


def _order(text: str) -> Order:
    if text == "defined":
        return Order()
    found = re.fullmatch(r"random:(\d{1,9})", text)
    if not found:
        raise _BadValue("use order=defined or order=random:SEED, where SEED is a number")
    return Order(int(found[1]))


def _seed(text: str) -> int:
    if text != "today" and not re.fullmatch(r"\d{1,9}", text):
        raise _BadValue("give a number, or today")
    return _today() if text == "today" else int(text)


def _today() -> int:
    return datetime.now(UTC).toordinal()


def _jobs(text: str) -> int | None:
    if text == "auto":
        return None
    if not re.fullmatch(r"[1-9]\d{0,3}", text):
        raise _BadValue("give the number of lanes, 1 or more, or auto")
    return int(text)


def _shard(text: str) -> Shard | None:
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,4})/(\d{1,4})", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise _BadValue("give a part and the number of parts as K/N, for example 2/4")
    return Shard(int(found[1]), int(found[2]))


def _directory(text: str) -> Path:
    if not text:
        raise _BadValue("give a directory")
    return Path(text).absolute()


def _logs(text: str) -> Path | None:
    return _directory(text) if text else None


KEYS: tuple[Key, ...] = (
    Key(
        "services",
        "embedded",
        _one_of("embedded", "containers", "external"),
        "who provides PostgreSQL, Redis and ClickHouse: embedded, containers or external (docs/services.md)",
    ),
    Key(
        "stack",
        "fresh",
        _stack,
        "fresh: start and stop; keep: attach to a kept stack, leave it running; attach:SOCKET: use a running one",
    ),
    Key("target", "apex", _target, "the platform under test: a folder of targets/, or the path of one of your own"),
    Key("mode", "", str, "one of the modes of the target, other settings of the same platform (its target.toml)"),
    Key("ports", "20000-29999", _ports, "the range that ports are taken from, LOW-HIGH"),
    Key("order", "defined", _order, "defined, or random:SEED"),
    Key("seed", "today", _seed, "a number that scenarios draw from; today: another one each day"),
    Key("profile", "full", _one_of("full", "small"), "size of scenarios with volume: full or small"),
    Key("jobs", "auto", _jobs, "how many lanes play side by side, each with a stack of its own; --jobs says the same"),
    Key("shard", "", _shard, "K/N: the K-th of N parts of about equal duration; --shard says the same"),
    Key("reports", "reports", _directory, "where results, evidence and logs are written; unless told, in the checkout"),
    Key("known", "no", _known, "yes: known deviations of the platform (targets/NAME/known.toml) let no run fail"),
    Key("logs", "", _logs, "where services write their logs, if not to the folder logs of the reports"),
)


_OF_ONE_RUN = ("stack", "ports", "jobs", "shard", "reports", "known", "logs")
"""What is played does not depend on these."""


def _nearest(word: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run, validated."""

    services: str = "embedded"
    stack: str = "fresh"
    target: str = "apex"
    mode: str = ""
    ports: PortRange = (20000, 29999)
    order: Order = Order()
    seed: int = field(default_factory=_today)
    profile: str = "full"
    jobs: int | None = None
    shard: Shard | None = None
    known: bool = False
    logs: Path | None = None
    reports: Path = CHECKOUT / "reports"

    @property
    def keep(self) -> bool:
        """Whether the stack outlives the run."""
        return self.stack == "keep"

    @property
    def attach_to(self) -> Path | None:
        """The control socket of the running stack that this run uses and leaves running; None: one of its own."""
        return Path(self.stack.removeprefix(_ATTACH)) if self.stack.startswith(_ATTACH) else None

    @property
    def log_directory(self) -> Path:
        """Where services write their logs. A kept stack has a place of its own, which no other run empties."""
        logs = self.logs or self.reports / "logs"
        return logs / "kept" if self.keep else logs

    @property
    def evidence(self) -> Path:
        """Where each scenario's evidence is written."""
        return self.reports / "evidence"

    def repeated(self) -> dict[str, str]:
        """The settings with which another run plays the same, each as typed after ``-D``."""
        return {key.name: str(getattr(self, key.name)) for key in KEYS if key.name not in _OF_ONE_RUN}

    @classmethod
    def from_userdata(cls, userdata: Mapping[str, str]) -> "Settings":
        """Settings from behave's ``-D`` definitions.

        :raises Refusal: an unknown key or a value out of bounds; names the key, the value and what is accepted.
        """
        keys = {key.name: key for key in KEYS}
        # behave keeps its reporters' own options in the same place.
        given = {name: value for name, value in userdata.items() if not name.startswith("behave.")}
        values: dict[str, Any] = {}
        for name, value in given.items():
            if name not in keys:
                raise Refusal(
                    f"unknown setting -D {name}={value}{_nearest(name, tuple(keys))}; known: {', '.join(keys)}"
                )
            values[name] = _parsed(keys[name], str(value))
        settings = cls(**values)
        _check_mode(settings)
        if settings.services != cls().services and settings.target != cls().target:
            raise Refusal(f"-D services={settings.services} is for the reference platform; leave it or the target out")
        return settings


def _check_mode(settings: Settings) -> None:
    file = CHECKOUT / "targets" / settings.target / "target.toml"
    try:
        if settings.mode:
            in_mode(tomllib.loads(file.read_text("utf-8")), settings.mode)
    except ValueError as error:
        raise Refusal(f"bad value in -D mode={settings.mode}: {file}: {error}") from None


def _parsed(key: Key, value: str) -> Any:
    try:
        return key.parse(value)
    except _BadValue as bad:
        raise Refusal(f"bad value in -D {key.name}={value}: {bad}") from None


def prepare_reports(settings: Settings) -> None:
    """Make the report directories, and show that they can be written.

    :raises Refusal: the directory cannot be made or written to.
    """
    try:
        for directory in (settings.reports, settings.log_directory, settings.evidence):
            directory.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=directory) as probe:
                probe.write(b"writable")
    except OSError as error:
        raise Refusal(
            f"cannot write reports to {settings.reports} ({error.strerror}); "
            "make it writable or choose another with -D reports=DIR"
        ) from None


def hold_reports(settings: Settings) -> int:
    """Have the report directory to oneself for as long as the returned file descriptor is open: at most until this
    process and those that are forked from it end.

    :raises Refusal: another run writes there, or it cannot be written to.
    """
    prepare_reports(settings)
    descriptor = os.open(settings.reports, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Refusal(
            f"another run writes its reports to {settings.reports}; "
            "wait until it has ended or choose another folder with -D reports=DIR"
        ) from None
    return descriptor


def reports_of(definitions: Iterable[str]) -> Path:
    """The folder to write to, of a command that knows no other setting; it can be written.

    :raises Refusal: any other setting, or the folder cannot be written.
    """
    given = {name: value for name, _, value in (definition.partition("=") for definition in definitions)}
    if strange := sorted(given.keys() - {"reports"}):
        raise Refusal(f"unknown setting {', '.join(strange)}; there is only reports")
    settings = Settings.from_userdata(given)
    prepare_reports(settings)
    return settings.reports
