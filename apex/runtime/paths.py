"""What the path of a request may name."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

Named = Annotated[str, Path(max_length=100)]
"""An id or a name in a path. What cannot be one is not there, like anything else that is not."""
