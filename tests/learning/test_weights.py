"""What a model file keeps of a network's parameters, and what is made of it again."""

from __future__ import annotations

import torch

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
