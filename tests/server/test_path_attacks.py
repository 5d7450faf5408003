"""Names that lead elsewhere: one test per attack, each named after it, on every place that takes a name."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fullcanvas.server.errors import PhotoError
from fullcanvas.server.photos import confine, scan
from tests.server.conftest import Page, write_photo

SECRET = b"the neighbour's secret"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of photos, with a secret above it and one in a sibling whose name begins the same."""
    write_photo(tmp_path / "photos" / "a.png")
    (tmp_path / "secret.png").write_bytes(SECRET)
    (tmp_path / "photos-private").mkdir()
    (tmp_path / "photos-private" / "secret.png").write_bytes(SECRET)
    return tmp_path / "photos"


@pytest.fixture
def attack(start: Callable[..., Page], photos: Path) -> Callable[[str], None]:
    """Tries a name wherever one is taken; nothing but a refusal may come back."""
    page = start(photos)

    def attacking(name: str) -> None:
        with pytest.raises(PhotoError):
            confine(photos, name)
        for url in (f"/static/{name}", f"/api/v1/photos/{name}", f"/api/v1/photos/{name}/image", f"/{name}"):
            _send(page, url)

    return attacking


def _send(page: Page, url: str) -> None:
    """Send a path as it is, which a client would tidy up first."""
    raw = url.encode("utf-8", "surrogateescape").replace(b"\0", b"%00").replace(b" ", b"%20")
    request = page.client.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=raw)
    response = page.client.send(request)
    assert response.status_code in (400, 404, 422), (url, response.status_code)
    assert SECRET not in response.content


def test_sibling_prefix(attack: Callable[[str], None]) -> None:
    attack("../photos-private/secret.png")


def test_dot_dot(attack: Callable[[str], None]) -> None:
    attack("../secret.png")
    attack("a/../../secret.png")


def test_percent_2e_percent_2e(attack: Callable[[str], None]) -> None:
    attack("%2e%2e/secret.png")
    attack("%2e%2e%2fsecret.png")
    attack("%252e%252e%252fsecret.png")


def test_backslash(attack: Callable[[str], None]) -> None:
    attack("..\\secret.png")
    attack("%5c..%5csecret.png")


def test_absolute(attack: Callable[[str], None], photos: Path) -> None:
    attack(str(photos.parent / "secret.png"))
    attack("/etc/passwd")
    attack("//etc/passwd")
    attack("C:\\windows\\win.ini")


def test_nul(attack: Callable[[str], None]) -> None:
    attack("\0")
    attack("a.png\0.jpg")
    attack("../secret.png\0a.png")


def test_symlink_out(start: Callable[..., Page], photos: Path) -> None:
    (photos / "link.png").symlink_to(photos.parent / "secret.png")
    (photos / "linked").symlink_to(photos.parent / "photos-private")
    (photos / "circle.png").symlink_to(photos / "circle.png")
    assert not {"link.png", "linked/secret.png"} & set(scan(photos).paths)
    for name in ("link.png", "linked/secret.png", "circle.png"):
        with pytest.raises(PhotoError):
            confine(photos, name)
    listed = start(photos).get("/photos")["items"]
    assert "link.png" not in [item["path"] for item in listed]


def test_symlink_out_made_after_the_start(start: Callable[..., Page], photos: Path) -> None:
    page = start(photos)
    (photos / "a.png").unlink()
    (photos / "a.png").symlink_to(photos.parent / "secret.png")
    for path in ("/photos/1", "/photos/1/image", "/photos/1/labels"):
        response = page.client.get(f"/api/v1{path}")
        assert response.status_code == 422
        assert "leads out of the folder" in response.json()["detail"]


def test_names_too_long(attack: Callable[[str], None]) -> None:
    attack("x" * 300 + ".png")
    attack("x/" * 3000 + "a.png")
    attack("../" * 3000 + "etc/passwd")


def test_special_files(start: Callable[..., Page], photos: Path) -> None:
    """A pipe never ends, a folder is no file: neither is waited for."""
    os.mkfifo(photos / "pipe.png")
    (photos / "folder.png").mkdir()
    page = start(photos)
    for item in page.get("/photos")["items"]:
        if item["path"] != "a.png":
            assert page.client.get(f"/api/v1/photos/{item['id']}").status_code == 422


def test_ssrf_through_remote_image_urls(
    attack: Callable[[str], None], page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing takes an address to fetch, and a name that looks like one is only a name."""

    def connect(*_arguments: Any) -> Any:
        raise AssertionError("somebody tried to connect")

    monkeypatch.setattr(socket.socket, "connect", connect)
    for name in (
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "ftp://host/a.png",
        "//host/a.png",
    ):
        attack(name)
    description = page.client.get("/api/v1/openapi.json").text
    for word in ('"uri"', '"url"', 'format":"path'):
        assert word not in description


def test_markup_in_names_is_sent_as_data(start: Callable[..., Page], photos: Path) -> None:
    name = "<img src=x onerror=alert(1)>.png"
    write_photo(photos / name)
    response = start(photos).client.get("/api/v1/photos")
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert name in [item["path"] for item in response.json()["items"]]
