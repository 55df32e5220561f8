"""Seeded defects of business data (DBL): a module for each of its features."""
