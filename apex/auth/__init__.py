"""Tenants, users, sessions and the tokens that open the platform's doors."""
