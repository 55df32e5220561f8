"""``python -m apex.worker``."""

from apex.runtime.launch import main

main("worker")
