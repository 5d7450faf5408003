"""Weights to start from: a checkpoint's, or a model file's, whose graphs keep the names of the parameters."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from fullcanvas.inference.model_file import ModelFile, read_model
from fullcanvas.learning import checkpoint
from fullcanvas.learning.config import Config, NetworkConfig, from_table
from fullcanvas.learning.errors import ConfigError, WeightsError
from fullcanvas.learning.kinds import AnyNetwork
from fullcanvas.learning.network import Network
from fullcanvas.learning.origin import licence_sentence, without_images

_CONTEXT = "encoder.context."
FOLDED = "_bias"
"""The exporter folds a norm into the convolution before it: X.weight is scaled, X.weight_bias is added."""

_ADVICE = {
    # The exporter keeps equal parameters once, under one of their names; what has learnt has none.
    True: ", as the model file of an untrained network does: start from its checkpoint, or without --init",
    False: ": start from a checkpoint of this version, or without --init",
}
"""What to do where parameters are missing: in a model file, or else in a checkpoint."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A trained network's parameters, and where they come from.

    Attributes:
        network: its shape.
        state: parameters by name.
        folded: whether norms are folded into the convolutions before them.
        record: `name`, `hash`, `training_images` by data set, `licence`, and where its own
            `first_weights` came from.
    """

    network: NetworkConfig
    state: Mapping[str, Tensor]
    folded: bool
    record: Mapping[str, Any]


def read_weights(spec: str | Path) -> Weights:
    """The weights in a checkpoint (.pt) or in a model file (a path, or `default`).

    Raises:
        WeightsError: a model file of a network that this version cannot train.
        ModelError: no model file is there, or it is damaged.
        CheckpointError: the checkpoint cannot be read.
    """
    path = Path(spec)
    return _of_checkpoint(path) if path.suffix == ".pt" else _of_model(read_model(spec))


def _of_checkpoint(path: Path) -> Weights:
    state = checkpoint.load(path)
    config, origin = Config.from_mapping(state["config"]), state["origin"]
    record = {
        "name": config.name,
        "hash": _digest(state["average"]),
        "training_images": state["trained_on"],
        "licence": licence_sentence(config, origin),
        "first_weights": without_images(origin),
    }
    return Weights(config.network, state["average"], state["folded"], record)


def _digest(state: Mapping[str, Tensor]) -> str:
    """What tells a checkpoint's weights from all others."""
    digest = hashlib.sha256()
    for name, value in sorted(state.items()):
        digest.update(name.encode())
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()


def _of_model(model: ModelFile) -> Weights:
    try:
        network = from_table(NetworkConfig, model.provenance["configuration"]["network"])
    except (KeyError, TypeError, ConfigError) as error:
        raise WeightsError(
            f"the model file {model.name} does not say which network it holds ({error}): it can answer, but "
            "not be trained further"
        ) from error
    state = {f"encoder.{name}": value for name, value in _initializers(model.encoder).items()}
    state |= {f"head.{name}": value for name, value in _initializers(model.head).items()}
    if network.prior:
        # The exporter leaves out a multiplication by exactly one.
        state.setdefault("head.prior.scale", torch.ones(()))
    record = {
        "name": model.name,
        "hash": model.hash,
        "training_images": model.provenance.get("training_images", {}),
        "licence": model.licence,
        "first_weights": model.provenance.get("first_weights", {}),
    }
    return Weights(network, state, True, record)


def _initializers(graph: bytes) -> dict[str, Tensor]:
    loaded = onnx.load_from_string(graph).graph
    stored = {each.name: np.array(numpy_helper.to_array(each)) for each in loaded.initializer}
    floats = (np.float16, np.float32)
    values = {name.removesuffix(".half"): each for name, each in stored.items() if each.dtype in floats}
    for name in [name for name in stored if name.endswith(".bytes")]:
        layer = name.removesuffix(".bytes")
        values[layer] = stored[name] * values.pop(f"{layer}.scale")
    tensors = {name: torch.from_numpy(each.astype(np.float32)) for name, each in values.items()}
    return tensors | _layers(loaded, tensors)


