"""Blind defects: written from the promises alone, by somebody who did not know the scenarios."""

# Once this package is loaded, ``defects.blind`` names the package; its modules take the function from here.
from defects import blind

__all__ = ["blind"]
