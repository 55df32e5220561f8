"""Tenants, users, sessions and the tokens that give access to the platform."""
