"""One driver for each platform that is judged."""
