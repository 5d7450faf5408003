"""A project at a glance: what there is, what is done, and who did it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fullcanvas.server.export import number_of
from fullcanvas.server.labels import Label
from fullcanvas.server.progress import Share
from fullcanvas.server.project import Project, open_project
from fullcanvas.server.records import CLOSED, Status


@dataclass(frozen=True, slots=True)
class Summary:
    """A project at a glance. Deleted regions, and photos whose files are gone, count for their time alone.

    Attributes:
        statuses: how many photos have each status.
        regions, unlabelled: how many regions the photos have, and how many of those have no label.
        seconds: of work on all photos.
        labels: every label, and in how many photos a region has it.
        people: what everybody did who did something; none where there are no accounts.
    """

    statuses: Mapping[str, int]
    regions: int
    unlabelled: int
    seconds: float
    labels: tuple[tuple[Label, int], ...]
    people: Mapping[str, Share]

    @property
    def complete(self) -> int:
        """How many photos are complete, reviewed or not."""
        return sum(self.statuses[status] for status in CLOSED)

    def to_json(self) -> dict[str, Any]:
        """The summary as JSON values."""
        labels = [
            {"id": label.id, "name": label.name, "isthing": label.isthing, "photos": photos}
            for label, photos in self.labels
        ]
        return {**asdict(self), "labels": labels}


def summarise_folder(folder: Path, place: Path | None, database: str | None, console: Console) -> Summary:
    """The summary of the project of a folder of photos.

    Args:
        folder: that holds the photos.
        place: where the database is; beside the photos if None.
        database: the address of a PostgreSQL database, instead of a file.
        console: is told when a database of an older version is brought up to date.

    Raises:
        ServerError: the project cannot be used.
    """
    project = open_project(folder, place, database=database, begin=False, console=console)
    try:
        return summarise(project)
    finally:
        project.store.close()


def summarise(project: Project) -> Summary:
    """The summary of an opened project."""
    store, progress = project.store, project.store.progress
    photos, statuses = progress.photos_by_label(), progress.statuses()
    regions, unlabelled = progress.regions()
    return Summary(
        statuses={status: statuses.get(status, 0) for status in get_args(Status)},
        regions=regions,
        unlabelled=unlabelled,
        seconds=progress.total_seconds(),
        labels=tuple((label, photos.get(label.name, 0)) for label in store.labels()),
        people=progress.shares(),
    )


def show(summary: Summary, console: Console) -> None:
    """Print a summary as tables."""
    counts = [f"{count} {status.replace('_', ' ')}" for status, count in summary.statuses.items() if count]
    photos = number_of(sum(summary.statuses.values()), "photo")
    console.print(f"[bold]{photos}[/bold]: {', '.join(counts) or 'none'}")
    console.print(f"{number_of(summary.regions, 'region')}, {summary.unlabelled} without a label")
    each = summary.seconds / 60 / max(summary.complete, 1)
    more = f", {each:.1f} minutes for each complete photo" if summary.complete else ""
    console.print(f"{summary.seconds / 3600:.1f} hours of work{more}")
    given = [(label, number) for label, number in summary.labels if number]
    if given:
        table = Table("label", "kind", "photos that have it")
        for label, number in sorted(given, key=lambda one: -one[1]):
            table.add_row(escape(label.name), "thing" if label.isthing else "stuff", str(number))
        console.print(table)
    if others := len(summary.labels) - len(given):
        console.print(f"{number_of(others, 'label')} that no photo has")
    if summary.people:
        table = Table("person", "changed last", "completed", "reviewed")
        for name, share in sorted(summary.people.items()):
            table.add_row(escape(name), *map(str, (share.changed, share.completed, share.reviewed)))
        console.print(table)
