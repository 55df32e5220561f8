"""Running scenarios against one stack whose services are restarted with seeded defects."""

import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from os import getpid
from pathlib import Path

from support.proof.catalogue import Defect
from support.proof.verdicts import Judgement, Proof, judge
from support.run.results import Results, ResultsMissing, read_results
from support.settings import CHECKOUT
from support.stack.client import Stack
from support.stack.errors import StackError
from support.stack.options import StackOptions
from support.stack.processes import dies_with

# Scenarios end by their own budgets; this only keeps a proof from waiting for ever.
CONTROL_SECONDS = 3600.0
DEFECT_SECONDS = 300.0


class ProofStopped(Exception):
    """The proof cannot go on; the text says why, with the last lines of whatever said so."""


class Runner:
    """One stack, and the runs of behave against it. A context manager: the stack ends with it."""

    def __init__(self, reports: Path, progress: Callable[[str], None]) -> None:
        """`reports` is emptied; each run gets a folder of its own in it."""
        self._reports = reports
        self._progress = progress
        shutil.rmtree(reports, ignore_errors=True)
        reports.mkdir(parents=True)
        options = StackOptions(checkout=CHECKOUT, log_dir=reports / "logs")
        try:
            self._stack = Stack.start(options, progress)
        except StackError as error:
            raise ProofStopped(str(error)) from None

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def control(self, titles: Iterable[str] | None) -> Results:
        """Run the scenarios (None: all) on the sound platform; raises ProofStopped unless they are green."""
        self._progress("green control: the scenarios on the sound platform")
        results = self._behave("control", titles, CONTROL_SECONDS)
        if not results.scenarios:
            raise ProofStopped("none of the scenarios exists in features/")
        red = [result.title for result in results.scenarios if result.status not in ("passed", "skipped")]
        if red:
            listed = "".join(f"\n  {title}" for title in red)
            where = self._reports / "control"
            raise ProofStopped(f"red without any defect, so a red one would prove nothing ({where}):{listed}")
        self._progress(f"green control: {results.summary}")
        return results

    def prove(self, defects: Sequence[Defect], done: Callable[[Proof], None]) -> list[Proof]:
        """Run every defect's scenario with the defect loaded; `done` hears of each at once."""
        proofs = []
        ordered = sorted(defects, key=lambda defect: (defect.service, defect.id))
        for service, group in groupby(ordered, key=lambda defect: defect.service):
            for defect in group:
                proof = self._prove(defect)
                done(proof)
                proofs.append(proof)
            try:
                self._restart(service)
            except StackError as error:
                raise ProofStopped(f"{service} does not come back without a defect: {error}") from None
        return sorted(proofs, key=lambda proof: proof.defect.id)

    def _prove(self, defect: Defect) -> Proof:
        began = time.monotonic()
        try:
            self._restart(defect.service, defect.id)
            results = self._behave(defect.id, [defect.scenario], DEFECT_SECONDS)
            judgement, red_step, note = judge(defect, results.scenarios)
        except (StackError, ProofStopped) as error:
            judgement, red_step, note = Judgement.INCONCLUSIVE, None, str(error)
        return Proof(defect, judgement, red_step, note, time.monotonic() - began)

    def _restart(self, service: str, defect_id: str | None = None) -> None:
        """Restart all instances of the service at once, with the defect or sound."""
        arguments = ["--defect", defect_id] if defect_id else []
        instances = [
            status.name
            for status in self._stack.services()
            # A spare starts with the defect of its twin.
            if status.twin is None and (status.name == service or status.name.startswith(f"{service}-"))
        ]
        with ThreadPoolExecutor(len(instances)) as together:
            list(together.map(lambda name: self._stack.restart(name, extra_args=arguments), instances))

    def _behave(self, name: str, titles: Iterable[str] | None, seconds: float) -> Results:
        reports = self._reports / name
        settings = {"stack": f"attach:{self._stack.socket_path}", "profile": "small", "reports": reports}
        command = [sys.executable, "-m", "behave", "--no-junit"]
        command += [f"-D{key}={value}" for key, value in settings.items()]
        # behave searches the expression in the title; of an outline it adds the example's number to the title.
        command += [f"--name=^{re.escape(title)}( -- @.*)?$" for title in titles or ()]
        reports.mkdir()
        output = reports / "behave.txt"
        with output.open("wb") as log:
            running = subprocess.Popen(
                command,
                cwd=CHECKOUT,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=dies_with(getpid(), signal.SIGKILL),
            )
            try:
                running.wait(seconds)
            except subprocess.TimeoutExpired:
                raise ProofStopped(f"no end after {seconds:.0f} s, see {output}") from None
            finally:
                running.kill()
                running.wait()
        try:
            return read_results(reports / "results.json")
        except ResultsMissing as missing:
            tail = "\n".join(output.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])
            raise ProofStopped(f"{missing}\n{tail}") from None
