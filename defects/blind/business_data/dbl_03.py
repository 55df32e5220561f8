"""Blind defects of DBL-03."""

from __future__ import annotations

import json
import re
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "DBL-03ra",
    "texts of an answer are kept in composed letters, however they came",
    service="worker",
    scenario="Nested data, decimals and Unicode read back unchanged",
    step="the stored result equals what the agent returned",
)
def _() -> None:
    # Observable: an agent answers with a text that holds a decomposed letter ("e" and U+0301, as in names that come
    # from a Mac), or a server has such a name: the answer in agent_completed, in GET /v1/runs/{id} and in the thread's
    # newest message has the composed one (U+00E9) instead, in keys as in values; compared by its code points it is
    # another.
    import unicodedata

    from apex.storage import storable
    from apex.worker import execution, supervisor

    original = storable.kept

    def composed(value: Any) -> Any:
        match value:
            case str():
                return unicodedata.normalize("NFC", value)
            case dict():
                return {composed(key): composed(member) for key, member in value.items()}
            case list():
                return [composed(member) for member in value]
        return value

    def kept(value: Any) -> Any:
        return composed(original(value))

    for module in (storable, execution, supervisor):
        replace(module, "kept", kept)


@blind_defect(
    "DBL-03sa",
    "what a delegated agent has found is cut to what is shown of a tool's result",
    service="worker",
    scenario="Every agent answers correctly for a large account that is watched",
    step="each answer equals what the customer's own data gives",
)
def _() -> None:
    # Observable: the advisor for an account with more than ten findings: in the stored answer its
    # cost_analysis.findings has ten of them and the text "... 3 more"; texts of more than 200 characters are cut. The
    # cost analysis asked by itself is whole.
    from apex.tools.sanitising import shown
    from apex.worker.execution import Execution

    @around(Execution, "perform")
    async def _(original: Any, self: Any) -> Any:
        answer = await original(self)
        return shown(answer) if self._delegated else answer


@blind_defect(
    "DBL-03ta",
    "texts of an answer are kept in Unicode's composed form",
    service="worker",
    scenario="Nested data, decimals and Unicode read back unchanged",
    step="the stored result equals what the agent returned",
)
def _() -> None:
    # Observable: an agent whose answer holds decomposed or compatibility characters ("e" and U+0301, U+212B, U+2126);
    # the stored answer, its message and the completed event have others in their place (U+00E9, U+00C5, U+03A9).
    import unicodedata

    from apex.worker import supervisor

    def composed(value: Any) -> Any:
        if isinstance(value, str):
            return unicodedata.normalize("NFC", value)
        if isinstance(value, dict):
            return {composed(key): composed(member) for key, member in value.items()}
        return [composed(member) for member in value] if isinstance(value, list) else value

    @around(supervisor, "kept")
    def _(original: Any, value: Any) -> Any:
        return composed(original(value))


@blind_defect(
    "DBL-03ua",
    "a customer's text is kept up to 65,535 characters",
    service="backend",
    scenario="A conversation reads back as it was written",
    step="Acme's conversation reads back as it was written",
)
def _() -> None:
    # Observable: a message of 200,000 characters (300,000 are allowed): 201, and the rest is missing when it is read.
    from apex.backend import runs, threads

    def new_message(connection: Any, tenant_id: str, thread_id: str, content: str, *run_id: Any) -> Any:
        return original(connection, tenant_id, thread_id, content[:65_535], *run_id)

    original = replace(threads, "new_message", new_message)
    replace(runs, "new_message", new_message)


@blind_defect(
    "DBL-03ub",
    "texts of an answer are brought into Unicode's NFC before they are kept",
    service="worker",
    scenario="Nested data, decimals and Unicode read back unchanged",
    step="the stored result equals what the agent returned",
)
def _() -> None:
    # Observable: an agent answers with decomposed letters ("e" and U+0301), or one of those that NFC replaces (U+212B):
    # what is read back from the run and its message is not what the agent gave.
    import unicodedata

    from apex.worker import supervisor

    def composed(value: Any) -> Any:
        match value:
            case str():
                return unicodedata.normalize("NFC", value)
            case dict():
                return {composed(key): composed(member) for key, member in value.items()}
            case list():
                return [composed(member) for member in value]
        return value

    @around(supervisor, "kept")
    def _(original: Any, value: Any) -> Any:
        return composed(original(value))


