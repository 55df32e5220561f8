"""Seeded defects of the coordination of services (CSC): a module for each of its features."""
