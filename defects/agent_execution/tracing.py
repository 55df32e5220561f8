"""Seeded defects of traces (AEC-08)."""

from __future__ import annotations

import os

from apex.runtime.telemetry import span, traceparent
from apex.worker import toolbox
from defects import Scenario
from defects._patching import replace

found = Scenario("The caller's trace is found in every record of the run", service="worker")

TRACE = "the caller's trace ID, and no other, is found in"


@found.defect("AEC-08a", "a new trace begins where tools are called", step=TRACE)
def _() -> None:
    def fresh() -> str:
        with span("tool"):
            return traceparent().replace(traceparent()[3:35], os.urandom(16).hex())

    replace(toolbox, "traceparent", fresh)
