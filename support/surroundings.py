"""What a run sees of the machine around it: a short list of variables, for the commands and all their children.

Everything else stays outside, whatever a library would make of it: proxies, credentials, profiles, locales, time zones,
and the dot files of the home folder. The checkout and the command line alone configure a run.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path

# Handed on; without a path, programs are found where systems have them.
_PLACES = ("PATH", "TMPDIR")

# The same for everybody. The home folder is one that does not exist, so nobody finds a .netrc, .pgpass or .aws there;
# the encoding is UTF-8 whatever the locale, and what it cannot say is written as an escape.
_FIXED = {
    "HOME": "/nonexistent",
    "LC_ALL": "C.UTF-8",
    "PYTHONIOENCODING": "utf-8:backslashreplace",
    "PYTHONUTF8": "1",
    "TZ": "UTC",
}

# How a terminal can be written to, for the commands; services write to logs.
_TERMINAL = ("TERM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR")

# Where packages come from, for the set-up of the environment; never which ones, or where to.
_PACKAGES = (
    *("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_CACHE_HOME", "NETRC"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_TRUSTED_HOST", "PIP_PROXY"),
    *("PIP_CERT", "PIP_CLIENT_CERT", "PIP_CONFIG_FILE", "PIP_CACHE_DIR", "PIP_NO_CACHE_DIR", "PIP_KEYRING_PROVIDER"),
    *("PIP_DEFAULT_TIMEOUT", "PIP_TIMEOUT", "PIP_RETRIES"),
)

# What a variable begins with that holds a credential for a run: of services or of a platform that it did not start.
CREDENTIAL = "ACCEPTANCE_"

# Says that a process has left its caller's surroundings: what it finds is what it was given.
_LEFT = "ACCEPTANCE_SURROUNDINGS"


def base_environment() -> dict[str, str]:
    """The environment of every service, and of whatever else a command starts."""
    environment = {name: os.environ[name] for name in _PLACES if os.environ.get(name)}
    environment.setdefault("PATH", os.defpath)
    if "TMPDIR" in environment:
        # Processes work in different folders.
        environment["TMPDIR"] = os.path.abspath(environment["TMPDIR"])
    return environment | _FIXED


def command_environment() -> dict[str, str]:
    """The environment of a command, and of the run that it starts."""
    return _chosen(_TERMINAL) | base_environment() | credentials() | {_LEFT: "left"}


def credentials() -> dict[str, str]:
    """The variables that hold credentials, by their whole names; no service is given them by its environment."""
    return {
        name: value for name, value in os.environ.items() if name.startswith(CREDENTIAL) and name != _LEFT and value
    }


def setup_environment() -> dict[str, str]:
    """The environment of the programs that make `.venv`: pip needs to know how packages are reached from here."""
    home = os.path.expanduser("~")
    # Who runs under a number without a name, as in some containers, has no home.
    found = {"HOME": home} if os.path.isabs(home) else {}
    return base_environment() | _chosen(_PACKAGES) | found | {"PIP_USER": "0"}


def were_left() -> bool:
    """Whether this process was started with `command_environment`."""
    return _LEFT in os.environ


def temporary_folder() -> Path:
    """Where temporary files belong: TMPDIR, or /tmp. Whether it is of any use is for the user of it to say.

    `tempfile` would silently take another folder instead of one that is of no use, at last the current one.
    """
    return Path(os.environ.get("TMPDIR") or "/tmp")


def replace_environment(environment: Mapping[str, str]) -> None:
    """Let this process have exactly this environment, and its time zone: one that was forked has its parent's."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()


def has_dumb_terminal() -> bool:
    """Whether the terminal can only be written to line by line."""
    return os.environ.get("TERM") == "dumb"


def wants_no_colours() -> bool:
    """Whether the user has said so as https://no-color.org has it."""
    return bool(os.environ.get("NO_COLOR"))


def _chosen(names: tuple[str, ...]) -> dict[str, str]:
    return {name: os.environ[name] for name in names if name in os.environ}
