"""``python -m apex.backend``."""

from apex.backend.app import create
from apex.launch import main

main("backend", create)
