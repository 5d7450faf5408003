"""Simulated annotators at work through the real interface, as long as one likes: nothing grows but the work.

FULLCANVAS_SOAK sets the seconds; `make soak` makes them an hour.
"""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
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
CHANGES = 50 if LONG else 30
"""After so many an annotator goes on to another photo."""
PHOTOS = ANNOTATORS * 4
"""Few enough that every annotator comes back to each of theirs."""
MEMORY = "0.003"
"""In gigabytes: of the photos that are kept ready, so that most have gone when an annotator comes back."""
LOOKS = 400
PARTS = 6


@dataclass(frozen=True, slots=True)
class Look:
    """The server at one moment.

    Attributes:
        changes: how many it has answered.
        memory: in megabytes.
        processor: the seconds of work that it has done.
    """

    changes: int
    memory: float
    processor: float


@dataclass
class Watch:
    """What was seen: how long each change and each opening of a photo took to be answered."""

    changes: list[float] = field(default_factory=list)
    openings: list[float] = field(default_factory=list)
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
        photo = self._asked(self.watch.openings, lambda: client.get(url)).json()
        for _ in range(CHANGES):
            if self.over.wait(self.rng.exponential(THINKS)) or self.watch.failures:
                return
            body = {"version": photo["version"], **self._next(photo)}
            where = f"{url}/{'complete' if 'complete' in body else 'interactions'}"
            response = self._asked(self.watch.changes, partial(client.post, where, json=body))
            if response.status_code != 200:
                self.watch.failures.append(response.text)
                return
            self.watch.entries += body.get("kind", "undo") not in {"undo", "redo"}
            photo = response.json() if "complete" in body else read_patch(response.content).header["photo"]

    def _asked(self, times: list[float], ask: Callable[[], httpx.Response]) -> httpx.Response:
        began = time.perf_counter()
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


def look(process: int, watch: Watch) -> Look:
    """The server as Linux accounts for it."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    processor = (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return Look(len(watch.changes), pages * os.sysconf("SC_PAGE_SIZE") / 2**20, processor)


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
    looks = []
    for _ in range(LOOKS):
        time.sleep(SECONDS / LOOKS)
        looks.append(look(server.process.pid, watch))
    over.set()
    for annotator in annotators:
        annotator.join()
    report(watch, looks, stored(tmp_path))
    assert watch.failures == []
    # An entry of 8 points takes some 350 bytes; the log of changes up to 4 MB more.
    assert stored(tmp_path) < 600 * watch.entries + PHOTOS * 20_000 + 6_000_000
    memory = [look.memory for look in looks]
    assert max(memory[LOOKS // 2 :]) - max(memory[: LOOKS // 2]) < 40
    if LONG:
        assert_steady(watch, looks)


def assert_steady(watch: Watch, looks: list[Look]) -> None:
    """Judged by what a machine that does other things too hardly disturbs.

    That is the processor time of a change, and the quick quarter of the answers, each against the same at
    the beginning; and the line that fits the memory best, once everything has been used.
    """
    work = parted(looks)
    assert work[-1] < 1.5 * work[0]
    quick = [np.quantile(part, 0.25) for part in np.array_split(watch.changes, PARTS)]
    assert quick[-1] < 1.5 * quick[0]
    memory = [look.memory for look in looks[LOOKS // 4 :]]
    growth = np.polyfit(np.linspace(0, 1, len(memory)), memory, 1)[0]
    assert growth < 10


def parted(looks: list[Look]) -> list[float]:
    """The processor's seconds per change, in each part of the time."""
    ends = [looks[round(part)] for part in np.linspace(0, len(looks) - 1, PARTS + 1)]
    return [
        (after.processor - before.processor) / max(1, after.changes - before.changes)
        for before, after in itertools.pairwise(ends)
    ]


def report(watch: Watch, looks: list[Look], size: int) -> None:
    """For people who run it by hand (-s shows it)."""

    def told(name: str, values: Iterable[Any], unit: str) -> str:
        return f"{name:32} {' '.join(f'{value:7.1f}' for value in values)} {unit}\n"

    changes = [1000 * part for part in np.array_split(watch.changes, PARTS)]
    openings = [1000 * part for part in np.array_split(watch.openings, PARTS)]
    memory = [[look.memory for look in part] for part in np.array_split(np.array(looks, object), PARTS)]
    sys.stdout.write(
        f"\n{SECONDS:.0f} s, {ANNOTATORS} annotators, {len(watch.changes)} changes of {PHOTOS} photos, "
        f"{len(watch.openings)} openings, {len(watch.failures)} failures\n"
        f"{watch.entries} entries, database {size / 1e6:.2f} MB; each line from the first to the last of "
        f"{PARTS} parts of the time\n"
        + told("change, median", map(np.median, changes), "ms")
        + told("change, quickest quarter within", (np.quantile(part, 0.25) for part in changes), "ms")
        + told("change, 95 % within", (np.quantile(part, 0.95) for part in changes), "ms")
        + told("change, processor time", (1000 * each for each in parted(looks)), "ms")
        + told("opening, median", map(np.median, openings), "ms")
        + told("memory, most", map(max, memory), "MB")
    )
