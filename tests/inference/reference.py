"""The answer from scratch, as the paper writes it: image-sized maps, full matrices, all regions at once.

Paint, masks, merges and fill are done here pixel by pixel, by their definition in the decision record.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import (
    Annotation,
    DeleteRegion,
    DrawScribble,
    KeepRegions,
    MergeRegions,
    PaintRegion,
    Region,
    Scribble,
    SplitRegion,
    ink,
)
from fullcanvas.annotation.ink import Pen, annotation_maps
from fullcanvas.canvas.boxes import region_box
from fullcanvas.canvas.close_ups import crop_for
from fullcanvas.canvas.competition import Canvas, Layer, project
from fullcanvas.canvas.lines import line_pixels
from fullcanvas.canvas.sampling import align_matrix
from fullcanvas.inference import Embedding, Segmenter
from tests.canvas.drawing import Line, draw_lines, resample

Photo = NDArray[np.uint8] | None


@dataclass(frozen=True)
class Answer:
    labels: NDArray[np.int32]
    uncertainty: NDArray[np.float32]
    close: NDArray[np.bool_]
    """Where the two best logits differ by less than 1e-4, or what was filled from such a place."""


def head_inputs(segmenter: Segmenter, embedding: Embedding, annotation: Annotation, photo: Photo = None):
    """Features [N, C, R, R], annotation [N, 2, R, R] and geometry [N, 4] of all layers, by id.

    The photo is needed where the model looks closer at small regions.
    """
    config = segmenter.config
    framing = config.framing(annotation.width, annotation.height)
    features, aligned, places = [], [], []
    for index, region in enumerate(layers_of(annotation)):
        box = region_box(region, framing)
        seen = embedding
        if config.closer_below and photo is not None:
            size = annotation.width, annotation.height
            seen = segmenter.encode(photo, crop_for(box, *size, config.working_size, config.closer_below))
        # A close-up is a photo of its own, on which everything lies elsewhere.
        regions = [moved(layer, seen.left, seen.top) for layer in layers_of(annotation)]
        pen = Pen(seen.scale_x, seen.scale_y, config.disc_diameter, config.stroke_width)
        maps = annotation_maps(regions, pen, seen.working_width, seen.working_height, config.shared)
        placed = np.array(box, np.float64) - [seen.left, seen.top] * 2
        scaled = placed * ([seen.scale_x, seen.scale_y] * 2)
        features.append(_align(seen.array, scaled / config.stride, config.roi_size))
        aligned.append(_align(maps[index].astype(np.float32), scaled, config.roi_size))
        x0, y0, x1, y1 = placed / ([seen.width, seen.height] * 2)
        places.append(((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0))
    return np.array(features), np.array(aligned), np.array(places, np.float32)


def moved(region: Region, left: int, top: int) -> Region:
    """The region as it lies in a part of the photo."""

    def inside(points):
        return tuple((x - left, y - top) for x, y in points)

    scribbles = tuple(Scribble(inside(scribble.points)) for scribble in region.scribbles)
    return replace(region, extreme_points=inside(region.extreme_points), scribbles=scribbles)


def layers_of(annotation: Annotation) -> list[Region]:
    """The regions that the head answers for, by id."""
    layers = [layer for region in annotation.regions.values() for layer in region.parts or (region,)]
    return sorted(layers, key=lambda layer: layer.id)


def _align(planes, box, cells):
    height, width = planes.shape[1:]
    rows = align_matrix(box[1], box[3], cells, height)
    return resample(planes, rows, align_matrix(box[0], box[2], cells, width))


def from_scratch(
    segmenter: Segmenter,
    embedding: Embedding,
    annotation: Annotation,
    canvas: Canvas | None = None,
    photo: Photo = None,
) -> Answer:
    """Everything anew, nothing remembered; on the full-resolution canvas unless another is given."""
    ink._drawn.cache_clear()
    line_pixels.cache_clear()
    canvas = canvas or Canvas(annotation.width, annotation.height, annotation.width, annotation.height)
    framing = segmenter.config.framing(annotation.width, annotation.height)
    marks = _marks(annotation, canvas, framing, segmenter.config.ink_constraint)
    erased = {id_: _last_said(marks, id_, canvas) == -1 for id_ in annotation.regions}
    inputs = head_inputs(segmenter, embedding, annotation, photo)
    planes, newest = _planes(segmenter, inputs, annotation, canvas, erased)
    ids = np.array([0, 0, *sorted(annotation.regions)])
    labels = ids[planes.argmax(0)].astype(np.int32)
    labels[np.isneginf(planes).all(0)] = 0
    ordered = np.sort(planes, 0)
    with np.errstate(invalid="ignore"):
        close = ordered[-1] - ordered[-2] < 1e-4
        powers = np.nan_to_num(np.exp(planes - ordered[-1]))
        chances = np.sort(np.nan_to_num(powers / powers.sum(0)), 0)
    uncertainty = 1 - (chances[-1] - chances[-2])
    held = np.zeros(labels.shape, np.bool_)
    for index, id_, covered, erase in marks:
        holds = covered & (newest <= index) & (_last_said(marks, id_, canvas) == 1)
        if not erase:
            labels[holds] = id_
            held |= holds
    uncertainty[held] = 0
    close &= ~held
    return Answer(labels, uncertainty.astype(np.float32), close)


def filled(raw: Answer) -> NDArray[np.int32]:
    """Every unassigned pixel from the nearest assigned one, as OpenCV measures."""
    empty = (raw.labels == 0).astype(np.uint8)
    if not empty.any() or empty.all():
        return raw.labels
    _, zones = cv2.distanceTransformWithLabels(empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    owner = {int(zone): label for zone, label in zip(zones[empty == 0], raw.labels[empty == 0], strict=True)}
    return np.array([[owner[int(zone)] for zone in row] for row in zones], np.int32)


def _planes(segmenter, inputs, annotation, canvas, erased):
    """Logits [2 + regions, h, w], minus infinity where none competes, and the newest mask's index."""
    shape = canvas.height, canvas.width
    regions, layers = annotation.regions, layers_of(annotation)
    planes = {id_: np.full(shape, -np.inf, np.float32) for id_ in sorted(regions)}
    owner = {layer.id: id_ for id_, region in regions.items() for layer in region.parts or (region,)}
    newest = np.full(shape, -1)
    for layer in layers:
        if layer.mask is not None:
            held = _centres_in(layer.mask.pixels, canvas) & ~erased[owner[layer.id]]
            newest[held] = np.maximum(newest[held], layer.since)
    if layers:
        names = ("features", "annotation", "geometry")
        answers = segmenter._head.run(dict(zip(names, inputs, strict=True)))
        for layer, logits in zip(layers, answers, strict=True):
            box = region_box(layer, segmenter.config.framing(annotation.width, annotation.height))
            plane = project(Layer(layer.id, box, logits), canvas, canvas.area)
            plane[newest > layer.since] = -np.inf
            plane[erased[owner[layer.id]]] = -np.inf
            if layer.mask is not None:
                plane[~_centres_in(layer.mask.pixels, canvas)] = -np.inf
            planes[owner[layer.id]] = np.maximum(planes[owner[layer.id]], plane)
    nobody = np.full((2, *shape), -np.inf, np.float32)
    return np.concatenate([nobody, *(plane[None] for plane in planes.values())]), newest


