"""Encoding a folder of photos beforehand, from the command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import track

from fullcanvas.inference.embedding import Embedding
from fullcanvas.inference.embedding_cache import EmbeddingCache
from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.server.errors import PhotoError, StoreError
from fullcanvas.server.photos import confine, content_hash, decode, scan

_AROUND = 1000  # bytes, at most, that the file of an embedding holds besides its array


@dataclass(slots=True)
class Encoded:
    """What became of a folder's photos.

    Attributes:
        photos: how many there are.
        made, ready: how many were encoded now, and before.
        size: the bytes of their embeddings' files, near enough and never less.
        skipped: why photos cannot be opened.
    """

    photos: int
    made: int = 0
    ready: int = 0
    size: int = 0
    skipped: list[str] = field(default_factory=list)

    @property
    def left(self) -> int:
        """How many photos there was no room for."""
        return self.photos - self.made - self.ready - len(self.skipped)


def encode_photos(
    folder: Path, model: str, disk: EmbeddingCache, max_pixels: int, console: Console
) -> Encoded:
    """Encode the photos of a folder whose embeddings are not on disk yet, as many as there is room for.

    Args:
        folder: that holds the photos.
        model: the name or path of a model.
        disk: where the embeddings go.
        max_pixels: the largest photo that is opened.
        console: for the progress bar.

    Raises:
        PhotoError: there is no such folder.
        ModelError: the model cannot be used.
        StoreError: an embedding could not be kept.
    """
    paths = scan(folder).paths
    segmenter, found = Segmenter.load(model), Encoded(len(paths))
    largest = 0
    for path in track(paths, "Encoding", console=console):
        if found.size + largest > disk.limit:  # one more would push out the first
            break
        try:
            embedding = _encode(confine(folder, path), segmenter, disk, max_pixels, found)
        except PhotoError as error:
            found.skipped.append(str(error))
        else:
            size = embedding.array.nbytes + _AROUND
            found.size, largest = found.size + size, max(largest, size)
    return found


def _encode(
    path: Path, segmenter: Segmenter, disk: EmbeddingCache, max_pixels: int, found: Encoded
) -> Embedding:
    """Count the photo; its embedding, which is on disk now."""
    content = content_hash(path)
    embedding = disk.get(content, segmenter.hash)
    if embedding is not None:
        found.ready += 1
        return embedding
    embedding = segmenter.encode(decode(path, max_pixels, content))
    if not disk.put(content, embedding):
        raise StoreError(
            f"{disk.folder}: {embedding.array.nbytes / 1e6:.1f} MB could not be kept there; the disk is "
            "full, the folder may not be written (--project names another), or --cache is too small"
        )
    found.made += 1
    return embedding
