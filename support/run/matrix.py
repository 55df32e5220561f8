"""The conformance matrix for readers: a page, a table in Markdown, and that table within a README."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from support.refusal import Refusal
from support.run.conformance import Cell, Evidence, Matrix, Row
from support.run.page import title_of
from support.run.state import State

BEGIN, END = "<!-- conformance: made by bin/report compare --readme -->", "<!-- end of conformance -->"
_HERE = Path(__file__).parent


def page(matrix: Matrix) -> str:
    """One page without anything to load; its links lead to the pages and the evidence of the runs."""
    environment = Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined)
    environment.filters |= {"link": lambda link: quote(link, safe="/#"), "by_scenario": _by_scenario}
    return environment.get_template("matrix.html.j2").render(
        matrix=matrix,
        style=(_HERE / "page.css").read_text("utf-8") + (_HERE / "matrix.css").read_text("utf-8"),
        states=_states(matrix),
        categories=[
            (title_of(category), list(rows)) for category, rows in groupby(matrix.rows, key=lambda row: row.category)
        ],
    )


def markdown(matrix: Matrix) -> str:
    """A table with a row for each promise."""
    heads = [f"{each.title}<br>{each.date}" for each in matrix.platforms]
    lines = [_line(["", "promise", *heads]), _line(["---", "---", *(":---:" for _ in heads)])]
    for row in matrix.rows:
        cells = [_in_markdown(row.cells.get(each.name)) for each in matrix.platforms]
        lines.append(_line([row.id, row.text.replace("|", "\\|"), *cells]))
    for state in _states(matrix):
        counts = [str(matrix.count(each.name, state)) for each in matrix.platforms]
        lines.append(_line(["", f"*{state.mark} {state.said}*", *counts]))
    told = "; ".join(f"{state.mark} {state.said}: {state.meaning}" for state in _states(matrix))
    part = "A share such as 3/5: so many of the promise's scenarios could be judged there."
    return "\n".join([*lines, "", f"{told}. {part}"])


def in_readme(text: str, matrix: Matrix) -> str:
    """The text with the table between the two marking comments.

    :raises Refusal: it has not exactly these two, in their order.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise Refusal(f"there must be one line {BEGIN} and after it one line {END}")
    return f"{before}{BEGIN}\n{markdown(matrix)}\n{END}{after}"


def _states(matrix: Matrix) -> list[State]:
    seen = {cell.state for row in matrix.rows for cell in row.cells.values()}
    return [state for state in State if state in seen]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _in_markdown(cell: Cell | None) -> str:
    return f"{cell.state.mark} {cell.share}".strip() if cell else ""


def _by_scenario(row: Row, matrix: Matrix) -> list[tuple[str, list[tuple[str, Evidence | None]]]]:
    """Each scenario of a promise with each platform, and what there is of it there."""
    found: dict[str, dict[str, Evidence]] = {}
    for platform, cell in row.cells.items():
        for evidence in cell.evidence:
            found.setdefault(evidence.scenario, {})[platform] = evidence
    return [(name, [(each.name, by.get(each.name)) for each in matrix.platforms]) for name, by in found.items()]
