"""The network of the paper's figure 2: encoder, RoIAlign on the person's boxes, mask head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fullcanvas.canvas.boxes import Box
from fullcanvas.canvas.sampling import Axis, align_matrix
from fullcanvas.learning.config import NetworkConfig
from fullcanvas.learning.context import Context
from fullcanvas.learning.encoder import Encoder
from fullcanvas.learning.heads import ANNOTATION_CHANNELS, ClassSpecificHead, make_head
from fullcanvas.learning.pretrained import load_pretrained

STRIDE = 4


class Network(nn.Module):
    """Encoder and mask head; the canvas on which the logits compete is `learning.competition`."""

    of_backbone = ("encoder.body.", "encoder.lateral.")
    """Prefixes of the names of the parameters that do not fit another backbone."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config.backbone, config.channels, config.pyramid_channels, config.context)
        self.head = make_head(config)

    @property
    def backbone(self) -> nn.Module:
        """The part that may be trained on ImageNet beforehand."""
        return self.encoder.body

    @property
    def context(self) -> Context | None:
        """The frozen transformer beside it, if there is one, and what is learnt of that."""
        return self.encoder.context

    def load_backbone(self) -> str:
        """Fill the backbone with weights trained on ImageNet; tell where they come from.

        Raises:
            WeightsError: they cannot be had.
        """
        return load_pretrained(self.encoder.body, self.config.backbone)

    def inputs(
        self, embedding: Tensor, maps: NDArray[Any], boxes: Sequence[Box], width: int, height: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What the mask head needs to know about the regions of one image.

        Args:
            embedding: [C, h, w].
            maps: [N, 2, height, width], the annotation maps in working pixels.
            boxes: N boxes in working pixels.
            width, height: of the image inside its padding, in working pixels.

        Returns:
            Features [N, C, R, R], annotation [N, 2, R, R], geometry [N, 4]; those of several images can be
            concatenated, as the head treats every region by itself.
        """
        cells = self.config.roi_size
        features = align(embedding, np.array(boxes, np.float64) / STRIDE, cells)
        ink = torch.from_numpy(align_maps(maps, boxes, cells)).to(embedding)
        return features, ink, geometry(boxes, width, height).to(embedding)

    def answer(
        self, inputs: tuple[Tensor, Tensor, Tensor], classes: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """The mask head's answers.

        Args:
            inputs: as `inputs` makes them.
            classes: for class-specific heads, the true place of each region's class, int64 [N]; the mask
                logits are then those, and not those of the class that the head predicts.

        Returns:
            Logits [N, M, M], and class logits [N, classes] if the true classes were given.
        """
        if classes is None or not isinstance(self.head, ClassSpecificHead):
            return self.head(*inputs), None
        features, annotation, _ = inputs
        return self.head.masks(features, annotation, classes), self.head.class_logits(features)

    def example(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs of the mask head for some imaginary regions, always the same."""
        generator = torch.Generator().manual_seed(0)
        size = self.config.roi_size
        features = torch.randn(count, self.config.channels, size, size, generator=generator)
        annotation = torch.rand(count, ANNOTATION_CHANNELS, size, size, generator=generator)
        return features, annotation, torch.rand(count, 4, generator=generator) * 0.5 + 0.2


def geometry(boxes: Sequence[Box], width: int, height: int) -> Tensor:
    """Boxes as centre and extent in fractions of the image: float32 [N, 4]."""
    x0, y0, x1, y1 = np.array(boxes, np.float64).T / np.array([[width], [height], [width], [height]])
    return torch.from_numpy(np.stack([(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0], 1).astype(np.float32))


def align(planes: Tensor, boxes: NDArray[np.float64], cells: int) -> Tensor:
    """RoIAlign with the matrices that the product uses.

    Args:
        planes: [C, h, w].
        boxes: float [N, 4] in pixels of the planes.
        cells: R.

    Returns:
        [N, C, R, R].
    """
    height, width = planes.shape[-2:]
    rows = _stack([align_matrix(y0, y1, cells, height) for _, y0, _, y1 in boxes], planes)
    columns = _stack([align_matrix(x0, x1, cells, width) for x0, _, x1, _ in boxes], planes)
    # One large product for all boxes, instead of one copy of the embedding for each.
    across = planes.transpose(0, 1).flatten(1)
    shrunk = (rows.flatten(0, 1) @ across).view(len(boxes), cells, -1, width)
    return (shrunk @ columns.mT[:, None]).transpose(1, 2)


def _stack(matrices: list[NDArray[np.float32]], like: Tensor) -> Tensor:
    return torch.from_numpy(np.stack(matrices)).to(like)


def align_maps(maps: NDArray[Any], boxes: Sequence[Box], cells: int) -> NDArray[np.float32]:
    """RoIAlign of annotation maps, from which nothing is learnt: of each no more than its box is looked at.

    Args:
        maps: [N, 2, height, width].
        boxes: N boxes in the same pixels.
        cells: R.

    Returns:
        float32 [N, 2, R, R].
    """
    height, width = maps.shape[-2:]
    aligned = np.empty((len(boxes), maps.shape[1], cells, cells), np.float32)
    for answer, planes, (x0, y0, x1, y1) in zip(aligned, maps, boxes, strict=True):
        columns, rows = Axis.of(x0, x1, cells, width), Axis.of(y0, y1, cells, height)
        window = planes[:, rows.start : rows.stop, columns.start : columns.stop].astype(np.float32)
        answer[:] = rows.weights @ window @ columns.weights.T
    return aligned
