"""One job for every sample of a data set: checked first, spread over cores, resumed where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from fullcanvas.datasets import Dataset, Record, check, load_sample
from fullcanvas.evaluation.engine import Engine, Pool
from fullcanvas.evaluation.errors import EvaluationError
from fullcanvas.evaluation.files import Parts, Result, write_json
from fullcanvas.evaluation.load import load_predictor
from fullcanvas.evaluation.predictors import Predictor

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


@dataclass(frozen=True, slots=True)
class Job(Generic[R]):
    """What is done with every sample of a data set.

    Attributes:
        dataset: the samples.
        models: how `load_predictor` knows each model, and the hash that it must have wherever it is loaded.
        work: makes the result of a sample with these models, in their order.
        settings: all that a result depends on, the sample aside.
        read: makes a result from what its `to_json` said; raises a `KeyError` or `TypeError` if it cannot.
        score: of the results so far; its text is shown.
        report: makes what is written from all results, in the samples' order.
    """

    dataset: Dataset
    models: Sequence[tuple[str, str]]
    work: Callable[[Record, Sequence[Predictor]], R]
    settings: Mapping[str, Any]
    read: Callable[[Mapping[str, Any]], R]
    score: Score[R]
    report: Callable[[Sequence[R]], dict[str, Any]]


def run_job(job: Job[R], engine: Engine, out: Path | None, progress: Progress) -> dict[str, Any]:
    """Does it, and returns the report.

    An interrupted job that has an `out` goes on where it was when it is run again.

    Args:
        job: what to do; the files are all checked before the first sample is worked on.
        engine: where the work is done.
        out: where to write the report as JSON.
        progress: called before the first sample and after each.

    Raises:
        DatasetError: the data set is broken.
        EvaluationError: workers died, or found another model file.
    """
    parts = Parts(out and out.with_name(out.name + ".parts"), job.settings, job.read)
    with engine.open() as pool:
        check_files(job.dataset, pool, progress)
        results = _work_off(job, parts, pool, progress)
    report = job.report(results)
    if out is not None:
        write_json(out, report)
    parts.clear()
    return report


def _work_off(job: Job[R], parts: Parts[R], pool: Pool, progress: Progress) -> list[R]:
    """The results of all samples, in their order; those of an earlier run are used."""
    records, worker = job.dataset.records, _Worker(job.models, job.work, pool.threads)
    found = {index: part for index, record in enumerate(records) if (part := parts.find(record)) is not None}
    for result in found.values():
        job.score.add(result)
    progress("evaluating", len(found), len(records), str(job.score))
    calls = ((worker, (index, record)) for index, record in enumerate(records) if index not in found)
    for index, result in pool.spread(calls):
        parts.keep(records[index], result)
        found[index] = result
        job.score.add(result)
        progress("evaluating", len(found), len(records), str(job.score))
    return [found[index] for index in range(len(records))]


@dataclass(frozen=True, slots=True)
class _Worker(Generic[R]):
    """What travels to another process: of the models only how they are called, and their hashes."""

    models: Sequence[tuple[str, str]]
    work: Callable[[Record, Sequence[Predictor]], R]
    threads: int | None

    def __call__(self, index: int, record: Record) -> tuple[int, R]:
        predictors = [_load_once(spec, self.threads) for spec, _ in self.models]
        if [each.hash for each in predictors] != [hash_ for _, hash_ in self.models]:
            raise EvaluationError("a worker found another model file under the same name: start again")
        return index, self.work(record, predictors)


def load_anew(*specs: str) -> list[Predictor]:
    """The predictors that `--model` names, at most two, read from their files now.

    A job that works in this process finds them loaded, unless it works with another number of threads.

    Raises:
        ModelError: a model cannot be used.
    """
    _load_once.cache_clear()
    return [_load_once(spec, None) for spec in specs]


@lru_cache(maxsize=2)
def _load_once(spec: str, threads: int | None) -> Predictor:
    return load_predictor(spec, threads)
