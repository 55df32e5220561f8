"""How every service serves: the options of its web server."""

from __future__ import annotations

from typing import Any

from apex.http.request_protocol import limited
from apex.http.socket_protocol import SocketProtocol
from apex.settings import Listener, Settings


def options(settings: Settings, listener: Listener) -> dict[str, Any]:
    """What uvicorn is told."""
    return {
        "host": listener.host,
        "port": listener.port,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "date_header": False,
        "http": limited(settings.requests),
        "ws": SocketProtocol,
        "ws_per_message_deflate": False,
        "ws_ping_interval": settings.backend.heartbeat_seconds,
        "ws_ping_timeout": settings.backend.heartbeat_timeout_seconds,
        "ws_max_size": 64 * 1024,
        # Whom to believe is a setting, never what an environment happens to say.
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": [str(network) for network in settings.trusted_proxies],
        # Longer than customers' programs think between two requests: who asks just when the line is closed as
        # idle gets no answer, and cannot know whether anything was done.
        "timeout_keep_alive": 75,
        "timeout_graceful_shutdown": 3,
    }
