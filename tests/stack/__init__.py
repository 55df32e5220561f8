"""Tests of the stack: lines, services, their ends, and what is left behind (nothing)."""
