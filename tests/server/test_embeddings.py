"""A photo is encoded once: whoever opens it next, in this server or another, finds it encoded."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console
from typer.testing import CliRunner

from fullcanvas.canvas.boxes import Box
from fullcanvas.cli import app
from fullcanvas.inference import Embedding, EmbeddingCache, Segmenter
from fullcanvas.inference.model_file import read_model
from fullcanvas.server.embeddings import Embeddings, disk_cache
from fullcanvas.server.encode import encode_photos
from fullcanvas.server.errors import PhotoError
from fullcanvas.server.photos import decode
from fullcanvas.server.project import Project, open_project
from fullcanvas.server.records import Photo
from fullcanvas.server.requests import AddRegionRequest
from fullcanvas.server.workbench import Workbench
from tests.server.conftest import LEFT, write_photo
from tests.server.process import Server

ROOM = 10_000_000
POINTS = [[float(x), float(y)] for x, y in LEFT]


class Counting(Segmenter):
    """A segmenter that notes the photos it encoded, and at what priority; it can be held up."""

    def __init__(self, path: Path) -> None:
        super().__init__(read_model(path), threads=1)
        self.encoded: list[tuple[int, int]] = []
        self.priorities: list[int] = []
        self.go = threading.Event()
        self.go.set()
        self.begun = threading.Event()

    def encode(self, image: NDArray[np.uint8], part: Box | None = None) -> Embedding:
        self.begun.set()
        assert self.go.wait(60)
        self.priorities.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        answer = super().encode(image, part)
        self.encoded.append((answer.height, answer.width))
        return answer


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Six photos, each of another size."""
    for number in range(6):
        write_photo(tmp_path / "photos" / f"{number}.png", 40 + number, 30, seed=number)
    return tmp_path / "photos"


@pytest.fixture
def counting(model: Path) -> Counting:
    return Counting(model)


@contextmanager
def embeddings_of(folder: Path, segmenter: Segmenter, **options: Any) -> Iterator[tuple[Project, Embeddings]]:
    project = open_project(folder)
    made = Embeddings(project, segmenter, ROOM, nullcontext(), **options)
    yield project, made
    made.close()
    project.store.close()


def look(project: Project, embeddings: Embeddings, photo_id: int) -> Embedding:
    photo = project.store.photo(photo_id)
    return embeddings.of(photo, project.checked_hash(photo))(None)


def test_a_photo_is_encoded_once_for_all_servers(many: Path, counting: Counting) -> None:
    found = []
    for _server in range(2):
        disk = disk_cache(many, None, ROOM)
        with embeddings_of(many, counting, disk=disk) as (project, embeddings):
            found += [look(project, embeddings, 1) for _ in range(2)]
    assert counting.encoded == [(30, 40)]
    assert all(np.array_equal(embedding.array, found[0].array) for embedding in found)
    assert (many / ".fullcanvas" / "embeddings").is_dir()


def test_a_photo_that_changed_is_encoded_anew(many: Path, counting: Counting) -> None:
    disk = disk_cache(many, None, ROOM)
    with embeddings_of(many, counting, disk=disk) as (project, embeddings):
        first = look(project, embeddings, 1)
        write_photo(many / "0.png", 40, 30, seed=9)
        second = look(project, embeddings, 1)
    assert not np.array_equal(first.array, second.array)


