"""Seeded defects of database management."""
