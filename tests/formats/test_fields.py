"""Reading json that somebody else wrote."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from fullcanvas.formats.fields import collector_paused, read_json


def test_the_mark_that_some_editors_put_before_a_text_is_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": 1}', encoding="utf-8-sig")
    assert read_json(tmp_path / "a.json").whole("a") == 1


@collector_paused()
def read(*, broken: bool) -> None:
    assert not gc.isenabled()
    if broken:
        raise ValueError("broken")


def test_the_search_for_garbage_rests_while_a_json_is_read_and_goes_on_whatever_happens() -> None:
    read(broken=False)
    assert gc.isenabled()
    with pytest.raises(ValueError, match="broken"):
        read(broken=True)
    assert gc.isenabled()


def test_where_it_rested_before_it_rests_afterwards() -> None:
    gc.disable()
    try:
        read(broken=False)
        assert not gc.isenabled()
    finally:
        gc.enable()
