"""Rewritten graphs: the same answers, with less work."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from torch import nn
from torch.nn import functional

from fullcanvas.learning.export import graph_of, run_graph
from fullcanvas.learning.heads import PyramidHead
from fullcanvas.learning.network import Network
from fullcanvas.learning.rewriting import mix_before_enlarging
from tests.learning import toy

NAMES = ("features", "annotation", "geometry")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return Network(toy.toy_config().network).eval()


@pytest.fixture(scope="module")
def exported(network):
    assert isinstance(network.head, PyramidHead)
    return graph_of(network.head, network.example(3), (list(NAMES), ["logits"]), ({}, {}, {}))


def test_the_answers_stay_and_the_weights_keep_their_names(network, exported):
    rewritten = onnx.ModelProto()
    rewritten.CopyFrom(exported)
    mix_before_enlarging(rewritten)
    onnx.checker.check_model(rewritten, full_check=True)
    inputs = {name: each.numpy() for name, each in zip(NAMES, network.example(3), strict=True)}
    before, after = (run_graph(each.SerializeToString(), inputs) for each in (exported, rewritten))
    np.testing.assert_allclose(after, before, atol=1e-5 * np.abs(before).max())
    stored = {each.name for each in rewritten.graph.initializer}
    assert stored <= {name for node in rewritten.graph.node for name in node.input}
    assert {"up_middle.mix.0.weight", "up_fine.mix.0.weight"} <= stored


def test_fewer_channels_are_enlarged_and_none_are_joined(network, exported):
    rewritten = onnx.ModelProto()
    rewritten.CopyFrom(exported)
    mix_before_enlarging(rewritten)
    enlarged = []
    for model in (exported, rewritten):
        shaped = onnx.shape_inference.infer_shapes(model).graph
        widths = {
            each.name: each.type.tensor_type.shape.dim[1].dim_value
            for each in shaped.value_info
            if len(each.type.tensor_type.shape.dim) == 4
        }
        enlarged.append([widths[node.input[0]] for node in model.graph.node if node.op_type == "Resize"])
    fine, middle, coarse = network.config.head_channels
    assert enlarged == [[coarse, middle], [middle, fine]]
    joined = [node for node in rewritten.graph.node if node.op_type == "Concat"]
    makers = {node.output[0]: node.op_type for node in rewritten.graph.node}
    assert not [node for node in joined if "Resize" in map(makers.get, node.input)]


class Mixing(nn.Module):
    """A convolution of something enlarged and something else, but not as a pyramid head has it."""

    def __init__(self, axis, **options):
        super().__init__()
        self.axis, self.mix = axis, nn.Conv2d(4 if axis == 1 else 2, 4, 1, **options)

    def forward(self, plane):
        enlarged = functional.interpolate(plane, size=(16, 16), mode="bilinear")
        return self.mix(torch.cat([enlarged, enlarged.flip(3)], self.axis))


@pytest.mark.parametrize(
    "module",
    [nn.Conv2d(2, 3, 1), nn.Conv2d(2, 3, 3), Mixing(2), Mixing(1, stride=2), Mixing(1, groups=2)],
    ids=["one", "larger", "joined in rows", "strided", "grouped"],
)
def test_other_graphs_stay_as_they_are(module):
    graph = graph_of(module.eval(), (torch.zeros(1, 2, 8, 8),), (["plane"], ["answer"]), ({},))
    before = graph.SerializeToString()
    mix_before_enlarging(graph)
    assert graph.SerializeToString() == before
