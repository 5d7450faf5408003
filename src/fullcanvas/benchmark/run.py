"""The benchmark: one run over real photos, from which every figure and every ratio comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from fullcanvas.annotation import Annotation
from fullcanvas.benchmark.head import multiply_adds, products
from fullcanvas.benchmark.marks import USUAL, corrected, marked
from fullcanvas.benchmark.peers import against_peers
from fullcanvas.benchmark.photos import Photo, read_photos, size_of, sized
from fullcanvas.benchmark.round_trip import round_trip
from fullcanvas.benchmark.simulated import simulated
from fullcanvas.benchmark.timing import median, peak_memory, timed
from fullcanvas.benchmark.watch import CountingSegmenter, Times, correct, figures_of, opened
from fullcanvas.canvas.boxes import region_box
from fullcanvas.datasets import open_dataset
from fullcanvas.evaluation.predictors import FullImagePredictor
from fullcanvas.inference.embedding_cache import EmbeddingCache
from fullcanvas.inference.graph import real_cores
from fullcanvas.inference.model_file import ModelFile, read_model
from fullcanvas.inference.segmenter import Segmenter

SIZE = (640, 480)
REGIONS = (1, 5, 11, 20, 50, 100)
MEGAPIXELS = (0.3072, 2.0, 12.0, 24.0)
MOST_PHOTOS = 4
REPETITIONS = 5


@dataclass(frozen=True, slots=True)
class Settings:
    """What is measured.

    Attributes:
        model: `default`, or the path of a model file.
        photos: their folder; None is the examples.
        corrections: how many are timed for each number of regions and each size.
        seed: of the random boxes and strokes.
        dataset: a COCO panoptic data set, which a simulated annotator works on too; None leaves that out.
        peers: other systems that are compared.
        regions, megapixels: the numbers and sizes that are compared.
    """

    model: str
    photos: Path | None = None
    corrections: int = 100
    seed: int = 0
    dataset: Path | None = None
    peers: Sequence[FullImagePredictor] = ()
    regions: Sequence[int] = REGIONS
    megapixels: Sequence[float] = MEGAPIXELS


def measure(settings: Settings) -> dict[str, Any]:
    """Every figure, as JSON values; docs/performance.md says what each is.

    Raises:
        BenchmarkError: there are no photos.
        DatasetError: the data set cannot be opened.
        ModelError: there is no such model.
    """
    dataset = None if settings.dataset is None else open_dataset(settings.dataset)  # before minutes are spent
    photos = [sized(photo, *SIZE) for photo in read_photos(settings.photos, MOST_PHOTOS)]
    log = marked(np.random.default_rng(settings.seed), *SIZE, USUAL)
    start, segmenter = timed(lambda: _begin(settings.model, photos[0], log))
    by_regions = _by_regions(segmenter, photos, settings)
    small = peak_memory()
    by_size = _by_size(segmenter, photos[0], settings)
    return {
        **_about(segmenter, photos),
        "start_to_first_answer_ms": start,
        **figures_of(by_regions[USUAL]),
        **_ratios(by_regions[USUAL]),
        **_flatness(by_regions, by_size),
        **_from_disk(segmenter, photos[0]),
        **round_trip(settings.model, photos[0], log, settings.corrections, settings.seed),
        **_head(segmenter, read_model(settings.model), photos[0], log),
        **_curves(by_regions, by_size),
        "peers": against_peers(segmenter, settings.peers, photos, settings.seed) if settings.peers else None,
        "simulated": None if dataset is None else simulated(segmenter, dataset, settings.seed),
        "peak_memory_mb": {"at_640_x_480": small, "at_every_size": peak_memory()},
    }


def _by_regions(
    segmenter: CountingSegmenter, photos: Sequence[Photo], settings: Settings
) -> dict[int, Times]:
    counts = sorted({USUAL, *settings.regions})
    return dict(zip(counts, _in_turn(segmenter, [(photos, each) for each in counts], settings), strict=True))


def _by_size(segmenter: CountingSegmenter, photo: Photo, settings: Settings) -> dict[float, Times]:
    cases = [([sized(photo, *size_of(each))], USUAL) for each in settings.megapixels]
    return dict(zip(settings.megapixels, _in_turn(segmenter, cases, settings), strict=True))


def _about(segmenter: Segmenter, photos: Sequence[Photo]) -> dict[str, Any]:
    """What was measured, and on what."""
    return {
        "model": {"name": segmenter.name, "hash": segmenter.hash},
        "cores": real_cores(),
        "photos": len(photos),
        "size": list(SIZE),
        "regions": USUAL,
    }


def _curves(by_regions: Mapping[int, Times], by_size: Mapping[float, Times]) -> dict[str, Any]:
    return {
        "by_regions": {str(count): figures_of(times) for count, times in by_regions.items()},
        "by_megapixels": {
            f"{size:.1f}": {**figures_of(times), "full_map_ms": median(times.full_map)}
            for size, times in by_size.items()
        },
    }


def _begin(model: str, photo: Photo, log: Annotation) -> CountingSegmenter:
    """From the model file to the first label map."""
    segmenter = CountingSegmenter(read_model(model))
    segmenter.open(photo, log)
    return segmenter


def _in_turn(
    segmenter: CountingSegmenter, cases: Sequence[tuple[Sequence[Photo], int]], settings: Settings
) -> list[Times]:
    """The times of each case (photos, regions), measured in turn: all share the machine's ups and downs."""
    found = [Times() for _ in cases]
    generators = [np.random.default_rng(settings.seed) for _ in cases]
    rounds = REPETITIONS * len(cases[0][0])
    for turn in range(rounds):
        share = settings.corrections * (turn + 1) // rounds - settings.corrections * turn // rounds
        for (photos, count), times, rng in zip(cases, found, generators, strict=True):
            photo = photos[turn % len(photos)]
            log = marked(rng, photo.shape[1], photo.shape[0], count)
            _one_photo(segmenter, photo, log, [corrected(log, rng) for _ in range(share)], times)
    return found


