"""Tests of the crowd client."""
