"""Rewriting of exported graphs: the same sums, in an order that costs less."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

Shapes = Mapping[str, Sequence[int]]


def mix_before_enlarging(model: onnx.ModelProto) -> None:
    """Let a 1 x 1 convolution of [enlarged, other] mix the first part before it is enlarged; in place.

    Enlarging acts on the plane, mixing on the channels, and both are linear: either may come first. So fewer
    channels are enlarged, and none are joined. The weights keep their names: slices of them, which are made
    when the graph is loaded.
    """
    shapes, graph = _shapes_of(model), model.graph
    makers = {output: node for node in graph.node for output in node.output}
    nodes: list[NodeProto] = []
    for node in graph.node:
        found = _enlarged_part(node, makers, shapes)
        if found is None:
            nodes.append(node)
            continue
        made, constants = _mixed_first(node, *found, shapes)
        nodes += made
        graph.initializer.extend(constants)
    nodes = _needed(nodes, {output.name for output in graph.output})
    asked = {name for node in nodes for name in node.input}
    kept = [each for each in graph.initializer if each.name in asked]
    for field, values in ((graph.node, nodes), (graph.initializer, kept)):
        del field[:]
        field.extend(values)


def _shapes_of(model: onnx.ModelProto) -> Shapes:
    graph = onnx.shape_inference.infer_shapes(model).graph
    known = {
        each.name: [size.dim_value for size in each.type.tensor_type.shape.dim] for each in graph.value_info
    }
    return known | {each.name: list(each.dims) for each in graph.initializer}


def _enlarged_part(
    node: NodeProto, makers: Mapping[str, NodeProto], shapes: Shapes
) -> tuple[NodeProto, str] | None:
    """What enlarges the first part of a 1 x 1 convolution's input, and the name of the other part."""
    if node.op_type != "Conv" or list(shapes[node.input[1]][2:]) != [1, 1]:
        return None
    mixes, join = _attributes(node), makers.get(node.input[0])
    if mixes.get("group", 1) != 1 or set(mixes.get("strides", [1])) != {1}:
        return None
    if join is None or join.op_type != "Concat" or len(join.input) != 2 or _attributes(join)["axis"] != 1:
        return None
    enlarge = makers.get(join.input[0])
    return (enlarge, join.input[1]) if enlarge is not None and enlarge.op_type == "Resize" else None


def _attributes(node: NodeProto) -> Mapping[str, Any]:
    return {each.name: helper.get_attribute_value(each) for each in node.attribute}


def _mixed_first(
    mix: NodeProto, enlarge: NodeProto, other: str, shapes: Shapes
) -> tuple[list[NodeProto], list[TensorProto]]:
    """The nodes that take the place of a convolution, and the constants that they need."""
    weight, name = mix.input[1], mix.output[0]
    edges = [0, shapes[enlarge.input[0]][1], shapes[weight][1]]
    names = [f"{name}.{part}" for part in ("from", "between", "to", "axis", "size")]
    values = [[edge] for edge in edges] + [[1], shapes[enlarge.output[0]][2:]]
    start, between, stop, axis, size = names
    halves = [f"{name}.{part}" for part in ("weight_of_enlarged", "weight_of_other")]
    mixed, enlarged, added = (f"{name}.{part}" for part in ("mixed", "enlarged", "other"))
    larger = NodeProto()
    larger.CopyFrom(enlarge)
    larger.name = enlarged
    larger.input[:] = [mixed, "", "", size]
    larger.output[:] = [enlarged]
    larger.attribute.append(helper.make_attribute("axes", [2, 3]))
    rest = NodeProto()
    rest.CopyFrom(mix)
    rest.input[:] = [other, halves[1], *mix.input[2:]]
    rest.output[:] = [added]
    nodes = [
        helper.make_node("Slice", [weight, start, between, axis], [halves[0]]),
        helper.make_node("Slice", [weight, between, stop, axis], [halves[1]]),
        helper.make_node("Conv", [enlarge.input[0], halves[0]], [mixed], kernel_shape=[1, 1]),
        larger,
        rest,
        helper.make_node("Add", [added, enlarged], [name]),
    ]
    constants = [
        numpy_helper.from_array(np.array(value, np.int64), each)
        for each, value in zip(names, values, strict=True)
    ]
    return nodes, constants


def _needed(nodes: Sequence[NodeProto], wanted: set[str]) -> list[NodeProto]:
    """The nodes without those whose answers nobody asks for any more."""
    kept: list[NodeProto] = []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted = wanted.union(node.input)
    return kept[::-1]
