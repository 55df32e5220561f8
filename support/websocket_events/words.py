"""The words of live events in sentences; see support/scenario/words.py."""

from support.platform.dialect import Closing
from support.scenario.sessions import Place, Stranger
from support.scenario.words import kind
from support.websocket_events.connections import SlowNetwork
from support.websocket_events.error_events import Failure, Retry

TYPES = {
    "Place": kind(Place),
    "Stranger": kind(Stranger),
    "SlowNetwork": kind(SlowNetwork),
    "Failure": kind(Failure),
    "Retry": kind(Retry),
    "Closing": kind(Closing),
}
