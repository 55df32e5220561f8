"""Seeded defects of the HTTP API (API): a module for each of its features."""
