"""Tests of the suite: service coordination."""
