"""The words of the tool dispatcher in sentences; see support/scenario/words.py."""

from support.cloud.servers import Task
from support.scenario.words import entries, entry, kind
from support.tool_dispatcher.tool_failures import FLAWS
from support.tool_dispatcher.tool_permissions import TOOLS_TO

COUNTS = {"one": 1, "two": 2}
TYPES = {
    "Task": kind(Task),
    "Flaw": entry(FLAWS),
    "Deeds": entries({deed: deed for deed in TOOLS_TO}),
    "Count": entry(COUNTS),
}
