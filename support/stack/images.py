"""The images of stores in containers."""

from __future__ import annotations

from collections.abc import Mapping

IMAGES: Mapping[str, str] = {
    "postgres": "postgres:15-bookworm",
    "redis": "redis:7.0-bookworm",
    "clickhouse": "clickhouse/clickhouse-server:26.9",
}
"""Store to image. A registry has them all; their versions are those of the packages of Debian 12, so that they can be
built from these as well (`bin/stack images`).
"""
