"""``python -m apex.backend``."""

from apex.launch import main

main("backend")
