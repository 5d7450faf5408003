"""DEXTR, the paper's opponent in table 1: its network, its training examples, its loss and its export."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from fullcanvas.annotation import Point
from fullcanvas.canvas.resolution import resize_labels
from fullcanvas.canvas.sampling import align_matrix
from fullcanvas.datasets import Sample
from fullcanvas.inference.dextr import cutout, cutout_box, mask_of, padded_crop, write_dextr
from fullcanvas.learning.colouring import coloured, draw_colouring
from fullcanvas.learning.config import NetworkConfig, TrainingConfig
from fullcanvas.learning.encoder import make_body, normalisation
from fullcanvas.learning.export import agree, graph_of, run_graph, small_weights
from fullcanvas.learning.pretrained import load_pretrained
from fullcanvas.learning.rounds import precision
from fullcanvas.learning.samples import LEAST_PIXELS, Examples, things_of
from fullcanvas.simulation.extreme import extreme_points
from fullcanvas.simulation.single_region import OWN, mask_iou, two_regions

_STRIDE = 8
_POOLS = (1, 2, 3, 6)
_RELAX = (35, 65)


class DextrNetwork(nn.Module):
    """A dilated backbone with a pyramid scene parsing head, on four channels: RGB and a heat map.

    Args:
        config: `backbone`, and `channels` of the head's levels.
        size: side of the cutouts, a multiple of 8.
    """

    mean: Tensor
    deviation: Tensor
    context = None
    of_backbone = ("body.", "head.levels.", "head.mix.0.")

    def __init__(self, config: NetworkConfig, size: int) -> None:
        super().__init__()
        self.config = config
        self.size = size
        self.body = make_body(config.backbone, output_stride=_STRIDE)
        _widen(self.body)
        mean, deviation = normalisation(config.backbone)
        self.register_buffer("mean", torch.tensor([*mean, 0.0]).view(1, 4, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor([*deviation, 1.0]).view(1, 4, 1, 1), persistent=False)
        info: Any = self.body.feature_info
        self.head = PyramidSceneParsing(info.channels()[-1], config.channels, size // _STRIDE)

    @property
    def backbone(self) -> nn.Module:
        """The part that may be trained on ImageNet beforehand."""
        return self.body

    def load_backbone(self) -> str:
        """Fill the backbone with weights trained on ImageNet; tell where they come from.

        Raises:
            WeightsError: they cannot be had.
        """
        name = self.config.backbone
        narrow = timm.create_model(name, features_only=True, pretrained=False)
        origin = load_pretrained(narrow, name)
        self.body.load_state_dict(widened(narrow.state_dict(), self.body.state_dict()))
        return origin

    def forward(self, cutouts: Tensor) -> Tensor:
        """Float [N, 4, size, size], RGB in 0..255 and heat in 0..1 -> logits [N, size, size]."""
        features = self.body((cutouts - self.mean) / self.deviation)[-1]
        return functional.interpolate(self.head(features), size=(self.size, self.size), mode="bilinear")[:, 0]

    def train(self, mode: bool = True) -> DextrNetwork:
        """As usual, but the backbone keeps the batch statistics it was pre-trained with."""
        super().train(mode)
        self.body.eval()
        return self


class PyramidSceneParsing(nn.Module):
    """PSPNet's head: the features beside their means over 1, 4, 9 and 36 parts of the plane."""

    def __init__(self, inputs: int, channels: int, cells: int) -> None:
        super().__init__()
        self.cells = cells
        for parts in _POOLS:
            # Written as a matrix: the plane need not be divisible, and any exporter knows products.
            pool = torch.from_numpy(align_matrix(0, cells, parts, cells))
            self.register_buffer(f"pool{parts}", pool, persistent=False)
        self.levels = nn.ModuleList(nn.Conv2d(inputs, channels, 1) for _ in _POOLS)
        self.mix = nn.Sequential(
            nn.Conv2d(inputs + len(_POOLS) * channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, 1, 1),
        )

    def forward(self, features: Tensor) -> Tensor:
        """[N, C, cells, cells] -> [N, 1, cells, cells]."""
        planes = [features]
        for parts, level in zip(_POOLS, self.levels, strict=True):
            pool = self.get_buffer(f"pool{parts}")
            means = functional.relu(level(pool @ features @ pool.T))
            size = (self.cells, self.cells)
            planes.append(functional.interpolate(means, size=size, mode="bilinear"))
        logits: Tensor = self.mix(torch.cat(planes, 1))
        return logits


def _widen(body: nn.Module) -> None:
    """Let the first convolution take a fourth channel, which says nothing at first."""
    name, first = next((name, each) for name, each in body.named_modules() if isinstance(each, nn.Conv2d))
    wide = nn.Conv2d(4, first.out_channels, _pair(first.kernel_size), _pair(first.stride), bias=False)
    wide.padding = first.padding
    parent, _, last = name.rpartition(".")
    setattr(body.get_submodule(parent), last, wide)


def _pair(values: tuple[int, ...]) -> tuple[int, int]:
    return values[0], values[1]


