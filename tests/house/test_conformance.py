"""The README's matrix is what `bin/report compare` makes of the summary that is checked in."""

import pytest

from support.run import matrix
from support.run.conformance import Matrix
from support.settings import CHECKOUT


def test_the_matrix_of_the_readme_is_made_of_the_results_that_are_kept():
    kept = CHECKOUT / "docs" / "conformance.json"
    readme = (CHECKOUT / "README.md").read_text("utf-8")
    if readme != matrix.in_readme(readme, Matrix.of([kept], CHECKOUT)):
        pytest.fail("README.md shows another matrix; bin/report compare --readme README.md docs/conformance.json")
