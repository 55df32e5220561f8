"""A walk: what customers do, drawn in any order, each answer held against a small model of what it must be."""
