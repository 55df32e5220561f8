"""Whoever calls from another folder gives and is shown paths of that folder."""

import pytest


@pytest.fixture
def elsewhere(tmp_path):
    folder = tmp_path / "else where" / "ü"
    folder.mkdir(parents=True)
    return folder


FEATURE = "../../checkout/features/agent_execution/one.feature"


@pytest.mark.parametrize(
    "named",
    [FEATURE, f"{FEATURE}:5", "../../checkout/features", "@list", "../../else where/ü/@list", "linked"],
    ids=["file", "line", "folder", "list", "list in a folder", "symbolic link"],
)
def test_what_is_to_be_played_is_found(command, checkout, elsewhere, named):
    (elsewhere / "list").write_text(f"\ufeff# the first\n{FEATURE}\n", encoding="utf-8")
    (elsewhere / "linked").symlink_to(checkout / "features")
    (elsewhere / "@list").write_text("no list of features", encoding="utf-8")
    named = named.replace("../../else where/ü/@list", "@../ü/list")
    done = command("acceptance", "--dry-run", "-f", "json", "-o", "out/of.json", named, called_from=elsewhere)
    assert done.returncode == 0, done.stderr
    assert '"name": "A scenario"' in (elsewhere / "out" / "of.json").read_text(encoding="utf-8")
    assert not (checkout / "out").exists()


@pytest.mark.parametrize("option", [["--tags", "smoke"], ["-t", "@smoke"], ["--tags=smoke"], ["-n", "scenario"]])
def test_the_value_of_an_option_is_no_path(command, elsewhere, option):
    for name in ("smoke", "@smoke", "scenario"):
        (elsewhere / name).touch()
    done = command("acceptance", "--dry-run", *option, called_from=elsewhere)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_does_not_exist_is_named_as_it_was_given(command, elsewhere):
    done = command("acceptance", "features/agent_execution/one.feature", called_from=elsewhere)
    assert done.returncode == 2
    assert "there is no features/agent_execution/one.feature" in done.stderr


@pytest.mark.parametrize("name", ["acceptance", "prove", "bench"])
def test_reports_are_written_to_the_callers_folder(command, checkout, elsewhere, name):
    (elsewhere / "found").write_text("in the way", encoding="utf-8")
    done = command(name, "-D", "reports=found", called_from=elsewhere)
    assert done.returncode == 2
    assert f"cannot write reports to {elsewhere / 'found'}" in done.stderr
    assert not (checkout / "found").exists()
