"""A request that would keep everybody waiting is refused before anything is done; the largest are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fullcanvas.server.requests import LONGEST_STROKE, MAX_POINTS
from fullcanvas.server.security import MAX_COMMAS
from tests.server.conftest import LEFT, Page

WIDTH, HEIGHT = 96, 80
LONGEST = LONGEST_STROKE * (WIDTH + HEIGHT)
KINDS: dict[str, dict[str, Any]] = {"scribble": {"region": 1}, "paint": {"region": 1, "radius": 10_000}}


@pytest.fixture
def marked(page: Page) -> Page:
    page.interact(1, "add_region", extreme_points=LEFT)
    return page


def to_and_fro(length: int) -> list[list[int]]:
    """A line of that length, in turns of 80 pixels."""
    turns = [[10 + 80 * (turn % 2), 40] for turn in range(length // 80 + 1)]
    return [*turns, [turns[-1][0], 40 + length % 80 // 2]]


@pytest.mark.parametrize("kind", [*KINDS, "split"])
@pytest.mark.parametrize("path", ["interactions", "preview"])
def test_a_stroke_longer_than_a_hand_draws_is_refused(marked: Page, kind: str, path: str) -> None:
    for length, status in ((LONGEST - 80, 200), (LONGEST + 80, 422)):
        version = marked.get("/photos/1")["version"]
        fields = {"kind": kind, "points": to_and_fro(length), **KINDS.get(kind, {"region": 1})}
        answer = marked.post(f"/photos/1/{path}", version=version, **fields)
        assert answer.status_code == status, answer.text
    assert answer.json()["detail"] == f"the stroke is longer than {LONGEST} pixels; draw it in several"


@pytest.mark.parametrize("kind", KINDS)
def test_as_many_points_as_there_may_be_are_taken(marked: Page, kind: str) -> None:
    points = np.random.default_rng(0).uniform([10, 30], [10.9, 30.9], (MAX_POINTS, 2)).tolist()
    marked.interact(1, kind, points=points, **KINDS[kind])
    answer = marked.post(
        "/photos/1/interactions", version=2, kind=kind, points=[*points, points[0]], **KINDS[kind]
    )
    assert answer.status_code == 422
    assert f"at most {MAX_POINTS} items" in answer.json()["detail"]


def test_more_values_than_any_request_has_are_not_read(marked: Page) -> None:
    for count, status in ((MAX_COMMAS, 422), (MAX_COMMAS + 1, 413)):
        body = b"[" + b"1," * count + b"1]"
        answer = marked.client.post(
            "/api/v1/photos/1/interactions", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == status
    assert answer.json() == {"detail": f"a request holds at most {MAX_COMMAS} values"}
