"""How long a correction takes inside the engine, and where the time goes.

    python benchmarks/correction.py [MODEL.zip] [--regions 11] [--width 640] [--height 480]

Without a model it measures a head of four 3 x 3 convolutions, 64 channels, 41 x 41, with random weights
(speed does not depend on them; `onnx` and the tests' folder are needed for that).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Annotation
from fullcanvas.inference import Segmenter, Session


def main() -> None:
    """Measure and print."""
    options = parse()
    segmenter = Segmenter.load(options.model or random_model())
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (options.height, options.width, 3), dtype=np.uint8)
    encoding = [timed(lambda: segmenter.encode(image)) for _ in range(5)]
    report("encode", encoding)
    log = marked(rng, options.width, options.height, options.regions)
    embedding = segmenter.encode(image)
    opening = [timed(lambda: segmenter.open(image, log, embedding)) for _ in range(5)]
    report(f"first prediction of {options.regions} regions", opening)
    session = segmenter.open(image, log, embedding)
    spent, asked = correct(session, segmenter, rng, options.corrections)
    report("correction", spent["correction"])
    print(f"  regions asked per correction: {np.mean(asked):.2f}")
    report("  of it the head", spent["head"])
    report("uncertainty after a correction", spent["uncertainty"])


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("model", nargs="?", help="a model file, or default")
    parser.add_argument("--regions", type=int, default=11)
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--corrections", type=int, default=200)
    return parser.parse_args()


def random_model() -> Path:
    """A model file whose head is as large as a real one's."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from tests.tiny_model import write_tiny_model

    path = Path(tempfile.mkdtemp()) / "random.zip"
    return write_tiny_model(
        path, channels=64, hidden=64, layers=4, roi_size=41, mask_size=41, working_size=512
    )


def marked(rng: np.random.Generator, width: int, height: int, count: int) -> Annotation:
    """An annotation of `count` regions; the sides of their boxes are log-uniform, as real ones about are."""
    log = Annotation(width, height)
    for _ in range(count):
        sides = np.exp(rng.uniform(np.log(0.08), 0, 2)) * (width, height)
        x0, y0 = (rng.random(2) * ((width, height) - sides)).astype(int)
        x1, y1 = int(x0 + sides[0]) - 1, int(y0 + sides[1]) - 1
        x, y = rng.integers(x0, x1 + 1), rng.integers(y0, y1 + 1)
        log = log.add_region([(x0, y), (x1, y), (x, y0), (x, y1)])
    return log


def correct(
    session: Session, segmenter: Segmenter, rng: np.random.Generator, count: int
) -> tuple[dict[str, list[float]], list[int]]:
    """Random scribbles, each drawn on the session as it was at first: milliseconds by part, regions asked."""
    spent: dict[str, list[float]] = {"correction": [], "head": [], "uncertainty": []}
    asked: list[int] = []
    run = segmenter._head.run

    def watched(inputs: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        asked.append(len(inputs["geometry"]))
        start = time.perf_counter()
        logits = run(inputs)
        spent["head"].append(milliseconds(start))
        return logits

    first = session.annotation
    for _ in range(count):
        log = first.scribble(*scribble(first, rng))
        with mock.patch.object(segmenter._head, "run", watched):
            spent["correction"].append(timed(partial(session.apply, log)))
        spent["uncertainty"].append(timed(lambda: session.uncertainty))
        session.apply(first)
    return spent, asked


def scribble(log: Annotation, rng: np.random.Generator) -> tuple[int, list[list[float]]]:
    """A region, and a wavering stroke that begins about its middle and is about a tenth of the photo long."""
    region = int(rng.choice(list(log.regions)))
    start = np.array(log.regions[region].extreme_points).mean(0)
    step = max(log.width, log.height) / 40
    walk = start + np.cumsum(rng.normal(0, step, (8, 2)), 0)
    return region, np.clip(walk, 0, (log.width - 1, log.height - 1)).tolist()


def timed(work: Callable[[], object]) -> float:
    """How many milliseconds the work takes."""
    start = time.perf_counter()
    work()
    return milliseconds(start)


def milliseconds(start: float) -> float:
    """Since `start`, a value of the performance counter."""
    return (time.perf_counter() - start) * 1000


def report(name: str, spent: list[float]) -> None:
    """Print median, 95th percentile and best."""
    median, slow = np.percentile(spent, [50, 95])
    print(f"{name:34s} p50 {median:8.2f} ms   p95 {slow:8.2f} ms   best {min(spent):8.2f} ms")


if __name__ == "__main__":
    main()
