"""The README's Python example, run as a reader would."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def example():
    """What the example leaves behind."""
    (code,) = (
        block.split("```")[0] for block in (REPOSITORY / "README.md").read_text().split("```python\n")[1:]
    )
    names: dict[str, object] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(REPOSITORY)
        exec(compile(code, "README.md", "exec"), names)
    return names


def test_every_region_of_the_example_is_found(example):
    session = example["session"]
    ids = [example[name] for name in ("table", "saucer", "cup", "spoon")]
    assert ids == [1, 2, 3, 4]
    assert session.label_map.shape == example["photo"].shape[:2]
    assert set(np.unique(session.label_map)) >= set(ids)
    # In the middle of the coffee, of the saucer's rim, of the spoon, and of a board of the table.
    assert [int(session.label_map[y, x]) for x, y in [(290, 150), (120, 250), (365, 290), (540, 250)]] == [
        example[name] for name in ("cup", "saucer", "spoon", "table")
    ]


def test_its_record_says_it_all(example):
    assert len(example["record"]) < 1500
    assert example["annotation"] == example["session"].annotation
    assert np.array_equal(example["again"].label_map, example["session"].label_map)
