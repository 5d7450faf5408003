"""The segmenter: a model that opens photos."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Annotation
from fullcanvas.canvas.boxes import Box
from fullcanvas.inference.embedding import Embedding, Encode
from fullcanvas.inference.model import Model, check_image
from fullcanvas.inference.model_file import read_model
from fullcanvas.inference.session import Session

CLOSE_UPS_KEPT = 16
"""How many embeddings of close-ups a session keeps at hand, of a few megabytes each."""


class Segmenter(Model):
    """A loaded model that answers for any photo: what `load` makes, and what opens sessions."""

    @classmethod
    def load(cls, model: str | Path = "default", threads: int | None = None) -> Segmenter:
        """The embedded default model, or the model file at a path.

        Args:
            model: `default`, or the path.
            threads: how many it may use; None is one per core. The answers do not depend on it.

        Raises:
            ModelError: there is no such file, or it is not a usable model file.
            ValueError: `threads` is not a whole number of 1 or more.
        """
        return cls(read_model(model), threads)

    def open(
        self,
        image: NDArray[np.uint8],
        annotation: Annotation | None = None,
        embedding: Embedding | None = None,
    ) -> Session:
        """A session on one photo.

        Args:
            image: uint8 [H, W, 3], RGB, upright. If the model uses close-ups, the session keeps it: a copy
                of an array that could be written to.
            annotation: what was said about the photo so far; nothing if None.
            embedding: of all of this very photo, from this model's `encode`; made now if None.

        Raises:
            ValueError: `image` is not such an array, or the embedding is another model's or of a photo of
                another size.
            AnnotationError: the annotation is of a photo of another size.
            ModelError: the model's answer is unusable, or its regions do not compete.
        """
        check_image(image)
        embedding = self.encode(image) if embedding is None else embedding
        if embedding.crop != (0, 0, image.shape[1], image.shape[0]):
            raise ValueError("the embedding is of a photo of another size; encode this photo")
        return Session(self, self._encode_of(image, embedding), annotation)

    def _encode_of(self, image: NDArray[np.uint8], whole: Embedding) -> Encode:
        """What encodes a photo for a session; it keeps the photo only if that will ask for close-ups."""
        if not self.config.closer_below:
            return lambda _crop: whole
        photo = image.copy() if image.flags.writeable else image  # many fill one array with photo after photo

        @lru_cache(CLOSE_UPS_KEPT)
        def encode(crop: Box | None) -> Embedding:
            return self.encode(photo, crop) if crop else whole

        return encode
