"""Tests of the suite: business data."""
