"""Apex: a multi-tenant platform whose AI agents optimise cloud cost.

Four services, each startable alone: ``apex.auth``, ``apex.backend`` (with ``apex.worker`` processes), ``apex.tools``
and ``apex.analytics``.
"""

__version__ = "0.1.0"
