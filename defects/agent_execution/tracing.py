"""Seeded defects of traces (AEC-08)."""

from __future__ import annotations

import os

from apex.runtime.telemetry import span, traceparent
from apex.worker import toolbox
from defects import Scenario
from defects._patching import replace

caller_trace_found = Scenario("A caller's trace is found wherever the run left a mark", service="worker")


@caller_trace_found.defect("AEC-08a", "a new trace begins where tools are called", step="Acme's trace is found in")
def _() -> None:
    def fresh() -> str:
        with span("tool"):
            return traceparent().replace(traceparent()[3:35], os.urandom(16).hex())

    replace(toolbox, "traceparent", fresh)
