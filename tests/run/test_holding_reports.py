"""The folder of the reports belongs to one run at a time."""

import os
from dataclasses import replace

import pytest

from support.refusal import Refusal
from support.settings import Settings, hold_reports


def test_reports_are_held_until_they_are_let_go(tmp_path):
    settings = replace(Settings(), reports=tmp_path / "reports")
    held = hold_reports(settings)
    with pytest.raises(Refusal, match=r"another run writes its reports to .*/reports; wait until it has ended or"):
        hold_reports(settings)
    os.close(held)
    os.close(hold_reports(settings))


def test_other_folders_are_free(tmp_path):
    mine, other = (hold_reports(replace(Settings(), reports=tmp_path / name)) for name in ("mine", "other"))
    for held in (mine, other):
        os.close(held)
