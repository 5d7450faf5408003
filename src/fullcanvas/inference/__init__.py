"""From a model file and an annotation to a label map: `Segmenter` holds the model, `Session` one photo."""

from fullcanvas.inference.cancellation import Cancellation, CancelledError
from fullcanvas.inference.embedding import Embedding
from fullcanvas.inference.embedding_cache import EmbeddingCache
from fullcanvas.inference.model_file import ModelConfig, ModelError, read_model, resolve, write_model
from fullcanvas.inference.patch import Patch
from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.inference.session import Session

__all__ = [
    "Cancellation",
    "CancelledError",
    "Embedding",
    "EmbeddingCache",
    "ModelConfig",
    "ModelError",
    "Patch",
    "Segmenter",
    "Session",
    "read_model",
    "resolve",
    "write_model",
]
