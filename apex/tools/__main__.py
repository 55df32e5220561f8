"""``python -m apex.tools``."""

from apex.runtime.launch import main

main("tools")
