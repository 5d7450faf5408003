"""Files are replaced at once, whatever fails."""

import os
from pathlib import Path

import pytest

from fullcanvas.files import sync_folder, told, writing


def put(path: Path, content: bytes, mode: int = 0o644, sync: bool = True) -> None:
    with writing(path, mode, sync=sync) as file:
        file.write(content)


def test_a_file_takes_the_place_of_the_old_one_in_a_folder_that_is_made(tmp_path):
    place = tmp_path / "made" / "file"
    for content in (b"old", b"new"):
        put(place, content)
        assert place.read_bytes() == content
    assert [path.name for path in place.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_may_be_read_by_whom_it_is_for(tmp_path, mode):
    put(tmp_path / "file", b"secret", mode=mode)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode


def test_a_file_stays_whose_it_was(tmp_path, monkeypatch):
    """An administrator may write for a server that runs as somebody else, and has to read it."""
    given: list[tuple[str, int, int]] = []
    put(tmp_path / "file", b"old")
    owner = (tmp_path / "file").stat()
    monkeypatch.setattr(os, "chown", lambda path, user, group: given.append((path.suffix, user, group)))
    put(tmp_path / "file", b"new")
    put(tmp_path / "another", b"new")
    assert given == [(".partial", owner.st_uid, owner.st_gid)]


def test_whoever_may_not_give_a_file_away_keeps_it(tmp_path, monkeypatch):
    def refuse(*_arguments: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", refuse)
    for content in (b"old", b"new"):
        put(tmp_path / "file", content)
    assert (tmp_path / "file").read_bytes() == b"new"


def test_while_it_is_written_others_find_the_old_one_and_may_not_read_the_new_one(tmp_path):
    put(tmp_path / "file", b"old")
    with writing(tmp_path / "file") as file:
        file.write(b"new")
        (beside,) = set(tmp_path.iterdir()) - {tmp_path / "file"}
        assert beside.stat().st_mode & 0o077 == 0
        assert (tmp_path / "file").read_bytes() == b"old"


@pytest.mark.parametrize(
    "step", ["os.open", "os.fdopen", "os.fsync", "pathlib.Path.chmod", "pathlib.Path.replace"]
)
def test_whatever_step_of_writing_fails_the_old_file_survives(tmp_path, monkeypatch, step):
    put(tmp_path / "file", b"old")

    def full(*_arguments: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(step, full)
        with pytest.raises(OSError, match="No space left"):
            put(tmp_path / "file", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_what_is_no_file_is_never_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(FileExistsError, match=name):
            put(tmp_path / name, b"new")
    assert (tmp_path / "pipe").is_fifo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "pipe"]


def test_an_interrupted_block_leaves_nothing(tmp_path):
    def interrupted() -> None:
        with writing(tmp_path / "file") as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("sync", "calls"), [(True, 2), (False, 0)])
def test_only_who_asks_waits_for_the_disk(tmp_path, monkeypatch, sync, calls):
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    put(tmp_path / "file", b"", sync=sync)
    assert len(synced) == calls  # the file, and the folder with its name


def test_a_folder_that_cannot_be_brought_to_the_disk_is_no_reason_to_fail(tmp_path):
    sync_folder(tmp_path / "none")


def test_a_full_disk_is_told_with_the_file(tmp_path, monkeypatch):
    def refuse(*_arguments: object) -> None:
        raise PermissionError(13, "Permission denied", "file.partial")

    with pytest.raises(OSError, match="No space left") as full, writing(tmp_path / "file"):
        raise OSError(28, "No space left on device")
    assert told(full.value) == f"{tmp_path / 'file'}: cannot be read or written (No space left on device)"
    with pytest.raises(FileNotFoundError) as missing, writing(tmp_path / "file"):
        (tmp_path / "other").read_bytes()
    assert told(missing.value).startswith(f"{tmp_path / 'other'}: cannot be read")
    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(PermissionError) as refused, writing(tmp_path / "file"):
        pass
    assert told(refused.value) == f"{tmp_path / 'file'}: cannot be read or written (Permission denied)"
    monkeypatch.undo()
    with pytest.raises(OSError, match=r"^something else$") as other, writing(tmp_path / "file"):
        raise OSError("something else")
    assert told(other.value) == "something else"
