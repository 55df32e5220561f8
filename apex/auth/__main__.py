"""``python -m apex.auth``."""

from apex.launch import main

main("auth")
