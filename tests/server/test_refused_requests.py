"""Requests that make no sense: refused in a sentence, and nothing has changed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.conftest import LEFT, Page


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "a\x00b", "x" * 201, 5, None, "\ud800"])
def test_a_name_that_is_none_is_refused(page: Page, name: Any) -> None:
    text = '{"name": "\\ud800"}' if name == "\ud800" else None
    options: dict[str, Any] = {"content": text} if text else {"json": {"name": name}}
    response = page.client.post("/api/v1/labels", headers={"Content-Type": "application/json"}, **options)
    assert response.status_code == 422, response.text
    assert isinstance(response.json()["detail"], str)


def test_a_label_that_does_not_exist_is_refused(page: Page) -> None:
    response = page.post(
        "/photos/1/interactions", version=0, kind="add_region", extreme_points=LEFT, label="elk"
    )
    assert response.status_code == 422
    assert "no label 'elk'" in response.json()["detail"]
    assert page.get("/photos/1")["version"] == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "add_region", "extreme_points": LEFT[:3]}, "extreme_points"),
        ({"kind": "add_region", "extreme_points": [[5, 5]] * 4}, "no area"),
        ({"kind": "add_region", "extreme_points": [[5, 5], [96, 5], [7, 2], [7, 9]]}, "outside the image"),
        ({"kind": "add_region", "extreme_points": [[-0.5, 5], [9, 5], [7, 2], [7, 9]]}, "outside the image"),
        ({"kind": "add_region", "extreme_points": [[5, 5, 5], [9, 5], [7, 2], [7, 9]]}, "extreme_points"),
        ({"kind": "add_region"}, "extreme_points"),
        ({"kind": "scribble", "points": []}, "points"),
        ({"kind": "scribble", "points": [[90, 75]]}, "no region is under the start"),
        ({"kind": "scribble", "points": [[9, 9]], "region": 7}, "no region 7"),
        ({"kind": "scribble", "points": [[9, 9]], "region": 0}, "region"),
        ({"kind": "scribble", "points": [["a", 9]]}, "points"),
        ({"kind": "scribble", "points": [[1e300, 9]], "region": 1}, "points"),
        ({"kind": "delete", "region": 7}, "no region 7"),
        ({"kind": "delete", "region": 2**70}, "region"),
        ({"kind": "label", "region": 1}, "label"),
        ({"kind": "label", "region": 7, "label": None}, "no region 7"),
        ({"kind": "move_points", "region": 7, "extreme_points": LEFT}, "no region 7"),
        ({"kind": "redo"}, "nothing to redo"),
        ({"kind": "smudge"}, "kind"),
        ({}, "kind"),
    ],
)
def test_requests_that_make_no_sense_change_nothing(page: Page, fields: dict[str, Any], message: str) -> None:
    page.interact(1, "add_region", extreme_points=LEFT)
    before = page.get("/photos/1")
    response = page.post("/photos/1/interactions", version=1, **fields)
    assert response.status_code == 422, response.text
    assert message in response.json()["detail"]
    assert page.get("/photos/1") == before


@pytest.mark.parametrize("body", ["NaN", "[[1, NaN]]", "{", '{"version": NaN}', "null", "5", "[" * 5000])
def test_broken_json_is_refused_in_a_sentence(page: Page, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    response = page.client.post("/api/v1/photos/1/interactions", content=body, headers=headers)
    assert response.status_code in (400, 422)
    assert isinstance(response.json()["detail"], str)


def test_not_a_number_is_refused(page: Page) -> None:
    body = '{"version": 0, "kind": "scribble", "region": 1, "points": [[NaN, 1], [Infinity, 2]]}'
    headers = {"Content-Type": "application/json"}
    response = page.client.post("/api/v1/photos/1/interactions", content=body, headers=headers)
    assert response.status_code == 422
    assert "finite" in response.json()["detail"]


def test_nothing_to_undo_is_said(page: Page) -> None:
    response = page.post("/photos/1/interactions", version=0, kind="undo")
    assert (response.status_code, response.json()["detail"]) == (422, "there is nothing to undo")


@pytest.mark.parametrize("key", ["a\0", "\n", "x" * 65])
def test_a_key_that_a_database_could_not_keep_is_refused(page: Page, key: str) -> None:
    body = {"kind": "add_region", "extreme_points": LEFT, "key": key}
    assert page.post("/photos/1/interactions", version=0, **body).status_code == 422


def test_text_that_is_no_unicode_is_refused(page: Page) -> None:
    for body in ('{"name": "\\ud800"}', '{"name": "cat", "color": "\\udfff"}'):
        response = page.client.post(
            "/api/v1/labels", content=body, headers={"Content-Type": "application/json"}
        )
        assert response.status_code == 422
