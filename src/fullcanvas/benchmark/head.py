"""What share of the machine's speed the mask head reaches.

The head's multiply-adds are counted, and a plain float32 matrix product of as many is timed, by NumPy and by
ONNX Runtime: a program that does nothing else could hardly be faster here than the faster of them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from math import isqrt, prod
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from fullcanvas.inference.graph import Graph
from fullcanvas.inference.model_file import ModelFile

Shape = tuple[int, ...]
_MATRIX_PRODUCT = (  # an ONNX graph of one node: c = MatMul(a, b), whatever their sizes
    b'\x08\x08:7\n\x11\n\x01a\n\x01b\x12\x01c"\x06MatMul\x12\x01pZ\t\n\x01a\x12\x04\n\x02\x08\x01Z\t\n\x01b'
    b"\x12\x04\n\x02\x08\x01b\t\n\x01c\x12\x04\n\x02\x08\x01B\x04\n\x00\x10\x11"
)


def multiply_adds(model: ModelFile) -> int:
    """Those of the mask head for one region, in its convolutions and matrix products.

    ONNX Runtime itself tells the shapes: it runs the graph once, as written, and keeps a profile. Other
    operations (sums, activations) are not counted: beside these they are small.
    """
    return sum(_of_node(node) for node in _profile(model))


def _profile(model: ModelFile) -> list[Mapping[str, Any]]:
    """What ONNX Runtime notes of each node of the head while it answers for one region."""
    channels, cells = model.config.channels, model.config.roi_size
    shapes = {"features": (channels, cells, cells), "annotation": (2, cells, cells), "geometry": (4,)}
    options = onnxruntime.SessionOptions()
    options.enable_profiling = True
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    # Weights that were packed for speed beforehand would be missing from the profile.
    options.add_session_config_entry("session.disable_prepacking", "1")
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder) / "head")
        session = onnxruntime.InferenceSession(model.head, options, providers=["CPUExecutionProvider"])
        session.run(None, {name: np.zeros((1, *shape), np.float32) for name, shape in shapes.items()})
        events = json.loads(Path(session.end_profiling()).read_text())
    notes = (event.get("args", {}) for event in events)
    return [note for note in notes if "output_type_shape" in note]


def _of_node(note: Mapping[str, Any]) -> int:
    inputs, outputs = (_shapes(note[key]) for key in ("input_type_shape", "output_type_shape"))
    match note["op_name"]:
        case "Conv":
            return prod(outputs[0]) * prod(inputs[1][1:])
        case "ConvTranspose":
            return prod(inputs[0]) * prod(inputs[1][1:])
        case "MatMul":
            return prod(outputs[0]) * inputs[0][-1]
        case "Gemm":  # m k * k n * m n = (m k n) squared, whichever of them is transposed
            return isqrt(prod(inputs[0]) * prod(inputs[1]) * prod(outputs[0]))
    return 0


def _shapes(tensors: Sequence[Mapping[str, Sequence[int]]]) -> list[Shape]:
    return [tuple(shape) for tensor in tensors for shape in tensor.values()]


def products(count: int) -> list[Callable[[], NDArray[np.float32]]]:
    """Ways to compute one product of two square matrices, which takes about `count` multiply-adds."""
    side = max(1, round(count ** (1 / 3)))
    one, other = np.random.default_rng(0).random((2, side, side), np.float32)
    graph = Graph(_MATRIX_PRODUCT, "the matrix product", ("a", "b"), "c")
    return [lambda: one @ other, lambda: graph.run({"a": one, "b": other})]
