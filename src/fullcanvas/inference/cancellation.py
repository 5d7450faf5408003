"""Calling off work that is under way, from another thread."""

from __future__ import annotations

import onnxruntime


class CancelledError(Exception):
    """The work was called off; nothing came of it."""


class Cancellation:
    """Given to work that may become superfluous: it looks here between its steps, and a graph while it runs.

    Attributes:
        options: for ONNX Runtime, which gives up a run, in the middle of the graph, once it was called off.
    """

    def __init__(self) -> None:
        self.options = onnxruntime.RunOptions()

    def cancel(self) -> None:
        """Call the work off, for good; from any thread."""
        self.options.terminate = True

    def check(self) -> None:
        """Go on only if the work was not called off.

        Raises:
            CancelledError: it was.
        """
        if self.options.terminate:
            raise CancelledError
