"""The workbench: the photos being worked on, with their sessions, for many callers at once.

One lock per photo orders what happens to it. An interaction is answered by the session first and stored
second; if storing fails the session goes back, so that what is shown is never more than what is kept.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Annotation
from fullcanvas.canvas.boxes import Box
from fullcanvas.canvas.resolution import DISPLAY_PIXELS, display_size, resize
from fullcanvas.inference.display import unassigned
from fullcanvas.inference.embedding_cache import EmbeddingCache
from fullcanvas.inference.patch import Patch
from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.inference.session import Session
from fullcanvas.server.cache import Recent
from fullcanvas.server.embeddings import Embeddings
from fullcanvas.server.errors import RefusedError, StaleError, StoreError
from fullcanvas.server.label_maps import MAX_REGIONS, part_of, shrink
from fullcanvas.server.locks import Locks
from fullcanvas.server.memory import MEMORY, size_of
from fullcanvas.server.precedence import Precedence
from fullcanvas.server.project import Project
from fullcanvas.server.records import Photo, Review
from fullcanvas.server.requests import Change, CompleteRequest, Interaction, ReviewRequest
from fullcanvas.server.store import FinishedMap

T = TypeVar("T")
MOST_AT_ONCE = 2
"""How many photos are decoded, encoded or segmented in full at one time; each takes what its size takes."""
JPEG_QUALITY = 92


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A photo as it stands.

    Attributes:
        photo: as stored.
        annotation: as stored.
        unassigned: the share of the display that no region has, in [0, 1].
    """

    photo: Photo
    annotation: Annotation
    unassigned: float


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
    region: int | None = None


@dataclass(slots=True)
class _Work:
    """A photo in work: its session is in step with `photo.version`."""

    photo: Photo
    content_hash: str
    stamp: tuple[int, int]
    session: Session

    @property
    def view(self) -> View:
        return View(self.photo, self.session.annotation, self.session.unassigned)


