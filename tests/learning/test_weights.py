"""What a model file keeps of a network's parameters, and what is made of it again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from fullcanvas.inference.model_file import read_model
from fullcanvas.learning import checkpoint
from fullcanvas.learning.config import Config
from fullcanvas.learning.errors import WeightsError
from fullcanvas.learning.export import run_graph
from fullcanvas.learning.network import Network
from fullcanvas.learning.run import start
from fullcanvas.learning.train import export_run
from fullcanvas.learning.weights import fill, read_weights
from tests.learning.toy import CPU, toy_config


def test_a_scale_of_exactly_one_comes_back(tmp_path):
    """The exporter leaves out a multiplication by it, and the parameter with that."""
    run = start(toy_config(network={"backbone": "test_resnet"}, sources=[{"path": "toy"}]), CPU)
    assert run.average.state_dict()["head.prior.scale"] == 1
    export_run(run, tmp_path / "model.zip")
    weights = read_weights(tmp_path / "model.zip")
    network = Network(weights.network)
    with torch.no_grad():
        network.get_parameter("head.prior.scale").fill_(0.0)
    fill(network, weights)
    assert network.state_dict()["head.prior.scale"] == 1


def test_what_was_exported_untrained_goes_on_from_its_checkpoint_alone(tmp_path):
    """Equal parameters are kept once, under one of their names; this backbone's biases all begin as zeros."""
    run = start(toy_config(sources=[{"path": "toy"}]), CPU)
    export_run(run, tmp_path / "model.zip")
    weights = read_weights(tmp_path / "model.zip")
    with pytest.raises(
        WeightsError, match=r"lack encoder\.body\..*bias.*untrained.*: start from its checkpoint"
    ):
        fill(Network(weights.network), weights)
    checkpoint.save(tmp_path / "run.pt", run.state())
    network = Network(weights.network)
    fill(network, read_weights(tmp_path / "run.pt"))
    expected = run.average.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in network.state_dict().items())


def test_a_model_that_was_trained_on_for_no_step_is_the_same_model(trained, tmp_path):
    """No two of its parameters are equal, and what the exporter folds away comes back."""
    weights = read_weights(trained.model)
    config = Config.from_mapping(read_model(trained.model).provenance["configuration"])
    run = start(replace(config, network=weights.network), CPU, weights)
    export_run(run, tmp_path / "model.zip")
    again = Network(weights.network)
    fill(again, read_weights(tmp_path / "model.zip"))
    again.eval()
    assert isinstance(run.average, Network)
    image, inputs = torch.rand(1, 3, 64, 96) * 255, again.example(2)
    with torch.no_grad():
        torch.testing.assert_close(again.encoder(image), run.average.encoder(image), atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(again.head(*inputs), run.average.head(*inputs), atol=1e-4, rtol=1e-4)


def test_torch_goes_on_from_the_model_that_is_shipped():
    model, weights = read_model("default"), read_weights("default")
    network = Network(weights.network)
    fill(network, weights)
    network.eval()
    image, inputs = torch.rand(1, 3, 64, 96) * 255, network.example(2)
    names = ("features", "annotation", "geometry")
    with torch.no_grad():
        pairs = (
            (network.encoder(image), run_graph(model.encoder, {"image": image.numpy()})),
            (
                network.head(*inputs),
                run_graph(model.head, dict(zip(names, map(Tensor.numpy, inputs), strict=True))),
            ),
        )
    for ours, answered in pairs:
        np.testing.assert_allclose(answered, ours.numpy(), atol=1e-4 * float(ours.abs().max()))
