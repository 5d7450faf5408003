"""The paper's tables and figures from models that are there; `tests/learning` trains them, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fullcanvas.datasets import DatasetError
from fullcanvas.evaluation import findings
from fullcanvas.evaluation.errors import EvaluationError
from fullcanvas.evaluation.gallery import GAP
from fullcanvas.evaluation.paper import EXPERIMENTS, FIGURE_5, TABLE_2, Claim, Effort
from fullcanvas.evaluation.reproduce import Request, reproduce
from tests.panoptic_folder import write_dataset, write_map
from tests.tiny_model import write_tiny_model

ALONE = {"canvas": False, "grow_boxes": False, "ink_constraint": False}
SEEDS = {"single-region": 1, "mask-wise-shared": 2, "pixel-wise-not-shared": 3, "full-image": 4}
SEEDS |= {"single-region-scribble": 5, "full-image-scribble": 6}


def triangles(shift: int) -> NDArray[np.int64]:
    """A map of 40 x 60 pixels and two regions; their boxes overlap."""
    ys, xs = np.mgrid[:40, :60]
    return np.where(xs > ys + shift, 1, 2)


class Trainer:
    """Writes a tiny model at once, and remembers the order and the siblings."""

    def __init__(self) -> None:
        self.trained: list[tuple[str, str | None]] = []

    def __call__(self, config: Path, folder: Path, sibling: Path | None) -> None:
        name = config.stem
        self.trained.append((name, None if sibling is None else sibling.parent.name))
        folder.mkdir(parents=True, exist_ok=True)
        alone = ALONE if name.startswith(("single", "mask")) else {}
        write_tiny_model(folder / "model.zip", seed=SEEDS[name], **alone)


@pytest.fixture
def request_for(tmp_path):
    """A function that makes a request for a small table or figure."""
    write_dataset(tmp_path / "data" / "coco-val50", [triangles(10 * number) for number in range(3)])
    for name in SEEDS:
        (tmp_path / f"{name}.toml").write_text("", encoding="utf-8")

    def make(name: Any, **more: Any) -> Request:
        options = {"out": tmp_path / "out", "small": True, "configs": tmp_path, "rounds": 2, **more}
        return Request(name, tmp_path / "data", **options)

    return make


def test_table_2_trains_its_cells_and_writes_them_beside_the_papers(request_for, tmp_path):
    train = Trainer()
    told: list[str] = []
    text = reproduce(request_for("table2"), train, told.append)
    assert train.trained == [(name, None) for name in list(SEEDS)[:4]]
    assert (tmp_path / "out" / "table2.md").read_text() == text
    found = json.loads((tmp_path / "out" / "table2.json").read_text())
    assert [row["paper"]["0"] for row in found["rows"]] == pytest.approx([0.758, 0.76, 0.784, 0.791])
    assert (found["dataset"], found["regions"]) == ("coco-val50", "all")
    for row in found["rows"]:
        (point,) = row["curve"]
        assert 0 < point["mean_iou"] < 1
        assert f"| {100 * row['paper']['0']:.1f} | {100 * point['mean_iou']:.1f} (" in text
    with Image.open(tmp_path / "out" / "table2.png") as picture:
        assert picture.width > 500
    # Everything is there: nothing is trained or evaluated again, and the same comes out.
    again: list[str] = []
    assert reproduce(request_for("table2"), train, again.append) == text
    assert len(train.trained) == 4
    assert [line.split(": ")[-1] for line in again] == ["evaluated before"] * 4
    assert "training" in told[0]


def test_figure_5_starts_from_the_models_of_table_2_and_counts_two_allocations(request_for, tmp_path):
    train = Trainer()
    reproduce(request_for("table2", limit=2), train)
    text = reproduce(request_for("figure5"), train)
    siblings = [("single-region-scribble", "single-region"), ("full-image-scribble", "full-image")]
    assert train.trained[4:] == siblings
    found = json.loads((tmp_path / "out" / "figure5.json").read_text())
    _, shared, free = found["rows"]
    assert [len(row["curve"]) for row in found["rows"]] == [3, 3, 3]
    assert [row["allocation"] for row in found["rows"]] == ["one-per-region", "one-per-region", "free"]
    assert shared["curve"][0] == free["curve"][0]
    assert shared["first_model"] != shared["model"] == free["model"]
    assert text.count("... in the paper") == 3
    drawn = [line.split("|")[3:-1] for line in text.splitlines() if "scribbles drawn per region" in line]
    assert float(drawn[0][-1]) > 0
    assert [[float(each) for each in line] for line in drawn] == [
        pytest.approx([point["scribbles_drawn"] for point in row["curve"]], abs=0.05) for row in found["rows"]
    ]
    assert "| 75.8 |  |  |" in text
    every, half, half_again, freely, gain, reach = found["claims"]
    assert [one["holds"] is None for one in (every, freely)] == [False, False]
    assert len(half["scribbles"]) == len(half_again["scribbles"]) == 2
    # What is said of four scribbles, two do not tell.
    assert (gain["holds"], gain["differences"]) == (None, [])
    assert (reach["holds"], list(reach["scribbles"].values())) == (None, [None])
    assert "- open: free is 5 points above single region at four scribbles\n" in text
    assert "- open: free reaches 90 % with four scribbles (over 2)\n" in text
    # Other settings share no scores.
    told: list[str] = []
    reproduce(request_for("figure5", seed=1), train, told.append)
    assert not [line for line in told if "before" in line]


def test_figure_6_shows_photo_rounds_and_truth(request_for, tmp_path):
    text = reproduce(request_for("figure6", limit=2), Trainer())
    with Image.open(tmp_path / "out" / "figure6.png") as picture:
        assert picture.size == (5 * 60 + 4 * GAP, 2 * 40 + GAP)
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    folder = tmp_path / "data" / "coco-val50" / "images"
    with Image.open(min(folder.iterdir())) as photo:
        expected = np.asarray(photo.convert("RGB")).astype(int)
    np.testing.assert_allclose(pixels[:40, :60], expected, atol=1)
    assert "after 2 scribbles; the truth" in text
    (tmp_path / "out" / "figure6" / "photos" / "map1.png").unlink()
    assert reproduce(request_for("figure6", limit=2), Trainer()) == text
    text = reproduce(request_for("figure6", limit=1, rounds=1), Trainer())
    with Image.open(tmp_path / "out" / "figure6.png") as picture:
        assert picture.width == 4 * 60 + 3 * GAP
    assert "alone; after 1 scribble per region; the truth" in text


def test_figure_6_shows_the_first_of_several_annotations_of_a_photo(request_for, tmp_path, monkeypatch):
    maps = [triangles(number) for number in range(3)]
    write_dataset(tmp_path / "twice" / "coco-val50", maps, image_ids=[1, 1, 2])
    shown: list[Path] = []
    monkeypatch.setattr("fullcanvas.evaluation.gallery.stack", lambda pictures, *_: shown.extend(pictures))
    reproduce(request_for("figure6", dataset=str(tmp_path / "twice" / "coco-val50")), Trainer())
    assert [picture.name for picture in shown[-2:]] == ["map0.png", "map2.png"]


def test_scores_of_other_photos_are_not_used_again(request_for, tmp_path):
    reproduce(request_for("table2"), Trainer())
    write_dataset(tmp_path / "other" / "coco-val50", [triangles(7)] * 3, image_ids=[4, 5, 6])
    told: list[str] = []
    reproduce(request_for("table2", dataset=str(tmp_path / "other" / "coco-val50")), Trainer(), told.append)
    assert [line.split(": ")[-1] for line in told] == ["evaluating"] * 4


def test_scores_of_corrected_maps_are_not_used_again(request_for, tmp_path):
    """The same photos, whose ids and names are the same too."""
    reproduce(request_for("table2"), Trainer())
    write_map(tmp_path / "data" / "coco-val50" / "panoptic" / "map1.png", triangles(0))
    told: list[str] = []
    text = reproduce(request_for("table2"), Trainer(), told.append)
    assert [line.split(": ")[-1] for line in told] == ["evaluating"] * 4
    assert reproduce(request_for("table2", out=tmp_path / "anew"), Trainer()) == text


def test_missing_configurations_are_found_before_anything_is_trained(request_for, tmp_path):
    (tmp_path / "full-image.toml").unlink()
    train = Trainer()
    with pytest.raises(EvaluationError, match=r"full-image\.toml to train it by"):
        reproduce(request_for("table2"), train)
    assert not train.trained


def test_a_broken_data_set_is_found_before_anything_is_trained(request_for, tmp_path):
    write_map(tmp_path / "data" / "coco-val50" / "panoptic" / "map2.png", np.full((40, 60), 99))
    train = Trainer()
    with pytest.raises(DatasetError, match=r"map2\.png: holds the segments 99"):
        reproduce(request_for("table2"), train)
    assert not train.trained


def test_a_claim_holds_only_if_it_does_at_every_budget():
    curves = {
        key: [{"mean_iou": value} for value in values]
        for key, values in {"a": (0.5, 0.7, 0.9), "b": (0.6, 0.6, 0.8), "c": (0.5, None, 0.8)}.items()
    }
    assert not findings.holds(Claim("", "a", "b"), curves)
    assert findings.holds(Claim("", "a", "b", first_round=1), curves)
    assert not findings.holds(Claim("", "a", "c"), curves)
    assert findings.holds(Claim("", "a", "b", -0.11), curves)
    assert not findings.holds(Claim("", "a", "b", -0.1), curves)
    assert findings.holds(Claim("", "a", "b", 0.05, 1, 1), curves)
    assert findings.holds(Claim("", "a", "b", first_round=3), curves) is None


def curve(*means: float | None) -> list[dict[str, Any]]:
    return [{"mean_iou": mean} for mean in means]


@pytest.mark.parametrize(
    ("means", "scribbles"),
    [
        ((0.8, 0.85, 0.95), pytest.approx(1.5)),
        ((0.8, 0.9), pytest.approx(1.0)),
        ((0.95, 0.8, 0.99), 0.0),
        ((0.8, 0.7, 0.95), pytest.approx(1.8)),
        ((0.8, 0.85), None),
        ((None, None), None),
    ],
)
def test_the_scribbles_that_a_quality_takes(means, scribbles):
    assert findings.scribbles_for(0.9, curve(*means)) == scribbles


def test_a_quality_that_takes_few_scribbles():
    curves = {"quick": curve(0.8, 0.9, 0.92), "slow": curve(0.7, 0.8, 0.9), "never": curve(0.1, 0.1, 0.1)}

    def holds(row: str, most: float, other: str | None = None) -> bool | None:
        return findings.holds_effort(Effort("", row, 0.9, most, other), curves)

    assert holds("quick", 1)
    assert holds("quick", 0.5) is False
    assert holds("never", 2) is False
    assert holds("never", 3) is None
    assert holds("quick", 0.5, "slow")
    assert holds("quick", 0.4, "slow") is False
    assert holds("slow", 0.5, "quick") is False
    assert holds("never", 0.5, "quick") is False
    assert holds("quick", 0.5, "never")
    assert holds("slow", 0.5, "never") is None
    assert holds("never", 0.5, "never") is None


def test_rows_are_compared_photo_by_photo():
    def report(*sums: list[float]) -> dict[str, Any]:
        photos = [
            {
                "image_id": number,
                "regions": 2,
                "iou_sums": one,
                "things": 1,
                "things_iou_sums": [0.25 * one[0]],
            }
            for number, one in enumerate(sums)
        ]
        return {"seed": 0, "photos": photos}

    reports = {"a": report([1.0, 1.4], [0.2, 0.6], [9.0, 9.0]), "b": report([0.8, 1.4], [0.0, 0.4])}
    first, second = findings.differences(Claim("", "a", "b"), reports, None)
    assert first["difference"] == pytest.approx(0.1)
    assert first["interval"] == pytest.approx((0.1, 0.1))  # hard and easy photos differ by as much
    assert second["difference"] == pytest.approx(0.05)
    assert second["interval"] == pytest.approx((0.0, 0.1))
    assert findings.differences(Claim("", "a", "b", first_round=1), reports, None) == [second]
    (things,) = findings.differences(Claim("", "a", "b"), reports, "things")
    assert things["difference"] == pytest.approx(0.05)
    assert findings.differences(Claim("", "a", "b"), {**reports, "b": report()}, None) == []


def rows_of(claim: Claim | Effort) -> set[str]:
    named = (claim.row, claim.other) if isinstance(claim, Effort) else (claim.better, claim.worse)
    return {key for key in named if key is not None}


def test_what_the_paper_printed():
    assert [row.printed[0] for row in TABLE_2.rows] == [75.8, 76.0, 78.4, 79.1]
    starts = {row.model: row.printed[0] for row in TABLE_2.rows}
    assert all(row.printed[0] == starts[row.first_model] for row in FIGURE_5.rows if row.first_model)
    for experiment in EXPERIMENTS.values():
        keys = [row.key for row in experiment.rows]
        assert len(set(keys)) == len(keys)
        assert {key for claim in experiment.claims for key in rows_of(claim)} <= set(keys)
        for row in experiment.rows:
            assert experiment.sibling(row.model) == row.first_model
