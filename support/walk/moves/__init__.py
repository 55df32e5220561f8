"""What customers do on a walk, and how often."""

from collections.abc import Mapping
from dataclasses import replace

from support.walk.moves import accounts, analyses, boundaries, conversations, money, operations, runs, tools
from support.walk.people import Ground
from support.walk.walking import Move

KINDS: dict[str, frozenset[str]] = {
    "run agents": frozenset({"run", "usage report", "analysis", "state", "two runs", "cancel", "old run", "list runs"}),
    "run agents while services fail": frozenset({"run", "usage report", "disturb"}),
    "leave and return": frozenset({"events", "run", "notice"}),
    "change plans and use tools": frozenset(
        {"plan", "tools", "servers", "registry", "added tool", "join", "run", "analysis"}
    ),
    "write and read": frozenset(
        {"begin", "write", "rename", "delete", "move messages", "limit", "impossible", "read everything"}
    ),
    "log in and out": frozenset({"log out", "renew", "old token", "join", "remove", "account", "invite"}),
}
"""Moves of a kind, by what customers do in them."""
_MORE_OFTEN = 4


def mostly(kind: str, moves: Mapping[str, Move[Ground]]) -> dict[str, Move[Ground]]:
    """The moves, those of a kind more often."""
    often = KINDS[kind]
    return {
        name: replace(move, weight=move.weight * (_MORE_OFTEN if name in often else 1)) for name, move in moves.items()
    }


MOVES: dict[str, Move[Ground]] = {
    "sign up": Move(6, accounts.signs_up),
    "join": Move(6, accounts.joins),
    "remove": Move(1, accounts.is_removed),
    "log out": Move(2, accounts.logs_out_and_in),
    "plan": Move(2, accounts.changes_the_plan),
    "tools": Move(2, tools.uses_tools),
    "servers": Move(2, tools.acts_on_servers),
    "registry": Move(1, tools.comes_or_goes),
    "added tool": Move(1, tools.calls_an_added_tool),
    "renew": Move(3, accounts.renews_the_session),
    "old token": Move(1, accounts.uses_an_old_token_again),
    "begin": Move(8, conversations.begins_a_conversation),
    "write": Move(14, conversations.writes),
    "rename": Move(3, conversations.renames),
    "delete": Move(2, conversations.deletes),
    "move messages": Move(4, conversations.moves_messages),
    "meddle": Move(6, conversations.meddles),
    "read everything": Move(8, conversations.reads_everything),
    "allowance": Move(4, money.sets_the_allowance),
    "expense": Move(8, money.books_an_expense),
    "budget": Move(4, money.plans_a_budget),
    "change budget": Move(3, money.changes_a_budget),
    "run": Move(8, runs.runs_an_agent),
    "usage report": Move(4, runs.reports_on_usage),
    "two runs": Move(2, runs.two_run_at_the_same_time),
    "cancel": Move(2, runs.cancels),
    "old run": Move(4, runs.reads_an_old_run),
    "state": Move(2, runs.keeps_a_state),
    "out of time": Move(1, runs.runs_out_of_time),
    "partner refuses": Move(1, runs.is_refused_by_the_partner),
    "list runs": Move(6, runs.lists_runs),
    "job record": Move(3, runs.reads_job_records),
    "unknown agent": Move(1, runs.asks_for_an_unknown_agent),
    "analysis": Move(4, analyses.analyses_the_cloud),
    "account": Move(3, accounts.reads_the_account),
    "invite": Move(1, accounts.invites_in_vain),
    "limit": Move(3, boundaries.goes_to_the_limit),
    "impossible": Move(3, boundaries.asks_for_the_impossible),
    "operator's list": Move(2, operations.operator_lists_runs),
    "notice": Move(1, operations.operator_sends_a_notice),
    "events": Move(6, accounts.comes_or_leaves),
}
