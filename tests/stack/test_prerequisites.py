"""An unsupported machine is told in one line, before anything is installed."""

import subprocess
import sys

from support.settings import CHECKOUT
from support.stack.prerequisites import check_platform


def test_this_machine_is_supported():
    assert check_platform() is None


def asked(*preparation: str) -> tuple[int, str]:
    """What the module says on a machine that looks different to Python."""
    program = [
        "import platform, runpy, sys",
        *preparation,
        f"runpy.run_path({str(CHECKOUT / 'support/stack/prerequisites.py')!r}, run_name='__main__')",
    ]
    answer = subprocess.run(
        (sys.executable, "-S", "-c", "\n".join(program)), capture_output=True, text=True, check=False
    )
    return answer.returncode, answer.stderr.strip()


def test_it_can_be_asked_without_anything_installed():
    assert asked() == (0, "")


def test_old_python():
    code, said = asked("sys.version_info = (3, 10, 4, 'final', 0)", "platform.python_version = lambda: '3.10.4'")
    assert (code, said) == (1, "Python 3.11 or newer is needed; this is Python 3.10.4")


def test_another_libc():
    code, said = asked("platform.libc_ver = lambda: ('', '')")
    assert (code, said) == (1, "Linux with glibc is needed; this Python runs on another libc (musl?)")


def test_an_old_glibc():
    code, said = asked("platform.libc_ver = lambda: ('glibc', '2.17')")
    assert (code, said) == (1, "glibc 2.28 or newer is needed; this machine has 2.17")


def test_another_processor():
    code, said = asked("platform.machine = lambda: 'aarch64'")
    assert (code, said) == (1, "An x86-64 machine is needed; this is aarch64")


def test_another_system():
    code, said = asked("sys.platform = 'darwin'")
    assert (code, said) == (1, "Linux is needed (the services are Linux binaries); this is darwin")
