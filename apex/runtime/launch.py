"""Starting a service from the command line: ``python -m apex.<service> --config FILE``."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

EXIT_REFUSED = 78  # EX_CONFIG of sysexits.h: the configuration cannot be used


def main(service: str, arguments: Sequence[str] | None = None) -> None:
    """Read the configuration, load the requested defects, build the application and serve it until a signal."""
    parser = argparse.ArgumentParser(prog=f"python -m apex.{service}", description=f"The {service} service of Apex.")
    parser.add_argument("--config", type=Path, required=True, help="the deployment's settings, a TOML file")
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
    import structlog
    import uvicorn

    from apex import __version__
    from apex.runtime.service import Process
    from apex.runtime.serving import options
    from apex.runtime.telemetry import configure_logs
    from apex.settings import Listener, SettingsError, load

    try:
        settings = load(given.config)
        if given.defect:
            # A catalogue is only ever loaded when asked for.
            from apex.runtime.seeding import load_defects

            load_defects(given.defect, given.catalogue, settings.deployment, service)
    except SettingsError as error:
        # Raising SystemExit with text would exit with 1; the code tells a refusal from a crash.
        sys.stderr.write(f"apex.{service}: start refused: {error}\n")
        raise SystemExit(EXIT_REFUSED) from None

    configure_logs(service, given.instance, settings.log.level)
    listener: Listener = getattr(settings, service)
    if given.port is not None:
        listener.port = given.port
    if given.advertise is not None:
        listener.url = given.advertise
    structlog.get_logger().info("starting", version=__version__, environment=settings.environment, pid=os.getpid())
    app = import_module(f"apex.{service}.app").create(Process(service, given.instance, settings, given.defect))
    # What is there now stays for the life of the process: the collector need not look at it in a customer's time.
    gc.collect()
    gc.freeze()
    gc.enable()
    # What is left to look at is short-lived. A collection costs whoever happens to allocate when it is due, and is
    # metered with their work: small ones seldom, whole ones hardly ever.
    gc.set_threshold(10_000, 20, 50)
    with suppress(KeyboardInterrupt):
        uvicorn.run(app, **options(settings, listener))
