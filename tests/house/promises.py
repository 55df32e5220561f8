"""The project's own list of promises."""

import tomllib

from support.settings import CHECKOUT
from tests.house.feature_rules import Promises

FILE = CHECKOUT / "support" / "promises.toml"


def load() -> Promises:
    """Read `support/promises.toml`."""
    written = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return Promises(
        category_of={entry["id"]: entry["category"] for entry in written["promise"]},
        finished=frozenset(written["finished"]),
    )
