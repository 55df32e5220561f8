"""How a tool says that it cannot do its work."""


class ToolError(Exception):
    """The text is fit for a customer. ``recoverable``: trying again may help."""

    def __init__(self, message: str, recoverable: bool = False) -> None:
        super().__init__(message)
        self.recoverable = recoverable
