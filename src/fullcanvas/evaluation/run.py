"""The paper's protocol over a whole data set: `fullcanvas evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from fullcanvas import __version__, datasets
from fullcanvas.datasets import Dataset, Record, load_sample
from fullcanvas.evaluation import summary
from fullcanvas.evaluation.clusters import Engine
from fullcanvas.evaluation.engine import Progress, check_files, run_all
from fullcanvas.evaluation.errors import EvaluationError
from fullcanvas.evaluation.files import Parts, samples_hash, write_json
from fullcanvas.evaluation.gallery import Snapshot, draw_picture, picture_of, stack_worst
from fullcanvas.evaluation.predictors import Predictor, load_predictor
from fullcanvas.evaluation.rounds import Experiment, ImageResult, evaluate_sample
from fullcanvas.evaluation.single_region import SingleRegionPredictor, evaluate_alone
from fullcanvas.simulation.annotators import Allocation, PaperAnnotator, load_annotator


@dataclass(frozen=True, slots=True)
class Settings:
    """What an evaluation does, in words.

    Attributes:
        model: answers every round that has scribbles; see `load_predictor`.
        first_model: answers the extreme points alone; None is `model`.
        annotator: who works; see `load_annotator`.
        allocation: how a round spends its budget of one scribble per region.
        rounds: of scribbles, 0 or more.
        seed: of all random numbers, 0 or more.
    """

    model: str = "default"
    first_model: str | None = None
    annotator: str = "paper"
    allocation: Allocation = Allocation.FREE
    rounds: int = 4
    seed: int = 0


@lru_cache(maxsize=1)
def build(settings: Settings, threads: int | None) -> Experiment:
    """The experiment that the settings describe; its models are loaded once per process.

    Args:
        settings: the description.
        threads: how many ONNX Runtime may use; None is one per core.

    Raises:
        ModelError: a model cannot be used.
        AnnotatorError: the annotator is unknown.
    """
    model = load_predictor(settings.model, threads)
    first = model if settings.first_model is None else load_predictor(settings.first_model, threads)
    annotator = load_annotator(settings.annotator)
    return Experiment(model, first, annotator, settings.allocation, settings.rounds, settings.seed)


@dataclass(frozen=True, slots=True)
class Plan:
    """What an evaluation is going to do.

    Attributes:
        settings: what is done with every image.
        experiment: its models, loaded.
        dataset: the photos that are left to evaluate.
        left_out: how many photos the models were trained on.
        identity: all that the result of a sample depends on, the sample aside.
    """

    settings: Settings
    experiment: Experiment
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
    build.cache_clear()
    experiment = build(settings, None)
    _check_models(experiment)
    dataset = _part(dataset, fraction, part)
    seen = seen_in_training(dataset, experiment.model) | seen_in_training(dataset, experiment.first_model)
    kept = dataset.without(seen)
    kept = kept if limit is None else kept.first(limit)
    if not kept.records:
        raise EvaluationError(f"{dataset.name}: no photo is left to evaluate; {len(seen)} were trained on")
    identity = {**_identity(dataset.name, experiment), "fraction": fraction, "part": part}
    return Plan(settings, experiment, kept, len(seen), identity)


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
    if gallery and isinstance(planned.experiment.model, SingleRegionPredictor):
        raise EvaluationError("a single-region model's masks overlap: there is no picture of them")
    parts = _parts(planned, out, gallery)
    results = _work_off(planned, engine, parts, gallery, progress)
    report = _report(planned, results, scribble_seconds)
    if out is not None:
        write_json(out, report)
    if gallery:
        means = [float(np.mean(each.rounds[-1].ious or (1.0,))) for each in results]
        stack_worst(planned.dataset.records, means, planned.settings.rounds, gallery)
    parts.clear()
    return report


def _parts(planned: Plan, out: Path | None, gallery: Path | None) -> Parts[ImageResult]:
    """What an interrupted run left, to go on with."""
    # A run with pictures resumes none without: its parts would have none to show.
    drawn = {"gallery": str(gallery.resolve())} if gallery else {}
    folder = out and out.with_name(out.name + ".parts")
    return Parts(folder, {**planned.identity, **drawn}, ImageResult.from_json)


def _report(planned: Plan, results: Sequence[ImageResult], scribble_seconds: float) -> dict[str, Any]:
    return {
        **planned.fingerprint,
        **_counts(results),
        "left_out": planned.left_out,
        "scribble_seconds": scribble_seconds,
        "curve": summary.curve(results, planned.settings.seed, scribble_seconds),
        "photos": summary.by_photo(results),
    }


def _part(dataset: Dataset, fraction: float, part: int) -> Dataset:
    try:
        return datasets.fraction(dataset, fraction, part)
    except ValueError as error:
        raise EvaluationError(str(error)) from error


def _work_off(
    planned: Plan, engine: Engine, parts: Parts[ImageResult], gallery: Path | None, progress: Progress
) -> list[ImageResult]:
    hashes = planned.experiment.model.hash, planned.experiment.first_model.hash
    records = planned.dataset.records
    with engine.open() as pool:
        check_files(planned.dataset, pool, progress)
        work = _Work(planned.settings, hashes, gallery, pool.threads)
        return run_all(records, work, parts=parts, pool=pool, progress=progress, score=_RunningScore())


def _check_models(experiment: Experiment) -> None:
    alone = isinstance(experiment.model, SingleRegionPredictor)
    if alone != isinstance(experiment.first_model, SingleRegionPredictor):
        raise EvaluationError(
            "only one of the two models is a single-region model: they cannot work together"
        )
    if alone and experiment.allocation is Allocation.FREE and experiment.rounds:
        raise EvaluationError(
            "a single-region model gets one scribble per region: use --allocation one-per-region"
        )
    if alone and experiment.rounds and not isinstance(experiment.annotator, PaperAnnotator):
        raise EvaluationError(
            f"a single-region model is corrected as in the paper alone, not by {experiment.annotator.name}: "
            "use --annotator paper, or --rounds 0"
        )


def seen_in_training(dataset: Dataset, predictor: Predictor) -> frozenset[int]:
    """The photos of the data set that the predictor's record says it was trained on, by id.

    Data sets are told apart by name; but a COCO photo, whose file is named by its id, is the same photo in
    all of COCO's data sets.
    """
    listed = predictor.training_images
    coco = {int(id_) for name, ids in listed.items() if _is_of_coco(name) for id_ in ids}
    own = {int(id_) for id_ in listed.get(dataset.name, ())}
    return frozenset(
        record.image_id
        for record in dataset.records
        if record.image_id in own or (record.image_id in coco and _is_coco_photo(record))
    )


def _is_of_coco(name: str) -> bool:
    """Whether a data set is COCO's, whose own files bear other names, like `panoptic_train2017`."""
    return "coco" in name.lower() or name.startswith("panoptic_")


