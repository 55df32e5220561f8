"""Tests of the suite: matchers."""
