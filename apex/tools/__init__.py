"""Tools: what agents use to read and change the world outside, on a customer's behalf.

A plugin brings its own: a module in the plugin directory (or an entry point of the group ``apex.tools``) that
defines subclasses of ``Tool``.
"""

from apex.tools.errors import ToolError
from apex.tools.tool import Tool, ToolCall

__all__ = ["Tool", "ToolCall", "ToolError"]
