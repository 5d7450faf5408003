"""Simulated annotators at work through the real interface, as long as one likes: nothing grows but the work.

FULLCANVAS_SOAK sets the seconds; `make soak` makes them an hour.
"""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from fullcanvas.simulation.extreme import extreme_points
from tests.server.conftest import read_patch, write_photo
from tests.server.process import Server

SECONDS = float(os.environ.get("FULLCANVAS_SOAK", "10"))
ANNOTATORS = 8
REGIONS = 6
CHANGES = int(min(150, 20 + SECONDS))
"""After so many an annotator goes on to another photo."""
PHOTOS = ANNOTATORS * int(4 + SECONDS / 20)
MEMORY = "0.003"
"""In gigabytes: of the photos that are kept ready, so that most have gone when an annotator comes back."""


@dataclass
class Watch:
    """What was seen: when, and how long each change took to be answered."""

    seconds: list[float] = field(default_factory=list)
    entries: int = 0
    failures: list[str] = field(default_factory=list)


class Annotator(threading.Thread):
    """Marks random discs on its photo, scribbles, undoes, completes and reopens, until it is told to stop."""

    def __init__(self, address: str, number: int, watch: Watch, over: threading.Event) -> None:
        super().__init__()
        self.address, self.number = address, number
        self.watch, self.over = watch, over
        self.rng = np.random.default_rng(number)

    def run(self) -> None:
        """Annotate photo after photo, and begin again."""
        photos = itertools.cycle(range(1 + self.number, 1 + PHOTOS, ANNOTATORS))
        with httpx.Client(timeout=60) as client:
            while not self.over.is_set() and not self.watch.failures:
                self._annotate(client, f"{self.address}/api/v1/photos/{next(photos)}")

    def _annotate(self, client: httpx.Client, url: str) -> None:
        photo = client.get(url).json()
        for _ in range(CHANGES):
            if self.over.is_set():
                return
            body = {"version": photo["version"], **self._next(photo)}
            kind = "complete" if "complete" in body else "interactions"
            began = time.perf_counter()
            response = client.post(f"{url}/{kind}", json=body)
            self.watch.seconds.append(time.perf_counter() - began)
            if response.status_code != 200:
                self.watch.failures.append(response.text)
                return
            self.watch.entries += body.get("kind", "undo") not in {"undo", "redo"}
            photo = response.json() if kind == "complete" else read_patch(response.content).header["photo"]

    def _next(self, photo: dict[str, Any]) -> dict[str, Any]:
        if photo["status"] == "complete":
            return {"complete": False}
        if len(photo["regions"]) < REGIONS:
            return {"kind": "add_region", "extreme_points": self._points()}
        region = photo["regions"][self.rng.integers(REGIONS)]
        choice = self.rng.integers(12)
        if choice == 0:
            return {"complete": True}
        if choice == 1:
            return {"kind": "delete", "region": region["id"]}
        if choice <= 3:
            return {"kind": "redo"} if photo["can_redo"] else {"kind": "undo"}
        start = np.array(region["extreme_points"]).mean(axis=0)
        walk = np.clip(start + np.cumsum(self.rng.normal(0, 3, (8, 2)), axis=0), 0, [95, 79])
        return {"kind": "scribble", "region": region["id"], "points": walk.tolist()}

    def _points(self) -> list[list[int]]:
        rows, columns = np.ogrid[:80, :96]
        x, y, radius = self.rng.integers(0, 96), self.rng.integers(0, 80), self.rng.integers(6, 30)
        disc = (columns - x) ** 2 + (rows - y) ** 2 <= radius**2
        return [list(map(int, point)) for point in extreme_points(disc, self.rng)]


def resident(process: int) -> int:
    """Megabytes of memory that a process has."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


def stored(folder: Path) -> int:
    """Bytes of the database, with what is yet to be merged into it."""
    return sum(path.stat().st_size for path in (folder / ".fullcanvas").glob("fullcanvas.db*"))


def test_nothing_grows_but_the_work(launch: Callable[..., Server], tmp_path: Path) -> None:
    for number in range(PHOTOS):
        write_photo(tmp_path / f"{number}.png", seed=number)
    server = launch(tmp_path, "annotate", "--memory", MEMORY)
    watch, over = Watch(), threading.Event()
    annotators = [Annotator(server.address, number, watch, over) for number in range(ANNOTATORS)]
    memory: list[int] = []
    for annotator in annotators:
        annotator.start()
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        time.sleep(SECONDS / 40)
        memory.append(resident(server.process.pid))
    over.set()
    for annotator in annotators:
        annotator.join()
    assert watch.failures == []
    report(watch, memory, stored(tmp_path))
    # An entry of 8 points takes some 350 bytes; the log of changes up to 4 MB more.
    assert stored(tmp_path) < 600 * watch.entries + PHOTOS * 20_000 + 6_000_000
    assert max(memory[20:]) - max(memory[:20]) < 40
    if SECONDS >= 600:
        third = len(watch.seconds) // 3
        assert np.median(watch.seconds[-third:]) < 2 * np.median(watch.seconds[:third])


def report(watch: Watch, memory: list[int], size: int) -> None:
    """For people who run it by hand (-s shows it)."""
    third = max(1, len(watch.seconds) // 3)
    first, last = (1000 * np.median(part) for part in (watch.seconds[:third], watch.seconds[-third:]))
    sys.stdout.write(
        f"\n{len(watch.seconds)} requests, {watch.entries} entries, median {first:.1f} -> {last:.1f} ms; "
        f"memory {memory[0]} -> {memory[len(memory) // 2]} -> {memory[-1]} MB; database {size / 1e6:.1f} MB\n"
    )
