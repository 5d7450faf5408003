"""From the results of single images to the scores of a data set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullcanvas.evaluation import metrics
from fullcanvas.evaluation.metrics import Matches
from fullcanvas.evaluation.rounds import ImageResult

EXTREME_SECONDS = 7.0
"""What marking the extreme points of a region takes a person (the paper)."""

SCRIBBLE_SECONDS = 3.0
"""What a scribble is taken to cost where nothing else is stated: our assumption, the paper has no number."""

GROUPS = ("things", "stuff", "small", "medium", "large")


def curve(
    results: Sequence[ImageResult], seed: int, scribble_seconds: float = SCRIBBLE_SECONDS
) -> list[dict[str, Any]]:
    """The scores before any scribble and after each round, means over all regions of all images.

    Args:
        results: of one image or more, all with the same number of rounds.
        seed: of the bootstrap intervals.
        scribble_seconds: what a scribble costs in the model of annotation time.

    Returns:
        A point per round: `scribbles_per_region` (the budget), `scribbles_drawn` (per region, what was
        used), `mean_iou` with its 95 % `interval` over images, the same for each group of regions and for the
        boundary F, the `distribution` of IoU, `panoptic_quality` with its `panoptic_interval`, and
        `seconds_per_region`. Scores are fractions in [0, 1], and None where there is no such region.
    """
    return [_point(results, index, seed, scribble_seconds) for index in range(len(results[0].rounds))]


def by_photo(results: Sequence[ImageResult]) -> list[dict[str, Any]]:
    """The scores of each photo, ordered by its id: to find the worst, and to compare models photo by photo.

    Returns:
        `image_id`, the number of its `regions` and of the `things` among them, and their summed IoU before
        any scribble and after each round, `iou_sums` and `things_iou_sums`.
    """
    photos: dict[int, dict[str, Any]] = {}
    for result in results:
        things = np.array(result.things, bool)
        ious = np.array([one.ious for one in result.rounds], np.float64).reshape(len(result.rounds), -1)
        sums = {"iou_sums": ious.sum(1), "things_iou_sums": (ious * things).sum(1)}
        counts = {"regions": len(things), "things": int(things.sum())}
        one = photos.setdefault(result.image_id, {"image_id": result.image_id})
        for key, value in {**counts, **sums}.items():
            one[key] = one.get(key, 0) + value
    plain = (photos[image_id] for image_id in sorted(photos))
    return [{key: np.asarray(value).tolist() for key, value in one.items()} for one in plain]


def _point(results: Sequence[ImageResult], index: int, seed: int, scribble_seconds: float) -> dict[str, Any]:
    ious = _joined(result.rounds[index].ious for result in results)
    boundaries = _joined(result.rounds[index].boundaries for result in results)
    everything = np.ones(len(ious), bool)
    groups = {name: everything & chosen for name, chosen in _groups(results).items()}
    columns = [(ious, everything), (boundaries, everything), *((ious, groups[name]) for name in GROUPS)]
    whole, boundary, *parts = _means(results, columns, seed)
    drawn = sum(result.rounds[index].drawn for result in results) / max(len(ious), 1)
    return {
        "scribbles_per_region": index,
        "scribbles_drawn": drawn,
        "mean_iou": whole["mean"],
        "interval": whole["interval"],
        "boundary_f": boundary,
        **dict(zip(GROUPS, parts, strict=True)),
        "distribution": metrics.distribution(ious),
        "panoptic_quality": metrics.panoptic_quality(_summed(one.rounds[index].matches for one in results)),
        "panoptic_interval": metrics.panoptic_interval(_matches_by_photo(results, index), seed),
        "seconds_per_region": EXTREME_SECONDS + scribble_seconds * drawn,
    }


def _groups(results: Sequence[ImageResult]) -> dict[str, NDArray[np.bool_]]:
    """Which regions belong to each of `GROUPS`: bool [regions]."""
    things = np.array([thing for result in results for thing in result.things], bool)
    sizes = np.array([metrics.size_class(area) for result in results for area in result.areas], "<U6")
    return {"things": things, "stuff": ~things, **{size: sizes == size for size in GROUPS[2:]}}


def _means(
    results: Sequence[ImageResult], columns: Sequence[tuple[metrics.Scores, NDArray[np.bool_]]], seed: int
) -> list[dict[str, Any]]:
    """Mean, interval and number of regions of each column of (scores, which of them count)."""
    # Photos are drawn again, not their samples: several annotations of one photo are not independent.
    photos = {image_id: row for row, image_id in enumerate(sorted({one.image_id for one in results}))}
    rows = np.repeat([photos[one.image_id] for one in results], [len(one.areas) for one in results])
    count = len(photos)
    sums: metrics.Scores = np.stack(
        [np.bincount(rows, scores * chosen, count) for scores, chosen in columns], 1
    )
    counts = np.stack(
        [np.bincount(rows[chosen], minlength=count).astype(np.int64) for _, chosen in columns], 1
    )
    intervals = metrics.bootstrap_intervals(sums, counts, seed)
    return [
        {"mean": float(total / number) if number else None, "interval": interval, "regions": int(number)}
        for total, number, interval in zip(sums.sum(0), counts.sum(0), intervals, strict=True)
    ]


def _summed(several: Iterable[Mapping[int, Matches]]) -> dict[int, Matches]:
    total: dict[int, Matches] = {}
    for one in several:
        for category, matches in one.items():
            total[category] = total.get(category, Matches()) + matches
    return total


def _matches_by_photo(results: Sequence[ImageResult], index: int) -> list[dict[int, Matches]]:
    """The matches of each photo, ordered by its id; those of its samples are added up."""
    photos: dict[int, list[Mapping[int, Matches]]] = {}
    for result in results:
        photos.setdefault(result.image_id, []).append(result.rounds[index].matches)
    return [_summed(photos[image_id]) for image_id in sorted(photos)]


def _joined(scores: Iterable[Sequence[float]]) -> metrics.Scores:
    return np.array([score for one in scores for score in one], np.float64)
