"""Simulated annotators at work through the real interface, as long as one likes: nothing grows but the work.

FULLCANVAS_SOAK sets the seconds; `make soak` makes them an hour.
"""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from fullcanvas.simulation.extreme import extreme_points
from tests.server.conftest import read_patch, write_photo
from tests.server.process import Server

SECONDS = float(os.environ.get("FULLCANVAS_SOAK", "10"))
LONG = SECONDS >= 600
"""Whether it lasts long enough to say of times and memory how they grow."""
ANNOTATORS = 20 if LONG else 8
THINKS = 2.0 if LONG else 0.0
"""Seconds that an annotator looks at the photo before each change, on average."""
REGIONS = 6
SCRIBBLES = 5
"""After so many a region is deleted and marked anew: what is in force stays as much, and the logs grow."""
CHANGES = 50 if LONG else 30
"""After so many an annotator goes on to another photo."""
PHOTOS = ANNOTATORS * 4
"""Few enough that every annotator comes back to each of theirs."""
MEMORY = "0.016" if LONG else "0.003"
"""In gigabytes, of the photos that are kept ready: those at work have room for all that is said of them in an
hour, and the others go, so that most are made ready again when an annotator comes back."""
PARTS = 6
LOOKS = 60 * PARTS


@dataclass(frozen=True, slots=True)
class Look:
    """The server at one moment.

    Attributes:
        changes, openings: how many it has answered.
        memory: in megabytes.
        processor: the seconds of work that it has done.
    """

    changes: int
    openings: int
    memory: float
    processor: float


@dataclass
class Watch:
    """What was seen: how long each change and each opening of a photo took to be answered.

    Attributes:
        entries: how many changes are entries of a log.
        repeated: how many were sent again, as the page does where a connection breaks.
    """

    changes: list[float] = field(default_factory=list)
    openings: list[float] = field(default_factory=list)
    entries: int = 0
    repeated: int = 0
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
        try:
            with httpx.Client(timeout=60) as client:
                while not self.over.is_set() and not self.watch.failures:
                    self._annotate(client, f"{self.address}/api/v1/photos/{next(photos)}")
        except httpx.TransportError as error:
            self.watch.failures.append(repr(error))

    def _annotate(self, client: httpx.Client, url: str) -> None:
        photo = self._asked(self.watch.openings, lambda: client.get(url)).json()
        for _ in range(CHANGES):
            if self.over.wait(self.rng.exponential(THINKS)) or self.watch.failures:
                return
            key = str(self.rng.random())
            body = {"version": photo["version"], "key": key, **self._next(photo)}
            where = f"{url}/{'complete' if 'complete' in body else 'interactions'}"
            response = self._asked(self.watch.changes, partial(client.post, where, json=body))
            if response.status_code != 200:
                self.watch.failures.append(response.text)
                return
            self.watch.entries += body.get("kind", "undo") not in {"undo", "redo"}
            photo = response.json() if "complete" in body else read_patch(response.content).header["photo"]

    def _asked(self, times: list[float], ask: Callable[[], httpx.Response]) -> httpx.Response:
        began = time.perf_counter()
        try:
            response = ask()
        except httpx.ReadError:  # the server closed an idle connection just when it was used again
            self.watch.repeated += 1
            response = ask()
        times.append(time.perf_counter() - began)
        return response

    def _next(self, photo: dict[str, Any]) -> dict[str, Any]:
        if photo["status"] == "complete":
            return {"complete": False}
        if len(photo["regions"]) < REGIONS:
            return {"kind": "add_region", "extreme_points": self._points()}
        region = photo["regions"][self.rng.integers(REGIONS)]
        choice = self.rng.integers(12)
        if choice == 0:
            return {"complete": True}
        if region["scribbles"] >= SCRIBBLES:
            return {"kind": "delete", "region": region["id"]}
        if choice <= 2:
            return {"kind": "redo"} if photo["can_redo"] else {"kind": "undo"}
        start = np.array(region["extreme_points"]).mean(axis=0)
        walk = np.clip(start + np.cumsum(self.rng.normal(0, 3, (8, 2)), axis=0), 0, [95, 79])
        return {"kind": "scribble", "region": region["id"], "points": walk.tolist()}

    def _points(self) -> list[list[int]]:
        rows, columns = np.ogrid[:80, :96]
        x, y, radius = self.rng.integers(0, 96), self.rng.integers(0, 80), self.rng.integers(6, 30)
        disc = (columns - x) ** 2 + (rows - y) ** 2 <= radius**2
        return [list(map(int, point)) for point in extreme_points(disc, self.rng)]


