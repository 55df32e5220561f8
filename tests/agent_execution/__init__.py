"""Tests of the suite: agent execution."""
