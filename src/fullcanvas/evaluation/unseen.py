"""The photos that are left to evaluate: a model is not scored on what it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fullcanvas.datasets import Dataset, Record
from fullcanvas.evaluation.errors import EvaluationError
from fullcanvas.evaluation.predictors import Predictor


def unseen(dataset: Dataset, predictors: Sequence[Predictor], limit: int | None) -> tuple[Dataset, int]:
    """The part of a data set that no predictor was trained on, and how many photos that leaves out.

    Args:
        dataset: the whole.
        predictors: which are going to answer.
        limit: keep the first photos only, as many as this.

    Raises:
        EvaluationError: no photo is left, or the limit is below 1.
    """
    if limit is not None and limit < 1:
        raise EvaluationError(f"limit is a number of 1 or more, not {limit}")
    seen = frozenset[int]().union(*(seen_in_training(dataset, each) for each in predictors))
    kept = dataset.without(seen)
    kept = kept if limit is None else kept.first(limit)
    if not kept.records:
        raise EvaluationError(f"{dataset.name}: no photo is left to evaluate; {len(seen)} were trained on")
    return kept, len(seen)


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