def _is_coco_photo(record: Record) -> bool:
    return Path(record.file_name).stem.removeprefix("COCO_").split("_")[-1] == f"{record.image_id:012d}"


@dataclass(frozen=True, slots=True)
class _Work:
    """What travels to a worker: the settings, and the models that it must find behind them."""

    settings: Settings
    hashes: tuple[str, str]
    gallery: Path | None
    threads: int | None

    def __call__(self, record: Record) -> ImageResult:
        experiment = build(self.settings, self.threads)
        if (experiment.model.hash, experiment.first_model.hash) != self.hashes:
            raise EvaluationError("a worker found another model file under the same name: start again")
        sample = load_sample(record)
        if isinstance(experiment.model, SingleRegionPredictor):
            return evaluate_alone(sample, experiment)
        if self.gallery is None:
            return evaluate_sample(sample, experiment)
        seen: list[Snapshot] = []
        result = evaluate_sample(sample, experiment, lambda *both: seen.append(Snapshot(*both)))
        draw_picture(sample, seen, picture_of(record, self.gallery))
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


def _identity(dataset: str, experiment: Experiment) -> dict[str, Any]:
    """All that a result depends on, its sample aside; where a model file lies is not part of it."""
    return {
        "fullcanvas": __version__,
        "dataset": dataset,
        "model": {"name": experiment.model.name, "hash": experiment.model.hash},
        "first_model": {"name": experiment.first_model.name, "hash": experiment.first_model.hash},
        "annotator": experiment.annotator.name,
        "allocation": experiment.allocation.value,
        "rounds": experiment.rounds,
        "seed": experiment.seed,
    }


def _counts(results: Sequence[ImageResult]) -> dict[str, Any]:
    return {
        "images": len({result.image_id for result in results}),
        "samples": len(results),
        "regions": sum(len(result.areas) for result in results),
    }
