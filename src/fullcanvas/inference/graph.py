"""One ONNX graph, loaded into ONNX Runtime, with its inputs and output checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from fullcanvas.inference.cancellation import Cancellation
from fullcanvas.inference.model_file import ModelError

Array = NDArray[np.float32]
_ERRORS = 3  # ONNX Runtime's level of messages: warnings about graphs of others help nobody here


class Graph:
    """A graph of float32 inputs and one float32 output; `run` may be called from several threads.

    Args:
        data: the serialised graph.
        name: what messages call it.
        inputs: the names of its inputs.
        output: the name of its output.
        threads: how many it may use; None is one per core.

    Raises:
        ModelError: the graph cannot be loaded, or has other inputs or another output.
        ValueError: `threads` is not a whole number of 1 or more.
    """

    def __init__(
        self, data: bytes, name: str, inputs: tuple[str, ...], output: str, threads: int | None = None
    ) -> None:
        options = session_options(threads)
        # Threads that spin while they wait gain nothing measurable here, and on a busy machine they starve
        # the very work they wait for: corrections took ten times as long.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # ONNX Runtime's errors share no base of their own: hence the two wide excepts here.
        try:
            self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelError(f"{name} cannot be loaded: {error}") from error
        found = {node.name for node in self._session.get_inputs()}
        if found != set(inputs) or output not in {node.name for node in self._session.get_outputs()}:
            raise ModelError(
                f"{name} should turn {', '.join(inputs)} into {output}; its inputs are {sorted(found)}"
            )
        self._name, self._output = name, output

    def run(self, inputs: Mapping[str, Array], cancellation: Cancellation | None = None) -> Array:
        """The graph's output.

        Raises:
            ModelError: the graph refuses the inputs.
            CancelledError: the run was cancelled.
        """
        try:
            options = cancellation.options if cancellation else None
            (answer,) = self._session.run([self._output], dict(inputs), options)
        except Exception as error:
            if cancellation:
                cancellation.check()
            raise ModelError(f"{self._name} refuses its inputs: {error}") from error
        return np.asarray(answer, np.float32)


def session_options(threads: int | None) -> onnxruntime.SessionOptions:
    """ONNX Runtime's options for one graph at a time on some threads; None is one thread per core.

    Raises:
        ValueError: `threads` is not a whole number of 1 or more.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = thread_count(threads)
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS
    return options


def thread_count(asked: Any) -> int:
    """How many threads are asked for; None is one per core.

    Raises:
        ValueError: it is not a whole number of 1 or more.
    """
    if asked is None:
        return real_cores()
    if not isinstance(asked, Integral) or asked < 1:
        raise ValueError(f"threads are a whole number of 1 or more, or None for one per core, not {asked!r}")
    return int(asked)


def real_cores() -> int:
    """How many cores this process may use, counting the threads that share one core once."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    return max(1, min(len({_siblings(cpu) for cpu in allowed}), _quota()))


def _siblings(cpu: int) -> str:
    """The threads on the same core as this one; itself where the system does not tell."""
    try:
        return Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text()
    except OSError:
        return str(cpu)


def _quota() -> int:
    """How many cores a container's limit leaves, rounded up; a large number where there is no limit."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return -(-int(quota) // int(period))
    except (OSError, ValueError):
        return 1 << 16
