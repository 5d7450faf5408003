"""What is kept ready stays within its bound, whatever is opened."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fullcanvas.annotation import AnnotationError
from fullcanvas.canvas.boxes import Box
from fullcanvas.inference.embedding import Embedding
from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.server.cache import Recent
from fullcanvas.server.errors import NotFoundError, RefusedError
from fullcanvas.server.memory import size_of
from fullcanvas.server.project import open_project
from fullcanvas.server.requests import (
    AddRegionRequest,
    CompleteRequest,
    DeleteRequest,
    ScribbleRequest,
    SplitRequest,
    UndoRequest,
)
from fullcanvas.server.workbench import MOST_AT_ONCE, Workbench
from tests.server.conftest import LEFT, write_photo

POINTS = [[float(x), float(y)] for x, y in LEFT]


@given(
    sizes=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40)), max_size=30), limit=st.integers(0, 60)
)
def test_values_never_take_more_than_the_limit(sizes: list[tuple[int, int]], limit: int) -> None:
    recent: Recent[int, int] = Recent(limit)
    for key, size in sizes:
        recent.put(key, key, size)
        assert recent.get(key) == key
        assert recent.total <= limit or len(recent) == 1
    for key, _ in sizes:
        recent.drop(key)
    assert (recent.total, len(recent)) == (0, 0)


def test_what_was_used_least_recently_goes_first() -> None:
    recent: Recent[str, int] = Recent(20)
    recent.put("a", 1, 10)
    recent.put("b", 2, 10)
    assert recent.get("a") == 1
    recent.put("c", 3, 10)
    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (1, None, 3)
    recent.put("c", 4, 20)
    assert (recent.get("a"), recent.get("c")) == (None, 4)


@pytest.fixture
def many(tmp_path: Path) -> Path:
    for number in range(12):
        write_photo(tmp_path / f"{number}.png", seed=number)
    return tmp_path


def test_sessions_and_embeddings_are_bounded_whatever_is_opened(many: Path, segmenter: Segmenter) -> None:
    project = open_project(many)
    memory = 600_000
    bench = Workbench(project, segmenter, memory)
    for photo in range(1, 13):
        bench.interact(photo, AddRegionRequest(version=0, kind="add_region", extreme_points=POINTS))
        assert bench._works.total + bench.embeddings.recent.total <= memory
    assert 1 < len(bench._works) < 12
    assert 1 < len(bench.embeddings.recent) < 12
    bench.embeddings.close()
    project.store.close()


def test_a_session_is_weighed_anew_as_it_grows(many: Path, segmenter: Segmenter) -> None:
    project = open_project(many)
    bench = Workbench(project, segmenter)
    bench.interact(1, AddRegionRequest(version=0, kind="add_region", extreme_points=POINTS))
    before = bench._works.total
    points = [[10.0, 10.0]] * 1000
    bench.interact(1, ScribbleRequest(version=1, kind="scribble", points=points, region=1))
    assert bench._works.total > before
    work = bench._works.get(1)
    assert work is not None
    assert bench._works.total == size_of(work.session, segmenter.config)
    bench.interact(1, DeleteRequest(version=2, kind="delete", region=1))
    assert bench._works.total > before  # what is in the log stays
    bench.embeddings.close()
    project.store.close()


def test_the_full_label_map_of_a_large_photo_is_weighed_while_it_is_kept(
    tmp_path: Path, segmenter: Segmenter
) -> None:
    write_photo(tmp_path / "a.png", 1500, 1100)
    project = open_project(tmp_path)
    bench = Workbench(project, segmenter)
    ends = [[100.0, 500.0], [1400.0, 500.0], [700.0, 100.0], [700.0, 1000.0]]
    bench.interact(1, AddRegionRequest(version=0, kind="add_region", extreme_points=ends))
    before = bench._works.total
    whole, beside = [[700.0, 10.0], [700.0, 1090.0]], [[5.0, 5.0], [9.0, 5.0]]

    def split(points: list[list[float]]) -> SplitRequest:
        return SplitRequest(version=1, kind="split", region=1, points=points)

    bench.preview(1, split(whole))
    assert bench._works.total == before + 1500 * 1100 * 4
    bench.interact(1, AddRegionRequest(version=1, kind="add_region", extreme_points=ends))
    bench.interact(1, UndoRequest(version=2, kind="undo"))
    before = bench._works.total
    with pytest.raises(AnnotationError, match="does not cut"):
        bench.interact(1, SplitRequest(version=3, kind="split", region=1, points=beside))
    assert bench._works.total == before + 1500 * 1100 * 4
    bench.interact(1, AddRegionRequest(version=3, kind="add_region", extreme_points=ends))
    before = bench._works.total
    project.store.progress.change_rule(unassigned_allowed=False)
    with pytest.raises(RefusedError, match="belong to no region"):
        bench.complete(1, CompleteRequest(version=4, complete=True))
    assert bench._works.total == before + 1500 * 1100 * 4
    bench.embeddings.close()
    project.store.close()


def test_trying_numbers_costs_no_memory(many: Path, segmenter: Segmenter) -> None:
    project = open_project(many)
    bench = Workbench(project, segmenter)
    for photo in range(1000, 1200):
        with pytest.raises(NotFoundError):
            bench.view(photo)
    assert len(bench._locks) == 0
    bench.embeddings.close()
    project.store.close()


def test_two_photos_at_most_are_made_ready_at_a_time(
    many: Path, segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks: each takes what its size takes, so twelve at once would be out of all bounds."""
    project = open_project(many)
    bench = Workbench(project, segmenter)
    encode, working, most = segmenter.encode, threading.Semaphore(MOST_AT_ONCE), threading.Barrier(2)

    def counted(image: NDArray[np.uint8], part: Box | None) -> Embedding:
        assert working.acquire(blocking=False)
        with suppress(threading.BrokenBarrierError):
            most.wait(5)  # until there is a second one, which the others could join
        embedding = encode(image, part)
        working.release()
        return embedding

    monkeypatch.setattr(segmenter, "encode", counted)
    with ThreadPoolExecutor(12) as pool:
        views = list(pool.map(bench.view, range(1, 13)))
    assert len(views) == 12
    assert not most.broken
    bench.embeddings.close()
    project.store.close()
