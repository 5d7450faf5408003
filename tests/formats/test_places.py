"""What is named as work to import and is none: missing, packed, empty, or of another kind."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from fullcanvas.formats.errors import ImportFormatError
from fullcanvas.formats.imported import Source
from fullcanvas.formats.places import check_place
from fullcanvas.server.take_in import FORMATS

READERS = pytest.mark.parametrize("read", FORMATS.values(), ids=FORMATS.keys())


@READERS
@pytest.mark.parametrize("name", ["gone", "gone.json", "gone/data.yaml"])
def test_what_is_missing_is_said_to_be(read: Callable[[Path], Source], name: str, tmp_path: Path) -> None:
    with pytest.raises(ImportFormatError, match=f"{name}: there is no such file or folder"):
        read(tmp_path / name)


@READERS
def test_a_download_is_to_be_unpacked(read: Callable[[Path], Source], tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "task.zip", "w") as packed:
        packed.writestr("annotations/instances_default.json", "{}")
    with pytest.raises(ImportFormatError, match=r"task\.zip: is a zip file; unpack it, and name the folder"):
        read(tmp_path / "task.zip")


@READERS
def test_an_empty_folder_is_told_what_it_lacks(read: Callable[[Path], Source], tmp_path: Path) -> None:
    with pytest.raises(ImportFormatError, match=r"(PNG|json|yaml)"):
        read(tmp_path)


@READERS
def test_a_picture_is_no_work(read: Callable[[Path], Source], tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n\xff")
    with pytest.raises(
        ImportFormatError,
        match=r"a\.png: (is not json|is not text|is a file|the folder of its maps is missing)",
    ):
        read(tmp_path / "a.png")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ImportFormatError, match="is neither a file nor a folder"):
        check_place(tmp_path / "pipe")


def test_what_must_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_place: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(ImportFormatError, match=r"cannot be read \(Permission denied\)"):
        check_place(tmp_path)
