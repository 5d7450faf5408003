"""Labels: the classes that regions can have, read from a file, and colours to tell them apart."""

from __future__ import annotations

import colorsys
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from fullcanvas.server.errors import LabelsError

Color = tuple[int, int, int]
MAX_ID = 2**31 - 1
LABELS_VERSION = "labels_version"
"""By this name a project remembers how often its labels changed: pages that are open ask for that."""
_GOLDEN = 0.618033988749895
_JOINERS = str.maketrans("", "", "\u200c\u200d")
"""Are not to be seen, but Persian and Indic words, and many an emoji, are not written without them."""


@dataclass(frozen=True, slots=True)
class Label:
    """A class.

    Attributes:
        id: 1 or more; stays with the name for good.
        name: 1 to 200 printable characters.
        isthing: whether its regions are countable objects (or stuff: of which an image has one segment).
        color: red, green, blue, 0 to 255 each.
        deleted: whether it is offered no longer, and only its id is kept.
    """

    id: int
    name: str
    isthing: bool
    color: Color
    deleted: bool = False


def distinct_color(number: int) -> Color:
    """A colour for a number of 0 or more; neighbouring numbers get colours that are easy to tell apart."""
    hue = (number * _GOLDEN) % 1
    saturation = (0.85, 0.55, 1.0)[number % 3]
    value = (1.0, 0.85, 0.7, 0.95)[number % 4]
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue, saturation, value))
    return red, green, blue


def checked_name(name: Any) -> str:
    """The name with surrounding white space taken off.

    Raises:
        LabelsError: it is not text of 1 to 200 printable characters.
    """
    stripped = name.strip() if isinstance(name, str) else ""
    visible = stripped.translate(_JOINERS)
    if not visible or len(stripped) > 200 or not visible.isprintable():
        raise LabelsError(f"a label's name is 1 to 200 printable characters, not {name!a:.80}")
    return stripped


def read_labels(path: Path, known: Sequence[Label] = ()) -> tuple[Label, ...]:
    """The labels in a file, joined with those that the project has already.

    The file is JSON, `[{"id", "name", "isthing", "color"}]` or a list of names (all things), or else text
    with one name a line. A name that the project knows keeps its id.

    Raises:
        LabelsError: the file cannot be read or used; the message says where in it and why.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabelsError(f"{path}: is not text in UTF-8") from error
    except OSError as error:
        raise LabelsError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        return merge(parse_labels(text), known)
    except LabelsError as error:
        raise LabelsError(f"{path}: {error}") from error


def parse_labels(text: str) -> list[dict[str, Any]]:
    """The labels written in a text, each with a name and, where given, an id, isthing and color.

    Raises:
        LabelsError: as for `read_labels`.
    """
    if not text.lstrip().startswith(("[", "{")):
        return [{"name": checked_name(line)} for line in text.splitlines() if line.strip()]
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        told = f"line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else None
        where = told or "it is nested too deep, or a number has too many digits"
        raise LabelsError(f"is not JSON ({where})") from error
    if not isinstance(items, list):
        raise LabelsError('holds one object, not a list of labels [{"id", "name", "isthing", "color"}]')
    return [_parse(item, number) for number, item in enumerate(items, 1)]


def _parse(item: Any, number: int) -> dict[str, Any]:
    try:
        if isinstance(item, Mapping):
            return {"name": checked_name(item.get("name")), **_fields(item)}
        return {"name": checked_name(item)}
    except LabelsError as error:
        raise LabelsError(f"label number {number}: {error}") from error


def _fields(item: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if (id_ := item.get("id")) is not None:
        if type(id_) is not int or not 1 <= id_ <= MAX_ID:
            raise LabelsError(f"its id is a whole number of 1 or more, not {id_!a:.80}")
        fields["id"] = id_
    if (isthing := item.get("isthing")) is not None:
        if isthing not in (0, 1):
            raise LabelsError(f"isthing is true or false, not {isthing!a:.80}")
        fields["isthing"] = bool(isthing)
    if (color := item.get("color")) is not None:
        fields["color"] = checked_color(color)
    return fields


def checked_color(color: Any) -> Color:
    """The colour as a tuple.

    Raises:
        LabelsError: it is not three whole numbers from 0 to 255.
    """
    listed = list(color) if isinstance(color, list | tuple) else []
    if len(listed) != 3 or any(type(part) is not int or not 0 <= part <= 255 for part in listed):
        raise LabelsError(f"a color is [red, green, blue], 0 to 255 each, not {color!a:.80}")
    red, green, blue = listed
    return red, green, blue


def merge(items: Iterable[Mapping[str, Any]], known: Sequence[Label]) -> tuple[Label, ...]:
    """The known labels with those of a file: changed where it says so, new ones after them.

    Raises:
        LabelsError: a name or an id occurs twice, or an id belongs to another name.
    """
    listed = list(items)
    labels = {label.id: label for label in known}
    _check_unique(listed)
    by_name = {label.name: label for label in known}
    fresh = count(1 + max([*labels, *(item["id"] for item in listed if "id" in item)], default=0))
    for item in listed:
        old = by_name.get(item["name"])
        id_ = item.get("id") or (old.id if old else _in_range(next(fresh)))
        _check_same(item["name"], id_, old, labels.get(id_))
        labels[id_] = Label(
            id_,
            item["name"],
            item.get("isthing", old.isthing if old else True),
            item.get("color", old.color if old else distinct_color(id_ - 1)),
        )
    return tuple(labels.values())


def _in_range(id_: int) -> int:
    if id_ > MAX_ID:
        raise LabelsError(f"no label can be added: the id {MAX_ID} is taken, and ids only grow")
    return id_


def _check_unique(items: Sequence[Mapping[str, Any]]) -> None:
    names: set[str] = set()
    ids: set[int] = set()
    for number, item in enumerate(items, 1):
        if item["name"] in names:
            raise LabelsError(f"label number {number}: the name {item['name']!r} was there before")
        if item.get("id") in ids:
            raise LabelsError(f"label number {number}: the id {item['id']} was there before")
        names.add(item["name"])
        ids |= {item["id"]} if "id" in item else set()


def _check_same(name: str, id_: int, old: Label | None, holder: Label | None) -> None:
    if old is not None and old.id != id_:
        raise LabelsError(f"{name!r} has the id {id_} here but {old.id} in this project; ids never change")
    if holder is not None and holder.name != name:
        raise LabelsError(
            f"the id {id_} is {name!r} here but {holder.name!r} in this project; ids never change"
        )
