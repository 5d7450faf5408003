from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from fullcanvas.annotation import Annotation, Scribble
from fullcanvas.cli import app
from fullcanvas.evaluation.baselines.boxes import compose
from fullcanvas.evaluation.load import load_predictor
from fullcanvas.evaluation.onnx_file import OnnxFile
from fullcanvas.evaluation.predictors import full_image
from fullcanvas.evaluation.sam import DEVIATION, MEAN, along, chosen, encoder_input, prompt_of
from fullcanvas.inference.model_file import ModelError
from tests.evaluation.tiny_sam import write_tiny_sam
from tests.panoptic_folder import halves, write_dataset

WIDTH, HEIGHT = 128, 96


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_tiny_sam(tmp_path_factory.mktemp("sam"))


def photo() -> np.ndarray:
    """White left of 64, black right of it; the encoder sees it at half its size."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[:, :64] = 255
    return image


def marked() -> Annotation:
    """Region 1 is the whole photo, region 2 its lower right part, three quarters of it black."""
    whole = [(0, 50), (127, 50), (60, 0), (60, 95)]
    part = [(48, 60), (127, 60), (100, 32), (100, 95)]
    return Annotation(WIDTH, HEIGHT).add_region(whole).add_region(part)


def test_masks_are_placed_where_the_photo_is_bright_and_the_rest_goes_to_the_smallest_box(spec):
    labels = full_image(load_predictor(spec)).open(photo()).apply(marked())
    assert labels.shape == (HEIGHT, WIDTH)
    assert labels.dtype == np.int32
    assert (labels[:20, :40] == 1).all()  # bright, and claimed by region 1 alone
    # Claimed by nobody: the smallest box that holds the pixel.
    assert (labels[:30, 90:] == 1).all()
    assert (labels[40:90, 90:120] == 2).all()
    # Claimed by both with equal scores: the smaller box.
    assert labels[60, 52] == 2


def test_scribbles_move_pixels_and_count_against_the_others(spec):
    opened = full_image(load_predictor(spec)).open(photo())
    before = opened.apply(marked())
    assert before[60, 100] == 2
    after = opened.apply(marked().scribble([(90, 60), (100, 60), (110, 60)], region=1))
    assert (after[58:63, 92:108] == 1).all()
    assert after[90, 120] == 2


def test_a_region_is_asked_for_again_only_if_its_prompt_changed(spec, monkeypatch):
    asked: list[float] = []
    run = OnnxFile.run

    def noted(self, inputs):
        if "has_mask_input" in inputs:
            asked.append(float(inputs["has_mask_input"][0]))
        return run(self, inputs)

    monkeypatch.setattr(OnnxFile, "run", noted)
    opened = full_image(load_predictor(spec)).open(photo())
    opened.apply(marked())
    assert asked == [0, 0]
    opened.apply(marked())
    assert asked == [0, 0]
    opened.apply(marked().scribble([(5, 5), (9, 9)], region=1))  # outside the box of region 2
    assert asked == [0, 0, 1]
    opened.apply(marked().scribble([(5, 5), (9, 9)], region=1).scribble([(60, 60), (70, 70)], region=1))
    assert asked == [0, 0, 1, 1, 1]


def test_a_prompt_is_a_box_with_points():
    annotation = marked().scribble([(60, 70), (80, 70)], region=2).scribble([(20, 20), (60, 40)], region=1)
    annotation = annotation.scribble([(100, 10)], region=1)  # above the box of region 2
    first, second = annotation.regions.values()
    prompt = prompt_of(annotation, second)
    assert prompt.points.tolist() == [[60, 70], [70, 70], [80, 70], [60, 40], [48, 32], [128, 96]]
    assert prompt.labels.tolist() == [1, 1, 1, 0, 2, 3]
    assert prompt_of(annotation, first).labels.tolist() == [1, 1, 1, 1, 0, 0, 0, 2, 3]


def test_points_along_a_scribble():
    assert along(Scribble(((3, 4),))) == ((3, 4),)
    assert along(Scribble(((3, 4), (3, 4)))) == ((3, 4),)
    assert along(Scribble(((0, 0), (10, 0), (10, 10)))) == ((0, 0), (10, 0), (10, 10))
    assert along(Scribble(((0, 0), (3, 0), (20, 0)))) == ((0, 0), (10, 0), (20, 0))


def test_the_encoder_sees_a_normal_photo_padded_with_zeros():
    planes = encoder_input(photo(), 64, 48, 64)
    assert planes.shape == (1, 3, 64, 64)
    assert (planes[0, :, 48:] == 0).all()
    np.testing.assert_allclose(planes[0, :, 10, 10], (255 - np.array(MEAN)) / DEVIATION, rtol=1e-5)
    np.testing.assert_allclose(planes[0, :, 10, 60], -np.array(MEAN) / DEVIATION, rtol=1e-5)


def test_the_encoder_sees_sides_rounded_as_segment_anything_rounds_them(spec):
    opened: Any = full_image(load_predictor(spec)).open(np.zeros((37, 100, 3), np.uint8))
    assert opened.working == (64, 24)  # 23.68


def test_which_mask_counts():
    assert chosen(np.array([0.1, 0.9, 0.8, 0.7], np.float32)) == 0
    assert chosen(np.array([0.1, 0.9, 0.8], np.float32)) == 1
    assert chosen(np.array([0.1], np.float32)) == 0


def test_the_higher_score_wins_where_masks_overlap():
    annotation = marked()
    claims = {1: np.ones((96, 128), bool), 2: np.ones((64, 80), bool)}
    assert compose(annotation, claims)[60, 100] == 2
    assert compose(annotation, claims, {1: 0.9, 2: 0.5})[60, 100] == 1
    assert compose(annotation, claims, {1: 0.5, 2: 0.9})[60, 100] == 2


def test_the_pair_in_the_harness(spec, tmp_path):
    write_dataset(tmp_path / "set", [halves(40, 60, 20), halves(48, 50, 30)])
    out = tmp_path / "out.json"
    arguments = ["evaluate", str(tmp_path / "set"), "--model", spec, "--rounds", "1", "--json", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    report = json.loads(out.read_text())
    assert report["model"]["name"] == "sam:encoder,decoder"
    assert len(report["model"]["hash"]) == 64
    assert report["curve"][1]["mean_iou"] > 0.5


def test_what_is_no_pair_is_refused(spec, tmp_path):
    encoder, decoder = spec.removeprefix("sam:").split(",")
    with pytest.raises(ModelError, match=r"named sam:ENCODER\.onnx,DECODER\.onnx"):
        load_predictor(f"sam:{encoder}")
    with pytest.raises(ModelError, match="there is no ONNX file"):
        load_predictor(f"sam:{encoder},{tmp_path / 'nothing.onnx'}")
    with pytest.raises(ModelError, match=r"decoder\.onnx should take one image"):
        load_predictor(f"sam:{decoder},{encoder}")
    with pytest.raises(ModelError, match=r"encoder\.onnx should take image_embeddings"):
        load_predictor(f"sam:{encoder},{encoder}")
    with pytest.raises(ModelError, match=r"encoder\.onnx should take ; its inputs are image"):
        OnnxFile(Path(encoder), None, inputs=())
    broken = Path(tmp_path / "broken.onnx")
    broken.write_bytes(b"no graph")
    with pytest.raises(ModelError, match=r"broken\.onnx cannot be loaded"):
        load_predictor(f"sam:{broken},{decoder}")
