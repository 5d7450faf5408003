import hashlib
import io
import json
import tracemalloc
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fullcanvas.canvas.boxes import Framing
from fullcanvas.inference import ModelConfig, ModelError, Segmenter, read_model, resolve, write_model
from fullcanvas.inference import model_file as module

CONFIG = {
    "stride": 4,
    "channels": 8,
    "roi_size": 12,
    "mask_size": 24,
    "working_size": 96,
    "disc_diameter": 6.0,
    "stroke_width": 3,
    "shared": True,
    "grow_boxes": True,
    "ink_constraint": True,
}
META = {"format": 1, "name": "one", "config": CONFIG, "provenance": {"scores": [0.5]}, "licence": "MIT"}


@pytest.fixture
def path(tmp_path):
    write_model(tmp_path / "one.zip", b"encoder", b"head", META)
    return tmp_path / "one.zip"


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path, contents):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)


def test_what_was_written_is_read(path):
    model = read_model(path)
    assert (model.name, model.encoder, model.head, model.licence) == ("one", b"encoder", b"head", "MIT")
    assert model.provenance == {"scores": [0.5]}
    assert model.config == ModelConfig.from_json(CONFIG)
    assert ModelConfig.from_json(model.config.to_json()) == model.config
    assert CONFIG.items() <= model.config.to_json().items()
    assert model.hash == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_same_content_makes_the_same_file(path, tmp_path):
    again = write_model(tmp_path / "folder" / "two.zip", b"encoder", b"head", META)
    assert again == read_model(path).hash
    assert write_model(path, b"encoder!", b"head", META) != again


@pytest.mark.parametrize(
    "step", ["tempfile.mkstemp", "os.fsync", "pathlib.Path.chmod", "pathlib.Path.replace"]
)
def test_whatever_step_of_writing_fails_the_old_file_survives_and_nothing_else(path, monkeypatch, step):
    before = path.read_bytes()

    def fail(*_arguments, **_options):
        raise OSError("disk full")

    monkeypatch.setattr(step, fail)
    with pytest.raises(OSError, match="disk full"):
        write_model(path, b"other", b"head", META)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["one.zip"]


def test_a_wrong_description_is_not_written(tmp_path):
    with pytest.raises(ModelError, match="channels"):
        write_model(tmp_path / "bad.zip", b"", b"", {**META, "config": {**CONFIG, "channels": 0}})
    assert not list(tmp_path.iterdir())


def test_files_that_are_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "EMBEDDED", tmp_path / "models")
    with pytest.raises(ModelError, match=r"no model file '.*other\.zip'; embedded models: none"):
        resolve(tmp_path / "other.zip")
    (tmp_path / "models").mkdir()
    for name in ("default", "light"):
        (tmp_path / "models" / f"{name}.zip").touch()
        assert resolve(name) == tmp_path / "models" / f"{name}.zip"
    with pytest.raises(ModelError, match="no model file 'heavy'; embedded models: default, light"):
        resolve("heavy")


def test_margins_are_as_wide_in_photos_of_any_size():
    config = ModelConfig.from_json({**CONFIG, "box_margin": 4})
    assert config.framing(96, 50) == Framing(grow=True, margin=4, width=96, height=50)
    assert config.framing(500, 960).margin == 40


def test_what_is_no_zip_is_refused(path):
    path.write_bytes(b"not a zip")
    with pytest.raises(ModelError, match=r"one\.zip is not a usable model file"):
        read_model(path)


def test_a_damaged_member_is_refused(path):
    rewrite(path, members(path))
    data = bytearray(path.read_bytes())
    data[data.index(b"encoder", data.index(b"encoder.onnx") + 12)] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match="Bad CRC"):
        read_model(path)


