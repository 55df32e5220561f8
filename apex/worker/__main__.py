"""``python -m apex.worker``."""

from apex.launch import main

main("worker")
