"""Checkpoints: everything a run needs to go on exactly where it stopped, written at once or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from fullcanvas.files import writing
from fullcanvas.learning.errors import CheckpointError

_PARTS = {
    *("config", "network", "average", "optimizer", "origin", "folded"),
    *("step", "seconds", "trained_on", "curve", "validated"),
}
"""What `Run.state` makes."""


def save(path: Path, state: dict[str, Any]) -> None:
    """Write the state, as `files.writing` does: a crash leaves the old checkpoint whole."""
    with writing(path) as file:
        torch.save(state, file)


def load(path: Path) -> dict[str, Any]:
    """The state in a checkpoint; nothing in the file is executed.

    Raises:
        CheckpointError: there is no such file, or it is not a checkpoint.
    """
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}")
    try:
        state: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise CheckpointError(f"{path} is not a checkpoint, or a damaged one; take another file") from error
    if lacking := sorted(_PARTS - set(state if isinstance(state, dict) else ())):
        raise CheckpointError(f"{path} is not a checkpoint of a training: it lacks {', '.join(lacking)}")
    found: dict[str, Any] = state
    return found
