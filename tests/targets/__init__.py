"""Tests of the reference platform that need no running stack."""
