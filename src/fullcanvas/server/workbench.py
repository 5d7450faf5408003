"""The workbench: the photos being worked on, with their sessions, for many callers at once.

One lock per photo orders what happens to it. An interaction is answered by the session first and stored
second; if storing fails the session goes back, so that what is shown is never more than what is kept.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Annotation
from fullcanvas.canvas.resolution import DISPLAY_PIXELS, display_size, resize
from fullcanvas.inference.embedding import Embedding
from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.inference.session import Patch, Session
from fullcanvas.server.errors import RefusedError, ServerError, StaleError
from fullcanvas.server.label_maps import MAX_REGIONS
from fullcanvas.server.project import Project
from fullcanvas.server.requests import CompleteRequest, Interaction
from fullcanvas.server.store import FinishedMap, Photo

MAX_SESSIONS = 8
MAX_EMBEDDINGS = 16
JPEG_QUALITY = 92

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """A mapping that forgets what was used least recently; for many threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._items: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """The value, or None."""
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
            return self._items.get(key)

    def put(self, key: K, value: V) -> None:
        """Keep the value, and forget another if there are too many."""
        with self._lock:
            self._items[key] = value
            self._items.move_to_end(key)
            while len(self._items) > self._size:
                self._items.popitem(last=False)

    def drop(self, key: K) -> None:
        """Forget the value."""
        with self._lock:
            self._items.pop(key, None)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A photo as it stands.

    Attributes:
        photo: as stored.
        annotation: as stored.
        display: int32 [h, w], the label map at the display's resolution.
    """

    photo: Photo
    annotation: Annotation
    display: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What an interaction changed.

    Attributes:
        view: the photo after it.
        patch: the part of the display that changed.
        region: the region that was added or has grown.
    """

    view: View
    patch: Patch
    region: int | None


@dataclass(slots=True)
class _Work:
    """A photo in work: its session is in step with `photo.version`."""

    photo: Photo
    content_hash: str
    stamp: tuple[int, int]
    session: Session

    @property
    def view(self) -> View:
        return View(self.photo, self.session.annotation, self.session.display)


