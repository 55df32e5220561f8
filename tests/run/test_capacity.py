"""How many lanes a machine carries."""

import pytest

from support.refusal import Refusal
from support.run import capacity

GIB = 1024**3


@pytest.fixture
def group(tmp_path, monkeypatch):
    """The limits of a container, as files."""
    monkeypatch.setattr(capacity, "_CONTROL_GROUP", tmp_path)

    def limit(**files: str) -> None:
        for name, text in files.items():
            (tmp_path / name.replace("_", ".")).write_text(f"{text}\n")

    return limit


def test_a_container_may_have_fewer_processors_than_the_machine(group):
    everything = capacity.processors()
    group(cpu_max="max 100000")
    assert capacity.processors() == everything
    group(cpu_max="100000 100000")
    assert capacity.processors() == 1
    group(cpu_max="50000 100000")
    assert capacity.processors() == 1


def test_a_container_may_have_less_memory_than_the_machine(group):
    group(memory_max="max", memory_current="1")
    assert capacity.memory() > 0
    group(memory_max=str(3 * GIB), memory_current=str(GIB))
    assert capacity.memory() == 2 * GIB


def test_more_lanes_than_memory_allows_are_refused_in_one_line(group):
    group(memory_max=str(4 * GIB), memory_current="0")
    capacity.refuse_too_many(2)
    with pytest.raises(Refusal, match=r"^3 lanes need 4\.5 GiB .*1\.5 GiB each.* 4\.0 GiB are free; use --jobs [12]$"):
        capacity.refuse_too_many(3)


def test_one_lane_is_never_refused(group):
    group(memory_max=str(GIB), memory_current="0")
    capacity.refuse_too_many(1)
    assert capacity.most_lanes() == 1
