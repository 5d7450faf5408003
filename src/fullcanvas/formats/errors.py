"""What can keep an export from being made."""

from __future__ import annotations


class ExportError(ValueError):
    """What was to be exported cannot be, all of it or one photo; what was there before has not changed."""


class ImportFormatError(ValueError):
    """What was to be imported cannot be; the message names the file and what is wrong with it."""
