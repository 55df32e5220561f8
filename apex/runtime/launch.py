"""Starting a service from the command line: ``python -m apex.<service> --config FILE``."""

from __future__ import annotations

import argparse
import gc
import os
import resource
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apex.config.layers import Files, SettingsError
    from apex.config.live import Configuration

EXIT_REFUSED = 78  # EX_CONFIG of sysexits.h: the configuration cannot be used


def main(service: str, arguments: Sequence[str] | None = None) -> None:
    """Read the configuration, load the requested defects, build the application and serve it until a signal."""
    parser = argparse.ArgumentParser(prog=f"python -m apex.{service}", description=f"The {service} service of Apex.")
    parser.add_argument("--config", type=Path, required=True, help="the deployment's settings, a TOML file")
    parser.add_argument("--secrets", type=Path, metavar="DIR", help="the directory of secrets, a file for each")
    parser.add_argument("--instance", default=service, help="name of this instance in logs and health")
    parser.add_argument("--port", type=int, help="listen here instead of the configured port")
    parser.add_argument(
        "--advertise", metavar="URL", help="tell the other services to reach this instance here, not where configured"
    )
    parser.add_argument(
        "--defect",
        action="append",
        default=[],
        metavar="ID",
        help="seed a defect of the catalogue (rehearsal deployments only; may be given more than once)",
    )
    parser.add_argument("--catalogue", metavar="MODULE", help="the Python module that has the defects")
    given = parser.parse_args(arguments)
    # What a start loads and builds, it keeps: a collector that looks at all of it again and again finds nothing, and
    # makes the start longer by an eighth. So everything else is loaded from here on, without one.
    gc.disable()
    _serve(service, given)


def _serve(service: str, given: argparse.Namespace) -> None:
    # Secrets are in this memory: no copy of it is written to a disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    files, configuration = _read(service, given)

    import structlog
    import uvicorn

    from apex import __version__
    from apex.config.layers import SettingsError
    from apex.config.live import Watcher
    from apex.runtime.mesh import require_fit
    from apex.runtime.service import Process
    from apex.runtime.serving import options
    from apex.runtime.telemetry import configure_logs, set_log_level
    from apex.settings import Listener
    from apex.storage.stream import synchronous

    settings = configuration.settings
    configure_logs(service, given.instance, settings.log.level)
    configuration.on_change("log.level", lambda: set_log_level(settings.log.level))
    listener: Listener = getattr(settings, service)
    if given.port is not None:
        listener.port = given.port
    if given.advertise is not None:
        listener.url = given.advertise
    structlog.get_logger().info("starting", version=__version__, environment=settings.environment, pid=os.getpid())
    process = Process(service, given.instance, configuration, given.defect)
    try:
        require_fit(service, configuration, synchronous(process.redis_url))
        app = import_module(f"apex.{service}.app").create(process)
    except SettingsError as error:
        raise _refused(service, error) from None
    watcher = Watcher(configuration, files)
    process.background["configuration"] = watcher.is_alive
    watcher.start()
    # What is there now stays for the life of the process: the collector need not look at it in a customer's time.
    gc.collect()
    gc.freeze()
    gc.enable()
    # What is left to look at is short-lived. A collection costs whoever happens to allocate when it is due, and is
    # metered with their work: small ones seldom, whole ones hardly ever.
    gc.set_threshold(10_000, 20, 50)
    with suppress(KeyboardInterrupt):
        uvicorn.run(app, **options(settings, listener))
    watcher.close()


def _read(service: str, given: argparse.Namespace) -> tuple[Files, Configuration]:
    from apex.config.layers import Files, SettingsError, deployment_of
    from apex.config.live import Configuration

    try:
        files = Files.given(given.config, given.secrets)
        if given.defect:
            # A catalogue is only ever loaded when asked for.
            from apex.runtime.seeding import load_defects

            load_defects(given.defect, given.catalogue, deployment_of(files), service)
        configuration = Configuration.read(service, files)
    except SettingsError as error:
        raise _refused(service, error) from None
    return files, configuration


def _refused(service: str, error: SettingsError) -> SystemExit:
    count = len(error.faults)
    why = f": {error}" if count == 1 else f", {count} faults in the configuration:\n{error}"
    sys.stderr.write(f"apex.{service}: start refused{why}\n")
    # With text it would exit with 1; the code tells a refusal from a crash.
    return SystemExit(EXIT_REFUSED)
