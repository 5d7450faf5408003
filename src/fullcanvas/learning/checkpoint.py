"""Checkpoints: everything a run needs to go on exactly where it stopped, written at once or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from fullcanvas.learning.errors import CheckpointError


def save(path: Path, state: dict[str, Any]) -> None:
    """Write the state beside `path`, then rename it there: a crash leaves the old checkpoint whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".writing")
    try:
        with temporary.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


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
        raise CheckpointError(f"{path} is not a checkpoint: {error}") from error
    needed = {"config", "network", "average", "optimizer", "step"}
    if not isinstance(state, dict) or not needed <= set(state):
        raise CheckpointError(f"{path} is not a checkpoint of a training: it lacks {sorted(needed)}")
    found: dict[str, Any] = state
    return found
