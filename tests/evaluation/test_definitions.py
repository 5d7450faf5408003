"""Every score against a slow reading of its definition, and panoptic quality against hotcoco's besides."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hotcoco.panoptic import PanopticEval
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fullcanvas.evaluation import metrics, summary
from fullcanvas.evaluation.metrics import Matches
from fullcanvas.evaluation.rounds import ImageResult, RoundResult
from fullcanvas.simulation.overlap import LabelMap, confusion
from tests.panoptic_folder import write_map
from tests.simulation.maps import pairs

REGIONS = 4
KINDS = st.lists(st.integers(1, 3), min_size=REGIONS, max_size=REGIONS)


def coco_counts(truth: LabelMap, prediction: LabelMap, kinds: Sequence[int]) -> dict[int, list[float]]:
    """[IoU, true positives, false positives, false negatives] by category, as panopticapi counts them: one
    pair of segments after the other.
    """
    true = [region for region in np.unique(truth).tolist() if region]
    predicted = [region for region in np.unique(prediction).tolist() if region]
    found: dict[int, list[float]] = {kind: [0.0, 0, 0, 0] for kind in kinds}
    partners: set[tuple[str, int]] = set()
    for one, other in product(true, predicted):
        shared = ((truth == one) & (prediction == other)).sum()
        on_void = ((truth == 0) & (prediction == other)).sum()
        union = (truth == one).sum() + (prediction == other).sum() - shared - on_void
        if kinds[one - 1] == kinds[other - 1] and shared / union > 0.5:
            found[kinds[one - 1]][0] += shared / union
            found[kinds[one - 1]][1] += 1
            partners |= {("true", one), ("predicted", other)}
    for other in predicted:
        on_void = ((truth == 0) & (prediction == other)).sum()
        if ("predicted", other) not in partners and on_void / (prediction == other).sum() <= 0.5:
            found[kinds[other - 1]][2] += 1
    for one in true:
        found[kinds[one - 1]][3] += ("true", one) not in partners
    return found


def coco_quality(counts: Sequence[dict[int, list[float]]]) -> float | None:
    kinds = {kind for one in counts for kind in one}
    summed = [np.sum([one[kind] for one in counts if kind in one], 0) for kind in kinds]
    qualities = [iou / (tp + fp / 2 + fn / 2) for iou, tp, fp, fn in summed if tp + fp + fn]
    return float(np.mean(qualities)) if qualities else None


@given(st.lists(st.tuples(pairs(), KINDS), min_size=1, max_size=3))
def test_panoptic_quality_is_coco_s(images: list[tuple[tuple[LabelMap, LabelMap], list[int]]]) -> None:
    total: dict[int, Matches] = {}
    counts = []
    for (truth, prediction), kinds in images:
        counts.append(coco_counts(truth, prediction, kinds))
        found = metrics.panoptic_matches(confusion(truth, prediction, REGIONS), kinds)
        for kind, one in found.items():
            assert [one.iou, one.matched, one.extra, one.missed] == pytest.approx(counts[-1][kind])
            total[kind] = total.get(kind, Matches()) + one
    assert metrics.panoptic_quality(total) == pytest.approx(coco_quality(counts))


def write_panoptic(folder: Path, maps: Sequence[LabelMap], kinds: Sequence[int]) -> Path:
    """A data set of some label maps, all of whose regions are of these categories."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, labels in enumerate(maps, 1):
        write_map(folder / "panoptic" / f"{number}.png", labels)
        segments = [
            {"id": id_, "category_id": kinds[id_ - 1], "area": int((labels == id_).sum()), "iscrowd": 0}
            for id_ in np.unique(labels).tolist()
            if id_
        ]
        images.append({"id": number, "file_name": f"{number}.jpg", "height": 30, "width": 40})
        annotations.append({"image_id": number, "file_name": f"{number}.png", "segments_info": segments})
    categories = [{"id": kind, "name": str(kind), "isthing": kind % 2} for kind in sorted(set(kinds))]
    data = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "panoptic.json").write_text(json.dumps(data), encoding="utf-8")
    return folder / "panoptic.json"


def noisy_pair(rng: np.random.Generator, regions: int) -> tuple[LabelMap, LabelMap]:
    """Patches of regions and void, and a prediction that has some of them wrong."""
    truth = rng.integers(0, regions + 1, (6, 8)).repeat(5, 0).repeat(5, 1)
    other = rng.integers(0, regions + 1, (6, 8)).repeat(5, 0).repeat(5, 1)
    prediction = np.where(rng.random((6, 8)).repeat(5, 0).repeat(5, 1) < 0.7, truth, other)
    return truth.astype(np.int32), np.roll(prediction, 1, 1).astype(np.int32)


def test_panoptic_quality_is_that_of_code_that_is_not_ours(tmp_path: Path) -> None:
    rng, kinds = np.random.default_rng(0), [1, 1, 2, 3, 3, 4]
    both = [noisy_pair(rng, len(kinds)) for _ in range(12)]
    judge = PanopticEval(
        write_panoptic(tmp_path / "true", [truth for truth, _ in both], kinds),
        write_panoptic(tmp_path / "predicted", [prediction for _, prediction in both], kinds),
    )
    judge.evaluate()
    total = {kind: Matches() for kind in kinds}
    for truth, prediction in both:
        for kind, one in metrics.panoptic_matches(confusion(truth, prediction, len(kinds)), kinds).items():
            total[kind] += one
    assert 0.1 < judge.results()["All"]["pq"] < 0.9
    assert metrics.panoptic_quality(total) == pytest.approx(judge.results()["All"]["pq"])


