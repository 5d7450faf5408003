from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from fullcanvas.cli import app
from fullcanvas.evaluation.errors import EvaluationError
from fullcanvas.evaluation.report import interval_ends, labels, markdown_table, read_runs, write_report


def run(name: str = "tiny", budgets: tuple[int, ...] = (0, 1), **more: Any) -> dict[str, Any]:
    model = {"name": name, "hash": "0123456789"}
    points = [
        {"scribbles_per_region": budget, "mean_iou": 0.5 + budget / 10, "interval": [0.4, 0.6123]}
        for budget in budgets
    ]
    return {
        "model": model,
        "first_model": model,
        "allocation": "free",
        "dataset": "blobs",
        "annotator": "paper",
        "images": 3,
        "regions": 12,
        "seed": 0,
        "curve": points,
        **more,
    }


def test_an_interval_reaches_as_far_below_its_mean_and_above_it_as_it_says():
    points = [{"mean_iou": 0.5, "interval": [0.4, 0.7]}, {"mean_iou": 0.9, "interval": [0.85, 0.91]}]
    assert interval_ends(points) == [pytest.approx([10, 5]), pytest.approx([20, 1])]


def save(folder: Path, runs: list[dict[str, Any]]) -> list[Path]:
    files = [folder / f"{number}.json" for number in range(len(runs))]
    for file, one in zip(files, runs, strict=True):
        file.write_text(json.dumps(one), encoding="utf-8")
    return files


def test_the_table_has_a_row_per_run_and_a_column_per_budget():
    lines = markdown_table([run(), run("other", budgets=(0, 3))]).splitlines()
    assert lines[0] == "| Mean IoU (%) at scribbles per region | images | regions | 0 | 1 | 3 |"
    assert lines[2] == "| tiny, free | 3 | 12 | 50.0 (40.0-61.2) | 60.0 (40.0-61.2) |  |"
    assert lines[3] == "| other, free | 3 | 12 | 50.0 (40.0-61.2) |  | 80.0 (40.0-61.2) |"
    assert {line.count("|") for line in lines} == {7}


def test_runs_are_told_apart_by_what_differs():
    first = {"name": "smallest-box", "hash": "x"}
    assert labels([run(), run(seed=1)]) == ["tiny, free, seed 0", "tiny, free, seed 1"]
    assert labels([run(), run(first_model=first)]) == ["tiny, free", "tiny, first smallest-box, free"]
    other = {"name": "tiny", "hash": "abcdefghij"}
    assert labels([run(), run(model=other, first_model=other)]) == [
        "tiny, free, 01234567",
        "tiny, free, abcdefgh",
    ]
    assert labels([run(dataset="a"), run(dataset="b")]) == ["tiny, free, a", "tiny, free, b"]


def test_a_run_without_regions_has_no_score():
    empty = run(curve=[{"scribbles_per_region": 0, "mean_iou": None, "interval": None}])
    assert "| - |" in markdown_table([empty])


def test_the_report_is_a_table_and_a_figure(tmp_path):
    files = save(tmp_path, [run(), run("other")])
    table = write_report(files, tmp_path / "out")
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert text.startswith(table)
    assert "](report.png)" in text
    with Image.open(tmp_path / "out" / "report.png") as picture:
        assert picture.size == (1050, 750)
        assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 10


@pytest.mark.parametrize("text", ["{", "[]", "{}", json.dumps({**run(), "curve": [{}]})])
def test_other_files_are_refused(tmp_path, text):
    file = tmp_path / "x.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"x\.json: does not hold"):
        read_runs([file])


def test_the_command(tmp_path):
    (file,) = save(tmp_path, [run()])
    result = CliRunner().invoke(app, ["report", str(file), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "| tiny, free | 3 | 12 |" in result.output
    missing = CliRunner().invoke(app, ["report", str(tmp_path / "gone.json")])
    assert missing.exit_code == 2
    assert "gone.json: cannot be read" in missing.output


def test_the_command_without_the_package_that_draws(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    (file,) = save(tmp_path, [run()])
    result = CliRunner().invoke(app, ["report", str(file), "--out", str(tmp_path / "out")])
    assert (result.exit_code, "fullcanvas[experiments]" in result.output) == (2, True)
