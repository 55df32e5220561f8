"""``python -m apex.auth``."""

from apex.auth.app import create
from apex.launch import main

main("auth", create)
