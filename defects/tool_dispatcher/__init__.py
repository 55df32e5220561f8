"""Seeded defects of tools (TLD): a module for each of its features."""
