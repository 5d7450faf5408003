"""Hold the ratios of `fullcanvas benchmark` to their bounds: prints each, and fails past one.

    python benchmarks/ratios.py [FIGURES.json] [--model MODEL] [--json OUT]

Without a file, of an earlier `fullcanvas benchmark --json`, it measures now, in a few minutes; the train and
experiments extras are needed for that. Ratios, not times: both sides of each are measured in the same run, so
that they mean much the same on a slower machine.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
IN_TORCH, IN_ONNX = "sam:torch-encoder,torch-decoder", "sam:encoder,decoder"
AT_LEAST = {
    "ratio_to_full_forward": 4.0,
    "ratio_to_all_regions": 2.0,
    "share_of_machine_limit": 0.6,
    "mobile_sam_an_image": 15.0,
    "mobile_sam_correction": 15.0,
    "mobile_sam_all_regions": 10.0,
    "mobile_sam_in_onnx_an_image": 8.0,
    "mobile_sam_in_onnx_correction": 6.0,
    "mobile_sam_in_onnx_all_regions": 6.0,
}
AT_MOST = {"most_regions_to_usual": 1.3, "largest_photo_to_smallest": 2.0}


def main() -> None:
    """Measure or read, then judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("figures", nargs="?", type=Path, help="of an earlier run")
    parser.add_argument("--model", default="default", help="what is measured")
    parser.add_argument("--json", type=Path, help="write what was measured here")
    options = parser.parse_args()
    figures = measured(options.model) if options.figures is None else json.loads(options.figures.read_text())
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    lines = judge(figures)
    print("\n".join(line for line, _ in lines))
    sys.exit(0 if all(good for _, good in lines) else 1)


def measured(model: str) -> Mapping[str, Any]:
    """The model's figures on the example photos, now, beside GrabCut's and MobileSAM's architecture's."""
    from mobile_sam import export, in_torch

    from fullcanvas.benchmark.run import Settings, measure
    from fullcanvas.evaluation.load import load_predictor
    from fullcanvas.evaluation.predictors import full_image

    with tempfile.TemporaryDirectory() as folder:
        specs = ("grabcut", export(Path(folder)))
        peers = [*(full_image(load_predictor(spec)) for spec in specs), in_torch()]
        return measure(Settings(model, HERE.parent / "examples" / "photos", peers=peers))


def ratios(figures: Mapping[str, Any]) -> Mapping[str, float | None]:
    """All ratios of a run; None for what was not measured."""
    peers: Mapping[str, Mapping[str, float]] = figures["peers"] or {}
    found = dict(figures)
    for name, row in (("mobile_sam", IN_TORCH), ("mobile_sam_in_onnx", IN_ONNX)):
        found[f"{name}_an_image"] = peers.get(row, {}).get("ratio_for_an_image")
        found[f"{name}_all_regions"] = peers.get(row, {}).get("ratio_for_all_regions")
        found[f"{name}_correction"] = peers.get(row, {}).get("ratio_for_a_correction")
    return found


def judge(figures: Mapping[str, Any]) -> list[tuple[str, bool]]:
    """A line for each ratio, and whether it keeps its bound; one that could not be measured does not."""
    bounds = [(name, bound, 1) for name, bound in AT_LEAST.items()]
    bounds += [(name, bound, -1) for name, bound in AT_MOST.items()]
    found, lines = ratios(figures), []
    for name, bound, sign in bounds:
        value = found[name]
        good = value is not None and sign * value >= sign * bound
        words = "at least" if sign > 0 else "at most"
        shown = "not measured" if value is None else f"{value:.2f}"
        lines.append((f"{name:32s} {shown:>12s}   {words} {bound:.2f}   {'ok' if good else 'TOO BAD'}", good))
    return lines


if __name__ == "__main__":
    main()
