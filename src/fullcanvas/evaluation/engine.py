"""Many samples on many cores: checked first, spread by joblib, resumed where an earlier run stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from fullcanvas.datasets import Dataset, Record, check, load_sample
from fullcanvas.evaluation.clusters import Pool
from fullcanvas.evaluation.files import Parts, Result

Progress = Callable[[str, int, int, str], None]
"""Told what is under way, how much of it is done, how much there is, and the score so far."""

R = TypeVar("R", bound=Result)
R_contra = TypeVar("R_contra", bound=Result, contravariant=True)


class Score(Protocol[R_contra]):
    """The score so far, to be shown while a run goes on."""

    def add(self, result: R_contra, /) -> None:
        """Counts one more result in."""
        ...


def check_files(dataset: Dataset, pool: Pool, progress: Progress) -> None:
    """Decodes every photo and every map once: what is broken stops a run now rather than after hours.

    Raises:
        DatasetError: a file is missing, broken, or contradicts the json.
    """
    check(dataset)
    calls = ((_check_record, (record,)) for record in dataset.records)
    for done, _ in enumerate(pool.spread(calls), 1):
        progress("checking", done, len(dataset), "")


def _check_record(record: Record) -> None:
    load_sample(record)


def run_all(
    records: Sequence[Record],
    work: Callable[[Record], R],
    *,
    parts: Parts[R],
    pool: Pool,
    progress: Progress,
    score: Score[R],
) -> list[R]:
    """The results of all samples, in their order.

    Args:
        records: the samples.
        work: makes a result from a sample, in a process of its own if there are several.
        parts: results of an earlier run, which are used, and the place for new ones.
        pool: does the work.
        progress: called before the first sample and after each.
        score: its text is shown.
    """
    found = {index: part for index, record in enumerate(records) if (part := parts.find(record)) is not None}
    for result in found.values():
        score.add(result)
    progress("evaluating", len(found), len(records), str(score))
    calls = ((_numbered, (work, index, record)) for index, record in enumerate(records) if index not in found)
    for index, result in pool.spread(calls):
        parts.keep(records[index], result)
        found[index] = result
        score.add(result)
        progress("evaluating", len(found), len(records), str(score))
    return [found[index] for index in range(len(records))]


def _numbered(work: Callable[[Record], R], index: int, record: Record) -> tuple[int, R]:
    return index, work(record)
