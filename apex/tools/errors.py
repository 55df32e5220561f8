"""How a tool says that it cannot do its work."""

from collections.abc import Iterable


class ToolError(Exception):
    """The tool cannot do its work; the text is fit for a customer. ``recoverable``: trying again may help."""

    def __init__(self, message: str, recoverable: bool = False) -> None:
        super().__init__(message)
        self.message, self.recoverable = message, recoverable


class WrongParameters(Exception):
    """The parameters are not as the tool wants them; ``names`` are those that are wrong."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)
        super().__init__(", ".join(self.names))
