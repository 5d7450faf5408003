"""The encoder: its backbones as their weights were trained, and what of them reaches the embedding."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from fullcanvas.learning.encoder import Encoder, make_body, normalisation
from fullcanvas.learning.errors import ConfigError


def test_efficientnet_lite_sees_photos_and_norms_as_it_was_trained() -> None:
    """By TensorFlow's habits, of which no file of weights tells."""
    assert normalisation("efficientnet_lite0") == ((127.0,) * 3, (128.0,) * 3)
    norms = [each for each in make_body("efficientnet_lite0").modules() if isinstance(each, nn.BatchNorm2d)]
    assert {norm.eps for norm in norms} == {1e-3}


def test_other_backbones_see_photos_as_timm_says() -> None:
    mean, deviation = normalisation("resnet50")
    assert mean == pytest.approx((123.675, 116.28, 103.53))
    assert deviation == pytest.approx((58.395, 57.12, 57.375))
    with pytest.raises(ConfigError, match="timm has no model 'resnet51'"):
        make_body("resnet51")


def test_maps_of_half_the_photos_size_reach_the_embedding() -> None:
    torch.manual_seed(0)
    encoder: Any = Encoder("test_efficientnet", channels=4, pyramid=8).eval()
    assert encoder.body.feature_info.reduction()[0] == 2
    folded = 4 * encoder.body.feature_info.channels()[0]
    image = torch.rand(1, 3, 64, 96) * 255
    with torch.no_grad():
        before = encoder(image)
        assert before.shape == (1, 4, 16, 24)
        encoder.lateral[0].weight[:, :folded] = 0
        assert not torch.allclose(encoder(image), before, atol=1e-4)
