"""What a vision transformer trained without labels sees in a photo, as a further input of the pyramid."""

from __future__ import annotations

from typing import Any

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDE = 16
"""Of the working photo, per cell of the context."""

LEVELS = 127
"""Steps from zero to the largest weight of each output of the transformer's layers: they fit a byte."""

_MEAN, _DEVIATION = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


class Context(nn.Module):
    """Photo -> what is where, at stride 16: a frozen DINOv2 (Oquab et al., 2023) and what is learned of it.

    The photo is shrunk so that a patch of the transformer is a cell of stride 16; patches at two depths tell
    parts and kinds apart.

    Args:
        transformer: a timm vision transformer with absolute positions and a class token.
        channels: of the answer.
        width: of the layer between.

    Attributes:
        half_precision: whether the transformer counts in bfloat16 in training; it answers in float32 anyway.
    """

    mean: Tensor
    deviation: Tensor

    body: Any

    def __init__(self, transformer: str, channels: int, width: int = 128) -> None:
        super().__init__()
        self.half_precision = True
        body: Any = timm.create_model(transformer, pretrained=False, num_classes=0)
        self.body = body.requires_grad_(False)
        self.patch: int = body.patch_embed.patch_size[0]
        depth, size = len(body.blocks), int(body.embed_dim)
        self.depths = (2 * depth // 3 - 1, depth - 1)
        self.narrow = nn.Conv2d(len(self.depths) * size, width, 1)
        self.norm = nn.BatchNorm2d(width)
        self.out = nn.Conv2d(width, channels, 3, padding=1, bias=False)
        # At first it changes nothing: a trained pyramid can go on from where it was.
        nn.init.zeros_(self.out.weight)
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(_DEVIATION).view(1, 3, 1, 1), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """Float [B, 3, h, w] of 0..255, h and w multiples of 16 -> [B, channels, h / 16, w / 16]."""
        if self.training and self.half_precision:
            # Nothing is learned in the transformer: half the precision there is half the time.
            with torch.autocast(image.device.type, torch.bfloat16):
                patches = self.patches(image).float()
        else:
            patches = self.patches(image)
        narrow = functional.relu(self.norm(self.narrow(patches)))
        answer: Tensor = self.out(narrow)
        return answer

    @torch.no_grad()
    def patches(self, image: Tensor) -> Tensor:
        """The transformer's normalised patches at all depths: [B, depths * size, h / 16, w / 16]."""
        rows, columns = image.shape[2] // STRIDE, image.shape[3] // STRIDE
        small = functional.interpolate(image, size=(rows * self.patch, columns * self.patch), mode="bilinear")
        tokens = self.body.patch_embed.proj((small - self.mean) / self.deviation).flatten(2).mT
        first = (self.body.cls_token + self.body.pos_embed[:, :1]).expand(len(image), -1, -1)
        tokens = torch.cat([first, tokens + self._positions(rows, columns)], 1)
        found = []
        for depth, block in enumerate(self.body.blocks):
            tokens = block(tokens)
            if depth in self.depths:
                found.append(self.body.norm(tokens)[:, 1:])
        return torch.cat(found, 2).mT.reshape(len(image), -1, rows, columns)

    def _positions(self, rows: int, columns: int) -> Tensor:
        """The learned positions, stretched to another grid: [1, rows * columns, size]."""
        learned = self.body.pos_embed[:, 1:]
        side = round(learned.shape[1] ** 0.5)
        grid = learned.mT.reshape(1, -1, side, side)
        stretched = functional.interpolate(grid, size=(rows, columns), mode="bilinear")
        return stretched.flatten(2).mT

    def train(self, mode: bool = True) -> Context:
        """As usual, but the transformer stays as it is."""
        super().train(mode)
        self.body.eval()
        return self


@torch.no_grad()
def round_layers(transformer: nn.Module) -> None:
    """Round the weights of a transformer's linear layers to what a model file keeps of them.

    So the layers beside it learn from the very weights that will be used. Mean IoU is the same with either.
    """
    for layer in transformer.modules():
        if isinstance(layer, nn.Linear):
            step = layer.weight.abs().amax(1, keepdim=True) / LEVELS
            layer.weight.copy_((layer.weight / step).round() * step)
