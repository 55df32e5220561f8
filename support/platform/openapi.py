"""What the running services publish of themselves: their OpenAPI documents, read as a customer's program reads them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from support.scenario.world import World

_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Operation:
    """One published way to ask a service: ``path`` is a template, ``place`` names method and path.

    ``roles`` may call it, None without an access rule; ``permission`` is what the others lack. ``groups`` says what is
    special about it; ``sample`` and ``query`` are a body and a query that it takes, see the target's file of endpoints.
    """

    service: str
    method: str
    path: str
    details: Mapping[str, Any]
    document: Mapping[str, Any]
    roles: frozenset[str] | None = None
    permission: str | None = None
    groups: frozenset[str] = frozenset()
    sample: Mapping[str, Any] | None = None
    query: Mapping[str, Any] | None = None

    @property
    def place(self) -> str:
        return f"{self.method} {self.path}"

    def names(self, place: str) -> list[str]:
        """The names of its parameters in ``path``, ``query`` or ``header``."""
        return [item["name"] for item in self.details.get("parameters", ()) if item["in"] == place]

    @property
    def body(self) -> Mapping[str, Any] | None:
        """The schema of what is sent; None when nothing is."""
        content = self.details.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        return None if schema is None else self.resolved(schema)

    def resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema that a reference leads to."""
        while "$ref" in schema:
            found: Any = self.document
            for part in str(schema["$ref"]).removeprefix("#/").split("/"):
                found = found[part]
            schema = found
        return schema


@dataclass(frozen=True, slots=True)
class Published:
    """The document of each service, by its name."""

    documents: Mapping[str, Mapping[str, Any]]


def documents(world: World) -> dict[str, Mapping[str, Any]]:
    """The document of each service, as it is published now; read once in a scenario.

    :raises AssertionError: that of a service cannot be read.
    """

    def read() -> Published:
        answers = world.platform.documents()
        unread = [
            f"the API reference of {name} cannot be read: {answer}"
            for name, answer in answers.items()
            if not answer.done
        ]
        if unread:
            raise AssertionError("; ".join(unread))
        return Published({name: answer.value for name, answer in answers.items()})

    return dict(world.kept_or(Published, read).documents)


def operations(world: World) -> Iterator[Operation]:
    """Everything that any of the services publishes."""
    agreed = world.target.endpoints
    for service, document in documents(world).items():
        for path, methods in document["paths"].items():
            for method in _METHODS:
                if method in methods:
                    place = f"{method.upper()} {path}"
                    yield Operation(
                        service,
                        method.upper(),
                        path,
                        methods[method],
                        document,
                        agreed.roles.get(place),
                        agreed.permissions.get(place),
                        frozenset(name for name, places in agreed.groups.items() if place in places),
                        agreed.bodies.get(place),
                        agreed.queries.get(place),
                    )
