"""Cancelling work that is under way, from another thread."""

from __future__ import annotations

import onnxruntime


class CancelledError(Exception):
    """The work was cancelled; it has had no effect."""


class Cancellation:
    """Passed to work that may be cancelled: the work checks it between steps, ONNX Runtime during a run.

    Attributes:
        options: for ONNX Runtime's `run`, which ends in the middle of the graph once the work is cancelled.
    """

    def __init__(self) -> None:
        self.options = onnxruntime.RunOptions()

    def cancel(self) -> None:
        """Cancel the work, for good; may be called from any thread."""
        self.options.terminate = True

    def check(self) -> None:
        """Return only if the work was not cancelled.

        Raises:
            CancelledError: it was cancelled.
        """
        if self.options.terminate:
            raise CancelledError