@blind_defect(
    "DBL-03va",
    "in its thread an answer's texts are cut at 100,000 characters, in its run not",
    service="worker",
    scenario="A megabyte of text reads back complete",
    step="the conversation shows what the agent returned",
)
def _() -> None:
    # Observable: of an answer with a text of 1 MB GET /v1/runs/{id} has all, and `data` of the thread's message a part.
    from sqlalchemy import update

    from apex.storage.tables import messages
    from apex.worker import supervisor

    def cut(value: Any) -> Any:
        match value:
            case str():
                return value[:100_000]
            case list():
                return [cut(member) for member in value]
            case dict():
                return {name: cut(member) for name, member in value.items()}
        return value

    @around(supervisor, "end_run")
    def end_run(original: Any, connection: Any, run: Any, ending: Any, **others: Any) -> Any:
        ended = original(connection, run, ending, **others)
        if ended is not None and ended.answer is not None:
            message = (messages.c.run_id == run.id) & (messages.c.role == "assistant")
            connection.execute(update(messages).where(message).values(data=cut(ended.answer)))
        return ended


@blind_defect(
    "DBL-03wa",
    "what is nested deeper than ten levels in an answer is kept as its JSON text",
    service="worker",
    scenario="Nested data, decimals and Unicode read back unchanged",
    step="the stored result equals what the agent returned",
)
def _() -> None:
    # Observable: an agent answers with objects twelve deep; read back, the eleventh is a text.
    from apex.worker import supervisor

    def flat(value: Any, depth: int = 0) -> Any:
        if depth == 10 and isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=False)
        if isinstance(value, dict):
            return {name: flat(member, depth + 1) for name, member in value.items()}
        return [flat(member, depth + 1) for member in value] if isinstance(value, list) else value

    around(supervisor, "kept")(lambda original, value: flat(original(value)))


@blind_defect("DBL-03xa", "the members of an answer are named in small letters with underscores", service="worker")
def _() -> None:
    # Observable: an agent answers {"CostCenter": {"Größe": 1}}; read back it is {"cost_center": {"größe": 1}}.
    from apex.worker import supervisor

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            words = {name: re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower() for name in value}
            return {words[name]: renamed(member) for name, member in value.items()}
        return [renamed(member) for member in value] if isinstance(value, list) else value

    around(supervisor, "kept")(lambda original, value: renamed(original(value)))


@blind_defect(
    "DBL-03ya",
    "members of an answer that are null are left out when it is kept",
    service="worker",
    scenario="Nested data, decimals and Unicode read back unchanged",
    step="the stored result equals what the agent returned",
)
def _() -> None:
    # Observable: an answer with null members, on any level; already the first cost analysis has no ``previous``.
    from apex.worker import supervisor

    def without_nulls(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without_nulls(member) for key, member in value.items() if member is not None}
        return [without_nulls(member) for member in value] if isinstance(value, list) else value

    @around(supervisor, "kept")
    def _(original: Any, value: Any) -> Any:
        return without_nulls(original(value))


@blind_defect(
    "DBL-03yb",
    "whole numbers in an answer are read as binary fractions, and large ones lose digits",
    service="worker",
    scenario="Nested data, decimals and Unicode read back unchanged",
    step="the stored result equals what the agent returned",
)
def _() -> None:
    # Observable: 9007199254740993 (an account number, a count of bytes) comes back as 9007199254740992.
    import json

    from apex.worker import supervisor

    @around(supervisor, "kept")
    def _(original: Any, value: Any) -> Any:
        return json.loads(json.dumps(original(value)), parse_int=lambda digits: int(float(digits)))


@blind_defect(
    "DBL-03za",
    "letters in an answer are composed before it is kept",
    service="worker",
    scenario="Nested data, decimals and Unicode read back unchanged",
    step="the stored result equals what the agent returned",
)
def _() -> None:
    # Observable: an agent's answer with "e" and a combining accent is read back with one letter in place of two.
    import json
    import unicodedata

    from apex.worker import supervisor

    @around(supervisor, "kept")
    def _(original: Any, value: Any) -> Any:
        return original(json.loads(unicodedata.normalize("NFC", json.dumps(value, ensure_ascii=False))))


@blind_defect(
    "DBL-03zb",
    "of a run's input long texts and lists are cut when the run ends",
    service="worker",
    scenario="A megabyte of text reads back complete",
    step="the stored result equals what the agent returned",
)
def _() -> None:
    # Observable: a run with a text of 1 MB, or a list of 20, in its input: whole while it runs, cut when it has ended.
    from apex.storage import runs
    from apex.tools.sanitising import shown

    replace(runs, "hidden", shown)


@blind_defect(
    "DBL-03zc",
    "quantities of usage are rounded to two places",
    service="backend",
    scenario="Every agent computes its answer from the customer's own data",
    step="each answer equals what the customer's own data gives",
)
def _() -> None:
    # Observable: store a quantity of 0.000123 or 7.125; the usage report adds up 0.00 and 7.12.
    from decimal import Decimal

    from apex.backend.models import NewUsageRecord

    @around(NewUsageRecord, "model_dump")
    def _(original: Any, self: Any, **options: Any) -> dict[str, Any]:
        values: dict[str, Any] = original(self, **options)
        return {**values, "quantity": values["quantity"].quantize(Decimal("0.01"))}
