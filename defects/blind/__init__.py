"""Blind defects: written from the promises alone, by somebody who did not know the scenarios."""
