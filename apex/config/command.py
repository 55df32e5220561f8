"""``python -m apex.config``: validate, show and compare configurations; nothing that runs is touched."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apex.config.effects import Effect, effect_of
from apex.config.layers import Files, Loaded, SettingsError, checksum, deployment_of, flat, load
from apex.config.schema import holds_secrets

FAULTY = 1
_HIDDEN = "(secret)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is asked; 0, or 1 when a configuration has faults (2, by argparse: the command is not understood)."""
    given = _parser().parse_args(arguments)
    try:
        files = Files.given(given.config, given.secrets)
        if given.defect:
            from apex.runtime.seeding import load_defects

            load_defects(given.defect, given.catalogue, deployment_of(files))
        current = load(files)
        if given.command in ("validate", "show"):
            return (_validate if given.command == "validate" else _show)(given, current)
        candidate = load(Files(given.candidate, given.candidate_secrets or given.secrets))
    except SettingsError as error:
        return _refuse(given, error)
    (_diff if given.command == "diff" else _impact)(given, current, candidate)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m apex.config",
        description="Checks, shows and compares configurations. Secrets are never shown.",
        epilog="exit code: 0 done; 1 a configuration has faults, each shown with file, key and reason; 2 wrong usage",
    )
    both = argparse.ArgumentParser(add_help=False)
    both.add_argument("--config", type=Path, required=True, metavar="FILE", help="the deployment's settings")
    both.add_argument("--secrets", type=Path, metavar="DIR", help="the directory of secrets, a file for each")
    both.add_argument("--json", action="store_true", help="for programs")
    both.add_argument("--defect", action="append", default=[], metavar="ID", help="seed a defect (rehearsals only)")
    both.add_argument("--catalogue", metavar="MODULE", help="the Python module that has the defects")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("validate", parents=[both], help="say everything that is wrong with a configuration")
    commands.add_parser("show", parents=[both], help="show every value and where it stands")
    for name, what in (
        ("diff", "show what differs between two configurations"),
        ("impact", "say of each difference which services and features it touches, and who has to be restarted"),
    ):
        comparing = commands.add_parser(name, parents=[both], help=what)
        comparing.add_argument("candidate", type=Path, metavar="CANDIDATE", help="the settings to be deployed")
        comparing.add_argument("--candidate-secrets", type=Path, metavar="DIR", help="its secrets, if others")
    return parser


def _refuse(given: argparse.Namespace, error: SettingsError) -> int:
    if given.json:
        _print_json({"faults": [vars(fault) for fault in error.faults]})
    else:
        count = len(error.faults)
        print(
            f"{count} fault{'s' if count > 1 else ''} in the configuration:", *error.faults, sep="\n", file=sys.stderr
        )
    return FAULTY


def _validate(given: argparse.Namespace, loaded: Loaded) -> int:
    settings = loaded.settings
    valid = {"environment": settings.environment, "version": settings.version, "checksum": _checksum(loaded)}
    if given.json:
        _print_json({"faults": [], **valid})
    else:
        print(f"{given.config}: valid ({', '.join(f'{name} {value}' for name, value in valid.items())})")
    return 0


def _show(given: argparse.Namespace, loaded: Loaded) -> int:
    rows = [
        {"key": key, "value": value, "type": type(value).__name__, "source": _source(loaded, key)}
        for key, value in _shown(loaded).items()
    ]
    if given.json:
        _print_json({"checksum": _checksum(loaded), "settings": rows})
    else:
        for row in rows:
            print(f"{row['key']} = {_text(row['value'])}  # {row['source']}")
    return 0


def _diff(given: argparse.Namespace, current: Loaded, candidate: Loaded) -> None:
    before, after = _shown(current), _shown(candidate)
    rows = [
        {"key": key, "from": before.get(key), "to": after.get(key)}
        for key in (change.key for change in _changes(current, candidate))
    ]
    if given.json:
        _print_json({"changes": rows})
        return
    for row in rows:
        print(f"{row['key']}: {_text(row['from'])} -> {_text(row['to'])}")
    print(f"{len(rows)} settings differ")


def _impact(given: argparse.Namespace, current: Loaded, candidate: Loaded) -> None:
    changes = list(_changes(current, candidate))
    restarts = sorted({name for change in changes if not change.is_taken_over for name in change.effect.services})
    if given.json:
        rows = [
            {
                "key": change.key,
                "services": change.effect.services,
                "feature": change.effect.feature,
                "restart_needed": not change.is_taken_over,
            }
            for change in changes
        ]
        _print_json({"changes": rows, "restart": restarts})
        return
    for change in changes:
        how = "while they run" if change.is_taken_over else "restart needed"
        print(f"{change.key}: {', '.join(change.effect.services)} ({change.effect.feature}): {how}")
    print(f"to be restarted: {', '.join(restarts) or 'nobody'}")


@dataclass(frozen=True)
class _Change:
    key: str
    effect: Effect
    is_taken_over: bool


def _changes(current: Loaded, candidate: Loaded) -> Iterator[_Change]:
    before, after = dict(flat(current.settings)), dict(flat(candidate.settings))
    for key in {**before, **after}:
        if before.get(key) != after.get(key):
            effect = effect_of(key)
            yield _Change(key, effect, effect.is_taken_over(before.get(key), after.get(key)))


def _shown(loaded: Loaded) -> Mapping[str, Any]:
    return {key: _HIDDEN if holds_secrets(key) else value for key, value in flat(loaded.settings)}


def _source(loaded: Loaded, key: str) -> str:
    named = (source for known, source in loaded.sources.items() if known == key or known.startswith(f"{key}."))
    return next(named, "default")


def _checksum(loaded: Loaded) -> str:
    return checksum(dict(flat(loaded.settings)))


def _text(value: Any) -> str:
    return value if value == _HIDDEN else json.dumps(value, ensure_ascii=False)


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False))
