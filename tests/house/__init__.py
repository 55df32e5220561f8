"""The rules of the house, each with examples that break it."""