def look(process: int, watch: Watch) -> Look:
    """The server as Linux accounts for it."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    processor = (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    memory = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return Look(len(watch.changes), len(watch.openings), memory, processor)


def stored(folder: Path) -> int:
    """Bytes of the database, with what is yet to be merged into it."""
    return sum(path.stat().st_size for path in (folder / ".fullcanvas").glob("fullcanvas.db*"))


def test_nothing_grows_but_the_work(launch: Callable[..., Server], tmp_path: Path) -> None:
    for number in range(PHOTOS):
        write_photo(tmp_path / f"{number}.png", seed=number)
    server = launch(tmp_path, "annotate", "--memory", MEMORY)
    watch, over = Watch(), threading.Event()
    annotators = [Annotator(server.address, number, watch, over) for number in range(ANNOTATORS)]
    for annotator in annotators:
        annotator.start()
    looks, parts = [look(server.process.pid, watch)], []
    for number in range(1, LOOKS + 1):
        time.sleep(SECONDS / LOOKS)
        assert watch.failures == []
        looks.append(look(server.process.pid, watch))
        if number % (LOOKS // PARTS) == 0:
            parts.append(Part.of(watch, looks[-LOOKS // PARTS - 1 :]))
            sys.stdout.write(f"\n{number * SECONDS / LOOKS:5.0f} s: {parts[-1]}")
            sys.stdout.flush()
    over.set()
    for annotator in annotators:
        annotator.join()
    sys.stdout.write(
        f"\n{ANNOTATORS} annotators, {PHOTOS} photos, {len(watch.changes)} changes, {watch.entries} entries, "
        f"{len(watch.openings)} openings, {watch.repeated} requests sent again, {len(watch.failures)} "
        f"failures; database {stored(tmp_path) / 1e6:.1f} MB\n"
    )
    assert watch.failures == []
    # An entry of 8 points takes some 350 bytes; the log of changes up to 4 MB more.
    assert stored(tmp_path) < 600 * watch.entries + PHOTOS * 20_000 + 6_000_000
    assert max(part.memory for part in parts) - parts[0].memory < 40
    if LONG:
        assert_steady(parts, [look.memory for look in looks[LOOKS // 4 :]])


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the time.

    Attributes:
        changes: how many were answered.
        quick, median, slow: the seconds within which a quarter, half and 95 % of them were.
        processor: the seconds of the server's work for each, with what else it did.
        opening: the median of the seconds that it took to open a photo.
        memory: at most, in megabytes.
    """

    changes: int
    quick: float
    median: float
    slow: float
    processor: float
    opening: float
    memory: float

    @classmethod
    def of(cls, watch: Watch, looks: Sequence[Look]) -> Part:
        """What was seen from the first to the last of some looks."""
        first, last = looks[0], looks[-1]
        changes = watch.changes[first.changes : last.changes]
        quick, median, slow = np.quantile(changes or [0.0], [0.25, 0.5, 0.95]).tolist()
        work = (last.processor - first.processor) / max(1, len(changes))
        opening = float(np.median(watch.openings[first.openings : last.openings] or [0.0]))
        return cls(len(changes), quick, median, slow, work, opening, max(look.memory for look in looks))

    def __str__(self) -> str:
        """For people who run it by hand (-s shows it)."""
        quick, median, slow, work, opening = (
            f"{1000 * each:.1f}"
            for each in (self.quick, self.median, self.slow, self.processor, self.opening)
        )
        return (
            f"{self.changes} changes: 25 % within {quick}, 50 % {median}, 95 % {slow} ms, {work} ms of "
            f"processor each; opening {opening} ms; {self.memory:.1f} MB"
        )


def assert_steady(parts: Sequence[Part], memory: Sequence[float]) -> None:
    """Judged by what a machine that does other things too hardly disturbs.

    That is the processor time of a change, at the end against the beginning, and the line that fits the
    memory best, once everything has been used. The first part, in which photos are new, is no measure.
    """
    assert parts[-1].processor < 1.5 * parts[1].processor
    growth = np.polyfit(np.linspace(0, 1, len(memory)), memory, 1)[0]
    assert growth < 10
