"""The figures of a benchmark, as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CORRECTION = {"p50": "-o", "p95": "--", "p99": ":"}


def plot(figures: Mapping[str, Any], out: Path) -> None:
    """Draw times by number of regions and by size of the photo, and those of the peers if there are any.

    Args:
        figures: what `measure` found.
        out: the picture; its ending says which kind.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
        OSError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    panels = 3 if figures["peers"] else 2
    picture = Figure(figsize=(5 * panels, 4), layout="constrained")
    axes = picture.subplots(1, panels, sharey=True)
    axes[0].set(ylabel="milliseconds", yscale="log")
    _lines(axes[0], figures["by_regions"], "regions")
    _lines(axes[1], figures["by_megapixels"], "megapixels")
    axes[0].legend()
    if figures["peers"]:
        _bars(axes[2], figures["peers"])
    model, cores = figures["model"]["name"], figures["cores"]
    picture.suptitle(f"{model} on {cores} cores")
    axes[0].set_ylim(bottom=1)
    out.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(out, dpi=150)


def _lines(axes: Axes, rows: Mapping[str, Mapping[str, Any]], what: str) -> None:
    places = [float(name) for name in rows]
    for name in ("encode_ms", "first_prediction_ms"):
        label = name.removesuffix("_ms").replace("_", " ")
        axes.plot(places, [row[name] for row in rows.values()], marker="o", label=label)
    for rank, style in CORRECTION.items():
        times = [row["correction_ms"][rank] for row in rows.values()]
        axes.plot(places, times, style, color="black", label=f"correction {rank}")
    axes.set(xlabel=what, xscale="log")
    axes.set_xticks(places, list(rows))
    axes.xaxis.minorticks_off()


def _bars(axes: Axes, peers: Mapping[str, Mapping[str, Any]]) -> None:
    names = list(peers)
    for shift, what in enumerate(("encode", "first prediction", "correction")):
        times = [_time(peers[name], what) for name in names]
        axes.bar([place + 0.27 * (shift - 1) for place in range(len(names))], times, 0.25, label=what)
    axes.set_xticks(range(len(names)), [name.replace(",", ",\n") for name in names])
    axes.legend()


def _time(row: Mapping[str, Any], what: str) -> float:
    found = row[f"{what.replace(' ', '_')}_ms"]
    return float(found["p50"] if isinstance(found, Mapping) else found)
