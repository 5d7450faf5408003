"""An export appears whole or not at all; an earlier one survives every failure."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from fullcanvas.formats.errors import ExportError
from fullcanvas.formats.sinks import MARK, FolderSink, Outflow, ZipSink
from tests.conftest import REPOSITORY

NAMES = frozenset({"a", "b"})


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too, but for the mark of an export."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != MARK)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def export(place: Path, content: bytes, **options: Any) -> None:
    with FolderSink(place, NAMES, **options) as sink:
        sink.write("a", content)
        sink.write("b/c", content)
        sink.add("b/d", place.parent / "source")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "source").write_bytes(b"s")
    return tmp_path / "out"


def test_an_export_replaces_an_earlier_one_and_leaves_nothing_else(place: Path) -> None:
    export(place, b"old")
    (place / "b" / "gone").touch()
    export(place, b"new")
    assert tree(place.parent) == {"source": b"s", "out/a": b"new", "out/b/c": b"new", "out/b/d": b"s"}
    assert sorted(path.name for path in place.parent.iterdir()) == ["out", "source"]


def test_an_empty_folder_is_filled(place: Path) -> None:
    place.mkdir()
    export(place, b"new")
    assert (place / "a").read_bytes() == b"new"


def test_a_folder_behind_a_link_is_replaced_there(place: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    place.symlink_to(tmp_path / "real")
    export(place, b"new")
    assert place.is_symlink()
    assert (tmp_path / "real" / "a").read_bytes() == b"new"


def test_the_new_folder_can_be_read_as_any_other(place: Path, tmp_path: Path) -> None:
    export(place, b"new")
    (tmp_path / "other").mkdir()
    assert place.stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("link", [True, False])
def test_photos_are_linked_or_copied(place: Path, link: bool) -> None:
    export(place, b"new", link=link)
    assert (place / "b" / "d").samefile(place.parent / "source") == link
    assert not (place / "b" / "d").is_symlink()


def test_photos_are_copied_where_links_cannot_be(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", failing)
    export(place, b"new", link=True)
    assert (place / "b" / "d").read_bytes() == b"s"


def test_photos_are_copied_unless_links_are_asked_for(place: Path) -> None:
    """Whoever edits a photo of the export must not have edited the one that it was made from."""
    export(place, b"new")
    (place / "b" / "d").write_bytes(b"edited")
    assert (place.parent / "source").read_bytes() == b"s"


@pytest.mark.parametrize("link", [True, False])
def test_a_photo_that_has_gone_is_named(place: Path, link: bool) -> None:
    gone = place.parent / "gone.jpg"
    with (
        pytest.raises(ExportError, match=r"gone\.jpg: is no longer there"),
        FolderSink(place, NAMES, link=link) as sink,
    ):
        sink.add("a", gone)
    assert not place.exists()


def test_other_peoples_folders_are_left_alone(place: Path) -> None:
    place.mkdir()
    (place / "thesis.tex").write_text("years of work")
    with pytest.raises(ExportError, match=r"holds other things \(thesis\.tex\)"):
        export(place, b"new")
    assert tree(place) == {"thesis.tex": b"years of work"}


@pytest.mark.parametrize(
    "files",
    [{"b/photo": b"mine"}, {"a": b"another data set", "b/photo": b"mine"}],
    ids=["some photos", "another program's"],
)
def test_what_merely_looks_like_an_export_is_left_alone(place: Path, files: dict[str, bytes]) -> None:
    (place / "b").mkdir(parents=True)
    for name, content in files.items():
        (place / name).write_bytes(content)
    with pytest.raises(ExportError, match=r"no export of Fullcanvas \(\.fullcanvas-export is not in it\)"):
        export(place, b"new")
    assert tree(place) == files


def test_a_file_in_the_way_is_left_alone(place: Path) -> None:
    place.write_text("mine")
    with pytest.raises(ExportError, match="is a file"):
        export(place, b"new")
    assert place.read_text() == "mine"


def test_a_place_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="cannot be written"):
        export(tmp_path / "file" / "out", b"new")


def failing(*_arguments: Any, **_options: Any) -> Any:
    raise OSError(28, "No space left on device")


def failing_at(number: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, whose call of this number fails."""
    calls = iter(range(1, 1000))

    def calling(*arguments: Any, **options: Any) -> Any:
        return failing() if next(calls) == number else function(*arguments, **options)

    return calling


STEPS = [
    ("tempfile.mkdtemp", 1),
    ("pathlib.Path.open", 1),
    ("pathlib.Path.open", 2),
    ("os.fsync", 1),
    ("os.fsync", 2),
    ("shutil.copyfile", 1),
    ("pathlib.Path.rename", 1),
    ("pathlib.Path.rename", 2),
]


