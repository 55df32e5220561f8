"""The words of configuration in sentences; see support/scenario/words.py."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from support.configuration import applications, logins
from support.configuration.agreement import OTHERS
from support.configuration.changes import CANDIDATES, IMPACT, LEGAL_TEXTS, ODD_FILES, ODD_SECRETS, REJECTED
from support.configuration.draft import Draft
from support.configuration.effects import KINDS
from support.configuration.rehearsals import STORES
from support.configuration.restarts import USED_BY
from support.scenario.words import entry

LAYERS = ("deployment file", "secrets directory", "environment variable")
CHANGES: Mapping[str, Callable[[Draft], None]] = {
    "lowers the rate limit of the Free plan": lambda draft: draft.change("rate limit of the Free plan"),
    "closes sign-up": lambda draft: draft.change("sign-up"),
    'writes "false" for sign-up': lambda draft: draft.set("features.sign_up", "false"),
    "changes the log level to errors only": lambda draft: draft.change("log level"),
    "raises the worker capacity": lambda draft: draft.change("worker capacity"),
    "changes the database pool to two connections": lambda draft: draft.change("database pool"),
    **{f"changes the {name}": partial(Draft.change, setting=name) for name in USED_BY},
}
"""What an operator changes while the platform runs."""

SERVICES: Mapping[str, Sequence[str]] = {
    "auth, backend and analytics": ("analytics", "auth", "backend"),
    "every service": tuple(sorted(KINDS)),
    "the worker": ("worker",),
    "the backend": ("backend",),
    "the tools service": ("tools",),
    "the analytics service": ("analytics",),
}
TYPES = {
    "Candidate": entry(CANDIDATES),
    "Rejected": entry(REJECTED),
    "ConfigurationChange": entry(CHANGES),
    "ConfigurationLayer": entry({layer: layer for layer in LAYERS}),
    "ConfiguredServices": entry(SERVICES),
    "ConfiguredText": entry(LEGAL_TEXTS),
    "ImpactSetting": entry({name: name for name in IMPACT}),
    "OddFile": entry(ODD_FILES),
    "OddSecret": entry(ODD_SECRETS),
    "Waiting": entry({name: name for name in USED_BY}),
    "Takes": entry({"take it over": True, "have to be restarted": False}),
    "SharedSetting": entry({name: name for name in OTHERS}),
    "AppAddress": entry(applications.ADDRESSES),
    "ExchangedWith": entry(applications.EXCHANGED_WITH),
    "Environment": entry({name: name for name in ("development", "staging", "production")}),
    "Login": entry({name: name for name in logins.STORES}),
    "Store": entry({name: name for name in STORES}),
    "StartedService": entry(
        {name: name for name in ("auth service", "backend", "worker", "tools service", "analytics service")}
    ),
}
