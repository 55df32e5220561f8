"""What services share of HTTP: bodies, identity, rate limits, problems."""
