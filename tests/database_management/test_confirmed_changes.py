"""It is found what was lost, doubled, made in spite of a refusal, never asked for, or put in another order."""

import pytest
from hamcrest import assert_that

from support.database_management.confirmed_changes import Entry, Told, faults_of, keeps_every_confirmed_change, told_by
from support.platform.dialect import Meaning
from support.platform.outcome import Outcome
from support.scenario.verdict import NotShown

ASKED = {
    "Acme": [
        Entry("a", Told.CONFIRMED),
        Entry("b", Told.REFUSED),
        Entry("c", Told.UNKNOWN),
        Entry("d", Told.CONFIRMED),
    ]
}


@pytest.mark.parametrize("stored", [["a", "d"], ["a", "c", "d"]])
def test_confirmed_changes_are_there_and_unknown_ones_may_be(stored):
    assert_that({"Acme": stored}, keeps_every_confirmed_change(ASKED))


@pytest.mark.parametrize(
    ("stored", "fault"),
    [
        (["a"], "Acme: d was confirmed and is lost"),
        (["a", "a", "d"], "Acme: a is there 2 times"),
        (["a", "c", "c", "d"], "Acme: c is there 2 times"),
        (["a", "b", "d"], "Acme: b was refused and is there"),
        (["a", "d", "x"], "Acme: nobody asked for x"),
        (["d", "a"], "Acme: a is stored behind d, which was asked for after it"),
        (["a", "d", "c"], "Acme: c is stored behind d, which was asked for after it"),
    ],
)
def test_each_kind_of_fault_is_found(stored, fault):
    assert faults_of(ASKED, {"Acme": stored}) == [fault]
    assert not keeps_every_confirmed_change(ASKED).matches({"Acme": stored})


def test_a_customer_without_anything_stored_has_lost_it():
    assert len(faults_of(ASKED, {})) == 2


def test_without_a_confirmed_change_nothing_is_shown():
    with pytest.raises(NotShown):
        keeps_every_confirmed_change({"Acme": [Entry("a", Told.REFUSED)]}).matches({"Acme": []})


def test_what_an_answer_says():
    def answer(status: int | None, code: str = "") -> Outcome:
        meaning = Meaning.DONE if status == 201 else Meaning.UNAVAILABLE
        return Outcome("POST", "/", status, text=f'{{"code": "{code}"}}', meaning=meaning)

    assert told_by(answer(201)) is Told.CONFIRMED
    assert told_by(answer(None)) is Told.UNKNOWN
    assert told_by(answer(503, "outcome_unknown")) is Told.UNKNOWN
    assert told_by(answer(503, "unavailable")) is Told.REFUSED
