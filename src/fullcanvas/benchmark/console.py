"""The figures of a benchmark, as tables on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

HEADINGS = ("encode", "first\nprediction", "correction\np50", "\np95", "\np99", "regions\nasked")


def print_figures(figures: Mapping[str, Any], console: Console) -> None:
    """What `measure` found, in milliseconds."""
    console.print("{} on {} cores, {} photos; milliseconds".format(*_heading(figures)), markup=False)
    console.print(_table("regions", figures["by_regions"]))
    console.print(_table("megapixels", figures["by_megapixels"], ("full\nmap",)))
    if found := figures["simulated"]:
        console.print(_table("simulated annotator", {f"{found['regions']:.1f} regions": found}))
    if figures["peers"]:
        console.print(_peers(figures["peers"]))
    console.print(_summary(figures))
    console.print("docs/performance.md explains each figure.", style="dim")


def _heading(figures: Mapping[str, Any]) -> tuple[str, int, int]:
    return figures["model"]["name"], figures["cores"], figures["photos"]


def _table(what: str, rows: Mapping[str, Mapping[str, Any]], more: tuple[str, ...] = ()) -> Table:
    table = Table(what, box=None, padding=(0, 1, 0, 0))
    for heading in (*HEADINGS, *more):
        table.add_column(heading, justify="right")
    for name, row in rows.items():
        times = row["encode_ms"], row["first_prediction_ms"], *row["correction_ms"].values()
        extra = [f"{row['full_map_ms']:.1f}"] if more else []
        table.add_row(name, *(f"{time:.1f}" for time in times), f"{row['regions_asked']:.1f}", *extra)
    return table


def _peers(rows: Mapping[str, Mapping[str, Any]]) -> Table:
    """Each system's times, and how many times ours they are."""
    table = Table("11 regions", box=None, padding=(0, 1, 0, 0))
    for heading in (
        "encode",
        "first\nprediction",
        "correction\np50",
        "ours:\nimage",
        "all\nregions",
        "correc-\ntion",
    ):
        table.add_column(heading, justify="right")
    for name, row in rows.items():
        times = row["encode_ms"], row["first_prediction_ms"], row["correction_ms"]["p50"]
        ratios = [f"{value:.1f} x" for key, value in row.items() if key.startswith("ratio")]
        table.add_row(name, *(f"{time:.1f}" for time in times), *ratios)
    return table


def _summary(figures: Mapping[str, Any]) -> Table:
    trip = figures["server_round_trip_ms"]
    memory, flat = figures["peak_memory_mb"]["at_every_size"], figures["most_regions_to_usual"]
    rows = {
        "start to first answer": f"{figures['start_to_first_answer_ms']:.0f} ms",
        "... of a server, over HTTP": f"{figures['server_start_to_first_answer_ms']:.0f} ms",
        "a correction over HTTP, stored": f"p50 {trip['p50']:.1f} ms, p95 {trip['p95']:.1f} ms",
        "an embedding from disk": "{embedding_from_disk_ms:.1f} ms, {embedding_mb:.1f} MB".format(**figures),
        "a full forward pass takes as long as": f"{figures['ratio_to_full_forward']:.1f} corrections",
        "all regions anew take as long as": f"{figures['ratio_to_all_regions']:.1f} corrections",
        "the most regions, against the usual number": "unknown" if flat is None else f"{flat:.2f} x",
        "the largest photo, against the smallest": f"{figures['largest_photo_to_smallest']:.2f} x",
        "the mask head reaches, of the machine's limit": f"{100 * figures['share_of_machine_limit']:.0f} %",
        "peak memory": "unknown" if memory is None else f"{memory:.0f} MB",
    }
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    for row in rows.items():
        table.add_row(*row)
    return table
