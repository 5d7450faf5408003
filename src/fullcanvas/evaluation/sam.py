"""Any model of Segment Anything's kind, as a pair of ONNX files: a mask per region, composed by score.

The encoder turns a normalised, padded photo into an embedding; the decoder has the signature of the one that
segment-anything exports. `docs/experiments.md` says how to get both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Annotation, Region, Scribble
from fullcanvas.canvas.boxes import Box, Framing, region_box
from fullcanvas.canvas.resolution import resize
from fullcanvas.evaluation.baselines.boxes import compose
from fullcanvas.evaluation.onnx_file import Array, OnnxFile
from fullcanvas.evaluation.predictors import Image, Opened
from fullcanvas.inference.model_file import ModelError
from fullcanvas.simulation.overlap import LabelMap

SIDE = 1024
"""The encoder's input is square, and this large if its file does not say."""

MEAN, DEVIATION = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
"""Of each channel of ImageNet's photos: what segment-anything subtracts, and divides by."""

INPUTS = (
    "image_embeddings",
    "point_coords",
    "point_labels",
    "mask_input",
    "has_mask_input",
    "orig_im_size",
)
OUTPUTS = ("masks", "iou_predictions", "low_res_masks")
NEGATIVE, POSITIVE, TOP_LEFT, BOTTOM_RIGHT = 0, 1, 2, 3

POINTS_PER_SCRIBBLE = 3
"""A scribble is given to the decoder as this many points: its two ends, and one half-way."""


def load_sam(files: str, threads: int | None = None) -> SamModel:
    """The model in `ENCODER,DECODER`.

    Raises:
        ModelError: these are not two files, or they are not of this kind.
    """
    encoder, comma, decoder = files.partition(",")
    if not comma or not encoder or not decoder:
        raise ModelError(f"a SAM-type model is named sam:ENCODER.onnx,DECODER.onnx, not sam:{files}")
    first = OnnxFile(Path(encoder), threads)
    if len(first.inputs) != 1 or len(next(iter(first.inputs.values()))) != 4:
        raise ModelError(f"{first.name}.onnx should take one image 1 x 3 x {SIDE} x {SIDE}; see the guide")
    return SamModel(first, OnnxFile(Path(decoder), threads, INPUTS, OUTPUTS))


