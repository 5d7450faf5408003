"""Exporting a project from the command line."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import track

from fullcanvas.formats.errors import ExportError
from fullcanvas.formats.records import Outcome
from fullcanvas.formats.segments import Unlabelled
from fullcanvas.formats.sinks import FolderSink
from fullcanvas.formats.write import NAMES, OutFormat, write_export
from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.server.embeddings import Embeddings, disk_cache
from fullcanvas.server.export import Asked, categories, select
from fullcanvas.server.project import DATABASE, FOLDER, home, open_project


@dataclass(slots=True)
class Report:
    """What an export did.

    Attributes:
        photos: how many were exported.
        turned: how many of them were turned upright.
        in_work: how many photos were not complete, so that the model was asked.
        left_out: lines about photos that were not to be exported.
        failed: lines about photos that could not be.
    """

    photos: int = 0
    turned: int = 0
    in_work: int = 0
    left_out: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def count(self, outcome: Outcome) -> None:
        """One more photo was got through."""
        if outcome.left_out is None:
            self.photos += 1
        else:
            self.failed.append(outcome.left_out)
        self.turned += outcome.turned


def export_project(
    folder: Path,
    out: Path,
    *,
    form: OutFormat,
    unlabelled: Unlabelled,
    status: Asked,
    images: str,
    model: str,
    place: Path | None,
    max_pixels: int,
    console: Console,
    database: str | None = None,
) -> Report:
    """Export a folder of photos; a photo that cannot be exported keeps no other from it.

    Args:
        folder: that holds the photos.
        out: the folder to make; an earlier export there is replaced.
        form: what to write.
        unlabelled: what becomes of regions without a label.
        status: what photos have to be, as in `Selection`.
        images: "copy", "link" or "none": how the photos go with the export.
        model: the name or path of the model for photos that are not complete.
        place: where the database is; beside the photos if None.
        max_pixels: the largest photo that is opened.
        console: for progress bars, and an update of the database.
        database: the address of a PostgreSQL database, instead of a file.

    Raises:
        ServerError: the project cannot be used.
        ExportError: nothing was exported; what was there before is as it was.
        ModelError: the model cannot be used.
    """
    _check_out(folder, home(folder, place), out)
    project = open_project(folder, place, None, max_pixels, database, begin=False, console=console)
    try:
        # What is on disk is used, and left as it is: how much room it may take is not known here.
        disk = disk_cache(folder, place, limit=0)
        embeddings = Embeddings(project, Segmenter.load(model), 0, nullcontext(), disk=disk)
        found = select(embeddings, status)
        report = Report(in_work=found.in_work, left_out=found.left_out)
        with FolderSink(out, NAMES, link=images == "link") as sink:
            classes, with_photos = partial(categories, project), images != "none"
            written = write_export(found.photos, classes, sink, unlabelled, form=form, images=with_photos)
            for outcome in track(written, "Exporting", total=len(found.photos), console=console):
                report.count(outcome)
    finally:
        project.store.close()
    return report


def _check_out(folder: Path, project: Path, out: Path) -> None:
    """See that nothing is exported over photos or work, or where it would be taken for photos.

    Raises:
        ExportError: it would be.
    """
    photos, place = Path(os.path.realpath(folder)), Path(os.path.realpath(out))
    # Hidden folders are not looked into.
    if place.is_relative_to(photos) and not any(
        part.startswith(".") for part in place.relative_to(photos).parts
    ):
        raise ExportError(
            f"{out}: lies in the folder of photos, where what is exported would be taken for more photos; "
            "name a folder beside it"
        )
    if place.exists() and (held := _held(photos, Path(os.path.realpath(project)), place)):
        raise ExportError(
            f"{out}: holds {held}, which would go with what is replaced there; name a new folder"
        )


def _held(photos: Path, project: Path, place: Path) -> str | None:
    """What an export to a place would delete that can be had nowhere else; None if nothing."""
    if _lies_in(photos, place):
        return "the folder of photos"
    if _lies_in(project, place):
        return "the project"
    others = (where for where, folders, files in os.walk(place) if FOLDER in folders or DATABASE in files)
    return next((f"work of another project ({other})" for other in others), None)


def _lies_in(path: Path, place: Path) -> bool:
    """Whether a path leads through a place, by whatever name: some systems take no heed of case."""
    return any(folder.exists() and folder.samefile(place) for folder in (path, *path.parents))
