"""What is taken as proved, and what is not."""

import pytest

from support.proof.store import Store


@pytest.fixture
def path(tmp_path):
    return tmp_path / "proved.json"


def test_what_was_kept_is_known_to_the_next_proof_unless_something_changed(path):
    Store(path).keep("AEC-01a", "digest", red_step="it holds", seconds=1.5)
    known = Store(path).recall("AEC-01a", "digest")
    assert known is not None
    assert (known["red_step"], known["seconds"]) == ("it holds", 1.5)
    assert Store(path).recall("AEC-01a", "another digest") is None
    assert Store(path).recall("AEC-01b", "digest") is None


def test_what_holds_no_more_is_forgotten(path):
    store = Store(path)
    store.keep("AEC-01a", "digest")
    store.forget("AEC-01a")
    store.forget("AEC-01b")
    assert Store(path).recall("AEC-01a", "digest") is None


def test_a_proof_of_everything_goes_on_where_it_was_interrupted(path):
    before = Store(path)
    before.keep("AEC-01a", "digest")
    assert before.begin() is False
    assert before.recall("AEC-01a", "digest", afresh=True) is None
    before.keep("AEC-01b", "digest")

    after = Store(path)
    assert after.begin() is True
    assert after.recall("AEC-01a", "digest", afresh=True) is None
    assert after.recall("AEC-01b", "digest", afresh=True) is not None
    after.end()
    assert Store(path).begin() is False
    assert Store(path).recall("AEC-01b", "digest", afresh=True) is None


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "{}", '{"results": 1, "afresh_since": null}'])
def test_a_store_that_cannot_be_read_knows_nothing(path, text):
    path.write_text(text)
    store = Store(path)
    assert store.recall("AEC-01a", "digest") is None
    store.keep("AEC-01a", "digest")
    assert Store(path).recall("AEC-01a", "digest") is not None