def _centres_in(pixels, canvas):
    rows = ((np.arange(canvas.height) + 0.5) * canvas.photo_height / canvas.height).astype(int)
    columns = ((np.arange(canvas.width) + 0.5) * canvas.photo_width / canvas.width).astype(int)
    return pixels[np.ix_(rows, columns)]


def _marks(annotation, canvas, framing, bound):
    """(index, region, covered bool [h, w], erase) of everything drawn that counts, in order."""
    entries = list(enumerate(annotation.in_force))
    marks = []
    for index, entry in entries:
        if not isinstance(entry, PaintRegion) and not (isinstance(entry, DrawScribble) and bound):
            continue
        id_ = entry.region
        for _, later in entries[index + 1 :]:
            if isinstance(later, MergeRegions) and id_ in later.others:
                id_ = later.region
            elif (isinstance(later, SplitRegion | DeleteRegion) and later.region == id_) or (
                isinstance(later, KeepRegions) and id_ in later.regions
            ):
                id_ = 0
                break
        if id_ and isinstance(entry, PaintRegion):
            marks.append((index, id_, _painted(entry, canvas), entry.erase))
        elif id_:
            covered = np.zeros((canvas.height, canvas.width), np.int32)
            box = region_box(annotation.regions[id_], framing)
            draw_lines(covered, [Line(1, entry.points, box)], canvas, canvas.area)
            marks.append((index, id_, covered > 0, False))
    return marks


def _painted(entry, canvas):
    x = canvas.columns(0, canvas.width)[None, :, None]
    y = canvas.rows(0, canvas.height)[:, None, None]
    starts = np.array(entry.points[:-1] or entry.points) + 0.5
    steps = np.array(entry.points[1:] or entry.points) + 0.5 - starts
    length = np.maximum((steps**2).sum(1), 1)
    along = np.clip(((x - starts[:, 0]) * steps[:, 0] + (y - starts[:, 1]) * steps[:, 1]) / length, 0, 1)
    dx, dy = x - starts[:, 0] - along * steps[:, 0], y - starts[:, 1] - along * steps[:, 1]
    return (dx**2 + dy**2).min(2) <= entry.radius**2


def _last_said(marks, region, canvas):
    """1 where the region's last mark gave it the pixel, -1 where it took it, 0 where there is none."""
    said = np.zeros((canvas.height, canvas.width), np.int8)
    for _, id_, covered, erase in marks:
        if id_ == region:
            said[covered] = -1 if erase else 1
    return said
