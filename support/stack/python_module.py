"""Services that are Python modules of this checkout."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from support.stack.processes import Launch


@dataclass(frozen=True)
class PythonModule:
    """How modules of the checkout are run: `environment` is all that they see of the environment."""

    checkout: Path
    environment: Mapping[str, str]

    def launch(
        self, module: str, *arguments: str, end_signal: int = signal.SIGKILL, stop_seconds: float = 5.0
    ) -> Launch:
        """Run a module as a process; its output is not buffered, so that a log has the last words of a killed one."""
        environment = dict(self.environment) | {"PYTHONUNBUFFERED": "1", "TZ": "UTC"}
        argv = (sys.executable, "-m", module, *arguments)
        return Launch(argv, environment, cwd=self.checkout, end_signal=end_signal, stop_seconds=stop_seconds)
