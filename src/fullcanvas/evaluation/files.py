"""Results on disk: written at once or not at all, and those of single images kept until a run is complete."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from fullcanvas.datasets import Record
from fullcanvas.files import writing


def json_text(data: Any) -> str:
    """JSON with a final line break."""
    return json.dumps(data, indent=1, allow_nan=False) + "\n"


def write_json(path: Path, data: Any) -> None:
    """Writes `json_text`, as `write_bytes` does."""
    write_bytes(path, json_text(data).encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file as `files.writing` does, errors included."""
    with writing(path) as file:
        file.write(data)


class Result(Protocol):
    """What is known about one sample."""

    def to_json(self) -> dict[str, Any]:
        """The result as JSON values."""
        ...


R = TypeVar("R", bound=Result)


@dataclass(frozen=True, slots=True)
class Parts(Generic[R]):
    """The results of single images, kept beside the file that a run will write, so that it can resume.

    Attributes:
        folder: where they lie; it goes when the run is complete. None keeps nothing.
        settings: all that shapes a result, the sample aside.
        read: makes a result from what its `to_json` said; raises a `KeyError` or `TypeError` if it cannot.
    """

    folder: Path | None
    settings: Mapping[str, Any]
    read: Callable[[Mapping[str, Any]], R]

    def find(self, record: Record) -> R | None:
        """The result of an earlier run with the same settings on the same files, if there is one."""
        if self.folder is None:
            return None
        try:
            return self.read(json.loads(self._file(self.folder, record).read_text("utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            # Missing, or not what `keep` wrote: the image is evaluated again.
            return None

    def keep(self, record: Record, result: R) -> None:
        """Stores a result at once."""
        if self.folder is not None:
            write_json(self._file(self.folder, record), result.to_json())

    def clear(self) -> None:
        """Throws all of them away."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, folder: Path, record: Record) -> Path:
        return folder / f"{_hash([dict(self.settings), *_state(record)])}.json"


def samples_hash(records: Iterable[Record]) -> str:
    """A hash of samples, which is another one once somebody has changed one of their files.

    Raises:
        OSError: a file is missing.
    """
    return _hash([_state(record) for record in records])


def _hash(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def _state(record: Record) -> tuple[Any, Any]:
    """What a sample is, as JSON values: what the json of its data set says, and its files' stamps."""
    truth = [record.image_id, record.upright, [asdict(segment) for segment in record.segments]]
    return truth, [[file.name, *_stamp(file)] for file in (record.image, record.map)]


def _stamp(file: Path) -> tuple[int, int]:
    """Size and modification time: cheap to read, and different once somebody has changed the file."""
    status = file.stat()
    return status.st_size, status.st_mtime_ns
