"""A stream is read frame by frame: events with the epoch they came in, frames about the stream, and what is neither."""

import json

from support.platform.decoding import StreamDecoder
from support.platform.drivers.apex import DIALECT


def opened(epoch: str, sequence: int) -> str:
    return json.dumps({"type": "stream_opened", "epoch": epoch, "sequence": sequence})


def thought(sequence: int) -> str:
    return json.dumps({"type": "agent_thinking", "run_id": "run-1", "sequence": sequence})


def test_an_event_knows_its_epoch_its_moment_and_its_connection():
    decoder = StreamDecoder(DIALECT)
    frames = ((1.0, 1, opened("a", 4)), (2.0, 1, thought(5)), (3.0, 2, opened("b", 0)), (4.0, 2, thought(1)))
    for received, connection, text in frames:
        decoder.feed(received, text, connection)
    assert [(event.epoch, event.sequence, event.received_at, event.connection) for event in decoder.events] == [
        ("a", 5, 2.0, 1),
        ("b", 1, 4.0, 2),
    ]
    assert [(control.epoch, control.sequence) for control in decoder.controls] == [("a", 4), ("b", 0)]
    assert decoder.epoch == "b"


def test_what_is_no_event_is_kept_apart():
    decoder = StreamDecoder(DIALECT)
    for text in ("no JSON", "[]", '{"run_id": "run-1"}', thought(1)):
        decoder.feed(1.0, text)
    assert decoder.malformed == ["no JSON", "[]", '{"run_id": "run-1"}']
    assert (len(decoder.events), decoder.epoch) == (1, None)
