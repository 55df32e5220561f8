"""The trace that a request belongs to, as its header says it."""

import re

import pytest

from support.platform.trace import new_trace_id, trace_id_of, traceparent


def test_a_header_is_as_the_w3c_has_it():
    trace = new_trace_id()
    assert re.fullmatch(rf"00-{trace}-[0-9a-f]{{16}}-0[01]", traceparent(trace))
    assert trace_id_of(traceparent(trace)) == trace


@pytest.mark.parametrize(("last", "flags"), [("0", "00"), ("1", "01"), ("e", "00"), ("f", "01")])
def test_a_platform_sees_traces_that_their_callers_record_and_others(last, flags):
    assert traceparent("a" * 31 + last).endswith(f"-{flags}")


def test_every_trace_and_every_request_in_it_has_an_id_of_its_own():
    trace = new_trace_id()
    assert new_trace_id() != trace
    assert traceparent(trace) != traceparent(trace)


@pytest.mark.parametrize("header", ["", "00-abc-def-01", "00-" + "a" * 32, "a" * 55])
def test_what_is_no_header_is_refused(header):
    with pytest.raises(ValueError, match="not a traceparent"):
        trace_id_of(header)
