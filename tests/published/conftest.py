"""A real platform, and people in every role on it."""

from collections.abc import Iterator

import pytest

from support.api import endpoints, permissions
from support.run.session import Session
from support.scenario.evidence import Subject
from support.scenario.users import Plan
from support.scenario.world import World
from support.settings import Settings


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world in which somebody has each role; it is undone and examined at the end as that of any scenario."""
    session = Session.open(Settings(reports=tmp_path_factory.mktemp("reports")), progress=lambda _: None)
    try:
        played = session.begin(Subject("Generated requests", "features/none.feature", 1, "", "", "generated requests"))
        owner = played.users.settle(played.users["Acme"], Plan.ENTERPRISE)
        permissions.people_in_every_role(played, owner)
        played.books.close()  # what is generated is asked past the verbs
        yield played
        for person in played.kept(permissions.PeopleInEveryRole).everybody:
            endpoints.wait_for_runs(played, person.owner)
        findings = session.finish(played).findings
        assert not findings, "; ".join(map(str, findings))
    finally:
        session.close()
