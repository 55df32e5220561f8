"""``python -m apex.analytics``."""

from apex.runtime.launch import main

main("analytics")
