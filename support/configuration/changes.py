"""What operators write into a configuration: changes, contradictions, faults, oddities, by the words of a feature."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from support.configuration.draft import Draft
from support.configuration.faults import Fault

Edit = Callable[[Draft], None]

_LONG = 1_000_000
_FILE = "apex.toml"
LEGAL_TEXTS: Mapping[str, str] = {
    "a text with quotes": 'it\'s "quoted" and `ticked`',
    "a text with a dollar sign": "costs $HOME and ${PATH} and $$",
    "a text in several writing systems": "Größe 東京 Ελλάδα 🙂",
    "a text that looks like a number": "007",
    "a text that looks like a boolean": "false",
    "a text of digits": "4711081500",
    "a text with placeholders": "100 % of {everything} %s \\n \\u0041",
    "a text with spaces at its ends": "  both ends  ",
    "a text with inner spaces": "two  spaces and a tab-less end.",
    "the longest allowed text": "x" * 4096,
}
"""Texts that have to stay as they are."""

IMPACT = (
    "rate limit of the Free plan",
    "log level",
    "worker capacity",
    "list of allowed websites",
    "token issuer",
    "number of cloud requests at once",
    "heartbeat of live events",
    "address of the analytics store",
    "name of the database",
    "number of the cache's database",
)
"""The settings of the impact table."""

TAKEN_OUT = ("worker capacity", "database's replica", "cloud's address")
"""The deployed settings without which a default value holds."""


def _faults_everywhere(draft: Draft) -> None:
    draft.wrong("worker.slots", 0, "greater than or equal to 1")
    draft.wrong("database.pool_size", 0, "greater than or equal to 1")
    draft.wrong("backend.port", 70_000, "less than or equal to 65535")
    draft.wrong("log.level", "loud", "'warning' or 'error'")
    draft.wrong("auth.isuer", "somebody", "did you mean 'issuer'")
    draft.wrong("rate_limits.free.burst", "many", "(found 'many')")
    draft.wrong("auth.url", "nowhere", "http:// or https://")
    draft.settings["redis"].pop("url", None)
    draft.secrets["redis__url"] = "http://127.0.0.1"
    draft.faults.append(Fault("secrets/redis__url", "redis.url", "redis:// or rediss://"))
    draft.variables["APEX_DISCOVERY__LEASE_SECONDS"] = "-1"
    draft.faults.append(Fault("APEX_DISCOVERY__LEASE_SECONDS", "discovery.lease_seconds", "greater than 0"))


def _without_required(draft: Draft) -> None:
    for key in draft.facts.required:
        draft.remove(key)
    draft.faults += missing(draft, draft.facts.required)


def missing(draft: Draft, keys: Sequence[str]) -> list[Fault]:
    """What must be said of keys that were removed from a draft: a section of which nothing is left is missing whole."""
    left = {name for name, value in draft.settings.items() if value != {}} | set(draft.facts.shared)
    told = [key if "." not in key or key.partition(".")[0] in left else key.partition(".")[0] for key in keys]
    return [Fault(".toml", key, "missing") for key in dict.fromkeys(told)]


def _two_keys_of_one_id(draft: Draft) -> None:
    (key,) = draft.value("auth.signing_keys")
    draft.set("auth.signing_keys", [key, {**key, "secret": "another secret of the same name, long enough"}])
    draft.faults.append(Fault(_FILE, "auth.signing_keys", "the same id"))


def _short_lease(draft: Draft) -> None:
    draft.set("worker.heartbeat_seconds", 5)
    draft.wrong("worker.lease_seconds", 4, "longer than heartbeat_seconds")


def _one_key_for_all(draft: Draft) -> None:
    (key,) = draft.value("auth.signing_keys")
    draft.wrong("internal.signing_key", key["secret"], "another than those of customers' tokens")


def _database_twice(draft: Draft) -> None:
    draft.set("database.host", "127.0.0.1")
    draft.faults.append(Fault(_FILE, "database", "not as both"))


def sheltered_in(environment: str, draft: Draft) -> None:
    """As a real deployment would be there, sheltered and with secrets of its own."""
    draft.set("environment", environment)
    for key, url in (("redis.url", "rediss"), ("clickhouse.url", "https")):
        draft.set(key, url + "://" + str(draft.value(key)).partition("://")[2])
    for name in ("url", "owner_url"):
        draft.set(f"database.{name}", f"{draft.value(f'database.{name}')}?sslmode=verify-full")


def _in_parts(draft: Draft, **parts: object) -> None:
    """The database given in parts that name the same one."""
    address = urlsplit(str(draft.value("database.url")))
    owner = urlsplit(str(draft.value("database.owner_url")))
    draft.settings["database"] = {
        "host": address.hostname,
        "port": address.port,
        "name": address.path.lstrip("/"),
        "user": address.username,
        "password": unquote(address.password or ""),
        "owner_user": owner.username,
        "owner_password": unquote(owner.password or ""),
        "tls": "verify-full",
        **parts,
    }


def _unverified(mode: str, draft: Draft) -> None:
    """Addresses of the database that ask for that much of security alone."""
    for name in ("url", "owner_url"):
        url = str(draft.value(f"database.{name}")).replace("sslmode=verify-full", f"sslmode={mode}")
        draft.wrong(f"database.{name}", url, f"sslmode=verify-full, not {mode}")


def _parts_unencrypted(draft: Draft) -> None:
    _in_parts(draft, tls="prefer")
    draft.faults += [
        Fault(_FILE, f"database.{name}", "sslmode=verify-full, not prefer") for name in ("url", "owner_url")
    ]


def _known_password(draft: Draft, key: str = "database.url", written: str = "apex") -> None:
    url = urlsplit(str(draft.value(key)))
    known = url._replace(netloc=f"{url.username or ''}:{written}@{url.hostname}:{url.port}").geturl()
    draft.wrong(key, known, "a password that everybody knows")


def _known_password_in_parts(draft: Draft) -> None:
    _in_parts(draft, password="postgres")
    draft.faults.append(Fault(_FILE, "database.url", "a password that everybody knows"))


def _unencrypted_stores(draft: Draft) -> None:
    for key, scheme in (("redis.url", "redis"), ("clickhouse.url", "http")):
        url = scheme + "://" + str(draft.value(key)).partition("://")[2]
        draft.wrong(key, url, "has to be encrypted in production")


def in_environment(environment: str, edit: Edit) -> Edit:
    """A sound deployment of that environment with a change."""

    def edited(draft: Draft) -> None:
        sheltered_in(environment, draft)
        edit(draft)

    return edited


def _fault_in_every_secret(draft: Draft) -> None:
    """Each secret has a mark by which it is known again, and something wrong with it."""
    mark = SECRET_MARK
    draft.wrong("auth.signing_keys", [{"id": "one", "secret": f"{mark}-a"}], "")
    draft.faults[-1] = Fault(_FILE, "auth.signing_keys.0.secret", "at least 32 characters")
    draft.wrong("auth.operator_password", f"{mark}-b\n", "control characters")
    draft.wrong("internal.signing_key", f"{mark}-c", "at least 32 characters")
    draft.wrong("database.url", f"mysql://apex:{mark}-d@127.0.0.1/apex", "postgresql://")
    draft.wrong("redis.url", f"{mark}-e", "redis://")
    draft.wrong("cloud.secret_access_key", f"{mark}-f" * 1000, "at most 4096 characters")
    draft.wrong("cloud.secret_acess_key", f"{mark}-g", "did you mean 'secret_access_key'")
    draft.wrong("clickhouse.url", f"http://apex:{mark}-h@127.0.0.1:99999999/", "ort")
    draft.secrets["partners__secret"] = f"{mark}-i"
    draft.faults.append(Fault("secrets/partners__secret", "partners.secret", "there is no such setting"))


SECRET_MARK = "mark-of-a-secret"


def _twice(draft: Draft) -> None:
    draft.raw = draft.text() + b'\n[log]\nlevel = "error"\n[log]\nlevel = "debug"\n'
    draft.faults.append(Fault(_FILE, "", "not valid TOML"))


def _empty_secret(draft: Draft) -> None:
    name = draft.facts.file_of("internal.signing_key")
    draft.secrets[name] = ""
    draft.faults.append(Fault(f"secrets/{name}", "internal.signing_key", "blank"))


def _latin_1(draft: Draft) -> None:
    draft.raw = draft.text() + "# Größe\n".encode("latin-1")
    draft.faults.append(Fault(_FILE, "", "is not UTF-8"))


def _half_written(draft: Draft) -> None:
    whole = draft.text()
    draft.raw = whole[: whole.index(b"signing_keys") + 20]
    draft.faults.append(Fault(_FILE, "", "not valid TOML"))


def _placed(put: Callable[[Path], None], reason: str) -> Edit:
    def edit(draft: Draft) -> None:
        draft.place = put
        draft.faults.append(Fault(_FILE, "", reason))

    return edit


def _circle(path: Path) -> None:
    other = path.with_name(".other")
    other.unlink(missing_ok=True)
    other.symlink_to(path)
    path.symlink_to(other)


def _unreadable_secret(draft: Draft) -> None:
    name = draft.facts.file_of(draft.facts.partner_key)
    draft.secrets[name] = "a key that nobody may read"
    draft.locked.append(name)
    draft.faults.append(Fault(f"secrets/{name}", "", "cannot be read (Permission denied)"))


def _named(text: str) -> Edit:
    return lambda draft: draft.set("version", text)


def _empty(draft: Draft) -> None:
    draft.raw = b""
    draft.settings.clear()
    draft.faults += missing(draft, draft.facts.required)


def _everything_of_the_table(draft: Draft) -> None:
    for name in IMPACT:
        draft.change(name)


CONTRADICTIONS: Mapping[str, Edit] = {
    "two signing keys of the same ID": _two_keys_of_one_id,
    "a lease that is shorter than its heartbeat": _short_lease,
    "one key for customers' and services' tokens": _one_key_for_all,
    "the database both as an address and in parts": _database_twice,
}


def _unsafe_addresses(draft: Draft) -> None:
    unsafe = ("http://portal.example/callback", "https://*.portal.example/", "https://portal.example/#top")
    (known,) = draft.value("auth.oauth_clients")
    clients = [{**known, "id": f"portal-{number}", "redirect_uris": [address]} for number, address in enumerate(unsafe)]
    draft.set("auth.oauth_clients", clients)
    reasons = ("https:// in production", "neither a fragment nor a wildcard", "neither a fragment nor a wildcard")
    draft.faults += [Fault(_FILE, f"auth.oauth_clients.{number}", why) for number, why in enumerate(reasons)]


UNFIT: Mapping[str, Edit] = {
    "an unencrypted database address in production": in_environment("production", partial(_unverified, "prefer")),
    "an unencrypted database address in staging": in_environment("staging", partial(_unverified, "prefer")),
    "an unencrypted database given in parts in staging": in_environment("staging", _parts_unencrypted),
    "an encrypted but unverified database in production": in_environment("production", partial(_unverified, "require")),
    "a development password in a production address": in_environment("production", _known_password),
    "a percent-encoded development password in production": in_environment(
        "production", partial(_known_password, written="%61pe%78")
    ),
    "a development password of the cache in staging": in_environment(
        "staging", partial(_known_password, key="redis.url")
    ),
    "a development password among the parts in staging": in_environment("staging", _known_password_in_parts),
    "unencrypted stores in production": in_environment("production", _unencrypted_stores),
}
FIT: Mapping[str, Edit] = {
    "a verified database address in production": partial(sheltered_in, "production"),
    "a verified database given in parts in staging": in_environment("staging", _in_parts),
}
CANDIDATES: Mapping[str, Edit] = {
    "with unsafe addresses of applications in production": in_environment("production", _unsafe_addresses),
    "with faults in its file, its secrets and its variables": _faults_everywhere,
    "without any required setting": _without_required,
    "with a fault in every secret": _fault_in_every_secret,
    "with a secret without read permission": _unreadable_secret,
    "equal to the deployed configuration": lambda draft: None,
    "with an empty database and a lowered database limit on lock waits": partial(
        Draft.change, setting="database limit on lock waits"
    ),
    "with another value of every setting of the impact table": _everything_of_the_table,
    **{f"with {name}": edit for name, edit in {**CONTRADICTIONS, **UNFIT, **FIT}.items()},
    **{f"with another {name}": partial(Draft.change, setting=name) for name in IMPACT},
    **{f"without the deployed {name}": partial(Draft.take_out, setting=name) for name in TAKEN_OUT},
}
REJECTED: Mapping[str, Edit] = {
    "an empty name": lambda draft: draft.wrong("version", "", "blank"),
    "a blank name": lambda draft: draft.wrong("version", "  ", "blank"),
    "a name of a million characters": lambda draft: draft.wrong("version", "x" * _LONG, "at most 4096 characters"),
    "a name with control characters": lambda draft: draft.wrong("version", "one\x07two", "control characters"),
    "a key that is given twice": _twice,
    "an empty secret": _empty_secret,
    "a boolean for a number": lambda draft: draft.wrong("worker.slots", True, "valid integer"),
    "an infinite number": lambda draft: draft.wrong("worker.run_seconds", float("inf"), "finite number"),
    "a number for a text": lambda draft: draft.wrong("auth.audience", 5, "valid string"),
    "a file in an unknown encoding": _latin_1,
    "a directory in place of the file": _placed(Path.mkdir, "Is a directory"),
    "a link to nowhere": _placed(lambda path: path.symlink_to("nowhere"), "No such file"),
    "circular links": _placed(_circle, "Too many levels of symbolic links"),
    "a half-written file": _half_written,
    "an invalid value": lambda draft: draft.wrong("rate_limits.free.burst", 0, "greater than or equal to 1"),
    "an empty file": _empty,
    **CONTRADICTIONS,
}
ODD_SECRETS: Mapping[str, Callable[[str], str]] = {
    "a byte order mark": lambda text: f"\ufeff{text}\n",
    "a Windows line ending": lambda text: f"{text}\r\n",
    "no line ending": lambda text: text,
}
ODD_FILES: Mapping[str, Callable[[bytes], bytes]] = {
    "a byte order mark": lambda text: b"\xef\xbb\xbf" + text,
    "Windows line endings": lambda text: text.replace(b"\n", b"\r\n"),
    "comments and blank lines": lambda text: b"# first\n\n" + text.replace(b"\n", b"  # why\n\n"),
}
