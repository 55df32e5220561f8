"""Reading the platform's list of defects."""

import json

import pytest

from support.proof.catalogue import CatalogueError, parse

ENTRY = {
    "id": "AEC-03a",
    "promise": "AEC-03",
    "service": "worker",
    "summary": "context kept in a module variable",
    "scenario": "Ten customers at once",
    "step": "each finds only its own",
}


def listing(*entries: object) -> str:
    return json.dumps(entries)


def test_defects_are_read_in_order_of_their_ids():
    earlier = ENTRY | {"id": "AEC-02b", "promise": "AEC-02"}
    assert [defect.id for defect in parse(listing(ENTRY, earlier))] == ["AEC-02b", "AEC-03a"]
    assert parse(listing(ENTRY))[0].to_json() == {**ENTRY, "blind": False}


def test_a_blind_defect_has_no_scenario_before_it_was_planted():
    (found,) = parse(listing(ENTRY | {"blind": True, "scenario": "", "step": ""}))
    assert not found.is_planted
    assert parse(listing(ENTRY | {"blind": True}))[0].is_planted


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no list", "not JSON"),
        ('{"AEC-03a": 1}', "not a list"),
        ("[]", "empty"),
        (listing(ENTRY, ENTRY), "listed twice: AEC-03a"),
        (listing("AEC-03a"), "a defect needs the texts"),
        (listing({name: ENTRY[name] for name in ENTRY if name != "step"}), "a defect needs the texts"),
        (listing(ENTRY | {"step": 3}), "a defect needs the texts"),
        (listing(ENTRY | {"id": "AEC-3a"}), "no defect of the promise"),
        (listing(ENTRY | {"promise": "AEC-04"}), "no defect of the promise"),
        (listing(ENTRY | {"service": "frontend"}), "no service 'frontend'"),
        (listing(ENTRY | {"step": ""}), "must say something"),
        (listing(ENTRY | {"step": "", "scenario": ""}), "must say something"),
        (listing(ENTRY | {"blind": True, "step": ""}), "must say something"),
    ],
)
def test_unusable_list_is_refused(text, reason):
    with pytest.raises(CatalogueError, match=reason):
        parse(text)
