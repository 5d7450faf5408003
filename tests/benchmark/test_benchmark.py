from __future__ import annotations

import json
import shutil
from collections import defaultdict

import numpy as np
import pytest
from benchmarks.correction import PARTS, watched
from benchmarks.ratios import AT_LEAST, AT_MOST, IN_ONNX, IN_TORCH, judge, ratios
from PIL import Image
from typer.testing import CliRunner

from fullcanvas.annotation import Annotation
from fullcanvas.benchmark.errors import BenchmarkError
from fullcanvas.benchmark.head import multiply_adds, products
from fullcanvas.benchmark.marks import corrected, marked
from fullcanvas.benchmark.peers import against_peers
from fullcanvas.benchmark.photos import read_photos, size_of, sized
from fullcanvas.benchmark.plot import plot
from fullcanvas.benchmark.round_trip import round_trip
from fullcanvas.benchmark.run import Settings, measure, same_work
from fullcanvas.benchmark.simulated import simulated
from fullcanvas.benchmark.timing import percentiles, timed
from fullcanvas.benchmark.watch import CountingSegmenter, Times, opened
from fullcanvas.canvas.boxes import box_area, box_of_points
from fullcanvas.cli import app
from fullcanvas.datasets import DatasetError, open_dataset
from fullcanvas.evaluation.load import load_predictor
from fullcanvas.evaluation.predictors import full_image
from fullcanvas.inference import read_model
from tests.evaluation.tiny_sam import write_tiny_sam
from tests.panoptic_folder import halves, write_dataset
from tests.tiny_model import write_tiny_model

