"""The encoder: a convolutional backbone with a feature pyramid that ends at stride 4."""

from __future__ import annotations

from typing import Any

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

from fullcanvas.learning import mobile_sam
from fullcanvas.learning.context import STRIDE as CONTEXT_STRIDE
from fullcanvas.learning.context import Context
from fullcanvas.learning.errors import ConfigError
from fullcanvas.learning.mobile_sam import MobileSam

_LITE_EPSILON = 1e-3


class Encoder(nn.Module):
    """Photo -> embedding Z, computed once per photo (section 3.1).

    Args:
        backbone: `mobile_sam`, or a timm model with feature maps at strides 2, 4, 8, 16, 32 (or from 4 on).
        channels: of the embedding.
        pyramid: channels of every level of the feature pyramid.
        context: a timm vision transformer whose patches join the pyramid; none if empty.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, backbone: str, channels: int, pyramid: int = 96, context: str = "") -> None:
        super().__init__()
        self.body = make_body(backbone)
        mean, deviation = normalisation(backbone)
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation).view(1, 3, 1, 1), persistent=False)
        info: Any = self.body.feature_info
        widths: list[int] = info.channels()
        self.has_half = info.reduction()[0] == 2
        if self.has_half:
            # Stride 2 folded into channels: edges stay sharper than stride 4 alone can tell.
            widths = [4 * widths[0] + widths[1], *widths[2:]]
        self.context = Context(context, pyramid) if context else None
        self.context_level = info.reduction().index(CONTEXT_STRIDE) - self.has_half
        self.lateral = nn.ModuleList(nn.Conv2d(width, pyramid, 1) for width in widths)
        self.smooth = nn.ModuleList(_convolution(pyramid, pyramid) for _ in widths[1:])
        self.out = nn.Conv2d(pyramid, channels, 1)

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
            if self.context is not None and level == self.context_level:
                top = top + self.context(image)
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


def make_body(backbone: str, **options: Any) -> nn.Module:
    """A backbone that answers with its feature maps, with random weights; `options` are timm's.

    Raises:
        ConfigError: timm has no such model.
    """
    if backbone == mobile_sam.NAME:
        return MobileSam()
    if not timm.is_model(backbone):
        raise ConfigError(f"timm has no model {backbone!r}; timm.list_models() names those that it has")
    body: nn.Module = timm.create_model(backbone, features_only=True, pretrained=False, **options)
    if backbone.startswith("efficientnet_lite"):
        # What its weights were trained with; no file of weights says so.
        for each in body.modules():
            if isinstance(each, nn.BatchNorm2d):
                each.eps = _LITE_EPSILON
    return body


def normalisation(backbone: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation per channel, in 0..255, that the backbone's weights were trained with."""
    if backbone.startswith("efficientnet_lite"):
        return (127.0,) * 3, (128.0,) * 3
    config = timm.get_pretrained_cfg(backbone) if timm.is_model(backbone) else None
    mean, std = (config.mean, config.std) if config else ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    return tuple(255 * value for value in mean), tuple(255 * value for value in std)