def _one_photo(
    segmenter: CountingSegmenter,
    photo: Photo,
    log: Annotation,
    corrections: Sequence[Annotation],
    times: Times,
) -> None:
    """Every correction starts from the same log: it goes back, untimed, after each."""
    session = opened(segmenter, photo, log, times)
    for after in corrections:
        correct(segmenter, session, after, times)
        session.apply(log)
    times.full_map.append(timed(lambda: session.label_map)[0])


def _ratios(times: Times) -> dict[str, float]:
    """How many corrections fit into what others would compute again."""
    correction, every_region = median(times.correction), median(times.first)
    return {
        "ratio_to_full_forward": (median(times.encode) + every_region) / correction,
        "ratio_to_all_regions": every_region / correction,
    }


def _flatness(by_regions: Mapping[int, Times], by_size: Mapping[float, Times]) -> dict[str, float | None]:
    """How little the number of regions and the photo's size matter to a correction."""
    largest, smallest = by_size[max(by_size)], by_size[min(by_size)]
    return {
        "most_regions_to_usual": same_work(by_regions[USUAL], by_regions[max(by_regions)]),
        "largest_photo_to_smallest": median(largest.correction) / median(smallest.correction),
    }


def same_work(few: Times, many: Times) -> float | None:
    """How much longer a correction takes where there are many regions, but no more of them are asked again.

    The medians of corrections for which the mask head answered equally many are compared, each by how many
    corrections both sides have of it; None where there are none.
    """
    pairs = {}
    for asked in set(few.asked) & set(many.asked):
        sides = [
            [t for t, n in zip(side.correction, side.asked, strict=True) if n == asked]
            for side in (few, many)
        ]
        pairs[asked] = min(map(len, sides)), median(sides[1]) / median(sides[0])
    weight = sum(count for count, _ in pairs.values())
    return sum(count * ratio for count, ratio in pairs.values()) / weight if weight else None


def _from_disk(segmenter: Segmenter, photo: Photo) -> dict[str, float]:
    """What it costs to keep an embedding on disk, and to find it there instead of encoding the photo."""
    with TemporaryDirectory() as folder:
        cache, embedding = EmbeddingCache(Path(folder), 1 << 30), segmenter.encode(photo)
        kept = [timed(lambda: cache.put("photo", embedding))[0] for _ in range(REPETITIONS)]
        found = [timed(lambda: cache.get("photo", segmenter.hash))[0] for _ in range(REPETITIONS)]
    return {
        "embedding_mb": embedding.array.nbytes / 1e6,
        "embedding_to_disk_ms": median(kept),
        "embedding_from_disk_ms": median(found),
    }


def _head(segmenter: Segmenter, model: ModelFile, photo: Photo, log: Annotation) -> dict[str, Any]:
    """The mask head's time for all regions in one batch, beside matrix products', in turn."""
    config, embedding = segmenter.config, segmenter.encode(photo)
    framing = config.framing(log.width, log.height)
    boxes = [region_box(region, framing) for region in log.regions.values()]
    rois = [embedding.roi(box, config.roi_size) for box in boxes]
    maps = [np.zeros((2, config.roi_size, config.roi_size), np.float32) for _ in rois]
    count = multiply_adds(model)
    works = [lambda: segmenter.logits(rois, maps), *products(count * len(rois))]
    times = [[timed(work)[0] for work in works] for _ in range(10 * REPETITIONS)]
    # The best of each: a limit is what is reached when nothing else runs.
    head, *limits = map(min, zip(*times, strict=True))
    return {
        "head_ms": head,
        "head_multiply_adds_per_region": count,
        "matrix_product_ms": min(limits),
        "share_of_machine_limit": min(limits) / head,
    }