SAM = {"an_image": "an_image", "all_regions": "all_regions", "a_correction": "correction"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.zip", layers=3)


@pytest.fixture(scope="module")
def figures(model, example_photos, tmp_path_factory):
    sam = write_tiny_sam(tmp_path_factory.mktemp("sam"))
    peers = [full_image(load_predictor(spec)) for spec in ("smallest-box", sam)]
    settings = Settings(
        str(model), example_photos, corrections=3, peers=peers, regions=(1, 11), megapixels=(0.3072, 1.92)
    )
    return measure(settings)


def test_the_figures_hang_together(figures):
    assert (figures["size"], figures["regions"], figures["photos"]) == ([640, 480], 11, 4)
    assert list(figures["by_regions"]) == ["1", "11"]
    assert list(figures["by_megapixels"]) == ["0.3", "1.9"]
    usual = figures["by_regions"]["11"]
    assert {key: figures[key] for key in usual} == usual
    correction = figures["correction_ms"]
    assert 0 < correction["p50"] <= correction["p95"] <= correction["p99"]
    both = figures["encode_ms"] + figures["first_prediction_ms"]
    assert figures["ratio_to_full_forward"] == pytest.approx(both / correction["p50"])
    assert figures["ratio_to_all_regions"] == pytest.approx(
        figures["first_prediction_ms"] / correction["p50"]
    )
    assert figures["share_of_machine_limit"] == pytest.approx(
        figures["matrix_product_ms"] / figures["head_ms"]
    )


def test_a_server_answers_over_http(figures):
    trip = figures["server_round_trip_ms"]
    assert 0 < trip["p50"] <= trip["p95"] <= trip["p99"] < figures["server_start_to_first_answer_ms"]


def test_a_server_that_does_not_start_is_told_of(tmp_path):
    photo = np.zeros((48, 64, 3), np.uint8)
    log = marked(np.random.default_rng(0), 64, 48, 2)
    with pytest.raises(BenchmarkError, match="does not start"):
        round_trip(str(tmp_path / "none.zip"), photo, log, strokes=1, seed=0)


def test_an_embedding_is_as_large_as_it_says(figures):
    # 640 x 480 photos are seen as 96 x 72 pixels, padded to 96 x 96; 8 channels at a quarter of that.
    assert figures["embedding_mb"] == 8 * 24 * 24 * 4 / 1e6
    assert figures["embedding_from_disk_ms"] > 0
    assert figures["embedding_to_disk_ms"] > 0


def test_peers_do_the_same_work(figures):
    ours, smallest, sam = figures["peers"].values()
    assert list(figures["peers"]) == ["ours", "smallest-box", "sam:encoder,decoder"]
    assert not [name for name in ours if name.startswith("ratio")]
    both = [row["encode_ms"] + row["first_prediction_ms"] for row in (sam, ours)]
    assert sam["ratio_for_an_image"] == pytest.approx(both[0] / both[1])
    for row in (smallest, sam):
        for ratio, time in (("all_regions", "first_prediction_ms"), ("a_correction", "correction_ms")):
            theirs, mine = (found[time] for found in (row, ours))
            if time == "correction_ms":
                theirs, mine = theirs["p50"], mine["p50"]
            assert row[f"ratio_for_{ratio}"] == pytest.approx(theirs / mine)


def test_the_guard_finds_the_ratios_to_mobile_sam(figures):
    found = ratios(figures)
    sam = figures["peers"]["sam:encoder,decoder"]
    assert found["mobile_sam_in_onnx_all_regions"] == sam["ratio_for_all_regions"]
    assert found["mobile_sam_in_onnx_correction"] == sam["ratio_for_a_correction"]
    assert found["mobile_sam_correction"] is None
    assert ratios({**figures, "peers": None})["mobile_sam_in_onnx_correction"] is None


def test_the_figures_make_a_picture(figures, tmp_path):
    for peers in (figures["peers"], None):
        plot({**figures, "peers": peers}, tmp_path / "out.png")
        with Image.open(tmp_path / "out.png") as picture:
            assert picture.height == 600
            assert picture.width == (2250 if peers else 1500)


def test_a_correction_asks_the_head_for_the_regions_it_reaches(figures):
    assert figures["by_regions"]["1"]["regions_asked"] == 1
    assert 1 <= figures["by_regions"]["11"]["regions_asked"] <= 11


def test_a_simulated_annotator_corrects_what_is_wrong(model, tmp_path):
    write_dataset(tmp_path / "triangles", [np.tri(40, 50, dtype=np.int64) + 1] * 2)
    found = simulated(CountingSegmenter(read_model(model)), open_dataset(tmp_path / "triangles"), seed=0)
    assert (found["photos"], found["regions"]) == (2, 2)
    assert 1 <= found["regions_asked"] <= 2
    assert found["correction_ms"]["p50"] > 0
    write_dataset(tmp_path / "halves", [halves()])
    with pytest.raises(BenchmarkError, match="nothing to correct"):
        simulated(CountingSegmenter(read_model(model)), open_dataset(tmp_path / "halves"), seed=0)


def test_a_simulated_annotator_marks_regions_of_one_pixel(model, tmp_path):
    """Data sets hold some, though a person's would be a slip of the hand."""
    truth = np.tri(40, 50, dtype=np.int64) + 1
    truth[20, 20] = 3
    write_dataset(tmp_path / "dot", [truth])
    found = simulated(CountingSegmenter(read_model(model)), open_dataset(tmp_path / "dot"), seed=0)
    assert found["regions"] == 3


def test_what_is_no_data_set_is_told_of_before_anything_is_measured(tmp_path):
    with pytest.raises(DatasetError, match=r"none"):
        measure(Settings("no-model.zip", dataset=tmp_path / "none"))


def test_flatness_compares_corrections_of_the_same_work():
    few = Times(correction=[10, 12, 30, 99], asked=[1, 1, 3, 7])
    many = Times(correction=[22, 33, 33, 33], asked=[1, 3, 3, 3])
    assert same_work(few, many) == pytest.approx((2 + 1.1) / 2)
    assert same_work(few, Times(correction=[5], asked=[2])) is None


def test_bounds_are_judged_either_way():
    good = {name: bound for bounds in (AT_LEAST, AT_MOST) for name, bound in bounds.items()}

    def failures(**others):
        found = {**good, **others}
        peers = {
            peer: {f"ratio_for_{key}": found[f"{name}_{part}"] for key, part in SAM.items()}
            for peer, name in ((IN_TORCH, "mobile_sam"), (IN_ONNX, "mobile_sam_in_onnx"))
        }
        return [kept for _, kept in judge({**found, "peers": peers})].count(False)

    assert not failures()
    for name in AT_LEAST:
        assert failures(**{name: 0.1}) == 1
    for name in AT_MOST:
        assert failures(**{name: 3.0}) == 1
        assert failures(**{name: None}) == 1


def test_the_head_s_multiply_adds_are_those_of_its_layers(model):
    # 12 x 12 cells; 8 + 2 channels to 8, twice 8 to 8, all 3 x 3; then 8 channels to 2 x 2 pixels each;
    # the geometry's four numbers to 8 channels.
    assert multiply_adds(read_model(model)) == 144 * 9 * (10 * 8 + 2 * 8 * 8) + 144 * 8 * 4 + 4 * 8


def test_the_products_are_one_and_take_about_as_many():
    one, other = (work() for work in products(30_000_000))
    assert one.dtype == other.dtype == np.float32
    assert one.shape[0] ** 3 == pytest.approx(30_000_000, rel=0.01)
    assert np.allclose(one, other, rtol=1e-4)


def test_every_part_of_a_correction_is_timed(model):
    rng = np.random.default_rng(0)
    spent: dict[str, float] = defaultdict(float)
    log = marked(rng, 64, 48, 5)
    session = CountingSegmenter(read_model(model)).open(np.zeros((48, 64, 3), np.uint8), log)
    with watched(spent):
        session.apply(corrected(log, rng))
    assert set(spent) == set(PARTS)


def test_marks_lie_in_the_photo_and_repeat():
    log = marked(np.random.default_rng(3), 64, 48, 100)
    assert log == marked(np.random.default_rng(3), 64, 48, 100)
    assert len(log.regions) == 100
    after = corrected(log, np.random.default_rng(4))
    assert after.undo().regions == log.regions
    assert sum(len(region.scribbles) for region in after.regions.values()) == 1


def test_many_regions_are_smaller_so_that_they_cover_the_photo_as_often_as_the_usual_number():
    def covered(count: int) -> float:
        logs = [marked(np.random.default_rng(seed), 640, 480, count) for seed in range(20)]
        boxes = [box_of_points(region.extreme_points) for log in logs for region in log.regions.values()]
        return sum(map(box_area, boxes)) / (640 * 480 * len(logs))

    assert covered(100) == pytest.approx(covered(11), rel=0.2)


def test_sizes_are_what_they_say():
    assert size_of(0.3072) == (640, 480)
    for megapixels in (2, 12, 24):
        width, height = size_of(megapixels)
        assert width * 3 == height * 4
        assert width * height == pytest.approx(megapixels * 1e6, rel=0.01)


def test_a_photo_is_cut_not_squeezed():
    photo = np.zeros((40, 100, 3), np.uint8)
    photo[:, 30:70] = 200  # the middle square
    assert (sized(photo, 20, 20) == 200).all()
    assert sized(photo, 400, 300).shape == (300, 400, 3)


def test_percentiles_of_a_hundred():
    assert percentiles(range(101)) == {"p50": 50, "p95": 95, "p99": 99}
    spent, result = timed(lambda: "done")
    assert result == "done"
    assert spent >= 0


def test_photos_are_read_upright_by_name(tmp_path):
    for name, size in (("b.png", (3, 2)), ("a.png", (5, 4)), ("c.png", (1, 1))):
        Image.new("RGB", size).save(tmp_path / name)
    assert [photo.shape for photo in read_photos(tmp_path, 2)] == [(4, 5, 3), (2, 3, 3)]
    (tmp_path / "a.png").write_bytes(b"no photo")
    with pytest.raises(BenchmarkError, match=r"a\.png cannot be read"):
        read_photos(tmp_path, 2)
    (tmp_path / "a.png").unlink()
    Image.fromarray(np.arange(0, 60_000, 1000, dtype=np.uint16).reshape(6, 10)).save(tmp_path / "b.png")
    assert np.unique(read_photos(tmp_path, 1)[0]).size == 60  # deep grey is stretched, as in the annotator


def test_without_photos_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused = CliRunner().invoke(app, ["benchmark"])
    assert refused.exit_code == 2
    assert "name a folder of them with --photos" in refused.output


def test_figures_that_cannot_be_written_are_printed(figures, tmp_path, monkeypatch):
    monkeypatch.setattr("fullcanvas.benchmark.run.measure", lambda settings: figures)
    (tmp_path / "file").touch()
    done = CliRunner().invoke(app, ["benchmark", "--json", str(tmp_path / "file" / "out.json")])
    assert done.exit_code == 2
    assert "File exists" in done.stderr
    assert "tiny on" in done.output


def test_a_dash_prints_the_figures_as_json(figures, monkeypatch):
    monkeypatch.setattr("fullcanvas.benchmark.run.measure", lambda settings: figures)
    done = CliRunner().invoke(app, ["benchmark", "--json", "-"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == json.loads(json.dumps(figures))


def test_a_picture_of_no_known_kind_is_refused_before_anything_is_measured(monkeypatch):
    monkeypatch.setattr("fullcanvas.benchmark.run.measure", lambda settings: pytest.fail("it began"))
    done = CliRunner().invoke(app, ["benchmark", "--plot", "out.doc"])
    assert done.exit_code == 2
    assert "out.doc should end in .png or .svg" in " ".join(done.output.split())


def test_the_command_prints_and_writes(model, example_photos, tmp_path):
    shutil.copy(example_photos / "coffee.jpg", tmp_path)
    out = tmp_path / "out.json"
    options = ["--photos", str(tmp_path), "--model", str(model), "--corrections", "1", "--json", str(out)]
    options += ["--peer", "smallest-box", "--plot", str(tmp_path / "out.png")]
    done = CliRunner().invoke(app, ["benchmark", *options])
    assert done.exit_code == 0, done.output
    assert "tiny on" in done.output
    assert "of the machine's limit" in done.output
    assert "smallest-box" in done.output
    assert (tmp_path / "out.png").is_file()
    written = json.loads(out.read_text())
    assert list(written["peers"]) == ["ours", "smallest-box"]
    wanted = {"encode_ms", "first_prediction_ms", "correction_ms", "ratio_to_full_forward"}
    assert wanted | {"share_of_machine_limit", "ratio_to_all_regions"} <= set(written)
    assert list(written["by_regions"]) == ["1", "5", "11", "20", "50", "100"]
    assert list(written["by_megapixels"]) == ["0.3", "2.0", "12.0", "24.0"]


def test_close_ups_are_encoding_and_no_part_of_the_answer(tmp_path, monkeypatch):
    closer = write_tiny_model(tmp_path / "closer.zip", working_size=32, closer_below=24)
    encoded = []

    def minute(work):  # every piece of work takes one more than the last
        encoded.append(work())
        return 60_000.0 * len(encoded), encoded[-1]

    segmenter, times = CountingSegmenter(read_model(closer)), Times()
    small = Annotation(96, 80).add_region([(60, 40), (70, 42), (64, 36), (66, 48)])
    monkeypatch.setattr("fullcanvas.benchmark.watch.timed", minute)
    opened(segmenter, np.zeros((80, 96, 3), np.uint8), small, times)
    assert [(each.height, each.width) for each in encoded[:-1]] == [(80, 96), (40, 48)]
    assert times.encode == [180_000]  # the photo, then its close-up
    assert times.first == [0]  # the third piece of work was all of it


def test_close_ups_count_as_encoding_beside_peers_too(tmp_path, monkeypatch):
    closer = write_tiny_model(tmp_path / "closer.zip", working_size=32, closer_below=24)
    done = []

    def minute(work):  # every piece of work takes one more than the last
        result = work()
        done.append(result)
        return 60_000.0 * len(done), result

    for room in ("watch", "peers"):
        monkeypatch.setattr(f"fullcanvas.benchmark.{room}.timed", minute)
    monkeypatch.setattr("fullcanvas.benchmark.peers.REST", 0)
    small = Annotation(96, 80).add_region([(60, 40), (70, 42), (64, 36), (66, 48)])
    monkeypatch.setattr("fullcanvas.benchmark.peers.marked", lambda *_: small)
    segmenter = CountingSegmenter(read_model(closer))
    ours = against_peers(segmenter, [], [np.zeros((80, 96, 3), np.uint8)], seed=0)["ours"]
    # The photo is encoded, so it is open; a close-up is encoded, so there is a first prediction.
    assert (ours["encode_ms"], ours["first_prediction_ms"]) == (120_000 + 180_000, 240_000 - 180_000)
