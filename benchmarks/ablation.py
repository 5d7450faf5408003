"""What each part of the recipe brings: short trainings that differ in one thing, measured on the same photos.

    python benchmarks/ablation.py --data data/ --out runs/ablation [ROW ...]

Every row starts from `configs/ablation.toml` and from a backbone trained on ImageNet. It is measured on the
photos of `coco-train100` that no row was trained on, and on photos of `bsds-train`, which is no row's source;
there its difference to the first row is taken photo by photo. Intervals are over photos; what chance does to
a training, the rows with other random numbers show. What is done already is not done again.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from fullcanvas.datasets import open_dataset
from fullcanvas.evaluation.findings import differences
from fullcanvas.evaluation.paper import Claim
from fullcanvas.evaluation.run import Settings, evaluate, plan
from fullcanvas.learning.config import Config
from fullcanvas.learning.sources import split
from fullcanvas.learning.train import Request, train

CONFIG = Path(__file__).parent.parent / "configs" / "ablation.toml"
BASE = "base"
HELD_BACK, ELSEWHERE = "coco-train100", "bsds-train"
FRACTION = 0.1
"""Of the photos of `bsds-train`; each has several annotations."""
SHOWN = (0, 1, 2, 4, 8)

Scores = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Row:
    """One training.

    Attributes:
        label: what differs from the first row.
        changes: the same as lines of TOML.
        sibling: the row on whose errors scribbles are simulated, if any.
    """

    label: str
    changes: tuple[str, ...] = ()
    sibling: str = ""


def fewer(share: float) -> tuple[str]:
    """The configuration's sources, with a share of the photos of each."""
    tables = (
        f'{{path = "{each.path}", weight = {each.weight}, fraction = {share}, licence = "{each.licence}"}}'
        for each in Config.read(CONFIG).sources
    )
    return (f"sources = [{', '.join(tables)}]",)


ROWS = {
    BASE: Row("the recipe"),
    "seed-1": Row("the recipe again, other random numbers", ("training.seed = 1",)),
    "seed-2": Row("and once more", ("training.seed = 2",)),
    "no-prior": Row("no logit of minus the log area of the box", ("network.prior = false",)),
    "convolutions": Row(
        "four convolutions as the head",
        ('network.head = "convolutions"', "network.head_channels = [64]"),
    ),
    "no-scribbles": Row("extreme points alone", ("training.rounds = [0]",)),
    "sibling": Row(
        "scribbles on the errors of the row above, instead of on its own",
        ('training.sibling = "no-scribbles"',),
        "no-scribbles",
    ),
    "overlap": Row("half the loss on the overlap", ("training.overlap = 0.5",)),
    "no-average": Row("no running average of the weights", ("training.average = 0.0",)),
    "no-pretraining": Row("a backbone with random weights", ("training.pretrained = false",)),
    "wide": Row(
        "wider: 96 channels, a head of 72, 120 and 168",
        ("network.channels = 96", "network.head_channels = [72, 120, 168]"),
    ),
    "lite2": Row("EfficientNet-Lite2 as the backbone", ('network.backbone = "efficientnet_lite2"',)),
    "transformer": Row("a frozen DINOv2 beside it", ('network.context = "vit_small_patch14_dinov2"',)),
    "fine": Row("logit maps of 64 x 64", ("network.mask_size = 64",)),
    "large-crops": Row("crops of 384, half as many", ("training.crop = 384", "training.steps = 140")),
    "exact-points": Row("no sloppy extreme points", ("training.jittered = 0.0",)),
    "pasted": Row("things of other photos laid over half of the crops", ("training.pasted = 0.5",)),
    "closer": Row("scales up to 2.2, as close-ups show them", ("training.scale = [0.6, 2.2]",)),
    "narrow": Row(
        "narrower: 48 channels, a head of 32, 56 and 80",
        ("network.channels = 48", "network.head_channels = [32, 56, 80]"),
    ),
    "quarter": Row("a quarter of the photos", fewer(0.25)),
    "sixteenth": Row("a sixteenth of the photos", fewer(0.0625)),
}


def main() -> None:
    """Train and measure what is missing, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}; all if none")
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--out", type=Path, required=True, help="folder for models and scores")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="cpu", help="to train on")
    asked = parser.parse_args()
    unknown = sorted(set(asked.rows) - set(ROWS))
    if unknown:
        parser.error(f"no such row: {', '.join(unknown)}; there are {', '.join(ROWS)}")
    wanted = asked.rows or list(ROWS)
    siblings = [ROWS[key].sibling for key in wanted if ROWS[key].sibling]
    for key in dict.fromkeys([*siblings, *wanted]):
        if not scores_path(asked.out, key).exists():
            made = make(key, asked.data, asked.out, asked.device)
            scores_path(asked.out, key).write_text(json.dumps(made))
    done = {
        key: json.loads(scores_path(asked.out, key).read_text())
        for key in ROWS
        if scores_path(asked.out, key).exists()
    }
    print("\n".join(table(done)))


def scores_path(out: Path, key: str) -> Path:
    """Where the scores of a row are."""
    return out / key / "scores.json"


def make(key: str, data: Path, out: Path, device: str) -> Scores:
    """Train a row, and measure it."""
    row, model = ROWS[key], out / key / "model.zip"
    if not model.exists():
        sibling = str(out / row.sibling / "model.zip") if row.sibling else None
        request = Request(CONFIG, [data], out / key, sibling=sibling, changes=row.changes, device=device)
        train(request, Console())
    _, held_back = split(open_dataset(data / HELD_BACK), Config.read(CONFIG).training.held_back)
    elsewhere = open_dataset(data / ELSEWHERE)
    return {
        HELD_BACK: evaluate(plan(held_back, Settings(str(model), rounds=max(SHOWN)))),
        ELSEWHERE: evaluate(plan(elsewhere, Settings(str(model), rounds=2), fraction=FRACTION)),
    }


def table(done: Mapping[str, Scores]) -> Sequence[str]:
    """The rows as lines of Markdown."""
    lines = [
        f"| | {' | '.join(f'{budget}' for budget in SHOWN)} | {ELSEWHERE}, 0 | 1 | 2 |",
        "|---|" + "---:|" * (len(SHOWN) + 3),
    ]
    for key, scores in done.items():
        curve = scores[HELD_BACK]["curve"]
        held_back = [f"{100 * curve[budget]['mean_iou']:.1f}" for budget in SHOWN]
        lines.append(f"| {' | '.join([ROWS[key].label, *held_back, *elsewhere(done, key)])} |")
    return lines


def elsewhere(done: Mapping[str, Scores], key: str) -> list[str]:
    """The first row's scores on the other data set, or by how much a row differs from them there."""
    if key == BASE or BASE not in done:
        return [f"{100 * point['mean_iou']:.1f}" for point in done[key][ELSEWHERE]["curve"]]
    reports = {each: done[each][ELSEWHERE] for each in (BASE, key)}
    return [
        f"{100 * one['difference']:+.1f} ({100 * one['interval'][0]:+.1f} to {100 * one['interval'][1]:+.1f})"
        for one in differences(Claim("", key, BASE), reports, None)
    ]


if __name__ == "__main__":
    main()
