"""The benchmarks by name, in the order in which they disturb each other least: those without a stack come first."""

from collections.abc import Callable
from dataclasses import dataclass

from support.bench import archive, capture, customer, lanes, mixture, proof, restart, run, scenario, start, together
from support.bench.measurement import Measurement
from support.bench.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Benchmark:
    """`measure` raises BenchmarkFailed when there is nothing sensible to report."""

    name: str
    summary: str
    measure: Callable[[Workbench], list[Measurement]]


BENCHMARKS = (
    Benchmark("start", "from the command to the first step, beside the bare starts of the services", start.measure),
    Benchmark("restart", "a service restarted by fork, beside its own start as python -m", restart.measure),
    Benchmark("capture", "events received a second, beside a bare receive loop", capture.measure),
    Benchmark("scenario", "what the suite adds to a scenario, beside bare behave", scenario.measure),
    Benchmark("customer", "sign-up and planting, beside the bare requests", customer.measure),
    Benchmark("archive", "a page out of a large archive, beside the bare question to the database", archive.measure),
    Benchmark("together", "two tools of a second side by side, beside two bare requests that are", together.measure),
    Benchmark("mixture", "50 people x 10 requests, beside bare round trips to the same server", mixture.measure),
    Benchmark("lanes", "the features in several lanes, beside the same in one, and with more on paper", lanes.measure),
    Benchmark("proof", "a defect proved, beside its scenario on the sound platform", proof.measure),
    Benchmark("run", "a run without cloud, beside a bare round trip to the same server", run.measure),
)