def _layers(graph: onnx.GraphProto, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a transformer's linear layers under their own names.

    The exporter transposes them and forgets their names, but what is added to their answers has kept its own.
    """
    biases = {
        other: name
        for node in graph.node
        if node.op_type == "Add"
        for name, other in permutations(node.input, 2)
        if name in values and name.endswith(".bias")
    }
    return {
        biases[node.output[0]].removesuffix("bias") + "weight": values[node.input[1]].T
        for node in graph.node
        if node.op_type == "MatMul" and node.output[0] in biases and node.input[1] in values
    }


def fill(network: AnyNetwork, weights: Weights) -> None:
    """Give the network these weights.

    Norms that were folded away become an addition, with statistics that must stay as they are: such a
    network is trained with its norms in evaluation mode. Weights of a network without a context, or with
    another backbone, leave that of this one as it is.

    Raises:
        WeightsError: a parameter is missing or has another shape, or mask logits are of other categories.
    """
    given = weights.state
    if network.config.classes != weights.network.classes:
        raise WeightsError(
            f"{weights.record['name']} has mask logits for other categories than the network: leave the "
            "table network out, so that it has those of its first weights, or begin without --init"
        )
    if weights.folded:
        if not isinstance(network, Network):
            raise WeightsError("a DEXTR network starts from a checkpoint, not from a model file")
        given = _unfolded(network, given)
    # What the weights know nothing of: it stays as it is.
    own = () if weights.network.context else (_CONTEXT,)
    if weights.network.backbone != network.config.backbone:
        own = (*own, *network.of_backbone)
    for name, value in network.state_dict().items():
        if name.endswith("num_batches_tracked") or name.startswith(own):
            continue
        if name not in given:
            raise WeightsError(
                f"the weights of {weights.record['name']} lack {name}{_ADVICE[weights.folded]}"
            )
        if given[name].shape != value.shape:
            shapes = f"{tuple(given[name].shape)}, the network's {tuple(value.shape)}"
            raise WeightsError(f"{name} of {weights.record['name']} is {shapes}")
        value.copy_(given[name])


def _unfolded(network: Network, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state with every folded norm written out as what is left of it: an addition."""
    full = dict(state)
    for convolution, norm in _followed_by(network).items():
        if f"{norm}.weight" in full or f"{convolution}.weight" not in full:
            continue
        # Where all of a norm's additions are zero, none is left.
        nothing = torch.zeros(len(full[f"{convolution}.weight"]))
        bias, ones = full.pop(f"{convolution}.weight{FOLDED}", nothing), torch.ones_like(nothing)
        module = network.get_submodule(norm)
        if not isinstance(module, _BatchNorm):
            raise TypeError(f"{norm} is no norm")
        full[f"{norm}.weight"], full[f"{norm}.bias"] = ones, bias
        full[f"{norm}.running_mean"], full[f"{norm}.running_var"] = torch.zeros_like(ones), ones - module.eps
    return full


@torch.no_grad()
def _followed_by(network: Network) -> dict[str, str]:
    """Which norm takes each convolution's output, by name; found by running the network once."""
    made: list[tuple[Tensor, str]] = []
    pairs: dict[str, str] = {}

    def watch(name: str, module: nn.Module) -> Any:
        def after(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
            made.append((output, name))

        def before(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            pairs.update({maker: name for output, maker in made if output is inputs[0]})

        if isinstance(module, _BatchNorm):
            return module.register_forward_pre_hook(before)
        return module.register_forward_hook(after) if isinstance(module, nn.Conv2d) else None

    hooks = [watch(name, module) for name, module in network.named_modules()]
    mode = network.training
    network.eval()
    device = next(network.parameters()).device
    network.encoder(torch.zeros(1, 3, 64, 64, device=device))
    network.head(*(each.to(device) for each in network.example(1)))
    network.train(mode)
    for hook in hooks:
        if hook is not None:
            hook.remove()
    return pairs
