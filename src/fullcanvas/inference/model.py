"""A model file, loaded: the encoder, and the mask head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullcanvas.canvas.boxes import Box, checked_box, within
from fullcanvas.canvas.resolution import padded_size, resize, working_size
from fullcanvas.inference.cancellation import Cancellation
from fullcanvas.inference.embedding import Embedding
from fullcanvas.inference.graph import Graph
from fullcanvas.inference.model_file import ModelConfig, ModelError, ModelFile
from fullcanvas.inference.roi import Roi

LARGEST_BATCH = 64
"""More regions than this are answered in several batches, so that memory stays bounded."""
_MAKE = "Pillow's np.asarray(Image.open(path).convert('RGB')) is one"


class Model:
    """A loaded model. It keeps nothing about photos; one may serve many threads.

    Attributes:
        config: how the model wants its inputs made.
        name: of the model.
        hash: of the model file; annotations name the model by it.
        provenance: how the model came about.
        licence: under which the model may be used.
    """

    config: ModelConfig
    name: str
    hash: str
    provenance: Mapping[str, Any]
    licence: str

    def __init__(self, model: ModelFile, threads: int | None = None) -> None:
        self.config, self.name, self.hash = model.config, model.name, model.hash
        self.provenance, self.licence = model.provenance, model.licence
        self._encoder = Graph(model.encoder, "encoder.onnx", ("image",), "embedding", threads)
        names = ("features", "annotation", "geometry")
        self._head = Graph(model.head, "head.onnx", names, "logits", threads)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}, {self.hash[:8]}>"

    def encode(self, image: NDArray[np.uint8], crop: Box | None = None) -> Embedding:
        """The embedding of a photo: the slow part, done once; it may be kept and given to `open` later.

        Args:
            image: uint8 [H, W, 3], RGB, upright.
            crop: the part of the photo that is encoded: half-open (x0, y0, x1, y1), in photo pixels, inside
                the photo; all of it if None.

        Raises:
            ValueError: not such an image, or the crop holds no pixel or one outside the photo.
            ModelError: the model's answer is unusable.
        """
        check_image(image)
        whole = 0, 0, image.shape[1], image.shape[0]
        crop = whole if crop is None else checked_box(crop, image.shape[1], image.shape[0], "crop")
        seen = image[within(crop, whole)]
        height, width = seen.shape[:2]
        working = working_size(width, height, self.config.working_size)
        array = self._encoder.run({"image": _encoder_input(seen, *working)})
        padded = padded_size(*working)
        stride = self.config.stride
        expected = (1, self.config.channels, padded[1] // stride, padded[0] // stride)
        if array.shape != expected:
            raise ModelError(
                f"the encoder answers with {array.shape}, but the model's config says {expected}"
            )
        return Embedding(array[0], width, height, *working, stride, self.hash, *crop[:2])

    def logits(
        self,
        rois: Sequence[Roi],
        annotations: Sequence[NDArray[np.float32]],
        cancellation: Cancellation | None = None,
    ) -> NDArray[np.float32]:
        """The mask head's answers: float32 [N, M, M], each independent of the others but for rounding.

        Args:
            rois: of N regions.
            annotations: N aligned annotation maps, float32 [2, R, R].
            cancellation: may cancel the work.

        Raises:
            ModelError: the model's answer is unusable.
            CancelledError: it was cancelled.
        """
        size = self.config.mask_size
        answers = np.empty((len(rois), size, size), np.float32)
        for start in range(0, len(rois), LARGEST_BATCH):
            batch = slice(start, start + LARGEST_BATCH)
            answers[batch] = self._answer(rois[batch], annotations[batch], cancellation)
        return answers

    def _answer(
        self,
        rois: Sequence[Roi],
        annotations: Sequence[NDArray[np.float32]],
        cancellation: Cancellation | None,
    ) -> NDArray[np.float32]:
        inputs = {
            "features": np.stack([roi.features for roi in rois]),
            "annotation": np.stack(annotations),
            "geometry": np.stack([roi.geometry for roi in rois]),
        }
        logits = self._head.run(inputs, cancellation)
        expected = (len(rois), self.config.mask_size, self.config.mask_size)
        if logits.shape != expected:
            raise ModelError(f"the head answers with {logits.shape}, but the model's config says {expected}")
        if not np.isfinite(logits).all():
            raise ModelError("the model's head answers with numbers that are not finite")
        return logits


def check_image(image: Any) -> None:
    """Refuse what is no photo.

    Raises:
        ValueError: it is not an array uint8 [H, W, 3] with at least one pixel.
    """
    if not isinstance(image, np.ndarray):
        raise ValueError(  # noqa: TRY004 (callers catch one kind of error)
            f"an image is a NumPy array, uint8 [H, W, 3], not {type(image).__name__}: {_MAKE}"
        )
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        found = f"{image.dtype} of {' x '.join(map(str, image.shape))}"
        raise ValueError(
            f"an image is uint8 of H x W x 3 (RGB) with at least one pixel, not {found}: {_MAKE}"
        )


def _encoder_input(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.float32]:
    """The photo at its working size, padded with zeros at the right and bottom: float32 [1, 3, h, w]."""
    padded_width, padded_height = padded_size(width, height)
    planes = np.zeros((1, 3, padded_height, padded_width), np.float32)
    planes[0, :, :height, :width] = resize(image, width, height).transpose(2, 0, 1)
    return planes