def test_a_photo_that_is_replaced_while_it_is_opened_is_not_taken_for_the_one_before(
    many: Path, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept under the old file's name would answer for it, were it put back."""
    old, decode_photo = (many / "0.png").read_bytes(), Project.decode

    def replace_and_decode(project: Project, photo: Photo, content: str) -> NDArray[np.uint8]:
        write_photo(many / "0.png", 40, 30, seed=9)
        return decode_photo(project, photo, content)

    disk = disk_cache(many, None, ROOM)
    with embeddings_of(many, counting, disk=disk) as (project, embeddings):
        monkeypatch.setattr(Project, "decode", replace_and_decode)
        with pytest.raises(PhotoError, match="replaced while it was opened"):
            look(project, embeddings, 1)
        monkeypatch.undo()
        (many / "0.png").write_bytes(old)
        found = look(project, embeddings, 1)
    assert np.array_equal(found.array, counting.encode(decode(many / "0.png")).array)


def test_without_a_disk_nothing_is_written(many: Path, counting: Counting) -> None:
    for _server in range(2):
        with embeddings_of(many, counting) as (project, embeddings):
            look(project, embeddings, 1)
    assert len(counting.encoded) == 2
    assert not (many / ".fullcanvas" / "embeddings").exists()


def test_the_next_photos_are_encoded_quietly(many: Path, counting: Counting, model: Path) -> None:
    quiet = Counting(model)
    (many / "2.png").write_bytes(b"no photo")  # is passed over
    with embeddings_of(many, counting, quiet=lambda: quiet) as (project, embeddings):
        embeddings.encode_after(1)
        embeddings._background.submit(int).result()  # its turn comes after
        assert quiet.encoded == [(30, 41), (30, 43)]
        for photo_id in (2, 4):
            look(project, embeddings, photo_id)
        assert not counting.encoded
        look(project, embeddings, 5)
        assert counting.encoded == [(30, 44)]
    assert set(quiet.priorities) == {19}
    assert counting.priorities == [os.getpriority(os.PRIO_PROCESS, 0)]


def test_who_goes_elsewhere_has_the_photos_there_encoded(many: Path, counting: Counting) -> None:
    counting.go.clear()
    with embeddings_of(many, counting) as (_project, embeddings):
        embeddings.encode_after(1)
        assert counting.begun.wait(60)
        embeddings.encode_after(4)
        counting.go.set()
        embeddings._background.submit(int).result()
    assert counting.encoded == [(30, 41), (30, 44), (30, 45)]


def test_complete_photos_are_not_encoded(start: Callable[..., Any], folder: Path, counting: Counting) -> None:
    page = start(folder)
    page.interact(2, "add_region", extreme_points=[[4, 20], [90, 22], [20, 4], [25, 60]])
    page.post("/photos/2/complete", version=1, complete=True)
    with embeddings_of(folder, counting) as (_project, embeddings):
        embeddings.encode_after(1)
        embeddings._background.submit(int).result()
    assert len(counting.encoded) == 1


def test_a_server_keeps_what_it_encodes_in_the_project(folder: Path, model: Path, tmp_path: Path) -> None:
    for place, options in ((tmp_path / "kept", []), (tmp_path / "none", ["--cache", "0"])):
        server = Server(folder, model, "annotate", "--project", str(place), *options)
        assert httpx.get(f"{server.address}/api/v1/photos/1").status_code == 200
        server.stop()
    assert list((tmp_path / "kept" / "embeddings").glob("*.npz"))
    assert not (tmp_path / "none" / "embeddings").exists()


def test_an_export_encodes_nothing_anew(folder: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = open_project(folder)
    disk = disk_cache(folder, None, ROOM)
    bench = Workbench(project, Segmenter.load(model), disk=disk)
    bench.interact(1, AddRegionRequest(version=0, kind="add_region", extreme_points=POINTS))
    project.store.close()
    monkeypatch.setattr(Segmenter, "encode", None)
    options = ["--model", model, "--unlabelled", "region", "--status", "all", "--out", folder.parent / "out"]
    exported = CliRunner().invoke(app, ["export", str(folder), *map(str, options)])
    assert exported.exit_code == 0, exported.output
    assert len(list(disk.folder.glob("*.npz"))) == 1


def encode(*arguments: object) -> tuple[int, str]:
    """What the command answers."""
    result = CliRunner().invoke(app, ["encode", *map(str, arguments)])
    return result.exit_code, result.output


def test_a_whole_set_is_prepared(many: Path, model: Path, counting: Counting, tmp_path: Path) -> None:
    options = many, "--model", model, "--project", tmp_path / "here"
    (many / "2.png").write_bytes(b"no photo")
    code, output = encode(*options)
    assert code == 0
    assert "2.png: this is not a photo" in output
    assert "5 photos encoded, 0 were, 1 skipped: " in output
    assert "0 photos encoded, 5 were, 1 skipped: " in encode(*options)[1]
    with embeddings_of(many, counting, disk=disk_cache(many, tmp_path / "here", ROOM)) as (project, found):
        for photo_id in (1, 2, 4, 5, 6):
            look(project, found, photo_id)
    assert not counting.encoded


def test_an_interrupted_set_goes_on(many: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put = EmbeddingCache.put
    kept: list[str] = []

    def interrupted(self: EmbeddingCache, content: str, embedding: Embedding) -> bool:
        if len(kept) == 2:
            raise KeyboardInterrupt
        kept.append(content)
        return put(self, content, embedding)

    disk = disk_cache(many, None, ROOM)
    with monkeypatch.context() as patch:
        patch.setattr(EmbeddingCache, "put", interrupted)
        with pytest.raises(KeyboardInterrupt):
            encode_photos(many, str(model), disk, 10_000, Console(quiet=True))
    found = encode_photos(many, str(model), disk, 10_000, Console(quiet=True))
    assert (found.made, found.ready, found.left) == (4, 2, 0)


def test_a_set_that_is_too_large_says_so(many: Path, model: Path) -> None:
    code, output = encode(many, "--model", model, "--cache", 70_000 / 1e9)
    assert code == 1
    assert "3 photos encoded" in output
    assert "no room for 3 more; --cache gives it" in output
    assert "0 photos encoded, 3 were" in encode(many, "--model", model, "--cache", 70_000 / 1e9)[1]


def test_a_set_that_is_hardly_too_large_is_not_encoded_again_and_again(folder: Path, model: Path) -> None:
    """What the files hold besides the embeddings takes room, too."""
    options = str(model), disk_cache(folder, None, ROOM), 10_000, Console(quiet=True)
    encode_photos(folder, *options)
    kept = [file.stat().st_size for file in options[1].folder.glob("*.npz")]
    shutil.rmtree(options[1].folder)
    options = str(model), disk_cache(folder, None, sum(kept) - 1), 10_000, Console(quiet=True)
    made, again = (encode_photos(folder, *options) for _ in range(2))
    assert (made.made, made.left) == (2, 1)
    assert (again.made, again.ready) == (0, 2)
    assert made.size >= sum(sorted(kept)[:2])


def test_embeddings_that_cannot_be_kept_are_told_of(many: Path, model: Path) -> None:
    (many / ".fullcanvas").mkdir()
    (many / ".fullcanvas" / "embeddings").write_text("in the way")
    code, output = encode(many, "--model", model)
    assert code == 2
    assert "could not be kept" in output
    assert "no such folder" in encode(many / "none", "--model", model)[1]
