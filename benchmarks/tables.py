"""The tables of docs/performance.md, from the figures of `fullcanvas benchmark --json`.

python benchmarks/tables.py FIGURES.json
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]
TIMES = ("encode", "first prediction", "correction p50", "p95", "p99", "regions asked")


def main() -> None:
    """Print them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("figures", type=Path, help="what `fullcanvas benchmark --json` wrote")
    figures = json.loads(parser.parse_args().figures.read_text())
    for lines in (
        table(("regions", *TIMES), ((name, *times(row)) for name, row in figures["by_regions"].items())),
        table(
            ("megapixels", *TIMES, "full map"),
            ((name, *times(row), row["full_map_ms"]) for name, row in figures["by_megapixels"].items()),
        ),
        table(("", "encode", "first prediction", "correction p50"), peers(figures["peers"] or {})),
        table(("figure", "here"), singles(figures)),
    ):
        print("\n".join(lines), end="\n\n")


def table(heading: Sequence[str], rows: Iterable[Sequence[str | float]]) -> list[str]:
    """Lines of Markdown; numbers have one decimal."""
    cells = [[cell if isinstance(cell, str) else f"{cell:.1f}" for cell in row] for row in rows]
    lines = [heading, ["---"] * len(heading), *cells]
    return ["| " + " | ".join(line) + " |" for line in lines]


def times(row: Row) -> tuple[float, ...]:
    """The figures that rows of the first two tables have."""
    return (
        row["encode_ms"],
        row["first_prediction_ms"],
        *row["correction_ms"].values(),
        row["regions_asked"],
    )


def peers(rows: Mapping[str, Row]) -> Iterable[Sequence[str | float]]:
    """Times, and in brackets how many times ours they are."""
    for name, row in rows.items():
        first, correction = row["first_prediction_ms"], row["correction_ms"]["p50"]
        if "ratio_for_an_image" in row:
            yield (
                name,
                f"{row['encode_ms']:.1f}",
                f"{first:.1f} ({row['ratio_for_all_regions']:.1f} x)",
                f"{correction:.1f} ({row['ratio_for_a_correction']:.1f} x)",
            )
        else:
            yield name, row["encode_ms"], first, correction


def singles(figures: Row) -> Iterable[Sequence[str | float]]:
    """All that is one number."""
    for name, value in figures.items():
        if isinstance(value, Mapping) and name in {"server_round_trip_ms", "peak_memory_mb"}:
            yield from ((f"{name}: {part}", number) for part, number in value.items())
        elif isinstance(value, float):
            yield name, f"{value:.2f}"


if __name__ == "__main__":
    main()
