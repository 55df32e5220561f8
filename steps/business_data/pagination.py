"""Pages load quickly from a large archive."""

from support.business_data import pagination
from support.business_data.archive import ArchiveSize
from support.business_data.pagination import ArchiveReads
from support.business_data.pagination_matchers import finds_by_index
from support.matchers.faultless import is_just
from support.matchers.outcomes import all_succeed
from support.run.sentences import then, when


@when("some users page through their conversations while others write")
def _(world):
    world.keep(pagination.read_while_others_write(world, world.kept(ArchiveSize)))


@then("at least 95 % of all pages arrive within the target time for {budget:Budget}")
def _(world, budget):
    reads = world.kept(ArchiveReads)
    world.within(budget, reads.p95, f"p95 of {len(reads.judged())} pages")
    reads.require_enough()


@then("each reader has received all of their own conversations, newest first")
def _(world):
    reads = world.kept(ArchiveReads)
    expected = pagination.expected_conversations(world, reads.readers)
    for number, shown in enumerate(reads.shown, start=1):
        world.expect(shown, is_just(expected), f"round {number}")


@then("everything that the others wrote is stored")
def _(world):
    reads = world.kept(ArchiveReads)
    world.expect([outcome for _, outcome in reads.writes], all_succeed())
    world.expect(pagination.stored_writes(world, reads.acknowledged()), is_just(reads.acknowledged()))


@then("no page requires a search through other users' conversations")
def _(world):
    for plan in pagination.query_plans(world, world.kept(ArchiveReads).readers[0]):
        world.expect(plan, finds_by_index(owner="user_id"))
