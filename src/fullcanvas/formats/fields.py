"""JSON that somebody else wrote: its objects, checked as they are read."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

from fullcanvas.formats.errors import ImportFormatError
from fullcanvas.formats.records import Category

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pauses Python's garbage collector while a large json is read: there is no garbage before its end.

    It would walk through all that has been read so far again and again, for half of the time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def read_json(file: Path, error: type[ValueError] = ImportFormatError) -> Fields:
    """The object in a json file.

    Raises:
        ValueError: there is none; of the kind `error`, as whatever is found wrong with its fields.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as failure:
        raise error(f"{file}: cannot be read ({failure.strerror})") from failure
    except (ValueError, RecursionError) as failure:
        raise error(f"{file}: is not json ({failure})") from failure
    if not isinstance(data, dict):
        raise error(f"{file}: holds no object, as COCO's files do")
    return Fields(data, str(file), error)


@dataclass(frozen=True, slots=True)
class Fields:
    """An object of a json file. Each of its methods raises `error` if a field is not what it should be.

    Attributes:
        data: the object.
        where: what to call it in messages.
        error: what is raised.
    """

    data: Mapping[str, Any]
    where: str
    error: type[ValueError] = ImportFormatError

    def called(self, where: str) -> Fields:
        """The same object, called otherwise in messages."""
        return Fields(self.data, where, self.error)

    def wrong(self, problem: str) -> ValueError:
        """The error to raise about this object."""
        return self.error(f"{self.where}: {problem}")

    def whole(self, name: str, least: int = 0) -> int:
        """A whole number, of `least` or more; 7.0 is one."""
        value = self.data.get(name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) is not int or value < least:
            raise self.wrong(f"its {name} is a whole number of {least} or more, not {value!r:.80}")
        return value

    def truth(self, name: str, default: bool | None = None) -> bool:
        """Whether something is so, 1 or 0 in COCO; where it is not said, `default`, if there is one."""
        value = self.data.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, int | float) or value not in (0, 1):
            raise self.wrong(f"its {name} is 1 or 0, not {value!r:.80}")
        return bool(value)

    def text(self, name: str) -> str:
        """A text, without control characters."""
        value = self.data.get(name)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(f"its {name} is missing")
        if _CONTROL.search(value):
            raise self.wrong(f"its {name} holds a control character: {value!a:.80}")
        return value

    def color(self, name: str) -> tuple[int, int, int] | None:
        """Red, green, blue, 0 to 255 each; None where it is missing, or written otherwise, as by some."""
        value = self.data.get(name)
        parts = value if isinstance(value, list) else []
        if len(parts) != 3 or not all(type(part) is int and 0 <= part <= 255 for part in parts):
            return None
        red, green, blue = parts
        return red, green, blue

    def path(self, name: str) -> str:
        """The name of a file within a folder, with forward slashes."""
        value = self.text(name)
        path = PureWindowsPath(value)  # knows both slashes, and drives: a name means the same everywhere
        if path.anchor or ".." in path.parts:
            raise self.wrong(f"its {name} leads out of its folder: {value!a:.80}")
        return path.as_posix()

    def items(self, name: str, one: str) -> list[Fields]:
        """The objects in a list, each of which is called `one` of this object."""
        where = f"{self.where}: {one}"
        return [Fields(item, where, self.error) for item in self._objects(name)]

    def by_id(self, name: str, one: str, least: int = 0) -> dict[int, Fields]:
        """The objects in a list by their ids, of `least` or more, no two of which are the same."""
        found: dict[int, Fields] = {}
        for item in self._objects(name):
            named = Fields(item, f"{self.where}: {one} {item.get('id')!a:.40}", self.error)
            id_ = named.whole("id", least)
            if id_ in found:
                raise self.wrong(f"{name} holds the id {id_!s:.40} twice")
            found[id_] = named
        return found

    def _objects(self, name: str) -> list[Mapping[str, Any]]:
        listed = self.data.get(name)
        if not isinstance(listed, list):
            raise self.wrong(f"has no list of {name}")
        for item in listed:
            if not isinstance(item, dict):
                raise self.wrong(f"{name} holds {item!r:.80}, which is not an object")
        return listed


def read_categories(data: Fields, isthing: bool | None = None) -> dict[int, Category]:
    """The classes of a COCO file, by id.

    Args:
        data: the file's object.
        isthing: whether one is a thing that does not say so; None if all must, as in the panoptic format.
    """
    return {
        id_: Category(id_, item.text("name").strip(), item.truth("isthing", isthing), item.color("color"))
        for id_, item in data.by_id("categories", "category").items()
    }
