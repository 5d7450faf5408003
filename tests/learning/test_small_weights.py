from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from fullcanvas.learning.context import LEVELS
from fullcanvas.learning.export import run_graph, small_weights

SIDE = 64


def product_with(matrix: NDArray[np.float32]) -> onnx.ModelProto:
    """A graph that multiplies rows by a matrix, as a transformer's layers do."""
    places = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, SIDE]) for name in ("rows", "answer")
    ]
    node = helper.make_node("MatMul", ["rows", "matrix"], ["answer"])
    kept = [numpy_helper.from_array(matrix, "matrix")]
    graph = helper.make_graph([node], "product", places[:1], places[1:], kept)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def matrices() -> tuple[NDArray[Any], NDArray[Any]]:
    """One as it is learnt, with a few weights far larger than the others, and the same rounded."""
    learnt = np.random.default_rng(0).standard_normal((SIDE, SIDE)).astype(np.float32)
    learnt[0] *= 30
    step = np.abs(learnt).max(0) / LEVELS
    return learnt, (np.rint(learnt / step) * step).astype(np.float32)


@pytest.mark.parametrize(("place", "stored"), [(0, np.float16), (1, np.int8)])
def test_a_matrix_takes_a_byte_a_weight_only_if_it_loses_nothing(place, stored):
    matrix = matrices()[place]
    data = small_weights(product_with(matrix))
    kept = [numpy_helper.to_array(each) for each in onnx.load_from_string(data).graph.initializer]
    assert [each.dtype for each in kept if each.shape == matrix.shape] == [stored]
    rows = np.random.default_rng(1).standard_normal((2, SIDE)).astype(np.float32)
    np.testing.assert_allclose(run_graph(data, {"rows": rows}), rows @ matrix, atol=0.03)
