"""A small project of real photos, a tiny real model, and a client that speaks as the page does."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image

from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.server.accounts import Accounts, Role
from fullcanvas.server.app import create_app
from fullcanvas.server.project import Project, open_project
from tests.server.process import Server
from tests.tiny_model import write_tiny_model

ADDRESS = "http://127.0.0.1:8000"
OUTSIDE = "http://annotators.example:8000"
LEFT = [[4, 20], [50, 22], [20, 4], [25, 60]]
RIGHT = [[40, 30], [90, 32], [60, 10], [65, 70]]


@dataclass(frozen=True)
class PatchRead:
    """A patch as the page reads it."""

    header: dict[str, Any]
    labels: NDArray[np.uint16]


def read_patch(content: bytes) -> PatchRead:
    """Undo the binary form, as the interface describes it."""
    (length,) = struct.unpack_from("<I", content)
    header = json.loads(content[4 : 4 + length])
    labels = np.frombuffer(zlib.decompress(content[4 + length :]), "<u2")
    return PatchRead(header, labels.reshape(header["y1"] - header["y0"], header["x1"] - header["x0"]))


class Page:
    """What the page does, over HTTP."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def get(self, path: str, **options: Any) -> Any:
        """The JSON answer to a GET that must succeed."""
        response = self.client.get(f"/api/v1{path}", **options)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, **body: Any) -> Any:
        """The answer to a POST."""
        return self.client.post(f"/api/v1{path}", json=body)

    def interact(self, photo: int, kind: str, version: int | None = None, **fields: Any) -> PatchRead:
        """An interaction that must succeed, on the version that the photo has now."""
        if version is None:
            version = self.get(f"/photos/{photo}")["version"]
        response = self.post(f"/photos/{photo}/interactions", version=version, kind=kind, **fields)
        assert response.status_code == 200, response.text
        return read_patch(response.content)

    def display(self, photo: int) -> NDArray[np.uint16]:
        """The whole label map as displayed."""
        response = self.client.get(f"/api/v1/photos/{photo}/labels")
        assert response.status_code == 200, response.text
        return read_patch(response.content).labels


class Served:
    """A served project, its accounts, and browsers that come to it."""

    def __init__(self, folder: Path, segmenter: Segmenter) -> None:
        self.project = open_project(folder)
        self.accounts = Accounts(folder / ".fullcanvas" / "accounts.json")
        self.tokens = {role: self.accounts.add(role.value, role) for role in Role}
        self.app = create_app(self.project, segmenter, accounts=self.accounts)

    def browser(self, role: Role | None = None) -> TestClient:
        """A browser, logged in or not."""
        client = TestClient(self.app, base_url=OUTSIDE, follow_redirects=False)
        if role is not None:
            assert client.post("/api/v1/session", json={"token": self.tokens[role]}).status_code == 200
        return client


def write_photo(path: Path, width: int = 96, height: int = 80, seed: int = 0) -> Path:
    """A photo of soft random colours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), np.uint8)
    Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).save(path)
    return path


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.zip")


@pytest.fixture(scope="session")
def segmenter(model: Path) -> Segmenter:
    return Segmenter.load(model)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three photos, two of them of the same name."""
    for seed, name in enumerate(("a.jpg", "b/a.jpg", "c.png")):
        write_photo(tmp_path / "photos" / name, seed=seed)
    return tmp_path / "photos"


@pytest.fixture
def project(folder: Path) -> Iterator[Project]:
    opened = open_project(folder)
    yield opened
    opened.store.close()


@pytest.fixture
def start(segmenter: Segmenter) -> Iterator[Callable[..., Page]]:
    """Starts the application on a folder; a second start is what a restart of the server is."""
    closers: list[Callable[[], object]] = []

    def starting(folder: Path, model: Segmenter = segmenter, **options: Any) -> Page:
        project = open_project(folder, **options)
        client = TestClient(create_app(project, model), base_url=ADDRESS)
        client.__enter__()
        closers.extend([project.store.close, lambda: client.__exit__(None, None, None)])
        return Page(client)

    yield starting
    for close in reversed(closers):
        close()


@pytest.fixture
def page(start: Callable[..., Page], folder: Path) -> Page:
    return start(folder)


@pytest.fixture
def served(folder: Path, segmenter: Segmenter) -> Iterator[Served]:
    made = Served(folder, segmenter)
    yield made
    made.app.state.workbench.embeddings.close()
    made.project.store.close()


@pytest.fixture
def launch(model: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers in processes of their own; none outlives the test."""
    servers: list[Server] = []

    def launching(folder: Path, *options: Any, **more: Any) -> Server:
        servers.append(Server(folder, model, *options, **more))
        return servers[-1]

    yield launching
    for server in servers:
        if server.process.poll() is None:
            server.stop()
