"""Services that are Python modules of this checkout."""

from __future__ import annotations

import dataclasses
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from support.stack.processes import Launch

_LONGEST_COMMAND_LINE = 4096


@dataclass(frozen=True)
class PythonModule:
    """How modules of the checkout are run: `environment` is all that they see of the environment."""

    checkout: Path
    environment: Mapping[str, str]

    def launch(
        self, module: str, *arguments: str, end_signal: int = signal.SIGKILL, stop_seconds: float = 5.0
    ) -> Launch:
        """Run a module as a process; its output is not buffered, so that a log has the last words of a killed one."""
        environment = dict(self.environment) | {"PYTHONUNBUFFERED": "1"}
        argv = (sys.executable, "-m", module, *arguments)
        return Launch(argv, environment, cwd=self.checkout, end_signal=end_signal, stop_seconds=stop_seconds)

    def fork_server(self, run_dir: Path) -> Launch:
        """Run the fork server of a stack; what it forks may be any `launch`."""
        return self.warm_server("support.stack.forkserver", str(run_dir))

    def warm_server(self, module: str, *arguments: str) -> Launch:
        """Run a module that forks others."""
        launch = self.launch(module, *arguments)
        # A forked process shows its command line where the fork server's own and its environment were.
        room = {"ROOM_FOR_COMMAND_LINES": "-" * _LONGEST_COMMAND_LINE}
        return dataclasses.replace(launch, environment={**launch.environment, **room})
