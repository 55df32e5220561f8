"""How a service runs: start, settings of its process, plugins, discovery, telemetry, seeded defects."""
