"""The words of business data in sentences; see support/scenario/words.py."""

from support.business_data import (
    agent_state,
    allowances,
    archive,
    caching,
    concurrent_writes,
    conversation_actions,
    conversations,
    sign_up,
    tenant_separation,
    transactions,
)
from support.scenario.words import entry

WORK = agent_state.WORK
ASSETS = {
    **allowances.ASSETS,
    **caching.ASSETS,
    **concurrent_writes.ASSETS,
    **conversations.ASSETS,
    **sign_up.ASSETS,
    **tenant_separation.ASSETS,
}
GROUPS = {**concurrent_writes.GROUPS, **archive.GROUPS}
TYPES = {
    "AccountAction": entry(sign_up.ACTIONS),
    "AccountCount": entry(sign_up.ACCOUNTS),
    "AllowanceChange": entry(caching.CHANGES),
    "AllowanceRead": entry(caching.READS),
    "CacheFailure": entry(caching.FAILURES),
    "ConflictingRequests": entry(concurrent_writes.CONFLICTS),
    "ConflictReason": entry(concurrent_writes.REASONS),
    "ConversationAction": entry(conversation_actions.ACTIONS),
    "ConversationPosition": entry(conversations.POSITIONS),
    "ConversationState": entry(conversations.STATES),
    "CustomerOrNone": tenant_separation.CUSTOMER_OR_NONE,
    "DatabaseAccess": entry(tenant_separation.ACCESS),
    "ExactlyOne": entry(transactions.EXACTLY_ONE),
    "Interrupted": entry(transactions.INTERRUPTED),
    "InterruptionPhases": entry(transactions.PHASES),
    "OnEachBackend": entry(caching.ON_EACH_BACKEND),
    "PagedItems": entry(conversation_actions.PAGES),
    "SignUpRefusal": entry(sign_up.REASONS),
    "Spending": entry(concurrent_writes.SPENDING),
}
