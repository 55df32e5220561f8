"""Order, lanes and shards: pure choices over durations."""

from types import SimpleNamespace

import pytest

from support.run.plan import Planned, in_turn, makespan, name_of, shard, worthwhile_lanes


def planned(*seconds: float, timing: tuple[int, ...] = ()) -> list[Planned]:
    return [
        Planned(index, None, f"features/a.feature: {index}", each, index in timing)
        for index, each in enumerate(seconds)
    ]


def test_a_scenario_is_planned_by_its_name_and_tags():
    scenario = SimpleNamespace(filename="features/a.feature", name="It holds -- @1.1 ", effective_tags={"timing"})
    assert name_of(scenario) == "features/a.feature: It holds -- @1.1"
    one = Planned.of(3, scenario, {"features/a.feature: It holds -- @1.1": 2.5})
    assert (one.index, one.seconds, one.timing) == (3, 2.5, True)
    assert Planned.of(3, scenario, {}).seconds == 1.0


def test_the_longest_comes_first_and_what_judges_time_last():
    several = planned(1, 9, 3, 3, timing=(1,))
    assert [one.index for one in in_turn(several, longest_first=True)] == [2, 3, 0, 1]
    assert [one.index for one in in_turn(several, longest_first=False)] == [0, 2, 3, 1]


@pytest.mark.parametrize(
    ("seconds", "lanes", "until"), [([], 2, 0), ([5, 4, 3], 1, 12), ([5, 4, 3], 2, 7), ([5, 4, 3], 9, 5)]
)
def test_until_the_last_lane_is_done(seconds, lanes, until):
    assert makespan(seconds, lanes) == until


@pytest.mark.parametrize(
    ("several", "most", "lanes"),
    [
        (planned(*[1] * 200), 2, 2),
        (planned(*[1] * 200), 1, 1),
        (planned(*[1] * 200), 100, 8),
        (planned(0.5, 0.5, 0.5), 2, 1),  # a second stack starts longer than it saves
        (planned(60, 1, 1), 8, 1),  # one scenario bounds the run
        (planned(*[20] * 4, timing=(0, 1, 2, 3)), 2, 1),  # these are played one by one anyway
        ([], 2, 1),
    ],
)
def test_a_lane_must_be_worth_its_start(several, most, lanes):
    assert worthwhile_lanes(several, most) == lanes


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 60])
def test_every_scenario_is_in_exactly_one_shard(parts):
    several = planned(*(1 + number % 7 for number in range(50)))
    shards = [shard(several, part, parts) for part in range(1, parts + 1)]
    assert sorted(one.index for each in shards for one in each) == list(range(50))
    assert all(each == sorted(each, key=lambda one: one.index) for each in shards)


def test_shards_last_about_as_long():
    several = planned(*(1 + number % 7 for number in range(50)))
    lasting = [sum(one.seconds for one in shard(several, part, 3)) for part in (1, 2, 3)]
    assert max(lasting) - min(lasting) <= 7


def test_shards_do_not_depend_on_the_order_of_the_run():
    several = planned(3, 2, 2, 1, 1, 1)
    assert {one.name for one in shard(several, 1, 2)} == {one.name for one in shard(several[::-1], 1, 2)}
