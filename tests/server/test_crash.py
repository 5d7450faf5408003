"""The server is killed at random moments; whatever it acknowledged is there, and every photo opens.

FULLCANVAS_CRASHES sets how often; `make attack` makes it a thousand times.
"""

from __future__ import annotations

import itertools
import os
import random
import sqlite3
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.server.conftest import LEFT, RIGHT, read_patch, write_photo
from tests.server.process import EndedError, ForkedServer, Server

CRASHES = int(os.environ.get("FULLCANVAS_CRASHES", "20"))
PHOTOS = 3 + CRASHES // 10
ANNOTATORS = 3
STARTED_WHOLE = 10
"""One life in so many begins with the command line, in a new interpreter; the others are forked."""
MOST_CHANGES = 10
"""That are acknowledged in one life, but for those under way when it ends."""


@dataclass(slots=True)
class Known:
    """What the annotators of a photo know of it, one life after another.

    Attributes:
        photo: its number.
        seen: how it was when a change was last acknowledged, or None if none ever was.
        sent: the change that was sent then and has not been acknowledged.
        acknowledged, resent: how many changes; how many of these were sent again.
    """

    photo: int
    seen: dict[str, Any] | None = None
    sent: dict[str, Any] | None = None
    acknowledged: int = 0
    resent: int = 0


class Annotator(threading.Thread):
    """Checks a photo, sends again what was not answered, and goes on until the server dies."""

    def __init__(
        self, client: httpx.Client, address: str, known: Known, seed: int, failures: list[str]
    ) -> None:
        super().__init__()
        self.client, self.url = client, f"{address}/api/v1/photos/{known.photo}"
        self.known, self.failures = known, failures
        self.random = random.Random(seed)

    def run(self) -> None:
        """Annotate."""
        try:
            self.known.seen = check(self.client, self.url, self.known)
            if self.known.sent is not None:
                self._send()
                self.known.resent += 1
            while True:
                self.known.sent = self._next(self.known.seen)
                self._send()
        except httpx.TransportError:
            pass  # it was killed
        except AssertionError as failure:
            self.failures.append(f"photo {self.known.photo}: {failure}")

    def _send(self) -> None:
        """Send what is to be sent, which must be done once, however often it is sent."""
        known = self.known
        assert known.sent is not None
        where = f"{self.url}/{'complete' if 'complete' in known.sent else 'interactions'}"
        response = self.client.post(where, json=known.sent)
        assert response.status_code == 200, response.text
        patched = "complete" not in known.sent
        known.seen = read_patch(response.content).header["photo"] if patched else response.json()
        assert known.seen["version"] == known.sent["version"] + 1, known
        known.sent = None
        known.acknowledged += 1

    def _next(self, photo: dict[str, Any]) -> dict[str, Any]:
        return {"version": photo["version"], "key": str(self.random.random()), **self._choose(photo)}

    def _choose(self, photo: dict[str, Any]) -> dict[str, Any]:
        if photo["status"] == "complete":
            return {"complete": False}
        if len(photo["regions"]) < 2:
            return {"kind": "add_region", "extreme_points": self.random.choice([LEFT, RIGHT])}
        if photo["can_redo"] and self.random.random() < 0.5:
            return {"kind": "redo"}
        region = self.random.choice(photo["regions"])["id"]
        points = [[self.random.uniform(0, 95), self.random.uniform(0, 79)] for _ in range(3)]
        scribble = {"kind": "scribble", "region": region, "points": points}
        others = [{"kind": "undo"}, {"kind": "delete", "region": region}, {"complete": True}]
        return self.random.choice([scribble, scribble, scribble, *others])


def check(client: httpx.Client, url: str, known: Known) -> dict[str, Any]:
    """The photo, which opens, and is as it was seen last, or one unanswered change further."""
    response = client.get(url)
    assert response.status_code == 200, response.text
    photo: dict[str, Any] = response.json()
    labels = client.get(f"{url}/labels")
    assert labels.status_code == 200, labels.text
    assert read_patch(labels.content).header["photo"] == photo
    if known.seen is None:
        assert photo["version"] == 0
        return photo
    further = photo["version"] - known.seen["version"]
    assert further in ((0, 1) if known.sent else (0,)), f"{further} changes further than {known}"
    if further == 0:
        assert photo == known.seen, f"{photo}\n{known}"
    # What was not answered is sent again as it was, although it may have been stored.
    return known.seen


class Lives:
    """One server after another, on one project, each with annotators at work until it is killed.

    Attributes:
        failures: what the annotators found to be lost or damaged.
        cut_short: how many servers were killed before they answered.
    """

    def __init__(self, folder: Path, model: Path, photos: Sequence[Known], client: httpx.Client) -> None:
        self._folder, self._model, self._photos, self._client = folder, model, photos, client
        self._random = random.Random(4)
        self.failures: list[str] = []
        self.cut_short = 0

    def live(self, number: int) -> None:
        """Start a server, let annotators work, and kill it at a random moment."""
        kind = Server if number % STARTED_WHOLE == 0 else ForkedServer
        server = kind(self._folder, self._model)
        killer = threading.Thread(target=self._kill, args=(server,))
        killer.start()
        annotators: list[Annotator] = []
        try:
            annotators = self._begin(server.address, number)
        except EndedError:
            self.cut_short += 1
        for thread in (killer, *annotators):
            thread.join()
        server.stop()

    def _kill(self, server: Server | ForkedServer) -> None:
        """Kill it after some changes, however fast the machine is, and a moment; or while it starts."""
        changes = self._random.randrange(MOST_CHANGES)
        goal = self.acknowledged + changes
        while self.acknowledged < goal and not self.failures:
            time.sleep(0.002)
        time.sleep(self._random.uniform(0, 0.1 if changes else 0.5))
        server.process.kill()

    @property
    def acknowledged(self) -> int:
        """How many changes were acknowledged so far."""
        return sum(known.acknowledged for known in self._photos)

    def _begin(self, address: str, number: int) -> list[Annotator]:
        chosen = self._random.sample(self._photos, ANNOTATORS)
        seeds = itertools.count(ANNOTATORS * number)
        annotators = [Annotator(self._client, address, known, next(seeds), self.failures) for known in chosen]
        for annotator in annotators:
            annotator.start()
        return annotators


def test_every_acknowledged_interaction_survives(tmp_path: Path, model: Path) -> None:
    began = time.monotonic()
    photos = [Known(number) for number in range(1, PHOTOS + 1)]
    for known in photos:
        write_photo(tmp_path / f"{known.photo:04}.jpg", seed=known.photo)
    with httpx.Client(timeout=60) as client:
        lives = Lives(tmp_path, model, photos, client)
        for number in range(CRASHES):
            lives.live(number)
            assert not lives.failures, "\n".join(lives.failures)
        last = ForkedServer(tmp_path, model)
        for known in photos:
            check(client, f"{last.address}/api/v1/photos/{known.photo}", known)
        last.stop()
    assert damage(tmp_path) == "ok"
    resent = sum(known.resent for known in photos)
    sys.stdout.write(
        f"\n{CRASHES} kills in {time.monotonic() - began:.0f} s, {lives.cut_short} of them before the server "
        f"answered; {lives.acknowledged} acknowledged changes of {PHOTOS} photos are there, {resent} of them "
        "were sent again and made once\n"
    )
    assert lives.acknowledged > CRASHES
    assert resent > 0


def damage(folder: Path) -> str:
    """What SQLite finds wrong with the database, or "ok"."""
    with closing(sqlite3.connect(folder / ".fullcanvas" / "fullcanvas.db")) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
