"""behave as `bin/acceptance` runs it: `python -m support.run FOLDER ARGUMENT...`, in the checkout.

The checkout's configuration counts alone, paths among the arguments are those of a caller in FOLDER, and what cannot be
is refused in one line, with exit code 2.
"""

import re
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

from behave.__main__ import run_behave
from behave.configuration import Configuration, setup_parser
from behave.exception import ConfigError, TagExpressionError
from behave.i18n import languages

from support.refusal import Refusal
from support.run import paths
from support.run.results import ANSWERED


def configured(arguments: Sequence[str], called_from: Path) -> Any:
    """behave's configuration.

    :raises Refusal: an option or its value is none.
    """
    said = StringIO()
    options = setup_parser()
    options.set_defaults(paths=[], junit_directory=None, runner=None)
    try:
        with redirect_stderr(said):
            given = options.parse_args(arguments)
            config = Configuration(list(arguments))
    except SystemExit as end:
        if not end.code:
            raise
        raise Refusal(said.getvalue().strip().splitlines()[-1].partition("error: ")[2]) from None
    except TagExpressionError as error:
        raise Refusal(f"bad tag expression in --tags: {str(error).splitlines()[0]}") from None
    except (re.error, OverflowError) as error:
        pattern = getattr(error, "pattern", None)
        which = "" if pattern is None else f" {pattern!r}"
        raise Refusal(f"bad regular expression{which} in --name, --include or --exclude: {error}") from None
    except ConfigError as error:
        raise Refusal(str(error)) from None
    if given.runner not in (None, "help"):
        raise Refusal("--runner: results are written by the suite's own; call behave itself with another")
    if config.lang_help and config.lang_help not in languages:
        raise Refusal(f"--lang-help: no language is called {config.lang_help!r}; see --lang-list")
    if len(config.outputs) > max(1, len(config.format or ())):
        raise Refusal("more files are given with -o than formatters with -f")
    config.called_from = called_from
    if given.paths:
        config.paths = [paths.given(path, called_from) for path in given.paths]
    if given.junit_directory:
        config.junit_directory = paths.given(given.junit_directory, called_from)
    for output in config.outputs:
        if output.name:
            output.name = paths.given(output.name, called_from)
    return config


def main(arguments: Sequence[str], called_from: Path) -> int:
    """Run behave; gives its exit code, ANSWERED when that was asked a question and is to play nothing."""
    if arguments[-1:] == ["--color"]:
        # behave looks for a value behind it.
        arguments = [*arguments[:-1], "--color=auto"]
    try:
        config = configured(arguments, called_from)
    except Refusal as refusal:
        print(f"bin/acceptance: {refusal}", file=sys.stderr)
        return 2
    code = int(run_behave(config))
    asked = config.version or config.tags_help or config.lang_list or config.lang_help or config.lang == "help"
    asked = asked or "help" in (*(config.format or ()), config.runner)
    return ANSWERED if not code and (asked or config.dry_run) else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], Path(sys.argv[1])))
