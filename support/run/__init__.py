"""A run: the scenarios that it plays, the lanes that play them, and what it reports."""
