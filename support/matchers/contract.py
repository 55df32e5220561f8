"""Matcher over raw frames: does each keep to the published schema of its type?"""

from collections.abc import Mapping, Sequence
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless
from support.matchers.schema import breaches_of
from support.platform.dialect import Dialect

Frames = Sequence[str]


def keep_to_the_contract(schemas: Mapping[str, Mapping[str, Any]], dialect: Dialect) -> BaseMatcher[Frames]:
    """Frames came, and each is JSON that is valid against the schema of its type.

    :param schemas: type -> published JSON schema.
    :param dialect: what says of which type a frame is.
    """
    checks = {type: breaches_of(schema) for type, schema in schemas.items()}

    def fault_of(frame: str) -> str | None:
        try:
            type, value = dialect.published(frame)
        except ValueError as error:
            return f"no event: {error}"
        if type not in checks:
            return f"the type {type!r} is not published"
        breaches = checks[type](value)
        return f"{type}: {'; '.join(breaches)}" if breaches else None

    def faults_of(frames: Frames) -> list[str]:
        if not frames:
            return ["nothing came"]
        return [f"{fault} in {frame[:200]}" for frame in frames if (fault := fault_of(frame))]

    return faultless("frames that all keep to the published schema of their type", faults_of)
