"""The parts of a platform that faults and logs are about, by what they are for."""

from dataclasses import dataclass
from enum import Enum


class Component(Enum):
    """One part; the value is its name in a target's description."""

    API = "api"
    SPARE_API = "spare_api"
    WORKERS = "workers"
    TOOLS = "tools"
    SPARE_TOOLS = "spare_tools"
    ANALYTICS = "analytics"
    DATABASE = "database"
    REPLICA = "replica"
    CACHE = "cache"
    ANALYTICS_STORE = "analytics_store"
    CLOUD = "cloud"


@dataclass(frozen=True, slots=True)
class Part:
    """What a component is called in the stack: its service, the link to it, the pattern of its logs' names."""

    service: str
    link: str
    logs: str
