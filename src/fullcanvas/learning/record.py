"""What a model file says about how it came to be."""

from __future__ import annotations

import platform
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from fullcanvas import __version__
from fullcanvas.learning.origin import licence_sentence, without_images
from fullcanvas.learning.run import Run
from fullcanvas.learning.sources import HELD_BACK_RULE

_LIBRARIES = ("torch", "torchvision", "timm", "onnx", "onnxruntime", "numpy", "opencv-python-headless")


def describe(run: Run, command: str) -> dict[str, Any]:
    """Name, provenance and licence of the model that a run made.

    Args:
        run: at its end, or wherever it is exported.
        command: the command line that made it.
    """
    return {
        "name": run.config.name,
        "provenance": provenance(run, command),
        "licence": licence_sentence(run.config, run.origin),
    }


def provenance(run: Run, command: str) -> dict[str, Any]:
    """Everything that is known about how the run's weights came to be, as JSON values."""
    config = run.config
    sources = [asdict(each) for each in config.sources]
    return {
        "command": command,
        "configuration": config.to_json(),
        "data_sets": sources,
        "held_back": _held_back(config.training.held_back),
        "training_images": {name: sorted(ids) for name, ids in sorted(run.trained_on.items())},
        "first_weights": without_images(run.origin),
        "steps": run.step,
        "seed": config.training.seed,
        "seconds": round(run.seconds, 1),
        "held_back_curve": [round(value, 4) for value in run.curve],
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Versions of what shapes the numbers."""
    found = {"fullcanvas": __version__, "python": platform.python_version()}
    return found | {name: version(name) for name in _LIBRARIES}


def _held_back(one_in: int) -> str:
    return HELD_BACK_RULE.format(one_in=one_in) if one_in else "none"
