"""The one error of this room."""


class AnnotationError(ValueError):
    """What a person (or a file) said cannot be part of an annotation; the message says why."""
