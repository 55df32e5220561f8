"""The vocabulary tells whoever writes a feature which sentences and words there are."""

import subprocess
import sys

from support.settings import CHECKOUT


def test_every_sentence_and_word_is_listed():
    command = [sys.executable, "-m", "support.cli.acceptance", "--steps-catalog"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    said = done.stdout.splitlines()
    defined = [
        line
        for path in (CHECKOUT / "steps").rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if line.startswith(("@given(", "@when(", "@then("))
    ]
    assert sum(line.startswith(("  Given ", "  When  ", "  Then  ")) for line in said) == len(defined)
    at = said.index("  Given {viewer:User} watches events")
    assert any(line.startswith("          used in ") for line in said[at : at + 3])
    words = said[said.index("  {Work}") :]
    assert "          a cost analysis" in words
