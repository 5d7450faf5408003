"""Small pictures of photos: people find a photo in a list by its look.

They are made when somebody comes to see them, one at a time and behind all else: whoever opens or corrects a
photo waits for at most the one that is under way.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
from fastapi import APIRouter, Depends, Request, Response

from fullcanvas.canvas.resolution import display_size, resize
from fullcanvas.server.answers import COMMON, MISSING
from fullcanvas.server.cache import Recent
from fullcanvas.server.embeddings import yield_to_others
from fullcanvas.server.errors import PhotoError
from fullcanvas.server.photos import decode
from fullcanvas.server.project import Project
from fullcanvas.server.routes import PhotoId, binary

PIXELS = 160 * 120
"""How many a picture has at most: the page shows 60 x 45, on screens that may have twice as many each way."""
MEMORY = 32_000_000
"""How many bytes are kept at hand, of about 5,000 photos; browsers keep what they have seen."""
_SIDE = 160  # of what is shrunk to that
_QUALITY = 80


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """What there is to see of a photo.

    Attributes:
        tag: of its file; another file, or a changed one, has another.
        jpeg: the picture; None if the photo cannot be opened, or whoever asks has it.
    """

    tag: str
    jpeg: bytes | None


class Thumbnails:
    """Makes the small pictures of a project's photos.

    Args:
        project: whose photos.
        room: held while a photo is decoded.
        limit: how many bytes of pictures are kept at hand.
    """

    def __init__(self, project: Project, room: AbstractContextManager[object], limit: int = MEMORY) -> None:
        self._project, self._room = project, room
        self._recent: Recent[int, Thumbnail] = Recent(limit)
        self._background = ThreadPoolExecutor(1, "thumbnails", initializer=yield_to_others)

    async def of(self, photo_id: int, known: str = "") -> Thumbnail:
        """The picture of a photo; who waits for it keeps no thread from others.

        Args:
            photo_id: of the photo.
            known: tags of pictures that whoever asks has.

        Raises:
            NotFoundError: there is no such photo.
        """
        return await asyncio.wrap_future(self._background.submit(self._of, photo_id, known))

    def close(self) -> None:
        """Make no more pictures."""
        self._background.shutdown(cancel_futures=True)

    def _of(self, photo_id: int, known: str) -> Thumbnail:
        photo = self._project.store.photo(photo_id)
        try:
            file = self._project.file(photo)
            stat = file.stat()
        except (PhotoError, OSError):  # which is said when the photo is opened
            return Thumbnail("", None)
        tag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
        return Thumbnail(tag, None) if tag in known else self._made(photo_id, file, tag)

    def _made(self, photo_id: int, file: Path, tag: str) -> Thumbnail:
        made = self._recent.get(photo_id)
        if made is None or made.tag != tag:
            made = Thumbnail(tag, self._make(file))
            self._recent.put(photo_id, made, len(made.jpeg or b""))
        return made

    def _make(self, file: Path) -> bytes | None:
        try:
            with self._room:
                image = decode(file, self._project.max_pixels, side=_SIDE)
        except PhotoError:
            return None
        small = resize(image, *display_size(image.shape[1], image.shape[0], PIXELS))
        _, jpeg = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        return jpeg.tobytes()


async def _thumbnails(request: Request) -> Thumbnails:
    found: Thumbnails = request.app.state.thumbnails
    return found


router = APIRouter(responses={**COMMON, **MISSING})


@router.get(
    "/photos/{photo_id}/thumbnail",
    response_class=Response,
    responses={
        **binary("The upright photo, as a small picture.", "image/jpeg"),
        204: {"description": "The photo cannot be opened; whoever opens it is told why."},
        304: {"description": "The caller has it."},
    },
)
async def thumbnail(
    thumbnails: Annotated[Thumbnails, Depends(_thumbnails)], request: Request, photo_id: PhotoId
) -> Response:
    """A photo as a small JPEG, for lists."""
    known = request.headers.get("if-none-match", "")
    found = await thumbnails.of(photo_id, known)
    headers = {"ETag": found.tag, "Cache-Control": "private, no-cache"} if found.tag else {}
    if found.jpeg is not None:
        return Response(found.jpeg, media_type="image/jpeg", headers=headers)
    return Response(status_code=304 if found.tag and found.tag in known else 204, headers=headers)
