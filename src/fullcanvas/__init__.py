"""Fullcanvas segments every region of an image at once, with a person in the loop.

Example:
    >>> from fullcanvas import Segmenter
    >>> session = Segmenter.load().open(image)
    >>> cat = session.add_region([left, right, top, bottom], label="cat")
    >>> session.scribble([(x, y), ...])
    >>> session.label_map
"""

from __future__ import annotations

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fullcanvas.annotation import Annotation, AnnotationError
    from fullcanvas.client import Client, ClientError
    from fullcanvas.inference import ModelError, Patch, Segmenter, Session

__all__ = [
    "Annotation",
    "AnnotationError",
    "Client",
    "ClientError",
    "ModelError",
    "Patch",
    "Segmenter",
    "Session",
    "__version__",
]

__version__ = metadata.version("fullcanvas")

# The rooms are imported on first use: `import fullcanvas` costs nothing and loads no ONNX Runtime.
_ROOMS = {
    "Annotation": "fullcanvas.annotation",
    "AnnotationError": "fullcanvas.annotation",
    "Client": "fullcanvas.client",
    "ClientError": "fullcanvas.client",
    "ModelError": "fullcanvas.inference",
    "Patch": "fullcanvas.inference",
    "Segmenter": "fullcanvas.inference",
    "Session": "fullcanvas.inference",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'fullcanvas' has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
