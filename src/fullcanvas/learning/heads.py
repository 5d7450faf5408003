"""Mask heads: RoI features and annotation map -> one logit map per region (sections 3.1 and 3.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from fullcanvas.canvas.sampling import align_matrix
from fullcanvas.learning.config import NetworkConfig

ANNOTATION_CHANNELS = 2
_GEOMETRY = 6
_CLASS_CELLS = 7


def make_head(config: NetworkConfig) -> nn.Module:
    """The mask head that the configuration names."""
    if config.class_specific:
        return ClassSpecificHead(config)
    return {"pyramid": PyramidHead, "convolutions": ConvolutionalHead}[config.head](config)


class ConvolutionalHead(nn.Module):
    """Mask R-CNN's head: a stack of 3 x 3 convolutions, the last of them at the resolution of the mask."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width = config.head_channels[0]
        self.layers = nn.Sequential(*_convolutions(config), nn.Conv2d(width, 1, 1))
        self.prior = Prior() if config.prior else None

    def forward(self, features: Tensor, annotation: Tensor, geometry: Tensor) -> Tensor:
        """[N, C, R, R], [N, 2, R, R], [N, 4] (box as cx, cy, w, h in fractions) -> logits [N, M, M]."""
        logits: Tensor = self.layers(torch.cat([features, annotation], 1))[:, 0]
        return logits if self.prior is None else logits + self.prior(geometry)


class ClassSpecificHead(nn.Module):
    """Mask R-CNN's head with mask logits per class, chosen by its class head (section 3.4)."""

    pool: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width, hidden, count = config.head_channels[0], config.class_channels, len(config.classes)
        self.layers = nn.Sequential(*_convolutions(config))
        self.out = nn.Linear(width, count)
        pool = align_matrix(0, config.roi_size, _CLASS_CELLS, config.roi_size)
        self.register_buffer("pool", torch.from_numpy(pool), persistent=False)
        self.classify = nn.Sequential(
            *(nn.Flatten(), nn.Linear(_CLASS_CELLS**2 * config.channels, hidden), nn.ReLU()),
            *(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, count)),
        )

    def forward(self, features: Tensor, annotation: Tensor, geometry: Tensor) -> Tensor:  # noqa: ARG002
        """As the other heads: the mask logits of the class that the class head predicts."""
        return self.masks(features, annotation, self.class_logits(features).argmax(1))

    def class_logits(self, features: Tensor) -> Tensor:
        """[N, C, R, R] -> [N, classes]."""
        logits: Tensor = self.classify(self.pool @ features @ self.pool.T)
        return logits

    def masks(self, features: Tensor, annotation: Tensor, classes: Tensor) -> Tensor:
        """The mask logits of one class per region: [N, C, R, R], [N, 2, R, R], [N] -> [N, M, M]."""
        seen = self.layers(torch.cat([features, annotation], 1))
        # The other classes' logits are never made: there may be more than a hundred.
        weights, biases = self.out.weight.index_select(0, classes), self.out.bias.index_select(0, classes)
        logits: Tensor = weights[:, None] @ seen.flatten(2) + biases[:, None, None]
        return logits.view(-1, seen.shape[2], seen.shape[3])


