"""A server in this process, and a client of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from fullcanvas import Client
from fullcanvas.inference import Segmenter
from fullcanvas.server.accounts import Accounts
from fullcanvas.server.app import create_app
from fullcanvas.server.project import open_project
from fullcanvas.server.serve import listen
from tests.server.conftest import write_photo
from tests.tiny_model import write_tiny_model

LEFT = [(4, 20), (50.5, 22), (20, 4), (25, 60)]
RIGHT = [(40, 30), (90, 32), (60, 10), (65, 70)]


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory) -> Segmenter:
    return Segmenter.load(write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.zip"))


class Running:
    """A server in a thread of its own."""

    def __init__(self, folder: Path, segmenter: Segmenter, accounts: Accounts | None = None) -> None:
        self.project = open_project(folder)
        self.socket = listen("127.0.0.1", 0)
        app = create_app(self.project, segmenter, accounts=accounts)
        self.server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="on"))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})
        self.thread.start()
        self.address = f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def stop(self) -> None:
        while not self.server.started:
            time.sleep(0.01)
        self.server.should_exit = True
        self.thread.join()
        self.socket.close()
        self.project.store.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed, name in enumerate(("a.jpg", "b/a.jpg", "c.png")):
        write_photo(tmp_path / "photos" / name, seed=seed)
    return tmp_path / "photos"


@pytest.fixture
def running(folder: Path, segmenter: Segmenter) -> Iterator[Running]:
    server = Running(folder, segmenter)
    yield server
    server.stop()


@pytest.fixture
def client(running: Running) -> Client:
    return Client(running.address, timeout=30)