class Workbench:
    """The photos being worked on. Its methods may be called from any thread.

    Args:
        project: whose photos.
        segmenter: the model that answers.
        max_sessions: how many photos are kept ready; others are made ready again when they are asked for.
    """

    def __init__(self, project: Project, segmenter: Segmenter, max_sessions: int = MAX_SESSIONS) -> None:
        self.project = project
        self.segmenter = segmenter
        self._works: Recent[int, _Work] = Recent(max_sessions)
        self._embeddings: Recent[str, Embedding] = Recent(MAX_EMBEDDINGS)
        self._locks: dict[int, threading.Lock] = {}
        self._locks_lock = threading.Lock()
        self._ahead = ThreadPoolExecutor(1, "encode-ahead")

    def close(self) -> None:
        """Stop encoding ahead."""
        self._ahead.shutdown(cancel_futures=True)

    def view(self, photo_id: int) -> View:
        """The photo as it stands.

        Raises:
            ServerError: there is no such photo, or it cannot be opened.
        """
        with self._lock(photo_id):
            photo = self.project.store.photo(photo_id)
            return self._closed(photo) if photo.status == "complete" else self._work(photo).view

    def uncertainty(self, photo_id: int) -> NDArray[np.float32]:
        """How open the competition is: float32 [h, w] at the display's resolution, in [0, 1].

        Raises:
            ServerError: there is no such photo, or it cannot be opened.
        """
        with self._lock(photo_id):
            return self._work(self.project.store.photo(photo_id)).session.uncertainty

    def interact(self, photo_id: int, request: Interaction, author: str | None = None) -> Answer:
        """Do what the person asked, and store it, with their name, before returning.

        Raises:
            AnnotationError: the request does not fit the photo or its regions.
            StaleError: the photo has changed since the caller saw it.
            ServerError: it cannot be done or stored; nothing has changed.
        """
        with self._lock(photo_id):
            photo = self.project.store.photo(photo_id)
            if request.key is not None and request.key == photo.last_key:
                return self._repeat(photo)
            _check_version(photo, request.version)
            if photo.status == "complete":
                raise RefusedError(f"{photo.path} is complete; reopen it first")
            return self._change(self._work(photo), request, author)

    def complete(self, photo_id: int, request: CompleteRequest, author: str | None = None) -> View:
        """Close a photo, its label map stored losslessly, or open it again.

        Raises:
            StaleError: the photo has changed since the caller saw it.
            ServerError: it cannot be done or stored; nothing has changed.
        """
        store = self.project.store
        with self._lock(photo_id):
            photo = store.photo(photo_id)
            if request.key is None or request.key != photo.last_key:
                _check_version(photo, request.version)
                photo = self._set_complete(photo, request, author)
            return self._closed(photo) if photo.status == "complete" else self._work(photo).view

    def fingerprint(self, photo_id: int) -> str:
        """The hash of the photo's file.

        Raises:
            ServerError: there is no such photo, or its file is not the one that was annotated.
        """
        return self.project.checked_hash(self.project.store.photo(photo_id))

    def jpeg(self, photo_id: int, most: int = DISPLAY_PIXELS) -> bytes:
        """The upright photo as JPEG: at the display's size, or shrunk to at most that many pixels.

        Raises:
            ServerError: there is no such photo, or it cannot be opened.
        """
        image = self.project.decode(self.project.store.photo(photo_id))
        shrunk = resize(image, *display_size(image.shape[1], image.shape[0], most))
        _, jpeg = cv2.imencode(".jpg", shrunk[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        return jpeg.tobytes()

    def encode_next(self, photo_id: int) -> None:
        """Encode the photo after this one in the background, so that it opens at once."""
        self._ahead.submit(self._encode_next, photo_id)

    def _encode_next(self, photo_id: int) -> None:
        # Whatever is wrong with the next photo is said when it is opened.
        with suppress(ServerError):
            photo = self.project.store.photo_after(photo_id)
            if photo is not None and photo.status != "complete":
                self._embedding(photo, self.project.checked_hash(photo))

    def _lock(self, photo_id: int) -> threading.Lock:
        with self._locks_lock:
            return self._locks.setdefault(photo_id, threading.Lock())

    def _embedding(self, photo: Photo, content_hash: str) -> Embedding:
        embedding = self._embeddings.get(content_hash)
        if embedding is None:
            embedding = self.segmenter.encode(self.project.decode(photo))
            self._embeddings.put(content_hash, embedding)
        return embedding

    def _work(self, photo: Photo) -> _Work:
        """The photo made ready, if it is not; the caller holds its lock."""
        stat = self.project.file(photo).stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
        work = self._works.get(photo.id)
        if work is not None and (work.photo.version, work.stamp) == (photo.version, stamp):
            return work
        content_hash = self.project.checked_hash(photo)
        embedding = self._embedding(photo, content_hash)
        photo, annotation = self.project.store.annotation(photo.id)
        if annotation is not None:
            annotation = replace(annotation, model=self.segmenter.hash)
        session = Session(self.segmenter, embedding, annotation)
        work = _Work(photo, content_hash, stamp, session)
        self._works.put(photo.id, work)
        return work

    def _closed(self, photo: Photo) -> View:
        self.project.checked_hash(photo)
        photo, annotation = self.project.store.annotation(photo.id)
        full = self.project.store.label_map(photo.id)
        return View(photo, annotation or Annotation(full.shape[1], full.shape[0]), shrink(full))

    def _repeat(self, photo: Photo) -> Answer:
        """The answer to a change that was stored before, whose answer never arrived."""
        view = self._closed(photo) if photo.status == "complete" else self._work(photo).view
        height, width = view.display.shape
        return Answer(view, Patch(0, 0, width, height, view.display), None)

    def _change(self, work: _Work, request: Interaction, author: str | None) -> Answer:
        before = work.session.annotation
        after, region = request.change(before, lambda x, y: region_at(work.session, x, y))
        self._check(after, request)
        try:
            patch = work.session.apply(after)
            named = {"key": request.key, "author": author}
            kept = self.project.store.save(work.photo, work.content_hash, before, after, **named)
        except BaseException:
            self._works.drop(work.photo.id)
            raise
        work.photo = kept
        return Answer(work.view, patch, region)

    def _check(self, annotation: Annotation, request: Interaction) -> None:
        label = getattr(request, "label", None)
        if label is not None and all(label != known.name for known in self.project.store.labels()):
            raise RefusedError(f"there is no label {label!r}; add it first")
        if annotation.next_region > MAX_REGIONS + 1:
            raise RefusedError(f"a photo can have {MAX_REGIONS} regions, deleted ones included")

    def _set_complete(self, photo: Photo, request: CompleteRequest, author: str | None) -> Photo:
        store = self.project.store
        if not request.complete:
            return store.reopen(photo, request.key) if photo.status == "complete" else photo
        if photo.status == "complete":
            return photo
        work = self._work(photo)
        made = FinishedMap(work.session.label_map, self.segmenter.hash, work.content_hash)
        photo = store.complete(photo, made, request.key, author)
        self._works.drop(photo.id)
        return photo


def region_at(session: Session, x: float, y: float) -> int:
    """The region under a position of the photo, or 0."""
    annotation, display = session.annotation, session.display
    column = int(x * display.shape[1] / annotation.width)
    row = int(y * display.shape[0] / annotation.height)
    inside = min(x, y) >= 0 and column < display.shape[1] and row < display.shape[0]
    return int(display[row, column]) if inside else 0


def shrink(full: NDArray[np.int32]) -> NDArray[np.int32]:
    """A full-resolution label map, int32 [H, W], read at the pixel centres of the display: int32 [h, w]."""
    height, width = full.shape
    display_width, display_height = display_size(width, height)
    columns = ((np.arange(display_width) + 0.5) * width / display_width).astype(np.intp)
    rows = ((np.arange(display_height) + 0.5) * height / display_height).astype(np.intp)
    return full[np.ix_(rows, columns)]


def _check_version(photo: Photo, version: int) -> None:
    if photo.version != version:
        raise StaleError(f"{photo.path} was changed elsewhere meanwhile; it is loaded again", photo.version)
