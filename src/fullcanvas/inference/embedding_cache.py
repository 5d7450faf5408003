"""Embeddings kept on disk, so that a photo is encoded once and not once for every start."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fullcanvas.files import writing
from fullcanvas.inference.embedding import Embedding
from fullcanvas.inference.model import Model, check_image

FORMAT = 2
"""Part of every name; raised when photos are prepared for the encoder in another way: older files miss."""

_SIZES = ("width", "height", "working_width", "working_height", "stride", "left", "top")
_OURS = re.compile(r"\.?[0-9a-f]{64}\.npz(\..*)?")
_TAG = "CACHEDIR.TAG"
_SIGNATURE = (
    "Signature: 8a477f597d28d172789f06886806bc55\n# Programs that make backups leave this folder out.\n"
)


class EmbeddingCache:
    """A folder of embeddings, for any number of threads and processes at once.

    It only ever saves work: what is missing, damaged or another model's is a miss, and what cannot be written
    is not kept. Embeddings are kept as they are, so that a label map never depends on where its
    embedding came from.

    Args:
        folder: made when the first embedding is kept. What else lies in it is left alone.
        limit: how many bytes may be kept; beyond, what was used least recently goes.
    """

    def __init__(self, folder: str | Path, limit: int) -> None:
        self.folder, self.limit = Path(folder), limit

    def get(self, content: str, model: str) -> Embedding | None:
        """The embedding of a photo or of a crop of one, or None.

        Args:
            content: a key of the photo or crop, such as the hash of its file.
            model: the hash of the model.
        """
        path = self._path(content, model)
        try:
            with path.open("rb") as file, np.load(file) as kept:  # the archive's checksums tell damage
                array, sizes = kept["array"], dict(zip(_SIZES, kept["sizes"].tolist(), strict=True))
        except Exception:  # noqa: BLE001 (damaged archives fail in every way there is; all mean the same)
            return None
        with suppress(OSError):
            os.utime(path)  # used last, to go last
        return Embedding(array, **sizes, model=model)

    def put(self, content: str, embedding: Embedding) -> bool:
        """Keep an embedding, if it can be; arguments as in `get`. Answers whether it is kept."""
        if embedding.array.nbytes > self.limit:
            return False
        path = self._path(content, embedding.model)
        with suppress(OSError):  # a full disk, a folder that may not be written or is just being deleted
            self._prepare()
            self._write(path, embedding)
            self._shrink()
            return path.exists()
        return False

    def encode(self, model: Model, image: NDArray[np.uint8]) -> Embedding:
        """What `model.encode` answers to a decoded photo; arguments and errors are its own."""
        check_image(image)
        digest = hashlib.sha256(f"{image.shape}".encode())
        digest.update(np.ascontiguousarray(image).data)
        content = digest.hexdigest()
        embedding = self.get(content, model.hash)
        if embedding is None:
            embedding = model.encode(image)
            self.put(content, embedding)
        return embedding

    def _path(self, content: str, model: str) -> Path:
        name = hashlib.sha256(f"{FORMAT} {model} {content}".encode()).hexdigest()
        return self.folder / f"{name}.npz"

    def _prepare(self) -> None:
        if not (tag := self.folder / _TAG).exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            tag.write_text(_SIGNATURE)

    def _write(self, path: Path, embedding: Embedding) -> None:
        sizes = [getattr(embedding, name) for name in _SIZES]
        with writing(path, 0o600, sync=False) as file:
            np.savez(file, array=embedding.array, sizes=np.array(sizes))

    def _shrink(self) -> None:
        kept = sorted(self._files())
        total = sum(size for _, size, _ in kept)
        for _, size, path in kept:
            if total <= self.limit:
                return
            Path(path).unlink(missing_ok=True)
            total -= size

    def _files(self) -> Iterator[tuple[float, int, str]]:
        """When each file was used last, its bytes and its path, left-overs of a crash included."""
        with os.scandir(self.folder) as entries:
            for entry in entries:
                # Another process may just have deleted it.
                with suppress(FileNotFoundError):
                    found = entry.stat()
                    if _OURS.fullmatch(entry.name):
                        yield found.st_mtime, found.st_size, entry.path
