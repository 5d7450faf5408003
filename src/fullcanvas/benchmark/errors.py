"""What stops a benchmark."""


class BenchmarkError(ValueError):
    """There is nothing to measure with; the message says what to do."""
