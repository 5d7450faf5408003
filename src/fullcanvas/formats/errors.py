"""What can keep an export from being made."""

from __future__ import annotations


class ExportError(ValueError):
    """Nothing was exported, and nothing that was there before has changed; the message says why."""


class ImportFormatError(ValueError):
    """What was to be imported cannot be; the message names the file and what is wrong with it."""
