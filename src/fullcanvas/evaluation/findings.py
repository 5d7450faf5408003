"""What came out beside what the paper printed: as JSON, as Markdown, and drawn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fullcanvas.evaluation import metrics
from fullcanvas.evaluation.paper import Claim, Effort, Experiment, Row
from fullcanvas.evaluation.report import interval_ends, score_cell

Found = Mapping[str, Any]
"""What `gather` returns."""

Curves = Mapping[str, list[dict[str, Any]]]
"""The points of each row, a budget each, from no scribbles on; by the rows' keys."""

_VERDICTS = {True: "yes", False: "**no**", None: "open"}


def gather(
    experiment: Experiment, reports: Mapping[str, Mapping[str, Any]], trained: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The outcome of an experiment as JSON values; scores are fractions in [0, 1].

    Args:
        experiment: what was done.
        reports: what `evaluate` said, by the rows' keys.
        trained: what the models' files say of their training, by configuration.
    """
    one = reports[experiment.rows[0].key]
    curves = {key: _curve(experiment, report) for key, report in reports.items()}
    claims = [
        _judged_effort(claim, curves)
        if isinstance(claim, Effort)
        else _judged(claim, curves, differences(claim, reports, experiment.group))
        for claim in experiment.claims
    ]
    return {
        "name": experiment.name,
        "title": experiment.title,
        "dataset": one["dataset"],
        "regions": experiment.group or "all",
        "seed": one["seed"],
        "rows": [{**_row(row, reports[row.key]), "curve": curves[row.key]} for row in experiment.rows],
        "only_printed": {label: value / 100 for label, value in experiment.only_printed.items()},
        "claims": claims,
        "training": {name: dict(record) for name, record in trained.items()},
    }


def _row(row: Row, report: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "key": row.key,
        "label": row.label,
        "allocation": row.allocation.value,
        "paper": {str(budget): value / 100 for budget, value in row.printed.items()},
        **{key: report[key] for key in ("model", "first_model", "images", "left_out")},
    }


def _curve(experiment: Experiment, report: Mapping[str, Any]) -> list[dict[str, Any]]:
    points = []
    for point in report["curve"]:
        whole = {"mean": point["mean_iou"], "interval": point["interval"]}
        score = point[experiment.group] if experiment.group else whole
        points.append(
            {
                "scribbles_per_region": point["scribbles_per_region"],
                "scribbles_drawn": point["scribbles_drawn"],
                "mean_iou": score["mean"],
                "interval": score["interval"],
            }
        )
    return points


def _judged(claim: Claim, curves: Curves, found: list[dict[str, Any]]) -> dict[str, Any]:
    return {"claim": claim.text, "holds": holds(claim, curves), "differences": found}


def _judged_effort(claim: Effort, curves: Curves) -> dict[str, Any]:
    keys = [claim.row] if claim.other is None else [claim.row, claim.other]
    taken = {key: scribbles_for(claim.quality, curves[key]) for key in keys}
    return {"claim": claim.text, "holds": holds_effort(claim, curves), "scribbles": taken}


def holds(claim: Claim, curves: Curves) -> bool | None:
    """Whether the better row is the better one at every budget that the claim is about; None if none was."""
    better, worse = ([point["mean_iou"] for point in curves[key]] for key in (claim.better, claim.worse))
    pairs = list(zip(better, worse, strict=True))[claim.budgets]
    if not pairs:
        return None
    return all(one is not None and other is not None and one > other + claim.least for one, other in pairs)


def holds_effort(claim: Effort, curves: Curves) -> bool | None:
    """Whether a quality takes as few scribbles as the claim says; None if too few were drawn to tell."""
    drawn = len(curves[claim.row]) - 1
    taken = scribbles_for(claim.quality, curves[claim.row])
    others = 1.0 if claim.other is None else scribbles_for(claim.quality, curves[claim.other])
    allowed = claim.most * (drawn if others is None else others)
    if taken is not None and taken <= allowed:
        return True
    return None if others is None or (taken is None and drawn < allowed) else False


def scribbles_for(quality: float, curve: list[dict[str, Any]]) -> float | None:
    """At how many scribbles per region a curve reaches a quality, by linear interpolation; None if never."""
    means = [point["mean_iou"] for point in curve]
    reached = next(
        (budget for budget, mean in enumerate(means) if mean is not None and mean >= quality), None
    )
    if not reached:
        return None if reached is None else 0.0
    before, after = means[reached - 1], means[reached]
    return float(reached - (after - quality) / (after - before))


def differences(
    claim: Claim, reports: Mapping[str, Mapping[str, Any]], group: str | None
) -> list[dict[str, Any]]:
    """By how much the better row is above the worse one, at every budget that the claim is about.

    Both rows are compared on the same photos, and the 95 % interval draws photos, so what makes a photo hard
    for both cancels out. Fractions of IoU; nothing if the rows share no region.
    """
    better, worse = (
        {one["image_id"]: one for one in reports[key]["photos"]} for key in (claim.better, claim.worse)
    )
    shared = sorted(better.keys() & worse.keys())
    sums_key, count_key = ("things_iou_sums", "things") if group == "things" else ("iou_sums", "regions")
    counts = np.array([better[image_id][count_key] for image_id in shared], np.int64)
    if not counts.sum():
        return []
    sums = np.array([np.subtract(better[id_][sums_key], worse[id_][sums_key]) for id_ in shared], np.float64)
    repeated = np.repeat(counts[:, None], sums.shape[1], 1)
    intervals = metrics.bootstrap_intervals(sums, repeated, reports[claim.better]["seed"])
    means = sums.sum(0) / counts.sum()
    found = [
        {"scribbles_per_region": budget, "difference": float(mean), "interval": interval}
        for budget, (mean, interval) in enumerate(zip(means, intervals, strict=True))
    ]
    return found[claim.budgets]


def markdown(experiment: Experiment, found: Found, picture: str, rounds: int) -> str:
    """The outcome as Markdown, with the picture in it."""
    if experiment.name == "figure6":
        last = f"; after {rounds} scribbles" if rounds > 1 else ""
        panels = f"the photo; extreme points alone; after 1 scribble per region{last}; the truth"
        return f"# {found['title']}\n\n![{panels}]({picture})\n\nFrom left to right: {panels}.\n"
    regions = "objects alone" if experiment.group == "things" else "all regions"
    parts = [
        f"# {found['title']}",
        f"Mean IoU in % over {regions} of {found['dataset']}; in brackets 95 % intervals over images.",
        _table(found),
        _claims(found),
        _training(found),
        f"![Ours and the paper's]({picture})",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(found: Found) -> str:
    budgets = [point["scribbles_per_region"] for point in found["rows"][0]["curve"]]
    heads = ["the paper", "ours"] if budgets == [0] else [f"{budget}" for budget in budgets]
    lines = [["", "images", *heads], ["---", *["---:"] * (len(heads) + 1)]]
    for row in found["rows"]:
        ours = [score_cell(point) for point in row["curve"]]
        paper = [f"{100 * row['paper'][str(b)]:.1f}" if str(b) in row["paper"] else "" for b in budgets]
        if budgets == [0]:
            lines.append([row["label"], str(row["images"]), *paper, *ours])
        else:
            drawn = [f"{point['scribbles_drawn']:.1f}" for point in row["curve"]]
            lines.append([row["label"], str(row["images"]), *ours])
            lines.append(["... in the paper", "", *paper])
            lines.append(["... scribbles drawn per region", "", *drawn])
    lines += [[label, "", f"{100 * value:.1f}", ""] for label, value in found["only_printed"].items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _claims(found: Found) -> str:
    if not found["claims"]:
        return ""
    drawn = len(found["rows"][0]["curve"]) - 1
    heading = "What the paper finds, and whether it came out; in brackets the smallest difference"
    if drawn:
        heading += ", or the scribbles per region that it took (open: too few were drawn to tell)"
    lines = [f"- {_VERDICTS[one['holds']]}: {one['claim']}{_evidence(one, drawn)}" for one in found["claims"]]
    return "\n".join([f"{heading}:", "", *lines])


def _evidence(claim: Mapping[str, Any], drawn: int) -> str:
    """By how much a claim holds or not, in words."""
    if "scribbles" not in claim:
        return _least(claim["differences"])
    taken = [f"over {drawn}" if each is None else f"{each:.1f}" for each in claim["scribbles"].values()]
    return f" ({' against '.join(taken)})"


def _least(points: list[dict[str, Any]]) -> str:
    """The smallest difference, in words."""
    if not points:
        return ""
    least = min(points, key=lambda point: float(point["difference"]))
    low, high = (100 * end for end in least["interval"])
    where = f" at a budget of {least['scribbles_per_region']}" if len(points) > 1 else ""
    return f" (by {100 * least['difference']:+.1f} points{where}; {low:+.1f} to {high:+.1f})"


def _training(found: Found) -> str:
    told = {name: _budget(record) for name, record in found["training"].items() if "steps" in record}
    lines = [f"- `{name}`: {budget}" for name, budget in told.items()]
    return "\n".join(["What the models were given:", "", *lines]) if lines else ""


def _budget(record: Mapping[str, Any]) -> str:
    minutes = record.get("seconds", 0) / 60
    return f"{record['steps']} steps in {minutes:.1f} minutes"


def draw(experiment: Experiment, found: Found, file: Path) -> None:
    """Writes the figure: curves if there are scribbles, else a row of marks; the paper's are hollow."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = found["rows"]
    figure = Figure(figsize=(7, 5) if experiment.rounds else (7, 1.2 + 0.5 * len(rows)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(found["title"], fontsize="medium")
    (_draw_curves if experiment.rounds else _draw_marks)(axes, rows)
    axes.grid(alpha=0.3)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=150)


def _draw_curves(axes: Any, rows: list[dict[str, Any]]) -> None:
    for number, row in enumerate(rows):
        points = [point for point in row["curve"] if point["mean_iou"] is not None]
        means = [100 * point["mean_iou"] for point in points]
        budgets = [point["scribbles_per_region"] for point in points]
        color = f"C{number}"
        axes.errorbar(
            budgets, means, yerr=interval_ends(points), color=color, marker="o", capsize=3, label=row["label"]
        )
        stated = {int(budget): 100 * value for budget, value in row["paper"].items()}
        hollow = {"marker": "s", "mfc": "none", "ls": "none", "color": color}
        axes.plot(list(stated), list(stated.values()), **hollow)
    axes.plot([], [], "s", mfc="none", color="grey", label="in the paper")
    axes.set(xlabel="scribbles per region", ylabel="mean IoU (%)")
    axes.legend(loc="lower right", fontsize="small")


def _draw_marks(axes: Any, rows: list[dict[str, Any]]) -> None:
    for number, row in enumerate(rows):
        (point,) = row["curve"]
        first = number == 0
        if point["mean_iou"] is not None:
            ends, label = interval_ends([point]), "ours" if first else None
            axes.errorbar(
                100 * point["mean_iou"], number, xerr=ends, color="C0", marker="o", capsize=3, label=label
            )
        label = "the paper" if first else None
        axes.plot(100 * row["paper"]["0"], number, "s", mfc="none", color="C1", label=label)
    axes.set_yticks(range(len(rows)), [row["label"] for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel("mean IoU (%)")
    axes.legend(fontsize="small")
