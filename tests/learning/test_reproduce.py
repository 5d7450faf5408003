"""`fullcanvas reproduce` from nothing: it trains tiny rows, evaluates them, and writes the figure."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fullcanvas.cli import app
from tests.learning import toy
from tests.tiny_model import write_tiny_model

ALONE = {"canvas": False, "shared": False}
PLAIN = {"prior": False, "grow_boxes": False, "ink_constraint": False}
TINY = {"steps": 2, "images_per_step": 2, "warmup": 1, "checkpoint_every": 2, "validate_every": 2}


def write_row(folder: Path, name: str, network: dict[str, Any], training: dict[str, Any]) -> None:
    config = {
        "name": name,
        "sources": [{"path": "toy"}],
        "network": toy.NETWORK | PLAIN | network,
        "training": toy.TRAINING | TINY | training,
    }
    toy.write_toml(folder / f"{name}.toml", config)


@pytest.fixture
def folder(tmp_path):
    """Rows of figure 5 and of table 1, a toy set to train on and another to evaluate on."""
    toy.write_toy_set(tmp_path / "data" / "toy", 6)
    toy.write_toy_set(tmp_path / "data" / "coco-val50", 2)
    alone, together = {"loss": "mask-wise"}, {"loss": "pixel-wise"}
    write_row(tmp_path, "full-image-scribble", {}, together | {"rounds": [1], "sibling": "full-image"})
    heat = {"points": "heat-maps", "head": "convolutions", "head_channels": [8]}
    write_row(tmp_path, "single-region-objects", ALONE | heat, alone | {"regions": "things", "rounds": [0]})
    write_row(tmp_path, "dextr", ALONE | {"kind": "dextr"}, alone | {"regions": "things", "rounds": [0]})
    return tmp_path


def reproduce(folder: Path, name: str) -> dict[str, Any]:
    places = ["--data", str(folder / "data"), "--out", str(folder / "out"), "--configs", str(folder)]
    options = ["--small", "--limit", "2", "--rounds", "1", "--device", "cpu"]
    result = CliRunner().invoke(app, ["reproduce", name, *places, *options])
    assert result.exit_code == 0, result.output + repr(result.exception)
    assert (folder / "out" / f"{name}.png").stat().st_size > 1000
    found: dict[str, Any] = json.loads((folder / "out" / f"{name}.json").read_text())
    return found


def test_figure_5_trains_the_model_that_is_not_there(folder, trained):
    placed = {**PLAIN, **ALONE}
    del placed["prior"]
    for name in ("single-region", "single-region-scribble"):
        (folder / "out" / name).mkdir(parents=True)
        write_tiny_model(folder / "out" / name / "model.zip", **placed)
    (folder / "out" / "full-image").mkdir()
    shutil.copy(trained.model, folder / "out" / "full-image")
    found = reproduce(folder, "figure5")
    steps = {name: record.get("steps") for name, record in found["training"].items()}
    assert (steps["full-image"], steps["full-image-scribble"]) == (60, 2)
    assert found["training"]["full-image-scribble"]["first_weights"]["sibling"]["name"] == "toy"
    assert [len(row["curve"]) for row in found["rows"]] == [2, 2, 2]
    assert "2 steps in" in (folder / "out" / "figure5.md").read_text()
    models = {file: file.stat().st_mtime_ns for file in (folder / "out").glob("*/model.zip")}
    assert len(models) == 4
    assert reproduce(folder, "figure5") == found
    assert {file: file.stat().st_mtime_ns for file in models} == models


def test_table_1_from_nothing(folder):
    found = reproduce(folder, "table1")
    dextr, ours = found["rows"]
    assert (dextr["model"]["name"], ours["model"]["name"]) == ("dextr", "single-region-objects")
    assert found["regions"] == "things"
    assert found["only_printed"] == {"DEXTR (released model)": pytest.approx(0.819)}
    assert "| DEXTR (released model) |  | 81.9 |  |" in (folder / "out" / "table1.md").read_text()
    assert all(0 <= row["curve"][0]["mean_iou"] <= 1 for row in found["rows"])
