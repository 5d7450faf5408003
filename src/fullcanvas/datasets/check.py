"""Looks at the files of a data set before anybody spends hours on it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from fullcanvas.datasets.errors import DatasetError
from fullcanvas.datasets.panoptic import Dataset


def check(dataset: Dataset) -> None:
    """Makes sure that every file of the data set is there; folders are listed once, nothing is opened.

    `load_labels` checks the pixels of a map against the json.

    Raises:
        DatasetError: photos or maps are missing, or the data set is empty.
    """
    if not dataset.records:
        raise DatasetError(f"{dataset.name}: holds no annotation")
    _check_exist("maps", [record.map for record in dataset.records])
    _check_exist("photos", [record.image for record in dataset.records])


def _check_exist(kind: str, files: Iterable[Path]) -> None:
    names = cache(_names)
    missing = sorted({file for file in files if file.name not in names(file.parent)})
    if missing:
        some = ", ".join(map(str, missing[:3])) + (", ..." if len(missing) > 3 else "")
        raise DatasetError(f"{len(missing)} {kind} are missing: {some}")


def _names(folder: Path) -> frozenset[str]:
    try:
        return frozenset(file.name for file in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
