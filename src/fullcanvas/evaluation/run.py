"""The paper's protocol over a whole data set: `fullcanvas evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fullcanvas import __version__, datasets
from fullcanvas.datasets import Dataset, Record, load_sample
from fullcanvas.evaluation import summary
from fullcanvas.evaluation.engine import Engine
from fullcanvas.evaluation.errors import EvaluationError
from fullcanvas.evaluation.files import samples_hash
from fullcanvas.evaluation.gallery import Snapshot, draw_picture, picture_of, stack_worst
from fullcanvas.evaluation.jobs import Job, Progress, load_anew, run_job
from fullcanvas.evaluation.predictors import FullImagePredictor, Predictor, SingleRegionPredictor
from fullcanvas.evaluation.rounds import FullImageSetup, ImageResult, evaluate_sample
from fullcanvas.evaluation.single_region import SingleRegionSetup, evaluate_alone
from fullcanvas.evaluation.unseen import unseen
from fullcanvas.simulation.annotators import Allocation, PaperAnnotator
from fullcanvas.simulation.load import load_annotator

AnySetup = FullImageSetup | SingleRegionSetup


@dataclass(frozen=True, slots=True)
class Settings:
    """What an evaluation does, as the command line names it.

    Attributes:
        model: answers every round that has scribbles; see `load_predictor`.
        first_model: answers the extreme points alone; None is `model`.
        annotator: who works; see `load_annotator`.
        allocation: how a round spends its budget of one scribble per region.
        rounds: of scribbles, 0 or more.
        seed: of all random numbers, 0 or more.

    Raises:
        EvaluationError: the number of rounds is below 0.
    """

    model: str = "default"
    first_model: str | None = None
    annotator: str = "paper"
    allocation: Allocation = Allocation.FREE
    rounds: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if self.rounds < 0:
            raise EvaluationError(f"rounds is a number of 0 or more, not {self.rounds}")

    @property
    def models(self) -> tuple[str, str]:
        """What both models are called: `model`, and the one that answers the extreme points alone."""
        return self.model, self.model if self.first_model is None else self.first_model


@dataclass(frozen=True, slots=True)
class Plan:
    """What an evaluation is going to do.

    Attributes:
        settings: what is done with every image.
        setup: its models, loaded.
        dataset: the photos that are left to evaluate.
        left_out: how many photos the models were trained on.
        identity: all that the result of a sample depends on, the sample aside.
    """

    settings: Settings
    setup: AnySetup
    dataset: Dataset
    left_out: int
    identity: dict[str, Any]

    @property
    def fingerprint(self) -> dict[str, Any]:
        """All that the numbers depend on: `identity`, and a hash of the samples. Reports that begin with the
        same have the same numbers.

        Raises:
            OSError: a file of a sample is missing.
        """
        return {**self.identity, "samples_hash": samples_hash(self.dataset.records)}


def plan(
    dataset: Dataset, settings: Settings, limit: int | None = None, fraction: float = 1.0, part: int = 0
) -> Plan:
    """Loads the models, and leaves out the photos that their records say they were trained on.

    Args:
        dataset: what to evaluate on.
        settings: what to do with every image.
        limit: keep the first photos only, as many as this.
        fraction, part: keep a part of the data set, as `datasets.fraction` cuts it.

    Raises:
        ModelError: a model cannot be used.
        AnnotatorError: the annotator is unknown.
        EvaluationError: no photo is left, or the models cannot do what the settings want.
    """
    models = load_anew(*settings.models)
    setup = _setup(settings, models)
    _check(setup)
    kept, left_out = unseen(_part(dataset, fraction, part), models, limit)
    identity = {**_identity(dataset.name, setup), "fraction": fraction, "part": part}
    return Plan(settings, setup, kept, left_out, identity)


def _setup(settings: Settings, models: Sequence[Predictor]) -> AnySetup:
    """What the settings describe, with their two models."""
    model, first = models
    rest = load_annotator(settings.annotator), settings.allocation, settings.rounds, settings.seed
    if isinstance(model, FullImagePredictor) and isinstance(first, FullImagePredictor):
        return FullImageSetup(*rest, model, first)
    if isinstance(model, SingleRegionPredictor) and isinstance(first, SingleRegionPredictor):
        return SingleRegionSetup(*rest, model, first)
    raise EvaluationError("only one of the two models is a single-region model: they cannot work together")


def _check(setup: AnySetup) -> None:
    if not isinstance(setup, SingleRegionSetup) or not setup.rounds:
        return
    if setup.allocation is Allocation.FREE:
        raise EvaluationError(
            "a single-region model gets one scribble per region: use --allocation one-per-region"
        )
    if not isinstance(setup.annotator, PaperAnnotator):
        raise EvaluationError(
            f"a single-region model is corrected as in the paper alone, not by {setup.annotator.name}: "
            "use --annotator paper, or --rounds 0"
        )


def _part(dataset: Dataset, fraction: float, part: int) -> Dataset:
    try:
        return datasets.fraction(dataset, fraction, part)
    except ValueError as error:
        raise EvaluationError(str(error)) from error


def _identity(dataset: str, setup: AnySetup) -> dict[str, Any]:
    """All that a result depends on, its sample aside; where a model file lies is not part of it."""
    return {
        "fullcanvas": __version__,
        "dataset": dataset,
        "model": {"name": setup.model.name, "hash": setup.model.hash},
        "first_model": {"name": setup.first_model.name, "hash": setup.first_model.hash},
        "annotator": setup.annotator.name,
        "allocation": setup.allocation.value,
        "rounds": setup.rounds,
        "seed": setup.seed,
    }


def evaluate(
    planned: Plan,
    *,
    engine: Engine = Engine(),  # noqa: B008 (it is frozen)
    scribble_seconds: float = summary.SCRIBBLE_SECONDS,
    out: Path | None = None,
    gallery: Path | None = None,
    progress: Progress = lambda *_: None,
) -> dict[str, Any]:
    """Lets a simulated annotator work through a data set, and measures after every round.

    The numbers depend on neither the order of the images nor `engine`. An interrupted evaluation that has an
    `out` goes on where it was when it is called again.

    Args:
        planned: what to do; the files are all checked before the first image is evaluated.
        engine: where the work is done.
        scribble_seconds: what a scribble costs in the model of annotation time.
        out: where to write the result as JSON.
        gallery: a folder for a picture of every sample, as `draw_picture` makes them, and for `worst.png`.
        progress: called often.

    Returns:
        What `out` holds.

    Raises:
        DatasetError: the data set is broken.
        EvaluationError: pictures are asked for that cannot be drawn, or workers died.
    """
    if gallery and isinstance(planned.setup, SingleRegionSetup):
        raise EvaluationError("a single-region model's masks overlap: there is no picture of them")
    hashes = planned.setup.model.hash, planned.setup.first_model.hash
    # A run with pictures resumes none without: its parts would have none to show.
    drawn = {"gallery": str(gallery.resolve())} if gallery else {}
    job = Job(
        dataset=planned.dataset,
        models=list(zip(planned.settings.models, hashes, strict=True)),
        work=partial(_work, planned.settings, gallery),
        settings={**planned.identity, **drawn},
        read=ImageResult.from_json,
        score=_RunningScore(),
        report=partial(_report, planned, scribble_seconds, gallery),
    )
    return run_job(job, engine, out, progress)


def _work(
    settings: Settings, gallery: Path | None, record: Record, models: Sequence[Predictor]
) -> ImageResult:
    """One sample, evaluated, and drawn if there is a gallery."""
    sample, setup = load_sample(record), _setup(settings, models)
    if isinstance(setup, SingleRegionSetup):
        return evaluate_alone(sample, setup)
    if gallery is None:
        return evaluate_sample(sample, setup)
    seen: list[Snapshot] = []
    result = evaluate_sample(sample, setup, lambda *both: seen.append(Snapshot(*both)))
    draw_picture(sample, seen, picture_of(record, gallery))
    return result


class _RunningScore:
    """The mean IoU so far, before the first and after the last round."""

    def __init__(self) -> None:
        self.regions = 0
        self.first = self.last = 0.0

    def add(self, result: ImageResult) -> None:
        self.regions += len(result.areas)
        self.first += sum(result.rounds[0].ious)
        self.last += sum(result.rounds[-1].ious)

    def __str__(self) -> str:
        first, last = (f"{100 * total / max(self.regions, 1):.1f} %" for total in (self.first, self.last))
        return f"mean IoU {first} -> {last}"


def _report(
    planned: Plan, scribble_seconds: float, gallery: Path | None, results: Sequence[ImageResult]
) -> dict[str, Any]:
    """What is written of all results; the worst of them are drawn if there is a gallery."""
    if gallery:
        means = [float(np.mean(each.rounds[-1].ious or (1.0,))) for each in results]
        stack_worst(planned.dataset.records, means, planned.settings.rounds, gallery)
    return {
        **planned.fingerprint,
        **_counts(results),
        "left_out": planned.left_out,
        "scribble_seconds": scribble_seconds,
        "curve": summary.curve(results, planned.settings.seed, scribble_seconds),
        "photos": summary.by_photo(results),
    }


def _counts(results: Sequence[ImageResult]) -> dict[str, Any]:
    return {
        "images": len({result.image_id for result in results}),
        "samples": len(results),
        "regions": sum(len(result.areas) for result in results),
    }
