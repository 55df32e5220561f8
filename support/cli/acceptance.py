"""`bin/acceptance`: one run of the features, with results and an exit code that can be relied on."""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from types import FrameType

from support.refusal import Refusal
from support.run.capacity import refuse_too_many
from support.run.repeating import Repeat
from support.run.results import ANSWERED, ResultsMissing, read_results
from support.settings import CHECKOUT, KEYS, Settings
from support.stack.processes import dies_with
from support.surroundings import command_environment

STAGES = {"smoke": "@smoke", "gate": "@smoke or @gate", "nightly": None}

DESCRIPTION = """\
Starts the real services, runs the features against the platform and writes what they showed to reports/.
Sets up what is missing first, and leaves nothing running behind.
"""

_REPEATED = f"reports={CHECKOUT / 'reports' / 'repro'}"
"""A repetition writes beside what it repeats: the evidence that it was asked by stays."""

EXAMPLES = """\
examples:
  bin/acceptance                                  everything
  bin/acceptance --stage smoke                    the quick look
  bin/acceptance --tags=@WSE-03                   one promise
  bin/acceptance features/agent_execution         one category
  bin/acceptance -D stack=keep --name cancels     while writing: the stack stays up between runs
  bin/acceptance -D order=random:7                in shuffled order
  bin/acceptance --repro reports/evidence/...     only the scenario whose evidence that is, as it was played then
  bin/acceptance --jobs 1                         one scenario at a time, in the order in which they are written
  bin/acceptance --shard 2/4                      the second of four parts, on the second of four machines
  bin/acceptance -f acceptance -f allure          also write results for Allure to reports/allure-results
  bin/acceptance -D target=aegra --known          another platform; what is known of it is no failure
  bin/acceptance -D target=../our-platform        your own platform: docs/your-platform.md
  bin/acceptance --steps-catalog                  the vocabulary for who writes features

reports: results.json, JUnit files, evidence/ for each scenario, logs/ of each service
exit code: 0 all passed; 1 something failed, or nothing could be run; 2 a bad option or setting; 128 + N when signal N
ended the run early (130: Ctrl-C): what had run until then is in the reports
All other options are behave's own: .venv/bin/behave --help
"""


