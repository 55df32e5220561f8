"""PyHamcrest matchers that several categories use: pure, without input or output."""
