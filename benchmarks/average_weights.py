"""Average the weights of two trainings, as one checkpoint to export.

    python benchmarks/average_weights.py ONE.pt OTHER.pt [--share 0.5] --out AVERAGE.pt
    fullcanvas export-model AVERAGE.pt --out AVERAGE.zip

Both began from the same weights, or the first began from the other: else their average means nothing. An
average can be averaged further. Name, licence and sources are the other's, whose terms are the narrower; it
was trained on the photos of both. The record says of what it is an average.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from fullcanvas.learning import checkpoint
from fullcanvas.learning.weights import read_weights


def main() -> None:
    """Average and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("one", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("--share", type=float, default=0.5, help="of the other, 0 to 1")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    one, other = checkpoint.load(asked.one), checkpoint.load(asked.other)
    if not 0 <= asked.share <= 1:
        parser.error(f"a share is 0 to 1, not {asked.share}")
    if one["config"]["network"] != other["config"]["network"]:
        parser.error("the two networks have different shapes")
    if first_weights(one) not in [first_weights(other), read_weights(asked.other).record["hash"]]:
        parser.error("the two trainings began from different weights: their average means nothing")
    checkpoint.save(asked.out, averaged(one, other, asked.share))


def averaged(one: Mapping[str, Any], other: Mapping[str, Any], share: float) -> dict[str, Any]:
    """The state of a checkpoint between two others, whose networks have the same shape."""
    named = {key: other["config"][key] for key in ("name", "licence", "sources")}
    return {
        **one,
        "config": {**one["config"], **named},
        "origin": {**one["origin"], "average": [*parts(one, 1 - share), *parts(other, share)]},
        "step": one["step"] + other["step"],
        "seconds": one["seconds"] + other["seconds"],
        "curve": [],
        "average": {
            name: _between(value, other["average"][name], share) for name, value in one["average"].items()
        },
        "trained_on": _together(one["trained_on"], other["trained_on"]),
    }


def parts(state: Mapping[str, Any], share: float) -> list[dict[str, Any]]:
    """What a checkpoint is an average of, each with its part of the share: itself, if it is none."""
    itself = [{"name": state["config"]["name"], "steps": state["step"], "share": 1.0}]
    return [{**each, "share": each["share"] * share} for each in state["origin"].get("average", itself)]


def first_weights(state: Mapping[str, Any]) -> Any:
    """What tells where a training began."""
    origin = state["origin"]
    return origin["model"].get("hash") if "model" in origin else origin


def _between(one: Tensor, other: Tensor, share: float) -> Tensor:
    return one.lerp(other, share) if one.is_floating_point() else one


def _together(one: Mapping[str, list[int]], other: Mapping[str, list[int]]) -> dict[str, list[int]]:
    return {name: sorted({*one.get(name, ()), *other.get(name, ())}) for name in sorted({*one, *other})}


if __name__ == "__main__":
    main()
