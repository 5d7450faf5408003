"""What this room refuses."""

from __future__ import annotations


class AnnotatorError(ValueError):
    """An annotator that nobody knows; the message names those that are known."""
