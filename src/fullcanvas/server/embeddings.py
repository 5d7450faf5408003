"""The embeddings of a project's photos: at hand, on disk, or made; those of the next photos beforehand."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fullcanvas.canvas.boxes import Box
from fullcanvas.inference.embedding import Embedding, Encode
from fullcanvas.inference.embedding_cache import EmbeddingCache
from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.server.cache import Recent
from fullcanvas.server.errors import ServerError
from fullcanvas.server.project import Project, home
from fullcanvas.server.records import Photo

DISK = 5_000_000_000
"""How many bytes of embeddings are kept on disk, unless somebody says otherwise."""
AHEAD = 3
"""How many photos after the one that was opened are encoded in the background."""


class Embeddings:
    """The embeddings of a project's photos, for many threads.

    Args:
        project: whose photos.
        segmenter: encodes the photo that somebody waits for.
        memory: how many bytes are kept at hand; half of them of photos that are looked at closer.
        room: held while a photo is decoded and encoded.
        disk: keeps what was made; nothing does if None.
        quiet: makes the same model on one thread, which encodes the next photos; `segmenter` does if None.

    Attributes:
        recent: what is at hand, by the hash of the photo's file and, of a close-up, the part of the photo.
    """

    def __init__(
        self,
        project: Project,
        segmenter: Segmenter,
        memory: int,
        room: AbstractContextManager[object],
        *,
        disk: EmbeddingCache | None = None,
        quiet: Callable[[], Segmenter] | None = None,
    ) -> None:
        self.project, self.segmenter = project, segmenter
        self._make_quiet = quiet or (lambda: segmenter)
        self.room, self._disk = room, disk or EmbeddingCache(Path(), 0)
        self.recent: Recent[str, Embedding] = Recent(memory // 2)
        self._images: Recent[str, NDArray[np.uint8]] = Recent(memory // 2)
        self._latest: int | None = None
        self._background = ThreadPoolExecutor(1, "encode-ahead", initializer=yield_to_others)

    def of(self, photo: Photo, content_hash: str) -> Encode:
        """What encodes the photo for a session, where it has to: all of it now, close-ups when asked for.

        Both hold `room` meanwhile, so nobody may ask who holds it already; both raise the same.

        Raises:
            ServerError: the photo cannot be opened.
            ModelError: the model's answer is unusable.
        """
        whole = self._of(photo, content_hash, self.segmenter)
        return lambda part: self._of(photo, content_hash, self.segmenter, part) if part else whole

    def encode_after(self, photo_id: int) -> None:
        """Encode the photos after this one in the background, so that they open at once."""
        self._latest = photo_id
        self._background.submit(self._encode_after, photo_id)

    def close(self) -> None:
        """Encode no more photos in the background."""
        self._latest = None
        self._background.shutdown(cancel_futures=True)

    def _of(
        self, photo: Photo, content_hash: str, segmenter: Segmenter, part: Box | None = None
    ) -> Embedding:
        name = f"{content_hash} {part}" if part else content_hash
        embedding = self.recent.get(name)
        if embedding is None:
            embedding = self._disk.get(name, segmenter.hash)
            if embedding is None:
                embedding = self._make(photo, content_hash, segmenter, part)
                self._disk.put(name, embedding)
            self.recent.put(name, embedding, embedding.array.nbytes)
        return embedding

    def _make(self, photo: Photo, content_hash: str, segmenter: Segmenter, part: Box | None) -> Embedding:
        with self.room:
            image = self._images.get(content_hash)
            if image is None:
                image = self.project.decode(photo, content_hash)
            if part:  # where one small region is there will be more
                self._images.put(content_hash, image, image.nbytes)
            return segmenter.encode(image, part)

    @cached_property
    def _quiet(self) -> Segmenter:
        """What the background thread encodes with; it leaves the other cores to those who are waiting."""
        return self._make_quiet()

    def _encode_after(self, opened: int) -> None:
        photo = self.project.store.photo_after(opened)
        for _ in range(AHEAD):
            if photo is None or self._latest != opened:  # somebody is elsewhere by now
                return
            # Whatever is wrong with the photo is said when it is opened.
            with suppress(ServerError):
                if not photo.closed:
                    self._of(photo, self.project.checked_hash(photo), self._quiet)
            photo = self.project.store.photo_after(photo.id)


def yield_to_others() -> None:
    """Let this thread run only when no other wants to; only Linux gives threads a priority of their own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)


def disk_cache(folder: Path, place: Path | None, limit: int) -> EmbeddingCache:
    """Where a project keeps its embeddings on disk, within `limit` bytes; arguments as for `home`."""
    return EmbeddingCache(home(folder, place) / "embeddings", limit)
