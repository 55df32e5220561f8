"""Tests of the suite: scenario."""
