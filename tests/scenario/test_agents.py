"""Scripts of the probe agent."""

import pytest

from support.scenario import agents

EXIT = agents.call(agents.EXIT_TOOL, message="Bye.")
FETCH = agents.call("probe_fetch", path="/prices")


@pytest.mark.parametrize(
    "script",
    [agents.exiting(), agents.calling(FETCH, EXIT), agents.trying(EXIT, FETCH), agents.calling_together(FETCH, EXIT)],
)
def test_a_script_says_that_a_process_is_to_end(script: agents.Script) -> None:
    assert agents.ends_its_process(script)


@pytest.mark.parametrize("script", [{}, agents.crashing(), agents.trying(FETCH), agents.calling_together(FETCH, FETCH)])
def test_any_other_script_leaves_processes_alone(script: agents.Script) -> None:
    assert not agents.ends_its_process(script)
