"""On what machine a benchmark ran."""

import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

from support.run.capacity import processors


@dataclass(frozen=True, slots=True)
class Machine:
    """`cores`: those that this process may use. `load`: processes that wanted a core, over the minute before."""

    cores: int
    processor: str
    memory_gib: float
    system: str
    kernel: str
    python: str
    load: float

    @classmethod
    def present(cls) -> "Machine":
        """This one."""
        return cls(
            cores=processors(),
            processor=_value(Path("/proc/cpuinfo"), "model name"),
            memory_gib=round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
            system=platform.platform(terse=True),
            kernel=platform.release(),
            python=platform.python_version(),
            load=round(os.getloadavg()[0], 2),
        )

    def __str__(self) -> str:
        return (
            f"{self.cores} cores ({self.processor}), {self.memory_gib:g} GiB, kernel {self.kernel}, "
            f"Python {self.python}, load {self.load:g} before"
        )

    def to_json(self) -> dict[str, object]:
        """All of it."""
        return asdict(self)


def _value(file: Path, name: str) -> str:
    """What the first line of that name says in one of the kernel's tables of `name : value`."""
    pairs = (line.partition(":") for line in file.read_text(encoding="utf-8").splitlines())
    return next((value.strip() for key, _, value in pairs if key.strip() == name), "unknown")
