"""The client of a server: its project, photos, labels and exports."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from fullcanvas.client.records import Changes, Label, Person, PhotoItem, ProjectInfo, User, take
from fullcanvas.client.remote_photo import RemotePhoto
from fullcanvas.client.wire import ClientError, Wire
from fullcanvas.files import writing

_PAGE = 500
_LONGEST_NAME = 200  # that photos can be looked for by


class Client:
    """A client of a running `fullcanvas annotate` or `fullcanvas serve`.

    Args:
        address: where the server answers.
        token: of an account, where the server asks for one.
        timeout: seconds to wait for an answer, or for more of it; opening a large photo takes some.

    Raises:
        ValueError: the address is not of the form http://HOST:PORT.

    Example:
        >>> client = Client("http://127.0.0.1:8000")
        >>> photo = client.open("cat.jpg")
        >>> cat = photo.add_region([(3, 40), (90, 42), (50, 5), (44, 88)], label="cat")
        >>> photo.scribble([(60, 40), (95, 41)], region=cat)
        >>> photo.complete()
        >>> client.export("panoptic.zip")
    """

    def __init__(
        self, address: str = "http://127.0.0.1:8000", token: str | None = None, timeout: float = 120
    ) -> None:
        self._wire = Wire(address, token, timeout)

    @property
    def project(self) -> ProjectInfo:
        """The project at a glance."""
        data = self._wire.get("/project")
        labels = tuple(take(Label, item) for item in data["labels"])
        return take(ProjectInfo, {**data, "model": data["model"]["name"], "labels": labels})

    @property
    def user(self) -> User:
        """Who the server takes this client for."""
        return take(User, self._wire.get("/session"))

    @property
    def labels(self) -> tuple[Label, ...]:
        """The project's classes."""
        return self.project.labels

    def add_label(self, name: str, isthing: bool = True, color: Sequence[int] | None = None) -> Label:
        """Add a class; without a colour (red, green, blue) it gets one of its own.

        Raises:
            ConflictError: there is one of this name.
        """
        body = {"name": name, "isthing": isthing, "color": color}
        return take(Label, json.loads(self._wire.send("POST", "/labels", body)))

    def change_label(
        self,
        label: str,
        *,
        name: str | None = None,
        isthing: bool | None = None,
        color: Sequence[int] | None = None,
        place: int | None = None,
        merge: bool = False,
    ) -> Label:
        """Rename a class wherever it was given, or change its kind, colour or place; what is None stays.

        The place is that in the page's list of labels, counted from 1; its digits give the first ten.
        With `merge`, a class that has the new name already takes its place, and is returned.

        Raises:
            ClientError: there is no class of this name.
            ConflictError: another one has the new name, and they are not to be merged.
        """
        body = {"name": name, "isthing": isthing, "color": color, "place": place, "merge": merge}
        return take(Label, json.loads(self._wire.send("PATCH", self._label(label), body)))

    def delete_label(self, label: str) -> None:
        """Take a class away.

        Raises:
            ClientError: there is no class of this name.
            ConflictError: regions have it.
        """
        self._wire.send("DELETE", self._label(label), {})

    def allow_unassigned(self, allowed: bool) -> None:
        """Say whether a photo may be complete while pixels of it belong to no region."""
        self._wire.send("PUT", "/rule", {"unassigned_allowed": allowed})

    def allow_unlabelled(self, allowed: bool) -> None:
        """Say whether a photo may be complete while regions of it have no label."""
        self._wire.send("PUT", "/rule", {"unlabelled_allowed": allowed})

    def photos(
        self, *, status: str = "", name: str = "", label: str = "", person: str = ""
    ) -> Iterator[PhotoItem]:
        """The photos as they are now, by path: all, or those for which everything holds that is given.

        Args:
            status: how far they are.
            name: a part of their paths, in whatever case.
            label: that a region of theirs has.
            person: who changed, completed or reviewed them last.
        """
        found: list[PhotoItem] = []
        asked = {"limit": _PAGE, "status": status, "name": name, "label": label, "person": person}
        while True:
            page = self._wire.get("/photos", offset=len(found), **asked)
            found += map(PhotoItem.of, page["items"])
            if not page["items"] or len(found) >= page["total"]:
                return iter(found)

    def changes(self, since: int | None = None) -> Changes:
        """What others changed since a revision; without one, only which is the latest."""
        asked = {} if since is None else {"since": since}
        data = self._wire.get("/changes", **asked)
        people = tuple(take(Person, item) for item in data["people"])
        return Changes(data["revision"], tuple(map(PhotoItem.of, data["photos"])), people)

    def open(self, photo: int | str | PhotoItem) -> RemotePhoto:
        """Open a photo, known by its id, its path, or its item of the list.

        Raises:
            ClientError: there is none, or it cannot be opened.
        """
        if isinstance(photo, str):
            # Of other letters, databases differ in what they take for the same in another case.
            listed = self.photos(name=photo[-_LONGEST_NAME:] if photo.isascii() else "")
            found = next((item for item in listed if item.path == photo), None)
            if found is None:
                raise ClientError(f"the project has no photo {photo!r}", 404)
            photo = found
        return RemotePhoto(self._wire, photo.id if isinstance(photo, PhotoItem) else photo)

    def check_export(
        self,
        *,
        format: str = "coco-panoptic",  # noqa: A002 as the command has it
        unlabelled: str = "error",
        status: str = "complete",
    ) -> None:
        """See whether `export` would work; arguments and errors as there."""
        self._wire.read("/export/check", format=format, unlabelled=unlabelled, status=status)

    def export(
        self,
        out: str | Path,
        *,
        format: str = "coco-panoptic",  # noqa: A002
        unlabelled: str = "error",
        status: str = "complete",
    ) -> Path:
        """Write a zip file of the segmentations, and return its path.

        Photos that could not be exported are named in the zip's `left-out.txt`, which is there only then.

        Args:
            out: the file; one that is there is replaced, when all has arrived.
            format: "coco-panoptic", "coco-instances", "label-png" or "yolo".
            unlabelled: what becomes of regions without a label: "error" (no export), "void" or "region".
            status: "complete" for those photos alone, "reviewed" for those of them that are, or "all" for
                those in work, too, as the server's model answers them now.

        Raises:
            ClientError: the server refuses; the message lists regions without a label.
        """
        place = Path(out)
        content = self._wire.read("/export", format=format, unlabelled=unlabelled, status=status)
        with writing(place) as file:
            file.write(content)
        return place

    def _label(self, name: str) -> str:
        """Where a label is, by its name."""
        found = next((label for label in self.labels if label.name == name), None)
        if found is None:
            raise ClientError(f"the project has no label {name!r}", 404)
        return f"/labels/{found.id}"
