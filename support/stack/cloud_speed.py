"""What moto takes long for in an account of hundreds of servers, done quicker or not again; it answers the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from threading import Lock
from typing import Any

import xmltodict  # type: ignore[import-untyped]
from moto.cloudwatch.models import CloudWatchBackend
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker
from moto.core.utils import get_value
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.models.tags import TagBackend
from werkzeug.wrappers import Request, Response

_NOTHING = object()
_SERVERS, _READING, _RESET = "/ec2/aws4_request", b"Action=Describe", "/moto-api"
"""How requests about servers are signed, how those begin that change nothing, and where all is taken away."""

_whole_metric_data = CloudWatchBackend.get_metric_data


def _value(self: XFormedAttributePicker, context: AttributePickerContext) -> Any:
    """A value, by the names under which it may be found: a matter of its owner's class and its place in the answer."""
    shape, path = vars(context.shape), f"{context.key_path}.{context.key}"
    names = shape.setdefault("names by owner", {})
    owner = type(context.obj), context.key
    if owner not in names:
        names[owner] = tuple(self.get_possible_keys(context))
    found = (get_value(context.obj, name, _NOTHING) for name in names[owner])
    value = next((each for each in found if each is not _NOTHING), None)
    known = vars(self).setdefault("transformers by path", {})
    if path not in known:
        transformers = self.response_transformers.items()
        known[path] = next((change for ending, change in transformers if path.endswith(ending)), None)
    return value if known[path] is None else known[path](value)


def _tags(self: Any) -> Any:
    """The tags of one resource, without looking at those of all others."""
    backend = TagBackend.__new__(TagBackend)
    backend.tags = {self.id: self.ec2_backend.tags.get(self.id, {})}
    return backend.describe_tags(filters={"resource-id": [self.id]})


class _Narrowed:
    """An account in which nothing was measured but what one query asks for."""

    def __init__(self, data: Sequence[Any]) -> None:
        self._data = data

    def get_all_metrics(self) -> Sequence[Any]:
        return self._data


def _metric_data(self: CloudWatchBackend, queries: list[Any], *when: Any, **how: Any) -> list[dict[str, Any]]:
    """The answer to each query by itself, which looks only at what was measured of the very thing that it names."""
    if not all(query.get("MetricStat", {}).get("Metric", {}).get("Dimensions") for query in queries):
        return _whole_metric_data(self, queries, *when, **how)
    measured: dict[Any, list[Any]] = defaultdict(list)
    for datum in self.get_all_metrics():
        measured[frozenset((each.name, each.value) for each in datum.dimensions)].append(datum)

    def answer(query: Any) -> list[dict[str, Any]]:
        named = frozenset((each["Name"], each["Value"]) for each in query["MetricStat"]["Metric"]["Dimensions"])
        narrowed: Any = _Narrowed(measured[named])
        return _whole_metric_data(narrowed, [query], *when, **how)

    return [result for query in queries for result in answer(query)]


QUICKER = (
    (XFormedAttributePicker, "__call__", _value),
    (TaggedEC2Resource, "get_tags", _tags),
    (CloudWatchBackend, "get_metric_data", _metric_data),
    (xmltodict, "_validate_name", cache(xmltodict._validate_name)),
)
"""What is replaced: its owner, its name there, what does the same in less time."""


def make_quick() -> None:
    """Replace it in this process."""
    for owner, name, function in QUICKER:
        setattr(owner, name, function)


class Remembered:
    """What was told of servers is told again to whoever asks for the same, for as long as nothing was changed."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._told: dict[tuple[str, bytes], Response] = {}
        self._changes = 0
        self._lock = Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer as the application would."""
        request = Request(environ)
        # Whose account and which service it is stands before the signature.
        asking = request.headers.get("Authorization", "").partition(",")[0]
        if not asking.endswith(_SERVERS) and not request.path.startswith(_RESET):
            return self._application(environ, start_response)
        body = request.get_data(cache=False)
        environ["wsgi.input"] = BytesIO(body)
        with self._lock:
            answer, changes = self._told.get((asking, body)), self._changes
        if answer is None:
            answer = Response.from_app(self._application, environ, buffered=True)
            with self._lock:
                if not body.startswith(_READING):
                    self._changes += 1
                    self._told.clear()
                elif changes == self._changes:
                    self._told[asking, body] = answer
        return answer(environ, start_response)
