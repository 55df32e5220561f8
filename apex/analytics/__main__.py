"""``python -m apex.analytics``."""

from apex.analytics.app import create
from apex.launch import main

main("analytics", create)
