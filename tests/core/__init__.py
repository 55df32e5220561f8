"""Tests of the suite's core: judging, waiting, listening, asking, reporting."""
