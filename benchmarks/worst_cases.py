"""The photos that a model does worst on, as maps alone: not everybody may pass on a photo.

    python benchmarks/worst_cases.py data/coco-train100 docs/images/worst.png

The worst first; from left to right the answer to extreme points, after one scribble per region, after
four, and the truth.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from fullcanvas.datasets import Sample, open_dataset
from fullcanvas.evaluation.gallery import Snapshot, draw_picture, picture_of, stack
from fullcanvas.evaluation.rounds import FullImageSetup, ImageResult, evaluate_sample
from fullcanvas.evaluation.run import Plan, Settings, plan

WIDTH = 1200


def main() -> None:
    """Measure every photo, and draw the worst."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--most", type=int, default=5, help="how many photos")
    asked = parser.parse_args()
    planned = plan(open_dataset(asked.dataset), Settings(asked.model))
    with TemporaryDirectory() as folder:
        measured = [measure(planned, index, Path(folder)) for index in range(len(planned.dataset.records))]
        # Where a model fails at first and for long: the mean over all rounds.
        means = [float(np.mean([each.ious for each in result.rounds])) for result in measured]
        worst = np.argsort(means)[: asked.most]
        records = [planned.dataset.records[place] for place in worst]
        pictures = [picture_of(record, Path(folder)) for record in records]
        stack(pictures, planned.settings.rounds, asked.picture, photo=False)
    with Image.open(asked.picture) as picture:
        small = picture.resize((WIDTH, round(picture.height * WIDTH / picture.width)))
    small.quantize(128).save(asked.picture, optimize=True)
    for place, record in zip(worst, records, strict=True):
        curve = " ".join(f"{100 * np.mean(one.ious):.0f}" for one in measured[place].rounds)
        print(
            f"{record.file_name}: {len(record.segments)} regions, {curve} % after 0 to 4 scribbles per region"
        )


def measure(planned: Plan, index: int, folder: Path) -> ImageResult:
    """One photo, measured and drawn."""
    sample, setup, seen = planned.dataset.load(index), planned.setup, list[Snapshot]()
    if not isinstance(setup, FullImageSetup):
        raise TypeError("a single-region model's masks overlap: there is no picture of them")
    result = evaluate_sample(sample, setup, lambda *both: seen.append(Snapshot(*both)))
    draw_picture(without_photo(sample), seen, picture_of(planned.dataset.records[index], folder))
    return result


def without_photo(sample: Sample) -> Sample:
    """The sample with a white sheet in the place of its photo."""
    return replace(sample, image=np.full_like(sample.image, 255))


if __name__ == "__main__":
    main()
