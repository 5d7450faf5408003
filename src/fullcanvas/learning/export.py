"""Export to a model file: two ONNX graphs, checked against torch before they are written."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from fullcanvas.annotation.ink import DISC_DIAMETER, STROKE_WIDTH
from fullcanvas.inference.model_file import FORMAT, ModelConfig, write_model
from fullcanvas.learning.context import LEVELS
from fullcanvas.learning.errors import ExportError
from fullcanvas.learning.network import STRIDE, Network
from fullcanvas.learning.rewriting import mix_before_enlarging

OPSET = 20
TOLERANCE = 0.05
_LEAST_ELEMENTS = 1024
_ROUNDED = 0.01  # of a level: as near to one does float32 keep rounded weights, and only those


def export(network: Network, path: Path, description: Mapping[str, Any], working_size: int) -> str:
    """Write the network as a model file.

    Args:
        network: trained.
        path: of the model file, written at once or not at all.
        description: `name`, `provenance` and `licence` of the model.
        working_size: long side to which photos are resized, in pixels.

    Returns:
        The model's hash.

    Raises:
        ExportError: ONNX Runtime's answers differ from torch's by more than `TOLERANCE` logits.
    """
    # A copy: the caller's network stays where and how it is.
    network = copy.deepcopy(network).cpu().float().eval()
    encoder = small_weights(_encoder_graph(network.encoder))
    head = small_weights(_head_graph(network))
    _compare(network, encoder, head)
    config = model_config(network, working_size).to_json()
    return write_model(path, encoder, head, {"format": FORMAT, **description, "config": config})


def model_config(network: Network, working_size: int) -> ModelConfig:
    """How the network wants its inputs made."""
    return ModelConfig(
        stride=STRIDE,
        channels=network.config.channels,
        roi_size=network.config.roi_size,
        mask_size=network.config.mask_size,
        working_size=working_size,
        disc_diameter=DISC_DIAMETER,
        stroke_width=STROKE_WIDTH,
        shared=network.config.shared,
        grow_boxes=network.config.grow_boxes,
        ink_constraint=network.config.ink_constraint,
        canvas=network.config.canvas,
        points=network.config.points,
        box_margin=network.config.box_margin,
        closer_below=network.config.closer_below,
    )


def _encoder_graph(encoder: nn.Module) -> onnx.ModelProto:
    height, width = torch.export.Dim("height32", min=2, max=256), torch.export.Dim("width32", min=2, max=256)
    return graph_of(
        encoder,
        (torch.zeros(1, 3, 96, 128),),
        names=(["image"], ["embedding"]),
        dynamic=({2: 32 * height, 3: 32 * width},),
    )


def _head_graph(network: Network) -> onnx.ModelProto:
    regions = torch.export.Dim("regions", min=1, max=4096)
    graph = graph_of(
        network.head,
        network.example(3),
        names=(["features", "annotation", "geometry"], ["logits"]),
        dynamic=({0: regions}, {0: regions}, {0: regions}),
    )
    mix_before_enlarging(graph)
    return graph


def graph_of(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    names: tuple[list[str], list[str]],
    dynamic: tuple[dict[int, Any], ...],
) -> onnx.ModelProto:
    """A module as an ONNX graph.

    Args:
        module: in evaluation mode.
        inputs: an example.
        names: of the inputs and of the outputs.
        dynamic: per input, the axes whose sizes may differ.

    Raises:
        ExportError: torch cannot export it.
    """
    with warnings.catch_warnings():
        # The exporter warns about its own internals; what matters is compared afterwards.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            inputs,
            dynamo=True,
            opset_version=OPSET,
            input_names=names[0],
            output_names=names[1],
            dynamic_shapes=dynamic,
            external_data=False,
            verbose=False,
        )
    if program is None:
        raise ExportError("torch exported no ONNX program")
    return program.model_proto


def small_weights(graph: onnx.ModelProto) -> bytes:
    """The graph with its large float32 weights stored small, and made float32 again when it is loaded.

    Matrices that were rounded beforehand, as a frozen transformer's are, take a byte per number and a scale
    per column, and lose nothing; all else is float16: what was learnt since would lose too much as bytes.
    ONNX Runtime folds the making away once, at load: a smaller file, the same speed.
    """
    made: list[onnx.NodeProto] = []
    right = {node.input[1] for node in graph.graph.node if node.op_type == "MatMul"}
    for weight in list(graph.graph.initializer):
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < _LEAST_ELEMENTS:
            continue
        name = weight.name
        if name in right and values.ndim == 2 and (rounded := _in_levels(values)):
            stored, scale = rounded
            weight.CopyFrom(numpy_helper.from_array(stored, f"{name}.bytes"))
            graph.graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
            made.append(helper.make_node("Cast", [f"{name}.bytes"], [f"{name}.levels"], to=TensorProto.FLOAT))
            made.append(helper.make_node("Mul", [f"{name}.levels", f"{name}.scale"], [name]))
        else:
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            made.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*made, *graph.graph.node]
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)
    onnx.checker.check_model(graph)
    serialised: bytes = graph.SerializeToString()
    return serialised


def _in_levels(values: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]] | None:
    """A matrix as whole numbers and the scale of each column, or None if it was not rounded to such."""
    scale = np.maximum(np.abs(values).max(0), np.finfo(np.float32).tiny) / LEVELS
    levels = values / scale
    stored = np.rint(levels)
    return (stored.astype(np.int8), scale) if np.abs(levels - stored).max() < _ROUNDED else None


@torch.no_grad()
def _compare(network: Network, encoder: bytes, head: bytes) -> None:
    image = torch.rand(1, 3, 160, 96, generator=torch.Generator().manual_seed(1)) * 255
    embedding = run_graph(encoder, {"image": image.numpy()})
    agree("encoder", network.encoder(image).numpy(), embedding)
    names = ("features", "annotation", "geometry")
    for count in (1, 5):
        example = network.example(count)
        inputs = {name: value.numpy() for name, value in zip(names, example, strict=True)}
        agree("head", network.head(*example).numpy(), run_graph(head, inputs))


def run_graph(graph: bytes, inputs: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """A serialised graph's first output."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    output: NDArray[np.float32] = session.run(None, dict(inputs))[0]
    return output


def agree(what: str, torch_answer: NDArray[np.float32], onnx_answer: NDArray[np.float32]) -> None:
    """Compare two answers of what should be the same network.

    Raises:
        ExportError: they differ by more than `TOLERANCE` of their standard deviation.
    """
    scale = max(1.0, float(np.abs(torch_answer).std()))
    worst = float(np.abs(torch_answer - onnx_answer).max()) / scale
    if not worst < TOLERANCE:
        raise ExportError(f"the exported {what} differs from torch by {worst:.3g} of its standard deviation")
