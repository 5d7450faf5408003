"""The answer from scratch, as the paper writes it: image-sized maps, full matrices, all regions at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Annotation, DrawScribble
from fullcanvas.annotation.ink import Ink, annotation_maps
from fullcanvas.canvas.boxes import region_box
from fullcanvas.canvas.competition import Canvas, Layer, project
from fullcanvas.canvas.sampling import align_matrix, resample
from fullcanvas.canvas.strokes import Stroke, draw_strokes
from fullcanvas.inference import Embedding, Segmenter


@dataclass(frozen=True)
class Answer:
    labels: NDArray[np.int32]
    uncertainty: NDArray[np.float32]
    close: NDArray[np.bool_]
    """Where the two best logits differ by less than 1e-4."""


def head_inputs(segmenter: Segmenter, embedding: Embedding, annotation: Annotation):
    """Features [N, C, R, R], annotation [N, 2, R, R] and geometry [N, 4] of all regions, by id."""
    config = segmenter.config
    width, height = embedding.working_width, embedding.working_height
    regions = [annotation.regions[id_] for id_ in sorted(annotation.regions)]
    ink = Ink(embedding.scale_x, embedding.scale_y, config.disc_diameter, config.stroke_width)
    maps = annotation_maps(regions, ink, width, height, config.shared)
    features, aligned, places = [], [], []
    for region, own in zip(regions, maps, strict=True):
        box = np.array(region_box(region, config.grow_boxes), np.float64)
        scaled = box * ([embedding.scale_x, embedding.scale_y] * 2)
        features.append(_align(embedding.array, scaled / config.stride, config.roi_size))
        aligned.append(_align(own.astype(np.float32), scaled, config.roi_size))
        x0, y0, x1, y1 = box / ([annotation.width, annotation.height] * 2)
        places.append(((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0))
    return np.array(features), np.array(aligned), np.array(places, np.float32)


def _align(planes, box, cells):
    height, width = planes.shape[1:]
    rows = align_matrix(box[1], box[3], cells, height)
    return resample(planes, rows, align_matrix(box[0], box[2], cells, width))


def from_scratch(
    segmenter: Segmenter, embedding: Embedding, annotation: Annotation, canvas: Canvas | None = None
) -> Answer:
    """Everything anew; on the full-resolution canvas unless another is given."""
    full = Canvas(annotation.width, annotation.height, annotation.width, annotation.height)
    canvas = canvas or full
    planes = np.full((2, canvas.height, canvas.width), -np.inf, np.float32)
    ids = np.array([0, 0, *sorted(annotation.regions)])
    grow = segmenter.config.grow_boxes
    if annotation.regions:
        names = ("features", "annotation", "geometry")
        inputs = dict(zip(names, head_inputs(segmenter, embedding, annotation), strict=True))
        layers = [
            Layer(id_, region_box(annotation.regions[id_], grow), logits)
            for id_, logits in zip(sorted(annotation.regions), segmenter._head.run(inputs), strict=True)
        ]
        planes = np.concatenate([planes, [project(layer, canvas, canvas.area) for layer in layers]])
    labels = ids[planes.argmax(0)].astype(np.int32)
    ordered = np.sort(planes, 0)
    with np.errstate(invalid="ignore"):
        close = ordered[-1] - ordered[-2] < 1e-4
        powers = np.nan_to_num(np.exp(planes - ordered[-1]))
        chances = np.sort(np.nan_to_num(powers / powers.sum(0)), 0)
    uncertainty = 1 - (chances[-1] - chances[-2])
    if segmenter.config.ink_constraint:
        drawn = np.zeros(labels.shape, np.int32)
        draw_strokes(drawn, _strokes(annotation, grow), canvas, canvas.area)
        labels[drawn > 0] = drawn[drawn > 0]
        uncertainty[drawn > 0] = 0
        close &= drawn == 0
    return Answer(labels, uncertainty.astype(np.float32), close)


def _strokes(annotation: Annotation, grow: bool) -> list[Stroke]:
    regions = annotation.regions
    return [
        Stroke(entry.region, entry.points, region_box(regions[entry.region], grow))
        for entry in annotation.entries[: annotation.cursor]
        if isinstance(entry, DrawScribble) and entry.region in regions
    ]
