"""Small regions are seen through close-ups, which are encoded once as whole photos are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fullcanvas.inference import EmbeddingCache, Session
from fullcanvas.server import workbench
from fullcanvas.server.embeddings import disk_cache
from fullcanvas.server.export import select
from fullcanvas.server.memory import size_of
from fullcanvas.server.project import Project, open_project
from fullcanvas.server.requests import AddRegionRequest, ScribbleRequest
from fullcanvas.server.workbench import Workbench
from tests.server.conftest import LEFT, write_photo
from tests.server.test_embeddings import Counting
from tests.tiny_model import write_tiny_model

ROOM = 10_000_000
SMALL = [[60, 40], [70, 42], [64, 36], [66, 48]]
BESIDE = [[70, 40], [79, 42], [74, 36], [76, 48]]
WHOLE, CLOSER = (80, 96), (40, 48)


@pytest.fixture
def counting(tmp_path: Path) -> Counting:
    return Counting(write_tiny_model(tmp_path / "closer.zip", working_size=32, closer_below=24))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return write_photo(tmp_path / "photos" / "one.png", 96, 80)


@contextmanager
def bench_of(photo: Path, segmenter: Counting, disk: EmbeddingCache | None = None) -> Iterator[Workbench]:
    bench = Workbench(open_project(photo.parent), segmenter, disk=disk)
    yield bench
    bench.embeddings.close()
    bench.project.store.close()


def add(bench: Workbench, version: int, points: list[list[int]]) -> None:
    exact = [[float(x), float(y)] for x, y in points]
    bench.interact(1, AddRegionRequest(version=version, kind="add_region", extreme_points=exact))


def from_scratch(photo: Path, counting: Counting, bench: Workbench) -> Session:
    """The session that anybody would have who opens the photo with that annotation."""
    with Image.open(photo) as image:
        return counting.open(np.asarray(image.convert("RGB")), bench.view(1).annotation)


def test_regions_side_by_side_share_a_close_up(photo: Path, counting: Counting) -> None:
    with bench_of(photo, counting) as bench:
        add(bench, 0, LEFT)
        assert counting.encoded == [WHOLE]
        add(bench, 1, SMALL)
        add(bench, 2, BESIDE)
        bench.interact(
            1, ScribbleRequest(version=3, kind="scribble", region=2, points=[[65.0, 40.0], [72.0, 42.0]])
        )
        assert counting.encoded == [WHOLE, CLOSER]  # the stroke asked for nothing new
        expected = from_scratch(photo, counting, bench)
        np.testing.assert_array_equal(bench.display(1).patch.labels, expected.display)
        assert set(np.unique(expected.display)) == {0, 1, 2, 3}


def test_close_ups_are_kept_on_disk(photo: Path, counting: Counting) -> None:
    with bench_of(photo, counting, disk_cache(photo.parent, None, ROOM)) as bench:
        add(bench, 0, SMALL)
        shown = bench.display(1).patch.labels
    with bench_of(photo, counting, disk_cache(photo.parent, None, ROOM)) as bench:
        np.testing.assert_array_equal(bench.display(1).patch.labels, shown)
    assert counting.encoded == [WHOLE, CLOSER]


def test_an_export_looks_as_close(photo: Path, counting: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whoever held the room while a close-up waits for it would wait for ever.
    monkeypatch.setattr(workbench, "MOST_AT_ONCE", 1)
    with bench_of(photo, counting) as bench:
        add(bench, 0, LEFT)
        add(bench, 1, SMALL)
        expected = from_scratch(photo, counting, bench).label_map
    with bench_of(photo, counting) as bench:
        (exported,) = select(bench.embeddings, "all").photos
        np.testing.assert_array_equal(exported.regions().label_map(), expected)


def test_the_planes_of_close_ups_count_as_memory(photo: Path, counting: Counting) -> None:
    with bench_of(photo, counting) as bench:
        add(bench, 0, LEFT)
        before = bench._works.total
        add(bench, 1, SMALL)
        work = bench._works.get(1)
        assert work is not None
        assert work.session.planes == 2
        config = counting.config
        assert bench._works.total == size_of(work.session, config)
        head = 4 * (config.channels * config.roi_size**2 + config.mask_size**2)
        assert bench._works.total - before > head + 32 * 27 * 2


def test_a_photo_is_decoded_once_for_all_its_close_ups(
    photo: Path, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bench_of(photo, counting) as bench:
        add(bench, 0, LEFT)
        add(bench, 1, SMALL)
        monkeypatch.setattr(Project, "decode", None)
        add(bench, 2, [[2, 2], [14, 4], [5, 0], [6, 8]])
        assert counting.encoded == [WHOLE, CLOSER, CLOSER]
