"""The server is killed at random moments; whatever it acknowledged is there, and every photo opens."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.conftest import LEFT, RIGHT, read_patch
from tests.server.process import Server

CRASHES = int(os.environ.get("FULLCANVAS_CRASHES", "5"))
WORKERS = 3


class Annotator(threading.Thread):
    """Works on one photo until the server dies, and remembers what was acknowledged."""

    def __init__(self, address: str, photo: int, seed: int) -> None:
        super().__init__()
        self.url = f"{address}/api/v1/photos/{photo}"
        self.photo = photo
        self.seen: dict[str, Any] | None = None
        self.sent: dict[str, Any] | None = None
        self.random = random.Random(seed)

    def run(self) -> None:
        """Annotate."""
        try:
            with httpx.Client(timeout=30) as client:
                self.seen = client.get(self.url).json()
                while True:
                    self.sent = {"version": self.seen["version"], "key": str(self.random.random())}
                    response = client.post(
                        f"{self.url}/interactions", json={**self.sent, **self._next(self.seen)}
                    )
                    assert response.status_code == 200, response.text
                    self.seen = read_patch(response.content).header["photo"]
                    self.sent = None
        except httpx.TransportError:
            pass

    def _next(self, photo: dict[str, Any]) -> dict[str, Any]:
        if len(photo["regions"]) < 2:
            return {"kind": "add_region", "extreme_points": LEFT if self.random.random() < 0.5 else RIGHT}
        if photo["can_redo"] and self.random.random() < 0.5:
            return {"kind": "redo"}
        region = self.random.choice(photo["regions"])["id"]
        points = [[self.random.uniform(0, 95), self.random.uniform(0, 79)] for _ in range(3)]
        return self.random.choice(
            [
                {"kind": "scribble", "region": region, "points": points},
                {"kind": "scribble", "region": region, "points": points},
                {"kind": "undo"},
                {"kind": "delete", "region": region},
            ]
        )


@pytest.fixture
def started() -> Iterator[list[Server]]:
    servers: list[Server] = []
    yield servers
    for server in servers:
        if server.process.poll() is None:
            server.stop()


def test_every_acknowledged_interaction_survives(folder: Path, model: Path, started: list[Server]) -> None:
    rng = random.Random(4)
    workers: list[Annotator] = []
    acknowledged = 0
    for crash in range(CRASHES):
        started.append(Server(folder, model))
        check(started[-1].address, workers)
        workers = [Annotator(started[-1].address, photo + 1, 10 * crash + photo) for photo in range(WORKERS)]
        for worker in workers:
            worker.start()
        time.sleep(rng.uniform(0.3, 1.2))
        started[-1].stop()
        for worker in workers:
            worker.join()
        acknowledged += sum(worker.seen["version"] for worker in workers if worker.seen)
    started.append(Server(folder, model))
    check(started[-1].address, workers)
    assert acknowledged > CRASHES * WORKERS


def check(address: str, workers: list[Annotator]) -> None:
    """Every photo opens, and is as its annotator saw it last, or one unanswered interaction further."""
    for worker in workers:
        photo = httpx.get(f"{address}/api/v1/photos/{worker.photo}", timeout=30)
        assert photo.status_code == 200, photo.text
        labels = httpx.get(f"{address}/api/v1/photos/{worker.photo}/labels", timeout=30)
        assert read_patch(labels.content).header["photo"] == photo.json()
        if worker.seen is None:
            continue
        further = photo.json()["version"] - worker.seen["version"]
        assert further in ((0, 1) if worker.sent else (0,))
        if further == 0:
            assert photo.json() == worker.seen
