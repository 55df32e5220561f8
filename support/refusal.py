"""What the suite says when it cannot start: one clear line."""


class Refusal(Exception):
    """The run is refused before anything was started.

    The message is one line: what is wrong, where it was given, what to do instead.
    """
