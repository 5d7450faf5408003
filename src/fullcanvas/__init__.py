"""Fullcanvas segments every region of an image at once, with a person in the loop.

Example:
    >>> from fullcanvas import Segmenter
    >>> session = Segmenter.load().open(image)
    >>> cat = session.add_region([left, right, top, bottom], label="cat")
    >>> session.scribble([(x, y), ...], region=cat)
    >>> session.label_map

`Annotation` (what was said), `Session` (that, and the label map that follows from it) and `RemotePhoto`
(both, on a server) have the same methods: a stroke comes first and its region by name; what is done to a
region names it first. Positions are (x, y) in pixels of the upright photo.
"""

from __future__ import annotations

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fullcanvas.annotation import Annotation, AnnotationError, Mask, Region
    from fullcanvas.client import Client, ClientError, ConflictError, RemotePhoto
    from fullcanvas.inference import (
        Cancellation,
        CancelledError,
        Embedding,
        ModelError,
        Patch,
        Segmenter,
        Session,
    )

__all__ = [
    "Annotation",
    "AnnotationError",
    "Cancellation",
    "CancelledError",
    "Client",
    "ClientError",
    "ConflictError",
    "Embedding",
    "Mask",
    "ModelError",
    "Patch",
    "Region",
    "RemotePhoto",
    "Segmenter",
    "Session",
    "__version__",
]

__version__ = metadata.version("fullcanvas")

# The rooms are imported on first use: `import fullcanvas` costs nothing and loads no ONNX Runtime.
_ROOMS = {
    "Annotation": "fullcanvas.annotation",
    "AnnotationError": "fullcanvas.annotation",
    "Cancellation": "fullcanvas.inference",
    "CancelledError": "fullcanvas.inference",
    "Client": "fullcanvas.client",
    "ClientError": "fullcanvas.client",
    "ConflictError": "fullcanvas.client",
    "Embedding": "fullcanvas.inference",
    "Mask": "fullcanvas.annotation",
    "ModelError": "fullcanvas.inference",
    "Patch": "fullcanvas.inference",
    "Region": "fullcanvas.annotation",
    "RemotePhoto": "fullcanvas.client",
    "Segmenter": "fullcanvas.inference",
    "Session": "fullcanvas.inference",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'fullcanvas' has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
