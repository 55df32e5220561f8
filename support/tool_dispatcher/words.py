"""The words of the tool dispatcher in sentences; see support/scenario/words.py."""

from support.scenario.words import entries, entry
from support.tool_dispatcher import (
    account_isolation,
    parallel_tools,
    partner_sign_in,
    tool_calls,
    tool_execution,
    tool_failures,
    tool_permissions,
    tool_registration,
    tool_timing,
    tool_visibility,
)

ASSETS = {**account_isolation.ASSETS, **tool_execution.ASSETS, **tool_registration.ASSETS}
WORK = {
    **account_isolation.WORK,
    **parallel_tools.WORK,
    **partner_sign_in.WORK,
    **tool_execution.WORK,
    **tool_failures.WORK,
    **tool_permissions.WORK,
    **tool_registration.WORK,
    **tool_timing.WORK,
    **tool_visibility.WORK,
}
TYPES = {
    "CallResult": entry(tool_registration.CALL_RESULTS),
    "Completeness": entry(tool_failures.IS_PARTIAL),
    "Naming": entry(tool_registration.IS_NAMED),
    "Operation": entry(tool_registration.OPERATIONS),
    "Rights": entries({right: right for right in tool_permissions.TOOLS_TO}),
    "Searched": entry(partner_sign_in.SEARCHES),
    "ServerWork": entry(tool_execution.SERVER_WORK),
    "TimedCalls": entry(tool_timing.CALLS),
    "ToolFailure": entry(tool_calls.FAILURES),
}
