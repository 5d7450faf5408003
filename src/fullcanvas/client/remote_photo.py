"""A photo opened on a server: it says and does what the page does with it."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Mask, Positions
from fullcanvas.annotation.entries import checked_others
from fullcanvas.annotation.points import to_pairs
from fullcanvas.client.records import Entry, History, Pin, RegionInfo, Review, review_of, take
from fullcanvas.client.wire import ClientError, Wire, read_patch


class RemotePhoto:
    """An opened photo; `Client.open` makes one.

    Each change is stored by the server before its method returns. All positions are (x, y) in photo pixels.
    Every method that changes something raises `ConflictError` if the photo has changed elsewhere since it was
    seen (then `refresh`), `ClientError` if the server refuses, and `AnnotationError` for what cannot even be
    sent, such as points that are no pairs of numbers. Nothing has changed then.

    Attributes:
        id: of the photo.
        path: relative to the folder of photos.
        width, height: of the upright photo, in pixels.
        status: "new", "in_work", "complete", "reviewed" or "rejected".
        version: grows with every change.
        can_undo, can_redo: whether there is something to.
        unassigned: the fraction of pixels without a region, 0 to 1.
        seconds: of work.
        author: who changed or completed it last; None where there are no accounts.
        comment: why it was rejected, until it is complete again.
        review: the latest, or None.
        begun_with: the hash of the model that answered its log so far, if another one does now.
        regions: by id.
    """

    def __init__(self, wire: Wire, photo_id: int) -> None:
        self._wire = wire
        self._place = f"/photos/{photo_id}"
        self.id = photo_id
        self.refresh()

    def __repr__(self) -> str:
        return f"<RemotePhoto {self.path}: {self.status}, regions: {len(self.regions)}>"

    def refresh(self) -> None:
        """Look at the photo as it stands on the server."""
        header, self._display = read_patch(self._wire.read(f"{self._place}/labels"))
        self._take(header["photo"])

    @property
    def display(self) -> NDArray[np.int32]:
        """The label map at the display's resolution: int32 [h, w] of region ids, 0 = unassigned; a copy."""
        return self._display.copy()

    @property
    def uncertainty(self) -> NDArray[np.float32]:
        """How open the competition is: float32 [h, w] at the display's resolution, 0 (sure) to 1."""
        levels = np.frombuffer(zlib.decompress(self._wire.read(f"{self._place}/uncertainty")), np.uint8)
        return levels.reshape(self._display.shape).astype(np.float32) / np.float32(255)

    def labels_in(self, area: Iterable[int]) -> NDArray[np.int32]:
        """A rectangle of the label map at full resolution, as the server has it: int32 [y1 - y0, x1 - x0].

        Args:
            area: half-open (x0, y0, x1, y1), in photo pixels; what lies out of the photo is cut off.

        Raises:
            ClientError: no pixel lies there, or more than 4 million do.
        """
        query = dict(zip(("x0", "y0", "x1", "y1"), area, strict=True))
        return read_patch(self._wire.read(f"{self._place}/labels/full", **query))[1]

    @property
    def history(self) -> History:
        """Everything that was ever done; `go` goes to any of it."""
        data = self._wire.get(f"{self._place}/history")
        return take(History, {**data, "entries": tuple(take(Entry, item) for item in data["entries"])})

    @property
    def stale(self) -> bool:
        """Whether the photo has changed elsewhere since it was seen."""
        return bool(self._wire.get(f"{self._place}/version")["version"] != self.version)

    def add_region(self, extreme_points: Positions, label: str | None = None) -> int:
        """Add a region by its four extreme points, in any order, and return its id."""
        return self._grown("add_region", extreme_points=_points(extreme_points), label=label)

    def scribble(self, points: Positions, *, region: int | None = None) -> int:
        """Grow a region, or the one under the first point, along a stroke; return its id."""
        return self._grown("scribble", points=_points(points), region=region)

    def paint(self, points: Positions, *, region: int, radius: float, erase: bool = False) -> None:
        """Give a region the pixels under a brush of this radius in photo pixels, or take them from it."""
        self._change("paint", points=_points(points), region=region, radius=radius, erase=erase)

    def move_points(self, region: int, extreme_points: Positions) -> None:
        """Give a region new extreme points."""
        self._change("move_points", region=region, extreme_points=_points(extreme_points))

    def label(self, region: int, label: str | None) -> None:
        """Label a region with the name of one of the project's labels, or take its label away."""
        self._change("label", region=region, label=label)

    def merge(self, region: int, others: Iterable[int]) -> None:
        """Make other regions part of one, which keeps its id."""
        self._change("merge", region=region, others=checked_others(others))

    def split(self, region: int, points: Positions) -> int:
        """Cut a region in two along a line, and return the id of the new, smaller one."""
        return self._grown("split", region=region, points=_points(points))

    def fill(self) -> None:
        """Leave nothing unassigned from here on."""
        self._change("fill")

    def import_mask(self, mask: NDArray[np.bool_], label: str | None = None) -> int:
        """Add a region with the pixels of a mask, bool [height, width], and return its id.

        Raises:
            AnnotationError: the mask is not such an array, or is empty.
        """
        return self._grown("import_mask", mask=Mask.of(mask).counts, label=label)

    def import_labels(
        self, labels: NDArray[np.integer[Any]], names: Mapping[int, str] | None = None
    ) -> dict[int, int]:
        """Add a region for each value but 0 of another model's label map, and return their ids by value.

        Each is a change of its own: those that were made before one is refused stay.

        Args:
            labels: whole numbers [height, width].
            names: the labels of values; regions of others get none.

        Raises:
            AnnotationError: the label map is not such an array.
            ClientError: the project lacks one of the labels; nothing has changed then.
        """
        masks = Mask.each(labels)
        masks.pop(0, None)
        named = {value: name for value, name in (names or {}).items() if value in masks}
        known = {label["name"] for label in self._wire.get("/project")["labels"]}
        if lacking := sorted(set(named.values()) - known):
            told = ", ".join(map(repr, lacking))
            raise ClientError(f"the project does not have these labels: {told}; add them first", 422)
        return {
            value: self._grown("import_mask", mask=mask.counts, label=named.get(value))
            for value, mask in masks.items()
        }

    def delete(self, region: int) -> None:
        """Take a region away."""
        self._change("delete", region=region)

    def undo(self) -> None:
        """Undo the latest change."""
        self._change("undo")

    def redo(self) -> None:
        """Do again what was undone last."""
        self._change("redo")

    def go(self, cursor: int) -> None:
        """Go to an entry of the history, by its number: on whichever branch it is; 0 is the beginning."""
        self._change("go", cursor=cursor)

    def complete(self, complete: bool = True) -> None:
        """Close the photo, its label map stored losslessly; or open it again.

        The `display` of a large photo may change by single pixels: what is stored is at full resolution.
        """
        self._post("complete", complete=complete)
        self.refresh()

    def accept(self) -> None:
        """Say of a complete photo that it was reviewed."""
        self._post("review", verdict="reviewed")
        self.refresh()

    def reject(self, comment: str | None = None, pins: Sequence[Pin] = ()) -> None:
        """Give a complete photo back, to be worked on; the comment says why, and at most 50 pins where."""
        self._post("review", verdict="rejected", comment=comment, pins=[asdict(pin) for pin in pins])
        self.refresh()

    def preview(self, kind: str, **fields: Any) -> NDArray[np.int32]:
        """The label map as a change would make it, int32 [h, w]; nothing changes.

        Args:
            kind: of the change, as the interface calls it, such as "scribble".
            fields: of the change, such as `points` and `region`.
        """
        body = {"version": self.version, "kind": kind, **fields}
        header, labels = read_patch(self._wire.send("POST", f"{self._place}/preview", body))
        return _patched(self.display, header, labels)

    def image(self, full: bool = False) -> bytes:
        """The photo as JPEG, at the display's resolution, or in full as far as a browser can hold it."""
        return self._wire.read(f"{self._place}/image", size="full" if full else "display")

    def _grown(self, kind: str, **fields: Any) -> int:
        """Change something, and return the region that came or grew."""
        return int(self._change(kind, **fields)["region"])

    def _change(self, kind: str, **fields: Any) -> Mapping[str, Any]:
        header, labels = read_patch(self._post("interactions", kind=kind, **fields))
        _patched(self._display, header, labels)
        self._take(header["photo"])
        return header

    def _post(self, where: str, **fields: Any) -> bytes:
        key = uuid.uuid4().hex
        body = {"version": self.version, "key": key, **fields}
        return self._wire.send("POST", f"{self._place}/{where}", body)

    def _take(self, photo: Mapping[str, Any]) -> None:
        self.path: str = photo["path"]
        self.width, self.height = int(photo["width"]), int(photo["height"])
        self.status: str = photo["status"]
        self.version: int = photo["version"]
        self.can_undo, self.can_redo = bool(photo["can_undo"]), bool(photo["can_redo"])
        self.unassigned: float = photo["unassigned"]
        self.seconds: float = photo["seconds"]
        self.author: str | None = photo["author"]
        self.comment: str | None = photo["comment"]
        self.review: Review | None = review_of(photo)
        self.begun_with: str | None = photo["begun_with"]
        regions = (take(RegionInfo, item) for item in photo["regions"])
        self.regions: Mapping[int, RegionInfo] = {region.id: region for region in regions}


def _points(points: Positions) -> list[list[float]]:
    return [list(pair) for pair in to_pairs(points)]


def _patched(
    shown: NDArray[np.int32], header: Mapping[str, Any], labels: NDArray[np.int32]
) -> NDArray[np.int32]:
    """A label map with a patch written into it."""
    shown[header["y0"] : header["y1"], header["x0"] : header["x1"]] = labels
    return shown
