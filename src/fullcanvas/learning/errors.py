"""What the learning room refuses; every message says what is wrong and what to do."""

from __future__ import annotations


class LearningError(ValueError):
    """Any of the refusals below."""


class ConfigError(LearningError):
    """A configuration cannot be used."""


class CheckpointError(LearningError):
    """A checkpoint cannot be used."""


class WeightsError(LearningError):
    """Weights to start from cannot be used, or cannot be had."""


class RunError(LearningError):
    """A run cannot start or go on."""


class ExportError(LearningError):
    """A network cannot be written as a model file."""
