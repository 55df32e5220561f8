"""Where secrets of the configuration could be seen from outside: processes, logs, reports of health and figures."""

from collections.abc import Mapping
from pathlib import Path

from hamcrest.core.base_matcher import BaseMatcher

from support.configuration.draft import Draft
from support.configuration.secrets import secrets_of
from support.matchers.faultless import faultless
from support.platform.driver import Anyone
from support.scenario.verdict import NotShown
from support.scenario.world import World

_HEALTH = ("/health/startup", "/health/ready", "/health/live", "/metrics")


def _pids(world: World) -> Mapping[str, int]:
    """The processes of the platform's services, and the processes that each has started."""
    found: dict[str, int] = {}
    for status in world.stack.services():
        if status.name in world.target.instances and status.pid is not None:
            children = Path(f"/proc/{status.pid}/task/{status.pid}/children").read_text().split()
            found |= {status.name: status.pid, **{f"child {pid} of {status.name}": int(pid) for pid in children}}
    return found


def of_processes(world: World) -> Mapping[str, str]:
    """Command line and environment of each process."""
    return {
        f"{what} of {name}": Path(f"/proc/{pid}/{what}").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        for name, pid in _pids(world).items()
        for what in ("cmdline", "environ")
    }


def of_outputs(world: World) -> Mapping[str, str]:
    """Every log of the platform's services, and what each service says of its health and its figures."""
    logs = {
        f"log of {name}": (world.addresses.log_dir / f"{name}.log").read_text("utf-8", "replace")
        for name in world.target.instances
    }
    said = {
        f"{path} of {name}": world.platform.health(Anyone(), world.addresses.instances[name], path, timeout=5).text
        for name in world.target.instances
        for path in _HEALTH
    }
    return logs | said


def core_limits(world: World) -> Mapping[str, str]:
    """How much of its memory each service would leave on a disk, as the system has it."""
    found = {}
    for name, pid in _pids(world).items():
        if name in world.target.instances:
            limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
            found[name] = next(line.split()[4] for line in limits if line.startswith("Max core file size"))
    return found


def shows_no_secret(world: World) -> BaseMatcher[Mapping[str, str]]:
    """No text holds a secret; each text is there."""
    known = secrets_of(Draft.of_deployed(world))

    def faults_of(seen: Mapping[str, str]) -> list[str]:
        if not known or not seen or not any(seen.values()):
            raise NotShown("there is nothing to look at")
        return [f"the {where} shows a secret" for where, text in seen.items() if any(each in text for each in known)]

    return faultless(f"none of {len(known)} secrets", faults_of)
