"""The customer's API: threads, runs, usage, and the live events."""
