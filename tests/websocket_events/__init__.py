"""Tests of the suite: live events."""
