"""``python -m apex.analytics``."""

from apex.launch import main

main("analytics")
