"""What this room refuses."""

from __future__ import annotations


class EvaluationError(ValueError):
    """An evaluation that cannot be done; the message says why and what to do."""
