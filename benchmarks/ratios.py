"""Hold the ratios of `fullcanvas benchmark` to their bounds: prints each, and fails past one.

    python benchmarks/ratios.py [OUT.json]

Without a file, of an earlier `fullcanvas benchmark --json`, it measures now. Ratios, not times: both sides of
each are measured in the same run, so that they mean much the same on a slower machine.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

AT_LEAST = {"ratio_to_full_forward": 4.0, "ratio_to_all_regions": 2.0, "share_of_machine_limit": 0.6}
AT_MOST = {"most_regions_to_usual": 1.3, "largest_photo_to_smallest": 2.0}


def main() -> None:
    """Measure or read, then judge."""
    lines = judge(read(Path(sys.argv[1])) if len(sys.argv) > 1 else measured())
    print("\n".join(line for line, _ in lines))
    sys.exit(0 if all(good for _, good in lines) else 1)


def read(path: Path) -> Mapping[str, Any]:
    """The figures of an earlier run."""
    figures: Mapping[str, Any] = json.loads(path.read_text())
    return figures


def measured() -> Mapping[str, Any]:
    """The default model's figures on the example photos, now."""
    from fullcanvas.benchmark.run import Settings, measure

    return measure(Settings("default", Path(__file__).parent.parent / "examples" / "photos"))


def judge(figures: Mapping[str, Any]) -> list[tuple[str, bool]]:
    """A line for each ratio, and whether it keeps its bound; one that could not be measured does not."""
    bounds = [(name, bound, 1) for name, bound in AT_LEAST.items()]
    bounds += [(name, bound, -1) for name, bound in AT_MOST.items()]
    lines = []
    for name, bound, sign in bounds:
        value = figures[name]
        good = value is not None and sign * value >= sign * bound
        words = "at least" if sign > 0 else "at most"
        shown = "not measured" if value is None else f"{value:.2f}"
        lines.append((f"{name:28s} {shown:>12s}   {words} {bound:.2f}   {'ok' if good else 'TOO BAD'}", good))
    return lines


if __name__ == "__main__":
    main()
