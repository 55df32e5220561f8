"""The configuration that a process runs on: changes of its files are taken over at once, or refused as a whole."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import structlog
from pydantic import BaseModel
from watchfiles import watch

from apex.config.effects import effect_of
from apex.config.layers import ENVIRONMENTS, Fault, Files, SettingsError, checksum, flat, load
from apex.settings import Settings

log = structlog.get_logger()

# What is written in one go is read in one go; and files are looked at by themselves as well, since not every file
# system tells of its changes.
_TOGETHER_MILLISECONDS, _ALSO_EVERY_MILLISECONDS = 50, 1_500


class Configuration:
    """``settings`` stay the same object: what can be changed while the process runs is changed in it.

    ``refused``: what is wrong with the files as they are now (the process runs on those before); ``restart_needed``:
    the keys of which this service still uses an older value.
    """

    def __init__(self, service: str, settings: Settings, files: Files | None = None) -> None:
        self.settings = settings
        self.refused: tuple[Fault, ...] = ()
        self.restart_needed: tuple[str, ...] = ()
        self._service, self._files = service, files
        self._values = dict(flat(settings))
        self._state = files.state() if files else ()
        self._hooks: list[tuple[str, Callable[[], None]]] = []
        self._lock = threading.Lock()

    @classmethod
    def read(cls, service: str, files: Files) -> Configuration:
        """That of the files.

        Raises:
            SettingsError: they cannot be used.
        """
        state = files.state()
        configuration = cls(service, load(files).settings, files)
        # As it was before they were read: what was changed meanwhile is seen as a change.
        configuration._state = state
        return configuration

    @property
    def version(self) -> str:
        """What whoever deploys it calls it."""
        return str(self._values["version"])

    @property
    def checksum(self) -> str:
        """Of the values that the process runs on."""
        return checksum(self._values)

    def value(self, key: str) -> Any:
        """What the files say of a key that the process runs on, whatever it was told on its command line."""
        return self._values[key]

    def on_change(self, prefix: str, call: Callable[[], None]) -> None:
        """Have ``call`` called after a key that begins so was changed in the settings."""
        self._hooks.append((prefix, call))

    def refresh(self) -> None:
        """Take over what has changed in the files since they were last looked at."""
        if self._files is None:
            return
        with self._lock:
            state = self._files.state()
            if state == self._state:
                return
            self._state = state
            try:
                wanted = load(self._files).settings
            except SettingsError as error:
                self.refused = error.faults
                log.error("configuration refused", faults=[str(fault) for fault in error.faults])
                return
            self.refused = ()
            self._take_over(wanted)

    def _take_over(self, wanted: Settings) -> None:
        values = dict(flat(wanted))
        changed = [key for key in {**self._values, **values} if self._values.get(key) != values.get(key)]
        kept = [key for key in changed if self._needs_restart(key, self._values.get(key), values.get(key))]
        taken = [key for key in changed if key not in kept]
        for key in taken:
            _put(self.settings, wanted, key.split("."))
        self.restart_needed = tuple(sorted(kept))
        self._values = {**values, **{key: self._values[key] for key in kept if key in self._values}}
        for prefix, call in self._hooks:
            if any(key.startswith(prefix) for key in taken):
                call()
        log.info(
            "configuration changed",
            version=self.version,
            checksum=self.checksum,
            keys=sorted(taken),
            restart_needed=list(self.restart_needed),
        )

    def _needs_restart(self, key: str, before: Any, after: Any) -> bool:
        effect = effect_of(key)
        return self._service in effect.services and not effect.is_taken_over(before, after)


def _put(settings: BaseModel, wanted: BaseModel, names: list[str]) -> None:
    """Have the value of a key in the settings: in the section where it stands, which others hold, too."""
    name, *rest = names
    ours, theirs = getattr(settings, name), getattr(wanted, name)
    if rest and isinstance(ours, BaseModel) and isinstance(theirs, BaseModel):
        _put(ours, theirs, rest)
    else:
        setattr(settings, name, theirs)


class Watcher(threading.Thread):
    """Looks after a configuration's files until it is closed."""

    def __init__(self, configuration: Configuration, files: Files) -> None:
        super().__init__(name="configuration", daemon=True)
        self._configuration, self._files = configuration, files
        self._closed = threading.Event()

    def run(self) -> None:
        while not self._closed.is_set():
            try:
                self._watch()
            except Exception as error:
                # This thread must outlive whatever happens to it: without it no change is ever noticed.
                log.error("configuration not looked at", reason=type(error).__name__)
                self._closed.wait(_ALSO_EVERY_MILLISECONDS / 1000)

    def _watch(self) -> None:
        places: set[Any] = {ENVIRONMENTS, self._files.deployment.parent, self._files.secrets}
        for _ in watch(
            *(place for place in places if place is not None and place.is_dir()),
            watch_filter=None,
            recursive=False,
            debounce=4 * _TOGETHER_MILLISECONDS,
            step=_TOGETHER_MILLISECONDS,
            rust_timeout=_ALSO_EVERY_MILLISECONDS,
            yield_on_timeout=True,
            stop_event=self._closed,
            raise_interrupt=False,
        ):
            self._configuration.refresh()

    def close(self) -> None:
        """Stop looking."""
        self._closed.set()
        self.join()