@pytest.mark.parametrize("name", ["encoder.onnx", "head.onnx", "model.json"])
def test_a_missing_member_is_named(path, name):
    rewrite(path, {key: data for key, data in members(path).items() if key != name})
    with pytest.raises(ModelError, match=f"lacks {name}"):
        read_model(path)


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "not an object"),
        (json.dumps({**META, "format": 2}), "format is 2; this version reads 1"),
        (json.dumps({**META, "name": 3}), "no name"),
        (json.dumps({key: META[key] for key in META if key != "licence"}), "no licence"),
        (json.dumps({**META, "config": {**CONFIG, "colour": 1}}), "colour"),
        (json.dumps({**META, "config": {**CONFIG, "shared": 1}}), "shared = 1"),
        (json.dumps({**META, "config": {**CONFIG, "box_margin": -1}}), "box_margin = -1"),
        (json.dumps({**META, "config": {**CONFIG, "closer_below": 1.5}}), "closer_below = 1.5"),
        (json.dumps({**META, "config": {**CONFIG, "roi_size": 2.5}}), "roi_size = 2.5"),
        (json.dumps({**META, "config": {**CONFIG, "disc_diameter": -1}}), "disc_diameter = -1"),
    ],
)
def test_a_description_that_cannot_be_right_is_refused(path, description, reason):
    rewrite(path, {**members(path), "model.json": description})
    with pytest.raises(ModelError, match=reason):
        read_model(path)


def test_a_configuration_is_a_value():
    config = ModelConfig.from_json(CONFIG)
    assert replace(config, channels=9) != config
    with pytest.raises(ModelError, match="not an object"):
        ModelConfig.from_json([])


GOOD = {"encoder.onnx": b"encoder", "head.onnx": b"head", "model.json": json.dumps(META).encode()}


def packed(method=zipfile.ZIP_STORED, **changes):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in {**GOOD, **changes}.items():
            archive.writestr(name, data)
    return file.getvalue()


def encrypted():
    """An archive that says so of its first member."""
    return packed().replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01", 1)


@pytest.mark.parametrize("name", GOOD)
def test_what_would_unpack_to_far_more_is_never_unpacked(tmp_path, name):
    (tmp_path / "bomb.zip").write_bytes(packed(zipfile.ZIP_DEFLATED, **{name: bytes(50_000_000)}))
    tracemalloc.start()
    with pytest.raises(
        ModelError, match=rf"bomb\.zip is not a usable model file: {name} would unpack to 5000"
    ):
        read_model(tmp_path / "bomb.zip")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2_000_000


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (packed(**{"model.json": b"[" * 100_000}), r"its model\.json is not JSON"),
        (packed(**{"model.json": b"\xff\xff"}), r"its model\.json is not JSON"),
        (encrypted(), "it is damaged .*encrypted"),
        (packed().replace(b"encoder.onnxencoder", b"encoder.onnxENCODER"), "it is damaged .*CRC"),
        (packed()[:200], "it is damaged"),
    ],
    ids=["nested", "no text", "encrypted", "changed", "cut short"],
)
def test_files_that_were_damaged_on_purpose(tmp_path, data, message):
    (tmp_path / "bad.zip").write_bytes(data)
    with pytest.raises(ModelError, match=r"bad\.zip is not a usable model file: " + message):
        read_model(tmp_path / "bad.zip")


def test_a_model_file_that_cannot_be_read(path, monkeypatch):
    def refused(_path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", refused)
    with pytest.raises(ModelError, match=r"one\.zip: cannot be read \(Permission denied\)"):
        read_model(path)


@pytest.mark.parametrize("path", sorted(module.EMBEDDED.glob("*.zip")), ids=lambda path: path.stem)
def test_an_embedded_model_is_small_says_what_it_is_and_answers(path, example_photos):
    assert path.stat().st_size < 30e6
    model = read_model(path.stem)
    assert model.name == path.stem
    assert model.licence.startswith("Apache-2.0")
    assert model.provenance["training_images"]
    with Image.open(example_photos / "coffee.jpg") as picture:
        session = Segmenter.load(path.stem).open(np.asarray(picture.convert("RGB")))
    cup = session.add_region([(173, 100), (409, 110), (286, 18), (272, 307)])
    session.add_region([(0, 200), (599, 200), (450, 0), (300, 399)])
    assert session.label_map[200, 250] == cup
    assert session.label_map[390, 590] != cup