def parser() -> argparse.ArgumentParser:
    """The options that are ours; all others are handed to behave as they are."""
    settings = "\n".join(f"  {key.name:<10} {key.help} (default: {key.default})" for key in KEYS)
    made = argparse.ArgumentParser(
        prog="bin/acceptance",
        usage="bin/acceptance [--target NAME] [--stage STAGE] [--jobs N] [--shard K/N] [-D NAME=VALUE] [behave's own]",
        description=DESCRIPTION,
        epilog=f"settings (-D NAME=VALUE):\n{settings}\n\n{EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    stages = "smoke: the quick look; gate: what every change must pass; nightly: all (default)"
    made.add_argument("--stage", choices=STAGES, default="nightly", help=stages)
    made.add_argument(
        "--jobs",
        "-j",
        metavar="N",
        help="lanes that play side by side, each with a stack of its own (default: what processors and memory allow "
        "and the run is worth); with 1 the scenarios are played in the order in which they are written",
    )
    made.add_argument("--known", action="store_true", help="known deviations of the platform let the run not fail")
    made.add_argument("--target", metavar="NAME", help="the platform under test, as -D target=NAME")
    made.add_argument(
        "--repro",
        metavar="EVIDENCE.json",
        help="play only the scenario whose evidence this is, as it was played then (reports: the folder repro of it)",
    )
    made.add_argument("--shard", metavar="K/N", help="the K-th of N parts of about equal duration, one for a machine")
    made.add_argument(
        "--steps-catalog",
        action="store_true",
        help="print the vocabulary: every sentence, what it does and where it is used, and the words in sentences",
    )
    made.add_argument("-D", "--define", action="append", default=[], metavar="NAME=VALUE", help="a setting")
    return made


def main(arguments: Sequence[str], called_from: Path) -> int:
    """Run behave and judge what it wrote; gives the exit code.

    `arguments` as typed; a path among them is taken from the folder `called_from`.
    """
    own, others = parser().parse_known_args(arguments)
    try:
        return _catalogue() if own.steps_catalog else _played(own, others, called_from)
    except Refusal as refusal:
        # Some of the settings have options of their own.
        options = ("jobs", "shard", *(["target"] if own.target else []))
        said = reduce(lambda text, name: text.replace(f"-D {name}=", f"--{name} "), options, str(refusal))
        print(f"bin/acceptance: {said}", file=sys.stderr)
        return 2


def _catalogue() -> int:
    # They load behave, which no other call needs here.
    from support.run import vocabulary
    from support.run.loading import load

    print("\n".join(vocabulary.lines(load([]).features)).lstrip())
    return 0


def _played(own: argparse.Namespace, others: Sequence[str], called_from: Path) -> int:
    stage = STAGES[own.stage]
    # What has an option of its own comes last; of a setting that is given twice the last one holds.
    options = (("target", own.target), ("jobs", own.jobs), ("shard", own.shard))
    given = [*own.define, *(f"{name}={value}" for name, value in options if value is not None)]
    if own.repro is not None:
        repeat = Repeat.of(called_from / own.repro)
        given, others = repeat.defined([_REPEATED, *given]), [*repeat.selected, *others]
    given = ["jobs=auto", *given]
    given += ["known=yes"] if own.known else []
    settings = Settings.from_userdata(dict(_definition(text) for text in given))
    refuse_too_many(settings.jobs or 1)
    given.append(f"seed={settings.seed}")
    # They were given by a caller who may be in another folder.
    given += [
        f"target={settings.target}",
        f"reports={settings.reports}",
        *([f"logs={settings.logs}"] if settings.logs else []),
    ]
    command = [sys.executable, "-m", "support.run", str(called_from), *([f"--tags={stage}"] if stage else [])]
    command += [*(f"-D{definition}" for definition in given), *others]
    results = settings.reports / "results.json"
    before = _version(results)
    code = _run(command)
    if code == ANSWERED:
        return 0
    if _version(results) in (before, None):
        # When behave refused to run it has said why; the results are those of an earlier run.
        if code == 0:
            print("bin/acceptance: the run wrote no results", file=sys.stderr)
        return code or 1
    # Our own formatter says it itself.
    chosen = [argument for argument in others if argument.startswith(("-f", "--format"))]
    counts_shown = not chosen or any("acceptance" in argument for argument in others)
    return _closing(code, results, counts_shown, settings.known)


def _definition(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def _version(file: Path) -> int | None:
    """What changes whenever the file is written; None without one."""
    return file.stat().st_mtime_ns if file.exists() else None


def _run(command: Sequence[str]) -> int:
    """Run behave in the checkout until it ends; a signal to this process is a signal to behave."""
    behave = subprocess.Popen(
        command, cwd=CHECKOUT, env=command_environment(), preexec_fn=dies_with(os.getpid(), signal.SIGKILL)
    )

    ended_by = 0

    def pass_on(number: int, _: FrameType | None) -> None:
        nonlocal ended_by
        ended_by = ended_by or number
        # The terminal sends its Ctrl-C to the whole process group, behave included.
        if number != signal.SIGINT or not sys.stdin.isatty():
            behave.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # What was to be ignored, as nohup asks for, still is.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, pass_on)
    code = behave.wait()
    if code and ended_by:
        return 128 + ended_by
    return code if code >= 0 else 128 - code


def _closing(behave_code: int, results_path: Path, counts_shown: bool, known_may_be: bool) -> int:
    """The exit code of behave, but never 0 without a result that deserves it."""
    try:
        results = read_results(results_path)
    except ResultsMissing as missing:
        print(f"bin/acceptance: {missing}", file=sys.stderr)
        return behave_code or 1
    if not counts_shown:
        print(results.summary)
    if results.ended_by:
        return 128 + signal.Signals[results.ended_by]
    is_red = any(scenario.counts_as_red(known_may_be) for scenario in results.scenarios)
    return behave_code or int(is_red or not results.scenarios)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path.cwd()))
