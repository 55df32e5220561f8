"""Getting the images of stores: from a registry, or else built here from packages of Debian and of Python.

One image is built for all of them, with the programs of each. What is not to be had as a package is ClickHouse's
server: `clickhouse_stand_in` takes its place.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import docker
from docker.errors import APIError, DockerException

from support.settings import CHECKOUT
from support.stack import containers, directories
from support.stack.errors import StackError
from support.stack.images import IMAGES
from support.surroundings import base_environment

_SUITE, _MIRROR = "bookworm", "http://deb.debian.org/debian"
_DEBIAN_PACKAGES = ("postgresql", "redis-server", "python3")
_PYTHON = "3.11"
"""That of this Debian."""
PYTHON_PACKAGES = frozenset((
    "chdb", "chdb-core", "pyarrow", "numpy", "uvicorn", "starlette", "anyio", "idna", "click", "h11", "lz4",
    "backports.zstd", "typing_extensions",
))  # fmt: skip
_MODULES = ("__init__.py", "stack/__init__.py", "stack/clickhouse_server.py", "stack/clickhouse_stand_in.py")
_PLACE = "opt/acceptance"
_PROGRAM = f"""\
#!/bin/sh
PYTHONPATH=/{_PLACE} PYTHONUNBUFFERED=1 exec python3 -m support.stack.clickhouse_stand_in "$@"
"""
_SECONDS = 600
_LEFT_OUT = ("proc", "sys", "dev", "var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man")


def provide(say: Callable[[str], None]) -> None:
    """Have every image that is missing. Raises StackError."""
    containers.check_engine()
    client = docker.DockerClient(base_url=f"unix://{containers.ENGINE}", timeout=_SECONDS)
    try:
        absent = containers.missing()
        for name in IMAGES.values():
            if name not in absent:
                say(f"{name}: is there")
        built = [name for name in absent if not _pull(client, name, say)]
        if built:
            _build(client, built, say)
    finally:
        client.close()


def _pull(client: docker.DockerClient, name: str, say: Callable[[str], None]) -> bool:
    try:
        client.images.pull(name)
    except APIError as error:
        say(f"{name}: cannot be pulled: {' '.join(str(error.explanation or error).split())}")
        return False
    say(f"{name}: pulled")
    return True


def _build(client: docker.DockerClient, names: Sequence[str], say: Callable[[str], None]) -> None:
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        raise StackError("building images needs root and the program debootstrap (apt-get install debootstrap)")
    say(f"building from packages of Debian {_SUITE} and of requirements.txt, which takes a minute or two")
    # Should this process be killed, the next run clears it away.
    making = f"{directories.MAKING}{os.getpid()}-"
    with tempfile.TemporaryDirectory(dir=directories.base_directory() / "cache", prefix=making) as folder:
        root, packages = Path(folder, "root"), Path(folder, "packages")
        with ThreadPoolExecutor() as together:
            list(
                together.map(lambda fill: fill(), (partial(_install_debian, root), partial(_install_python, packages)))
            )
        place = root / _PLACE
        packages.rename(place)
        for module in _MODULES:
            (place / "support" / module).parent.mkdir(exist_ok=True)
            shutil.copy(CHECKOUT / "support" / module, place / "support" / module)
        program = root / "usr/local/bin/clickhouse-server"
        program.write_text(_PROGRAM)
        program.chmod(0o755)
        _import(client, root, names[0])
    for name in names:
        client.api.tag(names[0], *name.rsplit(":", 1))
        stands_in = ": our own HTTP interface to the engine of chdb stands in for the server"
        say(f"{name}: built{stands_in if name == IMAGES['clickhouse'] else ''}")


def _install_debian(root: Path) -> None:
    # Nothing of it has to outlive a crash of the machine, and a busy disk takes minutes to say that it would.
    dpkg = root / "etc/dpkg/dpkg.cfg.d"
    dpkg.mkdir(parents=True)
    (dpkg / "unsafe-io").write_text("force-unsafe-io\n")
    included = f"--include={','.join(_DEBIAN_PACKAGES)}"
    # What it mounts is then nobody else's, and gone when it ends, however it does.
    _run(root.parent, "unshare", "--mount", "debootstrap", "--variant=minbase", included, _SUITE, str(root), _MIRROR)


def _install_python(packages: Path) -> None:
    _run(
        packages.parent, sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--no-cache-dir", "--no-deps",
        "--only-binary=:all:", f"--python-version={_PYTHON}", f"--target={packages}", *pins(),
    )  # fmt: skip


def pins() -> Sequence[str]:
    """The Python packages, as requirements.txt has them."""
    lines = (CHECKOUT / "requirements.txt").read_text().splitlines()
    pins = [line.partition(";")[0].strip() for line in lines]
    return [pin for pin in pins if re.split(r"[\[=]", pin)[0] in PYTHON_PACKAGES]


def _import(client: docker.DockerClient, root: Path, name: str) -> None:
    command = ["tar", "-C", str(root), *(f"--exclude=./{each}/*" for each in _LEFT_OUT), "-c", "."]
    repository, tag = name.rsplit(":", 1)
    with subprocess.Popen(command, stdout=subprocess.PIPE) as packing:
        try:
            client.api.import_image_from_stream(packing.stdout, repository=repository, tag=tag)
        except DockerException as error:
            raise StackError(f"the engine does not take the image: {' '.join(str(error).split())}") from None


def _run(home: Path, *command: str) -> None:
    """Run a program that may write to the home folder, which is none of the user's."""
    environment = base_environment() | {"HOME": str(home)}
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode != 0:
        raise StackError(f"{Path(command[0]).name} failed", done.stdout.splitlines()[-5:])
