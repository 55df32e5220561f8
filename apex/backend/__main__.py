"""``python -m apex.backend``."""

from apex.runtime.launch import main

main("backend")
