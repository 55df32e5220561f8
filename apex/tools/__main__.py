"""``python -m apex.tools``."""

from apex.launch import main
from apex.tools.app import create

main("tools", create)