class SamGraph(Protocol):
    """One of the two networks: an `OnnxFile`, or what answers as one does."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def hash(self) -> str:
        """Identifies it."""
        ...

    @property
    def inputs(self) -> Mapping[str, Sequence[Any]]:
        """The shape of each input by its name; a side that is no number may have any length."""
        ...

    @property
    def outputs(self) -> Sequence[str]:
        """Their names."""
        ...

    def run(self, inputs: Mapping[str, Array]) -> Mapping[str, Array]:
        """All outputs by name.

        Raises:
            ModelError: it refuses the inputs.
        """
        ...


@dataclass(frozen=True, slots=True)
class SamModel:
    """A pair of networks."""

    encoder: SamGraph
    decoder: SamGraph

    @property
    def name(self) -> str:
        """The names of both."""
        return f"sam:{self.encoder.name},{self.decoder.name}"

    @property
    def hash(self) -> str:
        """Of the hashes of both."""
        return hashlib.sha256(f"{self.encoder.hash}/{self.decoder.hash}".encode()).hexdigest()

    @property
    def training_images(self) -> Mapping[str, Collection[int]]:
        """Unknown: they do not say."""
        return {}

    def open(self, image: Image) -> Opened:
        """Encodes an image: uint8 [H, W, 3], RGB."""
        (name, shape), *_ = self.encoder.inputs.items()
        side = shape[-1] if isinstance(shape[-1], int) else SIDE
        height, width = image.shape[:2]
        scale = side / max(height, width)
        size = int(width * scale + 0.5) or 1, int(height * scale + 0.5) or 1
        outputs = self.encoder.run({name: encoder_input(image, *size, side)})
        return _OpenedSam(self.decoder, outputs[self.encoder.outputs[0]], (width, height), size)


def encoder_input(image: Image, width: int, height: int, side: int) -> Array:
    """The photo resized, normalised, then padded with zeros at the right and bottom: [1, 3, side, side]."""
    planes = np.zeros((1, 3, side, side), np.float32)
    normal = (resize(image, width, height).astype(np.float32) - MEAN) / DEVIATION
    planes[0, :, :height, :width] = normal.transpose(2, 0, 1)
    return planes


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the decoder is told of a region.

    Attributes:
        points: float32 [P, 2], (x, y) in photo pixels.
        labels: float32 [P].
    """

    points: Array
    labels: Array

    def same(self, other: Prompt) -> bool:
        """Whether both say the same."""
        return np.array_equal(self.points, other.points) and np.array_equal(self.labels, other.labels)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the decoder says of a region.

    Attributes:
        prompt: to which it answered.
        claim: bool [y1 - y0, x1 - x0], the mask within the region's box.
        score: the IoU that the decoder predicts for it.
        low: float32 [1, 1, h, w], the mask's logits, from which the next answer starts.
    """

    prompt: Prompt
    claim: NDArray[np.bool_]
    score: float
    low: Array


def prompt_of(annotation: Annotation, region: Region) -> Prompt:
    """A box, whose sides the extreme points are; positive points on the region's scribbles; negative ones
    where scribbles of others lie in the box, for these are pixels that somebody else should gain or has.
    """
    x0, y0, x1, y1 = region_box(region, Framing(grow=True))
    own = [point for scribble in region.scribbles for point in along(scribble)]
    others = [
        (x, y)
        for other in annotation.regions.values()
        if other.id != region.id
        for scribble in other.scribbles
        for x, y in along(scribble)
        if x0 <= x < x1 and y0 <= y < y1
    ]
    labels = [*(POSITIVE for _ in own), *(NEGATIVE for _ in others), TOP_LEFT, BOTTOM_RIGHT]
    points = [*own, *others, (x0, y0), (x1, y1)]
    return Prompt(np.array(points, np.float32), np.array(labels, np.float32))


@lru_cache(maxsize=4096)  # every region asks for everybody's scribbles, after every correction
def along(scribble: Scribble) -> tuple[tuple[float, float], ...]:
    """`POINTS_PER_SCRIBBLE` points (x, y), evenly spaced on a scribble; one if it is a dot."""
    points = np.array(scribble.points, np.float64)
    lengths = np.hypot(*np.diff(points, axis=0).T) if len(points) > 1 else np.zeros(0)
    if not lengths.sum():
        return ((float(points[0, 0]), float(points[0, 1])),)
    places = np.concatenate([[0], np.cumsum(lengths)])
    wanted = np.linspace(0, places[-1], POINTS_PER_SCRIBBLE)
    xs, ys = (np.interp(wanted, places, points[:, axis]) for axis in (0, 1))
    return tuple((float(x), float(y)) for x, y in zip(xs, ys, strict=True))


@dataclass(frozen=True, slots=True)
class _OpenedSam:
    """An image under a SAM-type model.

    Attributes:
        decoder: answers prompts.
        embedding: of the image.
        photo, working: width and height of the photo, and of what the encoder saw of it.
        answers: the last one of each region.
    """

    decoder: SamGraph
    embedding: Array
    photo: tuple[int, int]
    working: tuple[int, int]
    answers: dict[int, Answer] = field(default_factory=dict)

    def apply(self, annotation: Annotation) -> LabelMap:
        """A region is asked for again where its own prompt changed; its last mask is then part of it."""
        for region in annotation.regions.values():
            prompt, last = prompt_of(annotation, region), self.answers.get(region.id)
            if last is None or not last.prompt.same(prompt):
                self.answers[region.id] = self._ask(prompt, region_box(region, Framing(grow=True)), last)
        known = {id_: self.answers[id_] for id_ in annotation.regions}
        claims = {id_: answer.claim for id_, answer in known.items()}
        return compose(annotation, claims, {id_: answer.score for id_, answer in known.items()})

    def _ask(self, prompt: Prompt, box: Box, last: Answer | None) -> Answer:
        (width, height), (x0, y0, x1, y1) = self.photo, box
        scale = np.array([self.working[0] / width, self.working[1] / height], np.float32)
        outputs = self.decoder.run(
            {
                "image_embeddings": self.embedding,
                "point_coords": (prompt.points * scale)[None],
                "point_labels": prompt.labels[None],
                "mask_input": np.zeros(self._low_shape(), np.float32) if last is None else last.low,
                "has_mask_input": np.array([last is not None], np.float32),
                "orig_im_size": np.array([height, width], np.float32),
            }
        )
        masks, scores, low = (outputs[name] for name in OUTPUTS)
        if masks.shape[2:] != (height, width):
            raise ModelError(f"{self.decoder.name}.onnx answers with masks of another size than the photo's")
        one = chosen(scores[0])
        claim = masks[0, one, y0:y1, x0:x1] > 0
        return Answer(prompt, claim, float(scores[0, one]), low[:, one : one + 1])

    def _low_shape(self) -> tuple[int, ...]:
        """Of the logits that the decoder starts from: four times the embedding's sides."""
        return (1, 1, 4 * self.embedding.shape[2], 4 * self.embedding.shape[3])


def chosen(scores: Array) -> int:
    """Which of the masks counts. Of segment-anything's four the first is the one for clear prompts, as a box
    is; of another number it is the one with the highest score.
    """
    return 0 if len(scores) == 4 else int(scores.argmax())
