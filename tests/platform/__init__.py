"""Tests of the suite: platform."""
