"""What it takes to find a page of conversations in a large archive while others write, beside the bare question."""

import time

import psycopg

from support.bench.measurement import Aim, BenchmarkFailed, Judged, Measurement, Side
from support.bench.playing import world_on
from support.bench.workbench import Workbench
from support.business_data import archive, pagination
from support.scenario.users import Plan

_AIM = Aim(Judged.SUITE, 100.0)
# The writers go on for longer than the measurement takes.
_SECONDS_A_ROUND = 0.2
_ACT = "select set_config('app.tenant_id', %s, true)"
_BARE = "select * from threads where user_id = %s order by created_at desc, id desc limit %s"


def measure(bench: Workbench) -> list[Measurement]:
    """First pages of one reader, one after another, with 100,000 messages there and 20 people writing."""
    with world_on(bench.stack, bench.folder / "archive") as world:
        size = archive.plant(world, Plan.ENTERPRISE)
        reader = world.users.customers[-1]
        pagination.start_writers(world, size, bench.size.pages * _SECONDS_A_ROUND)

        def page() -> float:
            answer = world.platform.threads(reader, limit=pagination.PAGE)
            if len((answer.body or {}).get("items", ())) != pagination.PAGE:
                raise BenchmarkFailed(f"a page is not full: {answer}")
            return answer.seconds * 1000

        with psycopg.connect(world.addresses.postgres_application_url, autocommit=True) as database:

            def question() -> float:
                began = time.monotonic()
                with database.transaction():
                    database.execute(_ACT, [reader.tenant.id])
                    database.execute(_BARE, [reader.id, pagination.PAGE + 1]).fetchall()
                return (time.monotonic() - began) * 1000

            page()
            question()
            suite, bare = bench.in_turn(bench.size.pages, page, question, "archive")
    return [
        Measurement(
            "archive",
            "a page of conversations, 100,000 messages there, 20 users writing",
            "ms",
            Side("through the platform, as a customer reads it", suite),
            Side("the bare question to the same database, in the same role", bare),
            _AIM,
        )
    ]
