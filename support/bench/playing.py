"""A world to measure in, outside of any feature."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from requests import RequestException

from support.bench.measurement import BenchmarkFailed
from support.refusal import Refusal
from support.run.session import Session
from support.scenario.evidence import Subject
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.settings import Settings
from support.stack.client import Stack

# The platform refused, an expectation failed, or a request of a reference came to nothing.
_BROKEN = (NotShown, AssertionError, RequestException, BotoCoreError, ClientError)


@contextmanager
def world_on(stack: Stack, reports: Path) -> Iterator[World]:
    """The world of a scenario on a running stack, undone and examined at the end as that of any scenario.

    BenchmarkFailed when the platform does not do its part, or an examination finds something: then the figures are
    those of something broken.
    """
    try:
        session = Session.open(Settings(stack=f"attach:{stack.socket_path}", reports=reports), progress=lambda _: None)
    except Refusal as refusal:
        raise BenchmarkFailed(str(refusal)) from None
    try:
        world = session.begin(Subject("A benchmark", "features/benchmark.feature", 1, "", "", reports.name))
        try:
            yield world
        except _BROKEN as error:
            raise BenchmarkFailed(f"{type(error).__name__}: {error}") from error
        finally:
            findings = session.finish(world).findings
        if findings:
            raise BenchmarkFailed("; ".join(str(finding) for finding in findings))
    finally:
        session.close()
