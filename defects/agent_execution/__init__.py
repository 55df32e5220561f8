"""Seeded defects of agent runs (AEC): a module for each of its features."""
