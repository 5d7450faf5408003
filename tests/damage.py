"""Files that were damaged, or made by somebody who wishes harm: strategies for hypothesis."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st


def _nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


ODD: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 2, 7, 255, 2**31, 2**63, -(2**64), 10**400, 0.5, 1e308,
    float("nan"), float("inf"), float("-inf"),
    "", " ", "1", "a", "a.jpg", "../a.png", "/etc/passwd", "C:\\a.png", "a/" * 3000, "\x00", "\ud800",
    "\x1b[2J", "<script>", "x" * 100_000,
    [], {}, [[]], [{}], [None], {"id": 1}, {"": {}}, _nested(50), _nested(900),
)  # fmt: skip
"""What a value of a JSON file might be instead."""


@st.composite
def damaged_json(draw: Callable[[Any], Any], valid: Any) -> bytes:
    """The text of a JSON value in which up to three values are replaced, removed or repeated."""
    value = json.loads(json.dumps(valid))
    for _ in range(draw(st.integers(1, 3))):
        value = _changed(draw, value)
    return json.dumps(value).encode()


def _changed(draw: Callable[[Any], Any], value: Any) -> Any:
    """The value with one thing changed, somewhere in it."""
    if not isinstance(value, list | dict) or not value or draw(st.integers(0, 5)) == 0:
        return draw(st.sampled_from(ODD))
    if isinstance(value, list):
        index = draw(st.integers(0, len(value) - 1))
        put = draw(st.sampled_from(["inside", "inside", "inside", "twice", "gone", "many"]))
        inside = [_changed(draw, value[index])] if put == "inside" else [value[index]]
        times = {"inside": 1, "twice": 2, "gone": 0, "many": 300}[put]
        return value[:index] + inside * times + value[index + 1 :]
    name = draw(st.sampled_from(sorted(value)))
    match draw(st.sampled_from(["inside", "inside", "inside", "inside", "gone", "renamed"])):
        case "gone":
            return {key: item for key, item in value.items() if key != name}
        case "renamed":
            return {key if key != name else name + "x": item for key, item in value.items()}
        case _:
            return {**value, name: _changed(draw, value[name])}


@st.composite
def damaged_bytes(draw: Callable[[Any], Any], valid: bytes) -> bytes:
    """A file cut short, with some of its bytes changed, or with a piece of it repeated or gone."""
    data = bytearray(valid)
    where = st.integers(0, max(0, len(valid) - 1))
    for _ in range(draw(st.integers(1, 4))):
        start, length = draw(where), draw(st.integers(1, 64))
        match draw(st.sampled_from(["changed", "changed", "flipped", "cut", "repeated", "gone"])):
            case "changed":
                data[start : start + 1] = bytes([draw(st.integers(0, 255))])
            case "flipped":
                data[start : start + 1] = bytes(
                    byte ^ (1 << draw(st.integers(0, 7))) for byte in data[start : start + 1]
                )
            case "cut":
                del data[start:]
            case "repeated":
                data[start:start] = data[start : start + length] * draw(st.integers(1, 20))
            case "gone":
                del data[start : start + length]
    return bytes(data)
