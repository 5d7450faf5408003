"""A tiny but real model file with fixed random weights, for every test that needs a model.

Its encoder is a strided stack of convolutions to stride 4; its head truly uses the features, the annotation
map and the geometry. Own ink pulls a region's logits up and other ink pushes them down, so scribbles show.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from fullcanvas.inference.model_file import write_model

OPSET = 17
IR_VERSION = 8


def write_tiny_model(
    path: str | Path,
    *,
    channels: int = 8,
    hidden: int = 8,
    layers: int = 1,
    roi_size: int = 12,
    mask_size: int = 24,
    seed: int = 0,
    **config: Any,
) -> Path:
    """Write the model file and return its path.

    Args:
        path: of the new file, NAME.zip.
        channels: of the embedding.
        hidden: channels of the head's layers.
        layers: how many 3 x 3 convolutions the head has.
        roi_size, mask_size: cells per side of the head's inputs and of its answer (equal, or twice as many).
        seed: of the weights.
        config: other fields of the model's configuration, to replace the usual ones.
    """
    rng = np.random.default_rng(seed)
    meta = {
        "format": 1,
        "name": "tiny",
        "config": {
            "stride": 4,
            "channels": channels,
            "roi_size": roi_size,
            "mask_size": mask_size,
            "working_size": 96,
            "disc_diameter": 6.0,
            "stroke_width": 3,
            "shared": True,
            "grow_boxes": True,
            "ink_constraint": True,
            **config,
        },
        "provenance": {"command": "write_tiny_model", "training_images": {}},
        "licence": "Apache-2.0",
    }
    head = _head(rng, channels, hidden, layers, mask_size // roi_size)
    write_model(path, _encoder(rng, channels), head, meta)
    return Path(path)


def _weights(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    scale = 1.5 / np.sqrt(np.prod(shape[1:]))
    weights: NDArray[np.float32] = (rng.standard_normal(shape) * scale).astype(np.float32)
    return weights


def _encoder(rng: np.random.Generator, channels: int) -> bytes:
    weights = {
        "scale": np.float32(1 / 128),
        "one": np.float32(1),
        "first": _weights(rng, channels, 3, 3, 3),
        "second": _weights(rng, channels, channels, 3, 3),
    }
    stride: Any = {"strides": [2, 2], "pads": [1, 1, 1, 1]}
    nodes = [
        helper.make_node("Mul", ["image", "scale"], ["scaled"]),
        helper.make_node("Sub", ["scaled", "one"], ["centred"]),
        helper.make_node("Conv", ["centred", "first"], ["half"], **stride),
        helper.make_node("Relu", ["half"], ["positive"]),
        helper.make_node("Conv", ["positive", "second"], ["embedding"], **stride),
    ]
    inputs = {"image": [1, 3, "h", "w"]}
    return _graph("encoder", nodes, weights, inputs, {"embedding": [1, channels, "h4", "w4"]})


def _head(rng: np.random.Generator, channels: int, hidden: int, layers: int, enlarge: int) -> bytes:
    first = _weights(rng, hidden, channels + 2, 3, 3)
    first[: hidden // 2, channels] += 0.5  # own ink
    first[hidden // 2 :, channels + 1] += 0.5  # everybody else's
    answer = _weights(rng, hidden, 1, enlarge, enlarge)
    answer[: hidden // 2] += 0.5
    answer[hidden // 2 :] -= 0.5
    weights = {
        "where": _weights(rng, hidden, 4),
        "axes": np.array([2, 3]),
        "channel": np.array([1]),
        "first": first,
        "answer": answer,
    }
    nodes = [
        helper.make_node("Concat", ["features", "annotation"], ["seen"], axis=1),
        helper.make_node("Gemm", ["geometry", "where"], ["placed"], transB=1),
        helper.make_node("Unsqueeze", ["placed", "axes"], ["spread"]),
        helper.make_node("Conv", ["seen", "first"], ["mixed"], pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["mixed", "spread"], ["sum"]),
        helper.make_node("Relu", ["sum"], ["layer1"]),
    ]
    for layer in range(1, layers):
        weights[f"deep{layer}"] = _weights(rng, hidden, hidden, 3, 3)
        nodes += [
            helper.make_node("Conv", [f"layer{layer}", f"deep{layer}"], [f"next{layer}"], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", [f"next{layer}"], [f"layer{layer + 1}"]),
        ]
    nodes += [
        helper.make_node("ConvTranspose", [f"layer{layers}", "answer"], ["map"], strides=[enlarge, enlarge]),
        helper.make_node("Squeeze", ["map", "channel"], ["logits"]),
    ]
    inputs = {"features": ["n", channels, "r", "r"], "annotation": ["n", 2, "r", "r"], "geometry": ["n", 4]}
    return _graph("head", nodes, weights, inputs, {"logits": ["n", "m", "m"]})


def _graph(
    name: str,
    nodes: list[Any],
    weights: dict[str, Any],
    inputs: dict[str, list[Any]],
    outputs: dict[str, list[Any]],
) -> bytes:
    def values(named: dict[str, list[Any]]) -> list[Any]:
        return [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in named.items()]

    initializers = [numpy_helper.from_array(np.asarray(array), key) for key, array in weights.items()]
    graph = helper.make_graph(nodes, name, values(inputs), values(outputs), initializers)
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
