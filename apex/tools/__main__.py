"""``python -m apex.tools``."""

from apex.launch import main

main("tools")
