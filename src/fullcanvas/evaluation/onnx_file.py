"""ONNX files that others made, opened where they lie: their weights may be in files beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from fullcanvas.inference.graph import session_options
from fullcanvas.inference.model_file import ModelError

Array = NDArray[np.float32]


class OnnxFile:
    """A graph of float32 inputs and outputs; it may be run from several threads.

    Args:
        path: of the file.
        threads: how many it may use; None is one per core.
        inputs, outputs: names that it must have; it may have more outputs.

    Attributes:
        name: the file's name without its suffix.
        hash: SHA-256 of the file; weights that lie in files beside it are not part of it.

    Raises:
        ModelError: there is no such file, it cannot be loaded, or has other inputs or outputs.
        ValueError: `threads` is not a whole number of 1 or more.
    """

    name: str
    hash: str

    def __init__(
        self,
        path: Path,
        threads: int | None,
        inputs: Collection[str] | None = None,
        outputs: Collection[str] = (),
    ) -> None:
        if not path.is_file():
            raise ModelError(f"there is no ONNX file {str(path)!r}")
        self.name, self.hash = path.stem, _hash(path)
        options = session_options(threads)
        # ONNX Runtime's errors share no base of their own: hence the two wide excepts here.
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelError(f"{path.name} cannot be loaded: {error}") from error
        self.inputs = {node.name: list(node.shape) for node in self._session.get_inputs()}
        self.outputs = [node.name for node in self._session.get_outputs()]
        self._check(inputs, outputs)

    def _check(self, inputs: Collection[str] | None, outputs: Collection[str]) -> None:
        if inputs is not None and set(self.inputs) != set(inputs):
            raise ModelError(
                f"{self.name}.onnx should take {', '.join(inputs)}; its inputs are {', '.join(self.inputs)}"
            )
        if not set(outputs) <= set(self.outputs):
            raise ModelError(
                f"{self.name}.onnx should answer with {', '.join(outputs)}; "
                f"its outputs are {', '.join(self.outputs)}"
            )

    @property
    def metadata(self) -> Mapping[str, str]:
        """What its maker wrote into it."""
        found: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        return found

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """All outputs by name.

        Raises:
            ModelError: the graph refuses the inputs.
        """
        try:
            answers: list[Any] = self._session.run(self.outputs, dict(inputs))
        except Exception as error:
            raise ModelError(f"{self.name}.onnx refuses its inputs: {error}") from error
        return dict(zip(self.outputs, answers, strict=True))


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
