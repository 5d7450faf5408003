"""A real server in a process of its own, asked over HTTP as the page asks it."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fullcanvas.annotation import Annotation
from fullcanvas.benchmark.errors import BenchmarkError
from fullcanvas.benchmark.marks import stroke
from fullcanvas.benchmark.photos import Photo
from fullcanvas.benchmark.timing import percentiles, timed
from fullcanvas.client import Client


def round_trip(model: str, photo: Photo, log: Annotation, strokes: int, seed: int) -> dict[str, Any]:
    """How long `fullcanvas annotate` takes from its start to its first answer, and for a correction.

    Args:
        model: `default`, or the path of a model file.
        photo: uint8 [H, W, 3].
        log: the regions that are marked on it.
        strokes: how many corrections are timed; each starts from the same log, and is stored on disk.
        seed: of the strokes.

    Raises:
        BenchmarkError: the server does not start.
    """
    rng = np.random.default_rng(seed)
    spent: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        Image.fromarray(photo).save(Path(folder) / "photo.png")
        start = time.perf_counter()
        with _serving(folder, model) as address:
            remote = Client(address).open(1)
            first, *others = (region.extreme_points for region in log.regions.values())
            remote.add_region(first)
            begun = (time.perf_counter() - start) * 1000
            for extreme_points in others:
                remote.add_region(extreme_points)
            for _ in range(strokes):
                region, points = stroke(log, rng)
                spent.append(timed(partial(remote.scribble, points, region=region))[0])
                remote.undo()
    return {"server_start_to_first_answer_ms": begun, "server_round_trip_ms": percentiles(spent)}


@contextmanager
def _serving(folder: str, model: str) -> Iterator[str]:
    """The address of a server of the photos in a folder."""
    command = [sys.executable, "-m", "fullcanvas", "annotate", folder, "--model", model]
    options = ["--port", "0", "--no-browser"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 (it is this program)
        found = (re.search(r"http://\S+:\d+", line) for line in process.stdout or ())
        try:
            address = next((match[0] for match in found if match), None)
            if address is None:
                raise BenchmarkError("fullcanvas annotate does not start here")
            yield address
        finally:
            process.terminate()
