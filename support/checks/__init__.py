"""What must be true of things observed, as PyHamcrest matchers: pure, without input or output."""
