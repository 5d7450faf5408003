"""Whatever is sent, the answer is never a failure of the server, and a refusal changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.server.app import create_app
from fullcanvas.server.project import open_project
from tests.server.conftest import ADDRESS, Page, read_patch, write_photo

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
COORDINATE = st.floats(-5, 100) | st.integers(0, 79)
POINT = st.tuples(COORDINATE, COORDINATE).map(list)
KINDS = ["add_region", "scribble", "move_points", "label", "delete", "undo", "redo"]
KINDS += ["paint", "merge", "fill", "split", "go"]
SENSIBLE = st.fixed_dictionaries(
    {"kind": st.sampled_from(KINDS)},
    optional={
        "extreme_points": st.lists(POINT, min_size=4, max_size=4),
        "points": st.lists(POINT, min_size=1, max_size=4),
        "region": st.integers(1, 4) | st.none(),
        "label": st.sampled_from([None, "cat", "elk"]),
        "radius": st.floats(-1, 30),
        "erase": st.booleans(),
        "others": st.lists(st.integers(1, 6), max_size=3),
        "cursor": st.integers(-1, 9),
    },
)
WILD = st.dictionaries(
    st.sampled_from(["kind", "version", "extreme_points", "points", "region", "label", "key"]), ANYTHING
)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory, segmenter: Segmenter) -> Iterator[Page]:
    """One project for all examples: they pile up on its photo."""
    folder: Path = tmp_path_factory.mktemp("lasting")
    write_photo(folder / "a.png")
    project = open_project(folder)
    with TestClient(create_app(project, segmenter), base_url=ADDRESS) as client:
        page = Page(client)
        page.post("/labels", name="cat")
        yield page
    project.store.close()


def check(page: Page, send: Callable[[dict[str, Any]], Any]) -> None:
    """Send, and see that the answer and the photo agree."""
    before = page.get("/photos/1")
    response = send(before)
    after = page.get("/photos/1")
    if response.status_code == 200:
        assert after["version"] == before["version"] + 1
        assert read_patch(response.content).header["photo"] == after
    else:
        assert response.status_code in (404, 409, 422), response.text
        assert isinstance(response.json()["detail"], str)
        assert after == before


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=SENSIBLE | WILD)
def test_interactions(lasting: Page, body: dict[str, Any]) -> None:
    check(
        lasting,
        lambda photo: lasting.post("/photos/1/interactions", **{"version": photo["version"], **body}),
    )


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=ANYTHING)
def test_bodies_of_any_kind(lasting: Page, body: Any) -> None:
    for path in ("interactions", "complete"):
        url = f"/api/v1/photos/1/{path}"
        check(lasting, partial(_send, lasting, url, body))
    assert lasting.client.post("/api/v1/labels", json=body).status_code in (201, 409, 422)


def _send(page: Page, url: str, body: Any, _photo: dict[str, Any]) -> Any:
    return page.client.post(url, json=body)
