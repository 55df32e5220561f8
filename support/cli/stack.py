"""`bin/stack`: the stack by hand, for people who write scenarios."""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from support.refusal import Refusal
from support.settings import CHECKOUT, KEYS, Settings
from support.stack.client import ServiceStatus, Stack
from support.stack.errors import StackError
from support.stack.options import StackOptions
from support.surroundings import credentials

DESCRIPTION = """\
Starts the stack and leaves it running, so that runs attach to it in under a second:
  bin/stack up                                    -D target=aegra: that of another platform
  bin/acceptance -D stack=keep --name cancels     as often as you like
  bin/stack restart backend                       with its changed sources
  bin/stack down
"""
_SET = ("services", "target", "mode")
"""What can be set of a stack."""


def parser() -> argparse.ArgumentParser:
    """The sub-commands up, status, restart, down, logs and images."""
    made = argparse.ArgumentParser(
        prog="bin/stack", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="up|status|restart|down|logs|images")
    up = commands.add_parser(
        "up", help="start the stack of this checkout, or what is missing of it; anew when its sources have changed"
    )
    up.add_argument("--target", metavar="NAME", help="the platform under test, as -D target=NAME")
    ports = next(key for key in KEYS if key.name == "ports")
    up.add_argument("--ports", default=ports.default, help=f"{ports.help} (default: {ports.default})")
    known = [f"{key.name}: {key.help}" for key in KEYS if key.name in _SET]
    up.add_argument(
        "-D", "--define", action="append", default=[], metavar="NAME=VALUE",
        help=f"all there is to set: {'; '.join(known)}",
    )  # fmt: skip
    commands.add_parser("status", help="its services and addresses; exit code 1 when it, or one of them, does not run")
    restart = commands.add_parser("restart", help="end a service in order and start it with its present sources")
    restart.add_argument("service", help="its name as bin/stack status shows it")
    commands.add_parser("down", help="stop it and remove everything of it except the logs")
    logs = commands.add_parser("logs", help="show the logs of all services, or of one")
    logs.add_argument("service", nargs="?", help="its name as bin/stack status shows it")
    logs.add_argument("-f", "--follow", action="store_true", help="go on with what is added, until Ctrl-C")
    commands.add_parser("images", help="have the images for -D services=containers: pull them, or else build them here")
    return made


def main(arguments: Sequence[str]) -> int:
    """Run one sub-command; gives the exit code."""
    own = parser().parse_args(arguments)
    try:
        match own.command:
            case "up":
                return _up(own.ports, [*own.define, *([f"target={own.target}"] if own.target else [])])
            case "status":
                return _status()
            case "restart":
                return _restart(own.service)
            case "down":
                return _down()
            case "images":
                return _images()
            case _:
                return _logs(own.service, own.follow)
    except (Refusal, StackError) as error:
        print(f"bin/stack: {error}", file=sys.stderr)
        return 2


def _up(ports: str, definitions: Sequence[str]) -> int:
    given = {name: value for name, _, value in (definition.partition("=") for definition in definitions)}
    if strange := sorted(given.keys() - set(_SET)):
        raise Refusal(f"unknown setting {', '.join(strange)}; there are only {', '.join(_SET)}")
    settings = Settings.from_userdata({**given, "stack": "keep", "ports": ports})
    options = StackOptions(
        checkout=CHECKOUT,
        log_dir=settings.log_directory,
        target=settings.target,
        mode=settings.mode,
        services=settings.services,
        credentials=credentials(),
        ports=settings.ports,
        keep=True,
    )
    running = Stack.keep(options, _say)
    if running.is_stale(CHECKOUT) or running.target != options.platform:
        of_another = f"the stack is that of {running.target}" if running.target != options.platform else ""
        _say(f"{of_another or 'the sources have changed since the stack was started'}: it starts anew")
        running.stop_all()
        running = Stack.keep(options, _say)
    for name in running.repair():
        _say(f"{name} did not serve and was started again")
    _show(running)
    running.close()
    return 0


def _status() -> int:
    running = _running()
    if running is None:
        return 1
    ill = [status.name for status in _show(running) if status.twin is None and status.state != "ready"]
    running.close()
    if ill:
        print(f"bin/stack: not ready: {', '.join(ill)}; bin/stack up starts what does not run", file=sys.stderr)
    return int(bool(ill))


def _restart(service: str) -> int:
    running = _running()
    if running is None:
        return 1
    running.restart(service)
    _show(running)
    running.close()
    return 0


def _down() -> int:
    Stack.end_kept(CHECKOUT)
    print("the stack is down")
    return 0


def _logs(service: str | None, follow: bool) -> int:
    running = _running()
    if running is None:
        return 1
    paths = {status.name: status.log_path for status in running.services() if status.log_path.exists()}
    running.close()
    if service is not None and service not in paths:
        print(f"bin/stack: no service {service!r}; there are: {', '.join(sorted(paths))}", file=sys.stderr)
        return 2
    return _tail([paths[service]] if service else sorted(paths.values()), follow)


def _images() -> int:
    from support.stack import image_building  # its packages take time to load, and nothing else here needs them

    image_building.provide(_say)
    return 0


def _running() -> Stack | None:
    running = Stack.attach(CHECKOUT, wait=False)
    if running is None:
        print("bin/stack: no stack of this checkout runs; start one with bin/stack up", file=sys.stderr)
    return running


def _say(line: str) -> None:
    print(line, flush=True)


def _show(stack: Stack) -> list[ServiceStatus]:
    found = stack.services()
    for status in found:
        took = "" if status.started_in_seconds is None else f"{status.started_in_seconds:.1f} s"
        state = "spare" if status.twin and status.pid is None else status.state
        print(f"{status.name:<18} {state:<9} {took:>7}  pid {status.pid or '-':<8} {status.log_path}")
    for name, url in (("API", stack.addresses.backend_url), ("auth", stack.addresses.auth_url)):
        if url:
            print(f"{name:<18} {url}")
    return found


def _tail(logs: Sequence[Path], follow: bool) -> int:
    """Show the ends of the logs with tail(1), which every Linux has and which follows files well."""
    try:
        return subprocess.run(["tail", "-n", "100", *(["-F"] if follow else []), *logs], check=False).returncode
    except KeyboardInterrupt:
        return 0


def _guarded(arguments: Sequence[str]) -> int:
    """The exit code of a command that may be interrupted, or whose reader may have read enough (`| head`)."""
    try:
        code = main(arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("bin/stack: interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # What is left unsaid would be tried once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


if __name__ == "__main__":
    sys.exit(_guarded(sys.argv[1:]))
