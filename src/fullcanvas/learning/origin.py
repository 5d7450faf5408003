"""Where weights come from, and under which terms: what is passed on from model to model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fullcanvas.learning.config import Config


def licence_sentence(config: Config, origin: Mapping[str, Any]) -> str:
    """The model's licence, and the terms of what it was trained on; those of several stages are said once."""
    sources = "; ".join(f"{Path(each.path).name} ({each.licence})" for each in config.sources)
    own = f"{config.licence}. Trained on {sources}; photos and annotations keep these terms."
    if "model" not in origin:
        return f"{own} The backbone's first weights: {origin['backbone']}."
    before, added = origin["model"], f" With {origin['context']}." if "context" in origin else ""
    if "backbone" in origin:
        added = f" With {origin['backbone']} as its backbone's first weights.{added}"
    theirs = before["licence"].replace(own, "the terms named first.")
    return f"{own}{added} Its first weights came from {before['name']}: {theirs}"


def without_images(origin: Mapping[str, Any]) -> dict[str, Any]:
    """The origin without its list of photos, which is part of `training_images` already."""
    if "model" not in origin:
        return dict(origin)
    model = {key: value for key, value in origin["model"].items() if key != "training_images"}
    return {**origin, "model": model}
