"""Load, always in a process of its own: ``python -m support.load KIND``, told what to do in JSON lines."""