@pytest.mark.parametrize(("name", "number"), STEPS)
def test_whatever_step_fails_the_old_export_survives(
    place: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    export(place, b"old", link=False)
    before = tree(place.parent)
    module, _, attribute = name.rpartition(".")
    owner = {"tempfile": __import__("tempfile"), "os": os, "shutil": shutil, "pathlib.Path": Path}[module]
    with monkeypatch.context() as patched:
        patched.setattr(owner, attribute, failing_at(number, getattr(owner, attribute)))
        with pytest.raises(ExportError, match="No space left"):
            export(place, b"new", link=False)
    assert tree(place.parent) == before
    assert sorted(path.name for path in place.parent.iterdir()) == ["out", "source"]


def interrupted(place: Path, error: type[BaseException]) -> None:
    with FolderSink(place, NAMES) as sink:
        sink.write("a", b"new")
        raise error


def test_an_interrupted_block_leaves_the_old_export(place: Path) -> None:
    export(place, b"old")
    before = tree(place.parent)
    with pytest.raises(KeyboardInterrupt):
        interrupted(place, KeyboardInterrupt)
    assert tree(place.parent) == before


def test_a_failed_first_export_leaves_nothing(place: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        interrupted(place, ZeroDivisionError)
    assert tree(place.parent) == {"source": b"s"}


CUT = """
import os, sys
from pathlib import Path
from tests.formats.test_sinks import export

calls = 0

def cut(self, target, real=Path.rename):
    global calls
    calls += 1
    if calls == int(sys.argv[2]):
        os.kill(os.getpid(), 9)
    return real(self, target)

Path.rename = cut
export(Path(sys.argv[1]), b"new")
"""


@pytest.mark.parametrize("rename", [1, 2])
def test_an_export_killed_between_its_renames_is_put_right_by_the_next(place: Path, rename: int) -> None:
    """Killed before the second, the place is empty: the earlier export waits beside it."""
    export(place, b"old")
    before = tree(place)
    killed = subprocess.run([sys.executable, "-c", CUT, str(place), str(rename)], cwd=REPOSITORY)
    assert killed.returncode == -signal.SIGKILL
    assert place.exists() == (rename == 1)
    FolderSink(place, NAMES)
    assert tree(place) == before
    assert sorted(path.name for path in place.parent.iterdir()) == ["out", "source"]
    export(place, b"newer")
    assert tree(place)["a"] == b"newer"
    assert sorted(path.name for path in place.parent.iterdir()) == ["out", "source"]


def test_an_export_killed_after_its_renames_leaves_nothing_for_long(place: Path) -> None:
    export(place, b"new")
    left = place.parent / ".out.abcd1234.old"
    left.mkdir()
    (left / "a").write_bytes(b"old")
    FolderSink(place, NAMES)
    assert tree(place)["a"] == b"new"
    assert not left.exists()


def test_an_export_under_way_is_left_alone(place: Path) -> None:
    export(place, b"old")
    with FolderSink(place, NAMES) as sink:
        sink.write("a", b"first")
        export(place, b"second")
        sink.write("b", b"first")
    assert tree(place) == {"a": b"first", "b": b"first"}


@pytest.mark.parametrize(
    "name", [".out.v2.abcd1234.old", ".out.old", ".outer.abcd1234.old", ".out.abcd1234.partial.old", ".out.x"]
)
def test_what_another_place_left_behind_is_left_alone(place: Path, name: str) -> None:
    (place.parent / name).mkdir()
    (place.parent / name / "a").write_bytes(b"another's")
    export(place, b"new")
    assert (place.parent / name / "a").read_bytes() == b"another's"


def test_other_peoples_folders_with_such_a_name_are_left_alone(place: Path) -> None:
    left = place.parent / ".out.abcd1234.old"
    left.mkdir()
    (left / "diary").write_bytes(b"dear")
    export(place, b"new")
    assert (left / "diary").read_bytes() == b"dear"


def test_long_names_of_places_do_not_meet(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"s")
    places = [tmp_path / ("x" * 200 + end) for end in "ab"]
    assert FolderSink(places[0], NAMES)._prefix != FolderSink(places[1], NAMES)._prefix
    for place in places:
        export(place, b"new")
    assert all(place.is_dir() for place in places)


def test_a_zip_holds_the_same(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"s")
    file = Outflow()
    with ZipSink(file) as sink:
        sink.write("a", b"1")
        first = file.take()
        assert b"a" in first
        sink.add("b/d", tmp_path / "source")
    content = first + file.take()
    assert file.take() == b""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {"a": b"1", "b/d": b"s"}
