"""``python -m apex.auth``."""

from apex.runtime.launch import main

main("auth")