def boundary(labels: LabelMap, known: NDArray[np.bool_], region: int) -> list[tuple[int, int]]:
    """Known pixels of the region beside a known pixel that is not the region's."""
    height, width = labels.shape
    found = []
    for y, x in np.argwhere((labels == region) & known).tolist():
        for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if 0 <= v < height and 0 <= u < width and known[v, u] and labels[v, u] != region:
                found.append((y, x))
                break
    return found


def share_near(pixels: list[tuple[int, int]], others: list[tuple[int, int]], reach: int) -> float:
    near = [any((y - v) ** 2 + (x - u) ** 2 <= reach**2 for v, u in others) for y, x in pixels]
    return sum(near) / len(near)


@given(pairs())
def test_boundary_f_is_the_harmonic_mean_of_the_shares_of_boundary_pixels_that_agree(
    maps: tuple[LabelMap, LabelMap],
) -> None:
    truth, prediction = maps
    known, reach = truth > 0, int(np.ceil(0.008 * np.hypot(*truth.shape)))
    found = metrics.boundary_scores(truth, prediction, REGIONS)
    for region in range(1, REGIONS + 1):
        true, claimed = boundary(truth, known, region), boundary(prediction, known, region)
        if true and claimed:
            shares = share_near(claimed, true, reach), share_near(true, claimed, reach)
            expected = 2 * np.prod(shares) / sum(shares) if sum(shares) else 0.0
        else:
            expected = float(bool(true) == bool(claimed))
        assert found[region - 1] == pytest.approx(expected)


@st.composite
def results(draw: st.DrawFn) -> list[ImageResult]:
    """Two rounds of some samples; several may show one photo, and one may have no region."""
    score = st.floats(0, 1)
    found = []
    for _ in range(draw(st.integers(1, 4))):
        number = draw(st.integers(0, 3))
        scores = st.lists(score, min_size=number, max_size=number).map(tuple)
        matches = st.dictionaries(
            st.integers(1, 2), st.builds(Matches, score, st.just(1), st.integers(0, 2), st.integers(0, 2))
        )
        first = RoundResult(0, draw(scores), draw(scores), draw(matches))
        second = RoundResult(draw(st.integers(0, 5)), draw(scores), draw(scores), draw(matches))
        things = draw(st.lists(st.booleans(), min_size=number, max_size=number).map(tuple))
        area = st.sampled_from([1, 1023, 1024, 9215, 9216])
        areas = draw(st.lists(area, min_size=number, max_size=number).map(tuple))
        found.append(ImageResult(draw(st.integers(1, 3)), things, areas, (first, second)))
    return found


def mean(values: Sequence[float]) -> Any:
    return pytest.approx(sum(values) / len(values)) if values else None


@settings(max_examples=10)
@given(results(), st.integers(0, 9))
def test_the_curve_is_made_of_plain_means(samples: list[ImageResult], seed: int) -> None:
    for index, point in enumerate(summary.curve(samples, seed, scribble_seconds=2)):
        regions = [
            (iou, thing, area)
            for one in samples
            for iou, thing, area in zip(one.rounds[index].ious, one.things, one.areas, strict=True)
        ]
        drawn = sum(one.rounds[index].drawn for one in samples) / max(len(regions), 1)
        assert (point["scribbles_per_region"], point["scribbles_drawn"]) == (index, pytest.approx(drawn))
        assert point["seconds_per_region"] == pytest.approx(7 + 2 * drawn)
        assert point["mean_iou"] == mean([iou for iou, _, _ in regions])
        assert point["things"]["mean"] == mean([iou for iou, thing, _ in regions if thing])
        assert point["stuff"]["mean"] == mean([iou for iou, thing, _ in regions if not thing])
        assert point["small"]["mean"] == mean([iou for iou, _, area in regions if area < 32**2])
        assert point["medium"]["mean"] == mean([iou for iou, _, area in regions if 32**2 <= area < 96**2])
        assert point["large"]["mean"] == mean([iou for iou, _, area in regions if area >= 96**2])
        assert point["large"]["regions"] == sum(area >= 96**2 for _, _, area in regions)
        assert point["boundary_f"]["mean"] == mean(
            [f for one in samples for f in one.rounds[index].boundaries]
        )


@settings(max_examples=8)
@given(results(), st.integers(0, 9))
def test_the_interval_is_over_photos_drawn_with_all_their_regions(
    samples: list[ImageResult], seed: int
) -> None:
    photos = sorted({one.image_id for one in samples})
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    means, qualities = list[Any](), list[Any]()
    for _ in range(1000):
        drawn = [photos[place] for place in rng.integers(len(photos), size=len(photos))]
        again = [one.rounds[1] for photo in drawn for one in samples if one.image_id == photo]
        if ious := [iou for one in again for iou in one.ious]:
            means.append(np.mean(ious))
        if any(one.matches for one in again):
            plain = [
                {kind: [m.iou, m.matched, m.extra, m.missed] for kind, m in one.matches.items()}
                for one in again
            ]
            qualities.append(coco_quality(plain))
    point = summary.curve(samples, seed)[1]
    expected = pytest.approx(np.quantile(means, [0.025, 0.975]).tolist()) if means else None
    assert point["interval"] == expected
    expected = pytest.approx(np.quantile(qualities, [0.025, 0.975]).tolist()) if qualities else None
    assert point["panoptic_interval"] == expected
