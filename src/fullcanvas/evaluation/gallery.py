"""Pictures of how an image's segmentation grows from round to round (figure 6 of the paper)."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Annotation
from fullcanvas.datasets import Record, Sample
from fullcanvas.evaluation.files import write_bytes
from fullcanvas.simulation.overlap import LabelMap

LONGEST_SIDE = 480
OPACITY = 0.55
GAP = 6
MOST_SHOWN = 6
WHITE = (255, 255, 255)

Picture = NDArray[np.uint8]


class Snapshot(NamedTuple):
    """What was said of an image, and what the model answered."""

    annotation: Annotation
    prediction: LabelMap


def picture_of(record: Record, folder: Path) -> Path:
    """The file of a sample's picture: called as its map, which no other sample has."""
    return folder / record.map_name


def draw_picture(sample: Sample, snapshots: Sequence[Snapshot], file: Path) -> None:
    """Writes a strip of panels: the photo, the truth, and the prediction before and after every round.

    Predictions bear all ink so far: extreme points as discs, scribbles as lines, white-rimmed in the region's
    colour. Unassigned pixels show the photo. Panels are reduced to 480 pixels.
    """
    panels = [sample.image, _overlay(sample.image, sample.labels)]
    panels += [_inked(_overlay(sample.image, one.prediction), one.annotation) for one in snapshots]
    gap = np.full((len(_reduced(sample.image)), GAP, 3), 255, np.uint8)
    strip = [part for panel in panels for part in (_reduced(panel), gap)][:-1]
    _, data = cv2.imencode(".png", np.concatenate(strip, 1)[..., ::-1])
    write_bytes(file, data.tobytes())


def color_of(region: int) -> tuple[int, int, int]:
    """A region's colour (red, green, blue); hues a golden angle apart, so neighbours in number differ."""
    red, green, blue = colorsys.hsv_to_rgb(region * 0.618034 % 1, 0.75 - 0.3 * (region % 2), 0.95)
    return round(255 * red), round(255 * green), round(255 * blue)


def _overlay(image: Picture, labels: LabelMap) -> Picture:
    table = np.array([color_of(region) for region in range(int(labels.max(initial=0)) + 1)], np.float64)
    mixed = (1 - OPACITY) * image + OPACITY * table[labels]
    return np.where(labels[..., None] > 0, np.round(mixed), image).astype(np.uint8)


def _inked(picture: Picture, annotation: Annotation) -> Picture:
    inked = picture.copy()
    # Thick enough to be seen once the panel is reduced.
    unit = max(1, round(max(picture.shape[:2]) / LONGEST_SIDE))
    for rim in (2 * unit, 0):
        for region in annotation.regions.values():
            color = WHITE if rim else color_of(region.id)
            for point in region.extreme_points:
                cv2.circle(inked, point, 3 * unit + rim // 2, color, cv2.FILLED, cv2.LINE_AA)
            for scribble in region.scribbles:
                line = np.array(scribble.points, np.int32)
                dot = len(line) == 1  # of which OpenCV draws nothing, unless it is closed
                cv2.polylines(inked, [line], dot, color, 2 * unit + rim, cv2.LINE_AA)
    return inked


def _reduced(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def stack_worst(records: Sequence[Record], means: Sequence[float], rounds: int, folder: Path) -> None:
    """Writes `worst.png`: the samples with the lowest scores, the lowest first, as `stack` shows them.

    Args:
        records: the samples, each with a picture in the folder.
        means: the mean IoU of each.
        rounds: of scribbles.
        folder: of the pictures.
    """
    order = np.argsort(means, kind="stable")[:MOST_SHOWN]
    stack([picture_of(records[place], folder) for place in order], rounds, folder / "worst.png")


def stack(pictures: Sequence[Path], rounds: int, file: Path, photo: bool = True) -> None:
    """Writes figure 6: of each picture by `draw_picture` the photo, the prediction before any scribble, after
    the first round and after the last one, and the truth; one picture below the other.

    Args:
        pictures: files, all with as many rounds.
        rounds: of scribbles.
        file: of the figure.
        photo: whether the photos are shown.
    """
    chosen = list(dict.fromkeys([*([0] if photo else []), 2, min(3, rounds + 2), rounds + 2, 1]))
    strips = [_columns(picture, rounds + 3, chosen) for picture in pictures]
    width = max(strip.shape[1] for strip in strips)
    rows = [_enlarged(strip, width) for strip in strips]
    gap = np.full((GAP, width, 3), 255, np.uint8)
    figure = np.concatenate([part for row in rows for part in (row, gap)][:-1])
    _, data = cv2.imencode(".png", figure)
    write_bytes(file, data.tobytes())


def _columns(file: Path, panels: int, chosen: Sequence[int]) -> Picture:
    """Some panels of a picture, side by side; blue, green, red."""
    # OpenCV's own reading takes no path beyond ASCII on Windows.
    data = np.frombuffer(file.read_bytes(), np.uint8)
    picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    width = (picture.shape[1] + GAP) // panels
    gap = np.full((len(picture), GAP, 3), 255, np.uint8)
    parts = [part for one in chosen for part in (picture[:, one * width : (one + 1) * width - GAP], gap)]
    return np.concatenate(parts[:-1], 1)


def _enlarged(picture: Picture, width: int) -> Picture:
    height = max(1, round(len(picture) * width / picture.shape[1]))
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
