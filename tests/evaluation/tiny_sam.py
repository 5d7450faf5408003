"""A tiny pair of networks with the signatures of segment-anything's, that truly uses all of its inputs.

The encoder averages blocks of 16 x 16 pixels. The decoder's logits are that brightness, plus a bump at every
positive point, minus one at every negative point, plus a tenth of the last logits; they are enlarged, cut to
the part that the photo fills, and resized to the photo, as the real decoder does it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE, LOW = 64, 16
OPSET, IR_VERSION = 17, 8


def write_tiny_sam(folder: Path) -> str:
    """Both files, written into a folder: `sam:ENCODER,DECODER`."""
    encoder, decoder = folder / "encoder.onnx", folder / "decoder.onnx"
    encoder.write_bytes(_encoder())
    decoder.write_bytes(_decoder())
    return f"sam:{encoder},{decoder}"


def _encoder() -> bytes:
    nodes = [
        helper.make_node("AveragePool", ["image"], ["pooled"], kernel_shape=[16, 16], strides=[16, 16]),
        helper.make_node("Identity", ["pooled"], ["embedding"]),
    ]
    return _model(nodes, {}, {"image": [1, 3, SIDE, SIDE]}, {"embedding": [1, 3, 4, 4]})


def _decoder() -> bytes:
    centres = (np.arange(LOW, dtype=np.float32) + 0.5) * SIDE / LOW
    grid = np.stack(np.meshgrid(centres, centres), -1).reshape(1, 1, LOW * LOW, 2)
    constants = {
        "grid": grid,
        "axis1": np.array([1]),
        "axis2": np.array([2]),
        "last": np.array([-1]),
        "one": np.float32(1),
        "zero": np.float32(0),
        "half": np.float32(0.5),
        "tenth": np.float32(0.1),
        "side": np.float32(SIDE),
        "width": np.float32(-1 / 40),
        "height": np.float32(4),
        "low": np.array([1, 1, LOW, LOW]),
        "whole": np.array([1, 1, SIDE, SIDE]),
        "front": np.array([1, 1]),
        "starts": np.array([0, 0]),
        "axes": np.array([2, 3]),
        "table": np.array([1, 1]),
        "no_roi": np.zeros(0, np.float32),
        "no_scales": np.zeros(0, np.float32),
    }
    node = helper.make_node
    nodes = [
        # Bumps: [1, P, 256, 2] -> [1, P, 256] -> [1, 1, 16, 16].
        node("Unsqueeze", ["point_coords", "axis2"], ["points"]),
        node("Sub", ["points", "grid"], ["apart"]),
        node("Mul", ["apart", "apart"], ["squares"]),
        node("ReduceSum", ["squares", "last"], ["squared"], keepdims=0),
        node("Mul", ["squared", "width"], ["scaled"]),
        node("Exp", ["scaled"], ["bumps"]),
        node("Equal", ["point_labels", "one"], ["is_positive"]),
        node("Equal", ["point_labels", "zero"], ["is_negative"]),
        node("Cast", ["is_positive"], ["positive"], to=TensorProto.FLOAT),
        node("Cast", ["is_negative"], ["negative"], to=TensorProto.FLOAT),
        node("Sub", ["positive", "negative"], ["signs"]),
        node("Mul", ["signs", "height"], ["heights"]),
        node("Unsqueeze", ["heights", "axis2"], ["columns"]),
        node("Mul", ["bumps", "columns"], ["signed"]),
        node("ReduceSum", ["signed", "axis1"], ["total"], keepdims=0),
        node("Reshape", ["total", "low"], ["ink"]),
        # Brightness, and the last logits.
        node("ReduceMean", ["image_embeddings"], ["bright"], axes=[1]),
        node("Resize", ["bright", "no_roi", "no_scales", "low"], ["brightness"], mode="nearest"),
        node("Mul", ["mask_input", "tenth"], ["before"]),
        node("Mul", ["before", "has_mask_input"], ["remembered"]),
        node("Add", ["ink", "brightness"], ["seen"]),
        node("Add", ["seen", "remembered"], ["low_res_masks"]),
        # To the photo's size.
        node("Resize", ["low_res_masks", "no_roi", "no_scales", "whole"], ["enlarged"], mode="linear"),
        node("ReduceMax", ["orig_im_size"], ["longest"], keepdims=1),
        node("Div", ["orig_im_size", "longest"], ["shares"]),
        node("Mul", ["shares", "side"], ["filled"]),
        node("Add", ["filled", "half"], ["shifted"]),
        node("Cast", ["shifted"], ["ends"], to=TensorProto.INT64),
        node("Slice", ["enlarged", "starts", "ends", "axes"], ["part"]),
        node("Cast", ["orig_im_size"], ["photo"], to=TensorProto.INT64),
        node("Concat", ["front", "photo"], ["sizes"], axis=0),
        node("Resize", ["part", "no_roi", "no_scales", "sizes"], ["masks"], mode="linear"),
        # More positive points make it surer.
        node("ReduceMean", ["signs"], ["sure"], axes=[1], keepdims=1),
        node("Reshape", ["sure", "table"], ["iou_predictions"]),
    ]
    inputs: dict[str, list[Any]] = {
        "image_embeddings": [1, 3, 4, 4],
        "point_coords": [1, "points_", 2],
        "point_labels": [1, "points_"],
        "mask_input": [1, 1, LOW, LOW],
        "has_mask_input": [1],
        "orig_im_size": [2],
    }
    outputs: dict[str, list[Any]] = {
        "masks": [1, 1, "h", "w"],
        "iou_predictions": [1, 1],
        "low_res_masks": [1, 1, LOW, LOW],
    }
    return _model(nodes, constants, inputs, outputs)


def _model(
    nodes: list[Any], constants: dict[str, Any], inputs: dict[str, list[Any]], outputs: dict[str, list[Any]]
) -> bytes:
    def values(named: dict[str, list[Any]]) -> list[Any]:
        return [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in named.items()]

    used = {name for node in nodes for name in node.input}
    weights = [numpy_helper.from_array(np.asarray(v), key) for key, v in constants.items() if key in used]
    graph = helper.make_graph(nodes, "tiny", values(inputs), values(outputs), weights)
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
