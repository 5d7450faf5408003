"""Both kinds of network that can be trained: the paper's, and DEXTR."""

from __future__ import annotations

import timm
from torch import nn

from fullcanvas.learning.config import Config
from fullcanvas.learning.dextr import DextrNetwork, widened
from fullcanvas.learning.dinov2 import load_transformer
from fullcanvas.learning.network import Network
from fullcanvas.learning.pretrained import load_pretrained

AnyNetwork = Network | DextrNetwork


def make_network(config: Config) -> AnyNetwork:
    """The network of a configuration, with random weights."""
    if config.network.kind == "dextr":
        return DextrNetwork(config.network, config.training.crop)
    return Network(config.network)


def backbone_of(network: AnyNetwork) -> nn.Module:
    """The part that may be trained on ImageNet beforehand."""
    return network.encoder.body if isinstance(network, Network) else network.body


def load_first_weights(network: AnyNetwork, config: Config) -> str:
    """Fill backbone and context as the configuration says; tell where their weights come from.

    Raises:
        WeightsError: they cannot be had.
    """
    origin = load_backbone(network, config)
    if not config.training.pretrained or not isinstance(network, Network) or network.encoder.context is None:
        return origin
    return f"{origin}; {load_transformer(network.encoder.context.body, config.network.context)}"


def load_backbone(network: AnyNetwork, config: Config) -> str:
    """Fill the convolutional backbone as the configuration says; tell where its weights come from.

    Raises:
        WeightsError: they cannot be had.
    """
    name = config.network.backbone
    if not config.training.pretrained:
        return "random numbers"
    if isinstance(network, Network):
        return load_pretrained(network.encoder.body, name)
    narrow = timm.create_model(name, features_only=True, pretrained=False)
    origin = load_pretrained(narrow, name)
    network.body.load_state_dict(widened(narrow.state_dict(), network.body.state_dict()))
    return origin
