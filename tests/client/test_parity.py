"""The client does whatever the page does, and whatever the interface describes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fullcanvas import Client
from fullcanvas.client import Pin, RemotePhoto, wire
from fullcanvas.server.app import WEB
from tests.client.conftest import LEFT, RIGHT, Running

Operation = tuple[str, str]
OTHERWISE = {
    ("POST", "/session"): "a browser exchanges a token for a cookie; a script sends it with each request",
    ("DELETE", "/session"): "so it has no cookie to give back",
    ("GET", "/export/progress"): "the export itself comes to a script, and tells of its end by ending",
    ("GET", "/photos/{photo_id}/thumbnail"): "a script has no list to look at; it gets the photo itself",
    ("GET", "/photos/{photo_id}"): "the patch that has the whole label map says the same of the photo",
}
"""What the client does in another way."""


def described(running: Running) -> dict[Operation, Any]:
    """The operations of the interface's own description."""
    description = running.server.config.app.openapi()  # type: ignore[union-attr]
    return {
        (method.upper(), path.removeprefix("/api/v1")): operation
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
    }


def kinds(running: Running) -> set[str]:
    """The kinds of interaction that are described."""
    schemas = running.server.config.app.openapi()["components"]["schemas"]  # type: ignore[union-attr]
    fields = (schema.get("properties", {}).get("kind", {}) for schema in schemas.values())
    return {field["const"] for field in fields if "const" in field}


def asked_by_the_page() -> set[Operation]:
    """The operations that the page's scripts speak of."""
    written = (WEB / "api.js").read_text()
    place = r"(`[^`]*`|\"[^\"]*\"|photoPath\(id\))"
    options = r"(?:, \{ \.\.\.json\(\"(\w+)\")?"
    asked = [(method or "GET", path) for path, method in re.findall(rf"\brequest\({place}{options}", written)]
    asked += re.findall(rf"\bsend\(\"(\w+)\", {place}", written)
    return {(method, path_of(text)) for method, text in asked}


def path_of(text: str) -> str:
    path = text.strip('`"').replace("${photoPath(id)}", "/photos/{photo_id}")
    path = path.replace("photoPath(id)", "/photos/{photo_id}").replace("/${id}", "/{label_id}")
    return path.partition("?")[0]


def do_everything(client: Client, folder: Path) -> None:
    """Whatever a client can do."""
    assert client.user.role == "admin"
    assert client.project.photos == 3
    assert client.changes().photos == ()
    client.allow_unassigned(True)
    client.allow_unlabelled(True)
    client.add_label("cat")
    client.change_label("cat", name="dog")
    client.delete_label("dog")
    photo = client.open(next(client.photos()))
    change(photo)
    photo.complete()
    photo.accept()
    photo.reject("more", [Pin(3, 4, "and this")])
    assert photo.history.entries
    assert photo.uncertainty.any()
    assert photo.labels_in((0, 0, 5, 4)).shape == (4, 5)
    assert photo.image()
    assert not photo.stale
    client.check_export(unlabelled="void", status="all")
    client.export(folder / "out.zip", unlabelled="void", status="all")


def change(photo: RemotePhoto) -> None:
    """Every kind of change."""
    first, second = photo.add_region(LEFT), photo.add_region(RIGHT)
    photo.preview("fill")
    photo.scribble([(20, 30), (85, 32)], region=first)
    photo.move_points(second, RIGHT[::-1])
    photo.label(first, None)
    photo.paint([(90, 75)], region=first, radius=3)
    photo.merge(first, [second])
    photo.split(first, [(45, 0), (45, 79)])
    photo.fill()
    photo.import_mask(np.eye(80, 96, dtype=bool))
    photo.delete(first)
    photo.undo()
    photo.redo()
    photo.go(1)


def test_every_operation_has_a_method_of_the_client(
    running: Running, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, str, bytes | None]] = []
    send = wire.Wire._send

    def recorded(self: wire.Wire, method: str, path: str, content: bytes | None) -> bytes:
        sent.append((method, path.partition("?")[0], content))
        return send(self, method, path, content)

    monkeypatch.setattr(wire.Wire, "_send", recorded)
    do_everything(client, tmp_path)

    operations = described(running)
    patterns = {key: re.compile(re.sub(r"\\{\w+\\}", r"\\d+", re.escape(key[1]))) for key in operations}
    done = {
        key
        for key, pattern in patterns.items()
        if any(method == key[0] and pattern.fullmatch(path) for method, path, _ in sent)
    }
    assert set(operations) - done == set(OTHERWISE)
    changed = {kind for _, _, content in sent for kind in re.findall(rb'"kind": "(\w+)"', content or b"")}
    assert {kind.decode() for kind in changed} == kinds(running)


def test_the_page_asks_for_what_is_described(running: Running) -> None:
    asked = asked_by_the_page()
    assert {("POST", "/photos/{photo_id}/interactions"), ("POST", "/photos/{photo_id}/preview")} <= asked
    assert asked <= set(described(running))
