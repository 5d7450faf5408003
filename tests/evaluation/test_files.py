from __future__ import annotations

import json

import pytest

from fullcanvas.evaluation.console import print_report
from fullcanvas.evaluation.files import write_json


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    file = tmp_path / "new" / "x.json"
    write_json(file, {"a": [1, None]})
    assert json.loads(file.read_text()) == {"a": [1, None]}
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(file, {"a": float("nan")})
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write_json(tmp_path / "taken", {})
    assert json.loads(file.read_text()) == {"a": [1, None]}
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["new", "taken", "x.json"]


def test_a_report_fits_a_narrow_terminal_and_says_what_was_left_out(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    score = {"mean": 0.5, "interval": (0.4, 0.612), "regions": 3}
    none = {"mean": None, "interval": None, "regions": 0}
    point = {
        "scribbles_per_region": 12,
        "scribbles_drawn": 11.25,
        "mean_iou": 0.5,
        "interval": (0.4, 0.612),
        "seconds_per_region": 40.75,
        "panoptic_quality": 0.333,
        "panoptic_interval": (0.3, 0.4),
        "boundary_f": score,
        **dict.fromkeys(("things", "stuff", "small", "medium"), score),
        "large": none,
    }
    print_report({"dataset": "x", "images": 2, "regions": 3, "left_out": 4, "curve": [point]})
    text = capsys.readouterr().out
    assert "x: 2 images, 3 regions\n4 images left out" in text
    assert "40.0-61.2" in text
    assert "40-61" in text
    assert "12     11.25 50.0" in text
    assert " 33.3 " in text
    assert "…" not in text
