"""Tests of the suite: tool dispatcher."""
