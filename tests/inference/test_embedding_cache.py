"""What is kept on disk comes back as it was, and nothing that happens to the folder does any harm."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcanvas.inference import EmbeddingCache, Segmenter
from fullcanvas.inference.embedding import Embedding
from tests.inference.conftest import photo
from tests.tiny_model import write_tiny_model

ROOM = 10_000_000


def embedding(seed=0, cells=16):
    array = np.random.default_rng(seed).random((8, cells, cells), np.float32)
    return Embedding(array, 90, 60, 96, 64, 4, model="a model", left=5, top=7)


def files(folder):
    return sorted(path for path in folder.iterdir() if path.name != "CACHEDIR.TAG")


def same(one, other):
    sizes = ("width", "height", "working_width", "working_height", "stride", "model", "left", "top")
    return (
        np.array_equal(one.array, other.array)
        and one.array.dtype == other.array.dtype
        and [getattr(one, name) for name in sizes] == [getattr(other, name) for name in sizes]
    )


def test_what_is_kept_comes_back_as_it_was_even_later(tmp_path):
    kept = embedding()
    assert EmbeddingCache(tmp_path / "new" / "folder", ROOM).put("a photo", kept)
    found = EmbeddingCache(tmp_path / "new" / "folder", ROOM).get("a photo", "a model")
    assert found is not None
    assert same(found, kept)


def test_a_folder_may_be_named_by_a_string(tmp_path):
    assert EmbeddingCache(str(tmp_path / "kept"), ROOM).put("a photo", embedding())
    assert EmbeddingCache(tmp_path / "kept", ROOM).get("a photo", "a model") is not None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_nobody_else_can_read_what_is_kept(tmp_path):
    EmbeddingCache(tmp_path, ROOM).put("a photo", embedding())
    assert [path.stat().st_mode & 0o777 for path in files(tmp_path)] == [0o600]


def test_another_photo_or_model_is_not_there(tmp_path):
    cache = EmbeddingCache(tmp_path, ROOM)
    assert cache.get("a photo", "a model") is None
    cache.put("a photo", embedding())
    assert cache.get("another photo", "a model") is None
    assert cache.get("a photo", "another model") is None


def test_a_label_map_is_the_same_wherever_its_embedding_came_from(tmp_path, segmenter, monkeypatch):
    image, cache = photo(90, 60), EmbeddingCache(tmp_path, ROOM)
    points = [(3, 30), (70, 30), (30, 5), (30, 55)]
    maps = []
    for _ in range(2):
        session = segmenter.open(image, embedding=cache.encode(segmenter, image))
        session.add_region(points)
        maps.append(session.label_map)
        monkeypatch.setattr(Segmenter, "encode", None)  # the second time it is not asked
    assert np.array_equal(*maps)


def test_the_content_of_a_photo_and_of_a_model_count(tmp_path, segmenter):
    cache, image = EmbeddingCache(tmp_path, ROOM), photo(90, 60)
    first = cache.encode(segmenter, image)
    changed = image.copy()
    changed[30, 40] += 1
    assert not np.array_equal(cache.encode(segmenter, changed).array, first.array)
    assert cache.encode(segmenter, np.ascontiguousarray(image.transpose(1, 0, 2))).width == 60
    other = Segmenter.load(write_tiny_model(tmp_path / "other.zip", seed=1))
    assert not np.array_equal(cache.encode(other, image).array, first.array)
    with pytest.raises(ValueError, match="not list"):
        cache.encode(segmenter, [[1, 2, 3]])  # type: ignore[arg-type]  # as one may without a type checker


@given(st.data())
def test_a_damaged_file_is_made_anew(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("cache")
    cache, kept = EmbeddingCache(folder, ROOM), embedding()
    cache.put("a photo", kept)
    (path,) = files(folder)
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    found = cache.get("a photo", "a model")
    assert found is None or same(found, kept)  # not every byte of an archive says something
    cache.put("a photo", kept)
    again = cache.get("a photo", "a model")
    assert again is not None
    assert same(again, kept)


def test_what_was_used_least_recently_goes_first(tmp_path):
    kept = embedding()
    EmbeddingCache(tmp_path, ROOM).put("a", kept)
    (first,) = files(tmp_path)
    cache = EmbeddingCache(tmp_path, 3 * first.stat().st_size)
    os.utime(first, (0, 0))
    for second, name in enumerate("bc", 1):
        before = set(files(tmp_path))
        cache.put(name, kept)
        (new,) = set(files(tmp_path)) - before
        os.utime(new, (second, second))
    cache.get("a", "a model")
    cache.put("d", kept)
    assert [name for name in "abcd" if cache.get(name, "a model")] == ["a", "c", "d"]


def test_what_a_crash_left_behind_goes_too(tmp_path):
    left = tmp_path / f".{'0' * 64}.npz.k2_7abcd.partial"
    left.write_bytes(bytes(20_000))
    os.utime(left, (0, 0))
    cache = EmbeddingCache(tmp_path, 20_000)
    cache.put("a photo", embedding())
    assert len(files(tmp_path)) == 1
    assert cache.get("a photo", "a model")


def test_files_of_others_are_left_alone(tmp_path):
    """The folder that `--project` names may have had such a folder before."""
    for name in ("mine.npy", f"{'0' * 64}.npy", f"my-{'0' * 64}.npz"):
        (tmp_path / name).write_bytes(bytes(20_000))
        os.utime(tmp_path / name, (0, 0))
    cache = EmbeddingCache(tmp_path, 20_000)
    assert cache.put("a photo", embedding())
    assert len(files(tmp_path)) == 4


def test_what_is_larger_than_the_room_is_not_kept(tmp_path):
    cache = EmbeddingCache(tmp_path / "folder", 1000)
    assert not cache.put("a photo", embedding())
    assert not (tmp_path / "folder").exists()
    kept = embedding()
    tight = EmbeddingCache(tmp_path / "folder", kept.array.nbytes)  # a file is a little more than its array
    assert not tight.put("a photo", kept)
    assert not files(tmp_path / "folder")


def test_a_folder_that_cannot_be_one_keeps_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way")
    cache = EmbeddingCache(tmp_path / "file", ROOM)
    assert not cache.put("a photo", embedding())
    assert cache.get("a photo", "a model") is None


def test_a_full_disk_leaves_no_half_file(tmp_path, monkeypatch):
    def fail(file, **_arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", fail)
    cache = EmbeddingCache(tmp_path, ROOM)
    assert not cache.put("a photo", embedding())
    assert cache.get("a photo", "a model") is None
    assert not files(tmp_path)


def test_backups_are_told_to_leave_it_out(tmp_path):
    EmbeddingCache(tmp_path, ROOM).put("a photo", embedding())
    assert (tmp_path / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")


BUSY = """
import sys
from pathlib import Path

import numpy as np

from fullcanvas.inference import Embedding, EmbeddingCache

folder, limit, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
cache, rng, hits = EmbeddingCache(folder, limit), np.random.default_rng(seed), 0
for _ in range(200):
    name = int(rng.integers(12))
    found = cache.get(str(name), "model")
    if found is None:
        cache.put(str(name), Embedding(np.full((8, 16, 16), name, np.float32), 90, 60, 96, 64, 4, "model"))
    else:
        hits += 1
        assert (found.array == name).all()
print(hits)
"""


def test_two_processes_share_it(tmp_path):
    EmbeddingCache(tmp_path, ROOM).put("size", embedding())
    limit = 6 * files(tmp_path)[0].stat().st_size  # half of what both want: they push each other's out
    command = [sys.executable, "-c", BUSY, str(tmp_path), str(limit)]
    both = [subprocess.Popen([*command, seed], stdout=subprocess.PIPE, text=True) for seed in "12"]
    hits = [int(process.communicate()[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert all(hits)
    assert sum(path.stat().st_size for path in files(tmp_path)) <= limit
    assert all(path.suffix == ".npz" for path in files(tmp_path))
