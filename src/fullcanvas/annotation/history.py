"""The log in words: what each entry did, for people who step through it."""

from __future__ import annotations

from dataclasses import dataclass

from fullcanvas.annotation.branches import Replayed, path, replay
from fullcanvas.annotation.entries import (
    AddRegion,
    DeleteRegion,
    DrawScribble,
    Entry,
    LabelRegion,
    MovePoints,
    new_region,
)
from fullcanvas.annotation.log import Annotation
from fullcanvas.annotation.shapes import (
    FillRest,
    ImportMask,
    KeepRegions,
    MergeRegions,
    PaintRegion,
    SplitRegion,
)
from fullcanvas.annotation.table import Regions


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the log.

    Attributes:
        cursor: the entry's number: `Annotation.go` takes it.
        after: the number of the entry that it follows; 0 at the beginning.
        kind: of the entry.
        region: the id of the region that it was about; None if it was about several or none.
        label: that region's label right after it (right before it, if it is then gone).
        text: what it did, in a sentence without its full stop.
        in_force: whether the entry is in force.
    """

    cursor: int
    after: int
    kind: str
    region: int | None
    label: str | None
    text: str
    in_force: bool


def history(annotation: Annotation) -> list[Step]:
    """The entries of a log as steps, in the order in which they were said: those of every branch."""
    in_force = set(path(annotation.cursor, annotation.forks))
    replayed = zip(annotation.entries, replay(annotation.entries, annotation.forks), strict=True)
    return [_step(number, *each, number in in_force) for number, each in enumerate(replayed, 1)]


def _step(number: int, entry: Entry, replayed: Replayed, in_force: bool) -> Step:
    region = new_region(entry) or getattr(entry, "region", None)
    known = replayed.after.get(region) or replayed.before.get(region) if region else None
    label = known.label if known else None
    text = _sentence(entry, replayed.before)
    return Step(number, replayed.base, entry.kind, region, label, text, in_force)


def _sentence(entry: Entry, before: Regions) -> str:
    match entry:
        case AddRegion() | ImportMask():
            how = "Added" if isinstance(entry, AddRegion) else "Imported"
            return f"{how} {_called(entry.region, entry.label)}"
        case FillRest():
            return "Filled what was unassigned"
        case KeepRegions():
            return "Reopened with the finished pixels"
        case MergeRegions():
            others = ", ".join(_named(id_, before) for id_ in entry.others)
            return f"Merged {others} into {_named(entry.region, before)}"
        case LabelRegion():
            named = _named(entry.region, before)
            return f"Labelled {named} {entry.label}" if entry.label else f"Took the label from {named}"
        case _:
            return _about_one(entry, _named(entry.region, before))


def _about_one(
    entry: DrawScribble | MovePoints | DeleteRegion | PaintRegion | SplitRegion, named: str
) -> str:
    match entry:
        case DrawScribble():
            return f"Grew {named} with a scribble"
        case MovePoints():
            return f"Moved the extreme points of {named}"
        case DeleteRegion():
            return f"Deleted {named}"
        case PaintRegion():
            return f"Brushed pixels {'out of' if entry.erase else 'into'} {named}"
        case _:
            return f"Split region {entry.new_region} off {named}"


def _named(id_: int, regions: Regions) -> str:
    return _called(id_, regions[id_].label)


def _called(id_: int, label: str | None) -> str:
    return f"region {id_} ({label})" if label else f"region {id_}"
