"""The stack of a run's first lane, begun before the lane is there: while it starts, behave loads hooks and steps."""

from collections.abc import Callable

from support.refusal import Refusal
from support.settings import CHECKOUT, Settings, prepare_reports
from support.stack.client import Stack, StackError, StackOptions, Starting
from support.surroundings import credentials

_begun: list[Starting] = []


def begin(settings: Settings) -> None:
    """Begin to start a stack, if the run needs one of its own.

    :raises Refusal: reports cannot be written, or the stack cannot be started; one clear line.
    """
    if settings.stack != "fresh":
        return
    prepare_reports(settings)
    try:
        _begun.append(Stack.begin(_options(settings)))
    except StackError as error:
        raise Refusal(str(error)) from None


def hand_over() -> None:
    """The lane that was forked just now has what was begun: it ends with the lane, and the next lane begins its own."""
    while _begun:
        _begun.pop().let_go()


def abandon() -> None:
    """End what was begun and not asked for."""
    while _begun:
        _begun.pop().abandon()


def stack_of(settings: Settings, progress: Callable[[str], None]) -> Stack:
    """The stack to play on: the begun one, a kept one, somebody else's, or a fresh one, ready.

    :raises StackError: there is none, or what it would show is not what these sources do.
    """
    if settings.attach_to is not None:
        return _sound(Stack.connect(settings.attach_to), settings)
    if _begun:
        return _begun.pop().ready(progress)
    kept = Stack.attach(CHECKOUT) if settings.keep else None
    return Stack.start(_options(settings), progress) if kept is None else _sound(kept, settings)


def _sound(stack: Stack, settings: Settings) -> Stack:
    """A stack that somebody left running, if it is what it would be when it were started now.

    :raises StackError: it has another platform or other sources, or a run that was killed has left something broken.
    """
    options = _options(settings)
    if stack.target != options.platform:
        raise StackError(
            f"the running stack is that of {stack.target}; bin/stack down and "
            f"bin/stack up -D target={options.platform} start the other one"
        )
    if stack.is_stale(CHECKOUT):
        raise StackError(
            "the running stack was started from other sources than these; bin/stack down and bin/stack up start it anew"
        )
    broken = [f"{one.name} ({one.state})" for one in stack.services() if one.twin is None and one.state != "ready"]
    broken += [f"the link {link.name} ({link.fault})" for link in stack.links() if link.fault]
    if broken:
        raise StackError(
            f"the running stack is broken: {', '.join(broken)}; bin/stack down and bin/stack up start it anew"
        )
    return stack


def _options(settings: Settings) -> StackOptions:
    return StackOptions(
        checkout=CHECKOUT,
        log_dir=settings.log_directory,
        target=settings.target,
        mode=settings.mode,
        services=settings.services,
        ports=settings.ports,
        keep=settings.keep,
        credentials=credentials(),
    )
