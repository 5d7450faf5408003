"""DEXTR's model files; its network and what it answers are in tests/learning."""

import numpy as np
import pytest

from fullcanvas.inference import ModelError
from fullcanvas.inference.dextr import NETWORK, Dextr, write_dextr
from fullcanvas.inference.model_file import write_archive

GRAPH = np.random.default_rng(0).integers(0, 9, 5000, np.uint8).tobytes()
META = {"name": "one", "provenance": {}, "licence": "MIT"}


@pytest.mark.parametrize("at", range(300, 2000, 200))
def test_a_damaged_file_is_refused(tmp_path, at):
    write_dextr(tmp_path / "one.zip", GRAPH, META, 32)
    content = bytearray((tmp_path / "one.zip").read_bytes())
    content[at] ^= 255
    (tmp_path / "one.zip").write_bytes(content)
    with pytest.raises(ModelError, match=r"one\.zip is not a DEXTR model file: it is damaged"):
        Dextr.load(tmp_path / "one.zip")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "its format is 2; this version reads 1"),
        ({"name": 5}, "has no name, or an ill-typed one"),
        ({"config": {}}, "its cutouts have a size of 1 or more, not None"),
        ({"config": {"size": "32"}}, "its cutouts have a size of 1 or more, not '32'"),
        ({"config": {"size": 0}}, "its cutouts have a size of 1 or more, not 0"),
    ],
)
def test_a_description_that_cannot_be_right_is_refused(tmp_path, change, message):
    description = {**META, "format": 1, "kind": "dextr", "config": {"size": 32}, **change}
    write_archive(tmp_path / "one.zip", description, {NETWORK: GRAPH})
    with pytest.raises(ModelError, match=rf"one\.zip is not a DEXTR model file: .*{message}"):
        Dextr.load(tmp_path / "one.zip")


def test_another_kind_of_model_is_refused(model_path):
    with pytest.raises(ModelError, match=r"tiny\.zip is not a DEXTR model file: it lacks network\.onnx"):
        Dextr.load(model_path)
