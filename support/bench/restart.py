"""How long it takes to restart a service of the platform, beside its start as `python -m`, without a fork server."""

import time
from contextlib import ExitStack

import requests

from support.bench.measurement import Aim, BenchmarkFailed, Judged, Measurement, Side
from support.bench.workbench import Workbench
from support.scenario.waiting import eventually
from support.settings import CHECKOUT
from support.stack import processes, readiness
from support.stack.apex import INSTANCES
from support.stack.client import Stack, StackError
from support.stack.polling import NotReady
from support.stack.ports import LOOPBACK, PortRange
from support.stack.python_module import PythonModule
from support.surroundings import base_environment

_SERVICES = ("auth", "backend", "tools-1", "worker-1", "analytics")
_AIM = Aim(Judged.SUITE, 0.7)
_LONGEST_SECONDS = 60.0


def measure(bench: Workbench) -> list[Measurement]:
    """Each service in turn: the stack's own restart, then one more instance beside it, from process to ready."""
    with bench.start_stack("restarts") as stack:
        try:
            return [_measure(bench, stack, name) for name in _SERVICES]
        except (StackError, AssertionError) as error:
            raise BenchmarkFailed(str(error)) from None


def _measure(bench: Workbench, stack: Stack, name: str) -> Measurement:
    def restarted() -> float:
        began = time.monotonic()
        stack.restart(name)
        return time.monotonic() - began

    suite, bare = bench.in_turn(bench.size.restart_rounds, restarted, lambda: _bare_start(bench, stack, name), name)
    return Measurement(
        f"restart {name}",
        f"restart of {name}",
        "s",
        Side("from the request to ready: ended in order, forked, ready", suite),
        Side(f"python -m {INSTANCES[name]}: from process to ready", bare),
        _AIM,
    )


def _bare_start(bench: Workbench, stack: Stack, name: str) -> float:
    ports = PortRange(20000, 29999)
    with ExitStack() as undo:
        undo.callback(ports.close)
        port = ports.reserve()
        launch = PythonModule(CHECKOUT, base_environment()).launch(
            INSTANCES[name], "--config", str(stack.addresses.run_dir / "apex" / "apex.toml"),
            "--instance", f"bare-{name}", "--port", str(port),
        )  # fmt: skip
        log = undo.enter_context((bench.folder / "restarts" / f"bare-{name}.log").open("ab"))
        began = time.monotonic()
        started = processes.spawn(launch, log)
        undo.callback(started.wait)
        undo.callback(started.terminate)
        eventually(lambda: _serves(port), bool, within=_LONGEST_SECONDS, what=f"{name} started as python -m is ready")
        return time.monotonic() - began


def _serves(port: int) -> bool:
    try:
        readiness.http_serves(f"http://{LOOPBACK}:{port}/health/ready")
    except (requests.RequestException, NotReady):
        return False
    return True
