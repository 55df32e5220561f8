"""Seeded defects of live events (WSE): a module for each of its features."""
