"""Seeded defects of configuration."""
