"""What the tests of training share: a toy set, and a run that the command line trained on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from fullcanvas.cli import app
from tests.learning import toy


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def toy_set(tmp_path_factory) -> Path:
    """The toy set in a folder `toy`."""
    return toy.write_toy_set(tmp_path_factory.mktemp("data") / "toy")


@dataclass(frozen=True)
class Trained:
    """A finished run: its folder and what the command printed."""

    folder: Path
    config: Path
    output: str

    @property
    def model(self) -> Path:
        """The model file."""
        return self.folder / "model.zip"


@pytest.fixture(scope="session")
def trained(toy_set, tmp_path_factory) -> Trained:
    """A run on the toy set, as the command line makes it."""
    folder = tmp_path_factory.mktemp("run")
    source = {"path": "toy", "weight": 2.0, "licence": "public domain"}
    config = {
        "name": "toy",
        "licence": "CC0",
        "sources": [source],
        "network": toy.NETWORK,
        "training": toy.TRAINING,
    }
    file = toy.write_toml(folder / "toy.toml", config)
    arguments = ["train", str(file), "--data", str(toy_set.parent), "--out", str(folder / "out")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return Trained(folder / "out", file, result.output)