class PyramidHead(nn.Module):
    """A small U: every output cell sees the whole RoI, so an interior pixel knows the points on the border.

    Four convolutions at 41 x 41 see 9 cells; here two coarser levels and a pooled summary of the RoI, of
    the ink in it and of the box's place in the photo reach every cell.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        fine, middle, coarse = config.head_channels
        size = config.roi_size
        self.sizes = (size, (size + 1) // 2)
        self.mask_size = config.mask_size
        line = torch.linspace(-1, 1, size)
        self.register_buffer(
            "places", torch.stack(torch.meshgrid(line, line, indexing="ij"))[None], persistent=False
        )
        self.enter = _convolution(config.channels + ANNOTATION_CHANNELS + 2, fine)
        self.fine = Residual(fine)
        self.down_middle = _convolution(fine, middle, stride=2)
        self.middle = Residual(middle)
        self.down_coarse = _convolution(middle, coarse, stride=2)
        self.coarse = nn.Sequential(Residual(coarse), Residual(coarse))
        self.summary = nn.Sequential(
            nn.Linear(coarse + _GEOMETRY, coarse), nn.ReLU(inplace=True), nn.Linear(coarse, coarse)
        )
        self.up_middle = _Up(coarse + middle, middle)
        self.up_fine = _Up(middle + fine, fine)
        self.out = nn.Conv2d(fine, 1, 1)
        self.prior = Prior() if config.prior else None

    places: Tensor

    def forward(self, features: Tensor, annotation: Tensor, geometry: Tensor) -> Tensor:
        """[N, C, R, R], [N, 2, R, R], [N, 4] (box as cx, cy, w, h in fractions) -> logits [N, M, M]."""
        places = self.places.expand(features.shape[0], -1, -1, -1)
        fine = self.fine(self.enter(torch.cat([features, annotation, places], 1)))
        middle = self.middle(self.down_middle(fine))
        coarse = self.coarse(self.down_coarse(middle))
        pooled = torch.cat([coarse.mean((2, 3)), _describe(geometry)], 1)
        coarse = coarse + self.summary(pooled)[:, :, None, None]
        middle = self.up_middle(coarse, middle, self.sizes[1])
        fine = self.up_fine(middle, fine, self.sizes[0])
        logits: Tensor = self.out(fine)
        if self.mask_size != self.sizes[0]:
            logits = functional.interpolate(logits, size=(self.mask_size, self.mask_size), mode="bilinear")
        return logits[:, 0] if self.prior is None else logits[:, 0] + self.prior(geometry)


class Prior(nn.Module):
    """A starting logit of minus the log area of the box: small boxes win, by a learned scale."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, geometry: Tensor) -> Tensor:
        """[N, 4] -> [N, 1, 1]."""
        area = (geometry[:, 2] * geometry[:, 3]).clamp_min(1e-7)
        # Negated last: what is done to a weight alone would be folded into it when the head is exported.
        return (self.scale * area.log()).neg()[:, None, None]


class Residual(nn.Module):
    """A 3 x 3 convolution whose output is added to its input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, inputs: Tensor) -> Tensor:
        """[N, width, h, w] -> the same shape."""
        return functional.relu(inputs + self.norm(self.convolution(inputs)))


class _Up(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.mix = nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
        )
        self.block = Residual(outputs)

    def forward(self, coarse: Tensor, fine: Tensor, size: int) -> Tensor:
        enlarged = functional.interpolate(coarse, size=(size, size), mode="bilinear")
        upsampled: Tensor = self.block(self.mix(torch.cat([enlarged, fine], 1)))
        return upsampled


def _describe(geometry: Tensor) -> Tensor:
    """Place and size of the box: [N, 4] -> [N, 6], about -1..1."""
    extent = geometry[:, 2:].clamp_min(1e-4)
    aspect = (extent[:, :1] / extent[:, 1:]).log()
    return torch.cat([geometry[:, :2] * 2 - 1, extent.log() / 3, extent.prod(1, keepdim=True), aspect / 3], 1)


def _convolutions(config: NetworkConfig) -> list[nn.Module]:
    """The four layers of Mask R-CNN's mask head; smaller planes are enlarged before the last."""
    width = config.head_channels[0]
    first, *rest, last = (
        _convolution(each, width) for each in (config.channels + ANNOTATION_CHANNELS, width, width, width)
    )
    enlarge = [] if config.mask_size == config.roi_size else [_Enlarge(config.mask_size)]
    return [first, *rest, *enlarge, last]


class _Enlarge(nn.Module):
    """Planes of any size at another, by bilinear interpolation: a convolution after it sharpens them."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = (size, size)

    def forward(self, planes: Tensor) -> Tensor:
        return functional.interpolate(planes, size=self.size, mode="bilinear")


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )
