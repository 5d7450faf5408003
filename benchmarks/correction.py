"""Where the time of a correction goes inside the engine: milliseconds of one core's work, by part.

    python benchmarks/correction.py [--model MODEL] [--megapixels 0.3072] [--regions 11] [--corrections 100]
        [--scribbles 0]

On one thread, and in the processor's own time, so that other programs disturb little. With two threads the
head takes about half as long as here; the rest does not.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from fullcanvas.benchmark.marks import corrected, marked, scribbled
from fullcanvas.benchmark.photos import read_photos, size_of, sized
from fullcanvas.canvas.scene import Scene
from fullcanvas.inference import Segmenter
from fullcanvas.inference.graph import Graph
from fullcanvas.inference.ink_map import InkMap
from fullcanvas.inference.roi import Roi
from fullcanvas.inference.viewfinder import Viewfinder

PARTS = {
    "mask head": (Graph, "run"),
    "ink: what changed": (Viewfinder, "inks"),
    "ink: drawn into the RoIs' windows": (InkMap, "maps"),
    "ink: aligned": (Roi, "align"),
    "features of RoIs that grew": (Viewfinder, "rois"),
    "competition": (Scene, "labels"),
}
PHOTOS = Path(__file__).parent.parent / "examples" / "photos"


def main() -> None:
    """Measure and print."""
    options = parse()
    rng, (width, height) = np.random.default_rng(0), size_of(options.megapixels)
    segmenter = Segmenter.load(options.model, threads=1)
    before = scribbled(marked(rng, width, height, options.regions), rng, options.scribbles)
    session = segmenter.open(sized(read_photos(PHOTOS, 1)[0], width, height), before)
    before = session.annotation
    spent: dict[str, float] = defaultdict(float)
    for _ in range(options.corrections):
        after = corrected(before, rng)
        with watched(spent):
            start = time.thread_time()
            session.apply(after)
            spent["all of it"] += time.thread_time() - start
        session.apply(before)
    spent["everything else"] = 2 * spent["all of it"] - sum(spent.values())
    for name in (*PARTS, "everything else", "all of it"):
        print(f"{name:36s}{1000 * spent[name] / options.corrections:8.2f}")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", default="default")
    parser.add_argument("--megapixels", type=float, default=0.3072)
    parser.add_argument("--regions", type=int, default=11)
    parser.add_argument("--corrections", type=int, default=100)
    parser.add_argument("--scribbles", type=int, default=0, help="that every region has already")
    return parser.parse_args()


@contextmanager
def watched(spent: dict[str, float]) -> Iterator[None]:
    """While this lasts, the seconds of each part are added up."""
    with ExitStack() as stack:
        for name, (owner, method) in PARTS.items():
            stack.enter_context(mock.patch.object(owner, method, _timed(getattr(owner, method), name, spent)))
        yield


def _timed(work: Callable[..., Any], name: str, spent: dict[str, float]) -> Callable[..., Any]:
    def timed(*arguments: Any) -> Any:
        start = time.thread_time()
        answer = work(*arguments)
        spent[name] += time.thread_time() - start
        return answer

    return timed


if __name__ == "__main__":
    main()
