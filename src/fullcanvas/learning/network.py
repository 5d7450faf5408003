"""The network of the paper's figure 2: encoder, RoIAlign on the person's boxes, mask head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fullcanvas.canvas.boxes import Box
from fullcanvas.canvas.sampling import align_matrix
from fullcanvas.learning.config import NetworkConfig
from fullcanvas.learning.encoder import Encoder
from fullcanvas.learning.heads import ANNOTATION_CHANNELS, ClassSpecificHead, make_head

STRIDE = 4


class Network(nn.Module):
    """Encoder and mask head; the canvas on which the logits compete is `learning.competition`."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config.backbone, config.channels, config.pyramid_channels, config.context)
        self.head = make_head(config)

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
        cells, exact = self.config.roi_size, np.array(boxes, np.float64)
        ink = torch.from_numpy(maps).to(embedding.device).to(embedding.dtype)
        features = align(embedding[None], exact / STRIDE, cells)
        return features, align(ink, exact, cells), geometry(boxes, width, height).to(embedding)

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
        planes: [N, C, h, w], one per box, or [1, C, h, w] for all boxes.
        boxes: float [N, 4] in pixels of the planes.
        cells: R.

    Returns:
        [N, C, R, R].
    """
    height, width = planes.shape[-2:]
    rows = _stack([align_matrix(y0, y1, cells, height) for _, y0, _, y1 in boxes], planes)
    columns = _stack([align_matrix(x0, x1, cells, width) for x0, _, x1, _ in boxes], planes)
    across = planes.transpose(1, 2).flatten(2)
    if len(planes) == 1:
        # One large product for all boxes, instead of one copy of the embedding for each.
        shrunk = (rows.flatten(0, 1) @ across[0]).view(len(boxes), cells, -1, width)
    else:
        shrunk = (rows @ across).view(len(boxes), cells, -1, width)
    return (shrunk @ columns.mT[:, None]).transpose(1, 2)


def _stack(matrices: list[NDArray[np.float32]], like: Tensor) -> Tensor:
    return torch.from_numpy(np.stack(matrices)).to(like)
