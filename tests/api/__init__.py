"""Tests of the suite: api."""
