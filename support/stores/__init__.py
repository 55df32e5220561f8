"""The only place that looks into databases, caches, journals and logs."""
