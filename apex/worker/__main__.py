"""``python -m apex.worker``."""

from apex.launch import main
from apex.worker.app import create

main("worker", create)