def widened(narrow: Mapping[str, Tensor], wide: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A three-channel backbone's state for a four-channel one: the fourth channel's weights are zero."""
    state = {}
    for name, value in narrow.items():
        fourth = value.ndim == 4 and wide[name].shape[1] > value.shape[1]
        state[name] = functional.pad(value, (0, 0, 0, 0, 0, 1)) if fourth else value
    return state


@dataclass(frozen=True, slots=True)
class Cutout:
    """One region to learn from.

    Attributes:
        seen: float32 [4, size, size].
        truth: int32 [size, size]: `OWN`, `REST`, or 0 where nothing is known.
        origins: the name of the data set and the id of the photo.
    """

    seen: NDArray[np.float32]
    truth: NDArray[np.int32]
    origins: tuple[tuple[str, int]]


class Cutouts(Examples[Cutout]):
    """Regions, cut out of photos."""

    def make(self, rng: np.random.Generator) -> Cutout | None:
        """A random region of a photo, if it has one."""
        sample, origin = self.draw(rng)
        labels = things_of(sample) if self.config.regions == "things" else sample.labels
        counts = np.bincount(labels.ravel())
        candidates = np.flatnonzero(counts >= LEAST_PIXELS)
        candidates = candidates[candidates > 0]
        if not len(candidates):
            return None
        return make_cutout(sample, int(rng.choice(candidates)), self.config, rng, origin)


def make_cutout(
    sample: Sample, region: int, config: TrainingConfig, rng: np.random.Generator, origin: tuple[str, int]
) -> Cutout:
    """A region cut out as DEXTR does it: marked, flipped, coloured, with more or less of its context."""
    image, labels = sample.image, sample.labels
    if rng.random() < 0.5:
        image, labels = np.ascontiguousarray(image[:, ::-1]), np.ascontiguousarray(labels[:, ::-1])
    points: Sequence[Point] = extreme_points(labels == region, rng, config.pert)
    box = cutout_box(points, int(rng.integers(*_RELAX)))
    truth = resize_labels(padded_crop(two_regions(labels, region), box), config.crop, config.crop)
    return Cutout(cutout(coloured(image, draw_colouring(rng)), points, box, config.crop), truth, (origin,))


def loss_of(network: DextrNetwork, cutouts: Sequence[Cutout]) -> Tensor:
    """DEXTR's loss: binary cross entropy in which region and rest weigh the same, void nothing."""
    device = network.mean.device
    seen = torch.from_numpy(np.stack([each.seen for each in cutouts])).to(device)
    truth = torch.from_numpy(np.stack([each.truth for each in cutouts])).to(device)
    with precision(device):
        logits = network(seen.to(memory_format=torch.channels_last))
    return balanced_loss(logits.float(), truth)


def balanced_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """The mean of each region's loss, a pixel weighted by the share of known pixels of the other side.

    Args:
        logits: [N, H, W].
        truth: [N, H, W] of `OWN`, `REST` and 0.
    """
    own, known = (truth == OWN).to(logits), (truth > 0).to(logits)
    losses = functional.binary_cross_entropy_with_logits(logits, own, reduction="none") * known
    count = known.sum((1, 2)).clamp_min(1)
    share = (own.sum((1, 2)) / count)[:, None, None]
    weights = torch.where(truth == OWN, 1 - share, share)
    return ((losses * weights).sum((1, 2)) / count).mean()


@torch.no_grad()
def validate(network: DextrNetwork, samples: Sequence[Sample]) -> list[float]:
    """The mean IoU over all regions of all samples from extreme points: one fraction, or none."""
    network.eval()
    ious = []
    for sample in samples:
        rng = np.random.default_rng([0, sample.image_id])
        for region in np.unique(sample.labels[sample.labels > 0]).tolist():
            points = extreme_points(sample.labels == region, rng)
            box = cutout_box(points)
            seen = torch.from_numpy(cutout(sample.image, points, box, network.size)[None]).to(network.mean)
            height, width = sample.labels.shape
            mask = mask_of(network(seen)[0].float().cpu().numpy(), box, width, height)
            ious.append(mask_iou(sample.labels, region, mask))
    return [float(np.mean(ious))] if ious else []


@torch.no_grad()
def export(network: DextrNetwork, path: Path, description: Mapping[str, Any]) -> str:
    """Write the network as a model file for `--model dextr:PATH`; returns the model's hash.

    Raises:
        ExportError: ONNX Runtime's answers differ from torch's.
    """
    network = copy.deepcopy(network).cpu().float().eval()
    generator = torch.Generator().manual_seed(0)
    example = torch.rand(2, 4, network.size, network.size, generator=generator) * 255
    count = torch.export.Dim("regions", min=1, max=64)
    graph = small_weights(graph_of(network, (example,), (["cutout"], ["logits"]), ({0: count},)))
    agree("network", network(example).numpy(), run_graph(graph, {"cutout": example.numpy()}))
    return write_dextr(path, graph, description, network.size)
