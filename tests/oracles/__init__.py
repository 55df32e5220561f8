"""Tests of the suite: oracles."""