class Workbench:
    """The photos being worked on. Its methods may be called from any thread.

    Args:
        project: whose photos.
        segmenter: the model that answers.
        memory: how many bytes of photos are kept ready; others are made ready again when they are asked for.
        disk: keeps embeddings beyond that.
        quiet: makes the same model on one thread, for what is done in the background.

    Attributes:
        embeddings: of the photos.
        room: held by whoever decodes, encodes or segments a photo in full.
    """

    def __init__(
        self,
        project: Project,
        segmenter: Segmenter,
        memory: int = MEMORY,
        *,
        disk: EmbeddingCache | None = None,
        quiet: Callable[[], Segmenter] | None = None,
    ) -> None:
        self.project = project
        self.segmenter = segmenter
        self._works: Recent[int, _Work] = Recent(memory * 3 // 4)
        self._locks = Locks()
        self._precedence = Precedence()
        self.room = threading.BoundedSemaphore(MOST_AT_ONCE)
        self.embeddings = Embeddings(project, segmenter, memory // 4, self.room, disk=disk, quiet=quiet)

    def view(self, photo_id: int) -> View:
        """The photo as it stands.

        Raises:
            ServerError: there is no such photo, or it cannot be opened.
        """
        with self._locks[photo_id]:
            return self._now(photo_id, self._view)

    def display(self, photo_id: int) -> Answer:
        """The photo as it stands, with all of its label map as it is displayed; errors as in `view`."""
        with self._locks[photo_id]:
            return self._now(photo_id, self._whole)

    def uncertainty(self, photo_id: int) -> NDArray[np.float32]:
        """How open the competition is: float32 [h, w] at the display's resolution, in [0, 1].

        Raises:
            ServerError: there is no such photo, or it cannot be opened.
        """
        with self._locks[photo_id]:
            return self._work(self.project.store.photo(photo_id)).session.uncertainty

    def labels_in(self, photo_id: int, area: Box) -> Patch:
        """A rectangle of the label map at full resolution, as far as it lies in the photo.

        Args:
            photo_id: of the photo.
            area: in photo pixels, half-open.

        Raises:
            RefusedError: no pixel of the photo lies in it, or more than are made at a time.
            SupersededError: a change is being made, to whichever photo, or came meanwhile.
            ServerError: there is no such photo, or it cannot be opened.
        """

        def look(photo: Photo) -> Patch:
            if photo.closed:
                full = self.project.store.label_map(photo_id)
                x0, y0, x1, y1 = part = part_of(area, full.shape[1], full.shape[0])
                return Patch(*part, full[y0:y1, x0:x1])
            session = self._work(photo).session
            part = part_of(area, session.annotation.width, session.annotation.height)
            return Patch(*part, session.labels_in(part, cancellation))

        with self._precedence.preview() as cancellation, self._locks[photo_id]:
            return self._now(photo_id, look)

    def interact(self, photo_id: int, request: Interaction, author: str | None = None) -> Answer:
        """Do what the person asked, and store it, with their name, before returning.

        Raises:
            AnnotationError: the request does not fit the photo or its regions.
            StaleError: the photo has changed since the caller saw it.
            ServerError: it cannot be done or stored; nothing has changed.
        """
        with self._precedence.change(), self._locks[photo_id]:
            photo, made = self.project.store.photo_and_change(photo_id, request.key)
            if made is not None:
                return self._repeat(photo, made)
            return self._change(self._open(photo, request), request, author)

    def preview(self, photo_id: int, request: Interaction) -> tuple[Patch, int | None]:
        """What an interaction would change, and the region it would add or grow; nothing changes.

        Raises:
            AnnotationError: the request does not fit the photo or its regions.
            StaleError: the photo has changed since the caller saw it.
            SupersededError: a change is being made, to whichever photo, or came meanwhile.
            ServerError: it could not be done.
        """
        with self._precedence.preview() as cancellation, self._locks[photo_id]:
            work = self._open(self.project.store.photo(photo_id), request)
            after, region = self._asked(work, request)
            return work.session.preview(after, cancellation), region

    def complete(
        self,
        photo_id: int,
        request: CompleteRequest,
        author: str | None = None,
        check: Callable[[Photo], None] = lambda _photo: None,
    ) -> View:
        """Close a photo, its label map stored losslessly, or open it again.

        `check` raises an error if `author` may not do that to the photo as it is just before.

        Raises:
            StaleError: the photo has changed since the caller saw it.
            ServerError: it cannot be done or stored; nothing has changed.
        """

        def change(photo: Photo) -> None:
            check(photo)
            self._set_complete(photo, request, author)

        return self._once(photo_id, request, change)

    def review(self, photo_id: int, request: ReviewRequest, reviewer: str | None = None) -> View:
        """Accept a complete photo, or give it back with a comment and pins; errors as in `complete`."""
        return self._once(photo_id, request, lambda photo: self._judge(photo, request, reviewer))

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
        with self.room:
            image = self.project.decode(self.project.store.photo(photo_id))
            shrunk = resize(image, *display_size(image.shape[1], image.shape[0], most))
            del image
            _, jpeg = cv2.imencode(".jpg", shrunk[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
            return jpeg.tobytes()

    def _once(self, photo_id: int, request: Change, change: Callable[[Photo], None]) -> View:
        """The photo after a change, which is not made again where only its answer was lost."""
        with self._locks[photo_id]:
            photo, made = self.project.store.photo_and_change(photo_id, request.key)
            if made is None:
                _check_version(photo, request.version)
                self.project.checked_hash(photo)  # it could not be answered: nothing may have changed then
                change(photo)
            return self._now(photo_id, self._view)

    def _now(self, photo_id: int, look: Callable[[Photo], T]) -> T:
        """What is seen of the photo as it is; the caller holds its lock."""
        while True:
            photo = self.project.store.photo(photo_id)
            try:
                return look(photo)
            except StoreError:
                if self.project.store.photo(photo_id).version == photo.version:
                    raise
                # Another program has just reopened it: its label map had gone before it was read.

    def _work(self, photo: Photo) -> _Work:
        """The photo made ready, if it is not; the caller holds its lock."""
        stat = self.project.file(photo).stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
        work = self._works.get(photo.id)
        if work is not None and (work.photo.version, work.stamp) == (photo.version, stamp):
            return work
        content_hash = self.project.checked_hash(photo)
        encode = self.embeddings.of(photo, content_hash)
        photo, annotation = self.project.store.annotation(photo.id)
        if annotation is not None:
            annotation = replace(annotation, model=self.segmenter.hash)
        work = _Work(photo, content_hash, stamp, Session(self.segmenter, encode, annotation))
        self._keep(work)
        return work

    def _open(self, photo: Photo, request: Interaction) -> _Work:
        """The photo made ready for an interaction."""
        _check_open(photo, request.version)
        work = self._work(photo)
        _check_open(work.photo, request.version)  # another program may have changed it meanwhile
        return work

    def _keep(self, work: _Work) -> None:
        self._works.put(work.photo.id, work, size_of(work.session, self.segmenter.config))

    def _view(self, photo: Photo) -> View:
        work = self._in_work(photo)
        return self._closed(photo)[0] if work is None else work.view

    def _whole(self, photo: Photo, region: int | None = None) -> Answer:
        work = self._in_work(photo)
        view, shown = self._closed(photo) if work is None else (work.view, work.session.display)
        height, width = shown.shape
        return Answer(view, Patch(0, 0, width, height, shown), region)

    def _in_work(self, photo: Photo) -> _Work | None:
        if photo.closed:
            return None
        work = self._work(photo)
        return None if work.photo.closed else work  # another program may have completed it meanwhile

    def _closed(self, photo: Photo) -> tuple[View, NDArray[np.int32]]:
        self.project.checked_hash(photo)
        photo, annotation = self.project.store.annotation(photo.id)
        full = self.project.store.label_map(photo.id)
        annotation = annotation or Annotation(full.shape[1], full.shape[0])
        shown = shrink(full)
        return View(photo, annotation, unassigned(shown)), shown

    def _repeat(self, photo: Photo, made: Mapping[str, Any]) -> Answer:
        """The answer to a change that was stored before, as this entry, and whose answer never arrived."""
        return self._whole(photo, made.get("new_region", made.get("region")))

    def _change(self, work: _Work, request: Interaction, author: str | None) -> Answer:
        before = work.session.annotation
        after, region = self._asked(work, request)
        try:
            patch = work.session.apply(after)
            spent = (region or getattr(request, "region", None) or 0, request.seconds)
            named = {"key": request.key, "author": author}
            kept = self.project.store.save(work.photo, work.content_hash, before, after, spent=spent, **named)
        except BaseException:
            self._works.drop(work.photo.id)
            raise
        work.photo = kept
        self._keep(work)
        return Answer(work.view, patch, region)

    def _asked(self, work: _Work, request: Interaction) -> tuple[Annotation, int | None]:
        """The annotation that an interaction asks for, and the region it would add or grow."""
        try:
            after, region = request.change(work.session.annotation, work.session)
        finally:
            self._keep(work)  # it may have looked at the full label map, which is kept until the next change
        self._check(after, request)
        return after, region

    def _check(self, annotation: Annotation, request: Interaction) -> None:
        label = getattr(request, "label", None)
        if label is not None and all(label != known.name for known in self.project.store.labels()):
            raise RefusedError(f"there is no label {label!r}; add it first")
        if annotation.next_region > MAX_REGIONS + 1:
            raise RefusedError(f"a photo can have {MAX_REGIONS} regions, deleted ones included")

    def _set_complete(self, photo: Photo, request: CompleteRequest, author: str | None) -> None:
        if photo.closed == request.complete:
            return
        if photo.closed:
            self._reopen(photo, request, author)
            return
        rule = self.project.store.progress.rule
        rule.check_labels(photo)
        work = self._work(photo)
        with self.room:
            made = FinishedMap(work.session.label_map, self.segmenter.hash, work.content_hash)
            if not rule.unassigned_allowed:
                self._keep(work)  # with its full label map, if the photo is refused
            rule.check_pixels(photo, made.label_map)
            self.project.store.complete(photo, made, request.key, author, request.seconds)
        self._works.drop(photo.id)

    def _judge(self, photo: Photo, request: ReviewRequest, reviewer: str | None) -> None:
        review = request.of(photo, reviewer)
        if review.verdict == "reviewed":
            self.project.store.accept(photo, review, request.key, request.seconds)
        else:
            self._reopen(photo, request, reviewer, review)

    def _reopen(
        self, photo: Photo, request: Change, author: str | None, review: Review | None = None
    ) -> None:
        """Open a closed photo; its pixels stay, also where another model had made them."""
        store = self.project.store
        self.embeddings.of(photo, self.project.checked_hash(photo))  # what cannot be opened stays closed
        (_, before), model = store.annotation(photo.id), store.model_of_map(photo.id)
        after = before
        if before and model and model != self.segmenter.hash:
            after = replace(before.keep(store.label_map(photo.id)), model=self.segmenter.hash)
        key, seconds = request.key, request.seconds
        store.reopen(photo, before, after, review=review, key=key, author=author, seconds=seconds)


def _check_version(photo: Photo, version: int) -> None:
    if photo.version != version:
        raise StaleError(photo.path, photo.version)


def _check_open(photo: Photo, version: int) -> None:
    _check_version(photo, version)
    if photo.closed:
        raise RefusedError(f"{photo.path} is complete; reopen it first")
