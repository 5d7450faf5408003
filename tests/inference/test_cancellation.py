"""Work that is called off ends at once, wherever it is, and leaves no trace."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from fullcanvas.inference import ModelError, Segmenter, Session
from fullcanvas.inference.cancellation import Cancellation, CancelledError
from fullcanvas.inference.graph import Graph
from tests.inference.test_session import LEFT, RIGHT

FOREVER = 2**62
STROKE = [(10, 30), (33, 30)]


def endless_graph() -> Graph:
    """A graph that adds 1 to x as often as it is told: for years, if told so."""
    float_value = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Add", ["before", "one"], ["after"]),
        ],
        "body",
        [
            float_value("turn", TensorProto.INT64, []),
            float_value("go", TensorProto.BOOL, []),
            float_value("before", TensorProto.FLOAT, [1]),
        ],
        [float_value("go_on", TensorProto.BOOL, []), float_value("after", TensorProto.FLOAT, [1])],
        [helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])],
    )
    nodes = [
        helper.make_node("Cast", ["turns"], ["whole"], to=TensorProto.INT64),
        helper.make_node("Squeeze", ["whole"], ["count"]),
        helper.make_node("Loop", ["count", "", "x"], ["y"], body=body),
    ]
    inputs = [float_value(name, TensorProto.FLOAT, [1]) for name in ("turns", "x")]
    outputs = [float_value("y", TensorProto.FLOAT, [1])]
    graph = helper.make_graph(nodes, "endless", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return Graph(model.SerializeToString(), "endless.onnx", ("turns", "x"), "y", 1)


def inputs(turns: float) -> dict[str, NDArray[np.float32]]:
    return {"turns": np.array([turns], np.float32), "x": np.array([1.5], np.float32)}


def test_a_run_under_way_is_given_up_and_the_graph_runs_on() -> None:
    graph, cancellation = endless_graph(), Cancellation()
    threading.Timer(0.05, cancellation.cancel).start()
    with pytest.raises(CancelledError):
        graph.run(inputs(FOREVER), cancellation)
    with pytest.raises(CancelledError):
        graph.run(inputs(1), cancellation)  # for good
    assert graph.run(inputs(3), Cancellation()) == [4.5]
    assert graph.run(inputs(3)) == [4.5]


def test_a_fault_that_nobody_called_off_is_told_as_one() -> None:
    with pytest.raises(ModelError, match=r"endless\.onnx refuses its inputs"):
        endless_graph().run({"x": np.zeros(1, np.float32)}, Cancellation())


@pytest.fixture
def session(segmenter: Segmenter, image: NDArray[np.uint8]) -> Session:
    session = segmenter.open(image)
    session.add_region(LEFT)
    session.add_region(RIGHT)
    return session


def before_it_begins(_patch: Any, _segmenter: Segmenter, cancellation: Cancellation) -> None:
    cancellation.cancel()


def in_the_head(patch: Any, segmenter: Segmenter, cancellation: Cancellation) -> None:
    run = segmenter._head.run

    def cut_short(*arguments: Any) -> Any:
        cancellation.cancel()
        return run(*arguments)

    patch.setattr(segmenter._head, "run", cut_short)


def after_the_head(patch: Any, segmenter: Segmenter, cancellation: Cancellation) -> None:
    run = segmenter._head.run

    def too_late(*arguments: Any) -> Any:
        answer = run(*arguments)
        cancellation.cancel()
        return answer

    patch.setattr(segmenter._head, "run", too_late)


@pytest.mark.parametrize("moment", [before_it_begins, in_the_head, after_the_head])
def test_a_preview_called_off_leaves_no_trace(
    session: Session,
    segmenter: Segmenter,
    image: NDArray[np.uint8],
    moment: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, unsure = session.display.copy(), session.uncertainty
    told = session.annotation
    planned = told.scribble(STROKE, region=1)
    cancellation = Cancellation()
    with monkeypatch.context() as patch:
        moment(patch, segmenter, cancellation)
        with pytest.raises(CancelledError):
            session.preview(planned, cancellation)
    assert session.annotation is told
    np.testing.assert_array_equal(session.display, before)
    np.testing.assert_array_equal(session.uncertainty, unsure)
    other = segmenter.open(image, told, session.embedding)
    for log in (planned, told, told.scribble(STROKE, region=2)):
        one, another = session.apply(log), other.apply(log)
        assert (one.x0, one.y0, one.x1, one.y1) == (another.x0, another.y0, another.x1, another.y1)
        np.testing.assert_array_equal(one.labels, another.labels)
        np.testing.assert_array_equal(session.display, other.display)


def test_a_preview_that_nobody_calls_off_is_as_without(session: Session) -> None:
    planned = session.annotation.scribble(STROKE, region=1)
    seen = session.preview(planned, Cancellation())
    np.testing.assert_array_equal(seen.labels, session.apply(planned).labels)
