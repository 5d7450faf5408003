"""A click protocol over a whole data set: `fullcanvas evaluate-clicks`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from fullcanvas import __version__
from fullcanvas.datasets import Dataset, Record, load_sample
from fullcanvas.evaluation.engine import Engine
from fullcanvas.evaluation.jobs import Job, Progress, load_anew, run_job
from fullcanvas.evaluation.predictors import Predictor, full_image
from fullcanvas.evaluation.protocols import multi_object, single_object
from fullcanvas.evaluation.protocols.clicks import Trace
from fullcanvas.evaluation.unseen import unseen

Protocol = Literal["single-object", "multi-object"]
RULES = {"single-object": single_object, "multi-object": multi_object}


@dataclass(frozen=True, slots=True)
class ClickSettings:
    """What is done with every sample.

    Attributes:
        protocol: `single-object` counts as RITM does, `multi-object` as DynaMITe does.
        model: as `load_predictor` knows it.
        strategy: which object the multi-object protocol clicks on next; the other one ignores it.
        seed: of all random numbers, 0 or more.
    """

    protocol: Protocol
    model: str = "default"
    strategy: multi_object.Strategy = multi_object.Strategy.MAX_DT
    seed: int = 0


def evaluate_clicks(
    dataset: Dataset,
    settings: ClickSettings,
    *,
    limit: int | None = None,
    engine: Engine = Engine(),  # noqa: B008 (it is frozen)
    out: Path | None = None,
    progress: Progress = lambda *_: None,
) -> dict[str, Any]:
    """Clicks through a data set; the arguments and what they promise are those of `plan` and `evaluate`.

    Raises:
        DatasetError: the data set is broken, or not of the kind that the protocol is for.
        ModelError: the model cannot be used.
        EvaluationError: there is nothing to evaluate.
    """
    (model,) = load_anew(settings.model)
    kept, left_out = unseen(dataset, [full_image(model)], limit)
    RULES[settings.protocol].check(kept)
    identity = _identity(dataset.name, settings, model)
    job = Job(
        dataset=kept,
        models=[(settings.model, model.hash)],
        work=partial(_work, settings),
        settings=identity,
        read=Trace.from_json,
        score=_RunningScore(),
        report=partial(_report, settings.protocol, identity, left_out),
    )
    return run_job(job, engine, out, progress)


def _work(settings: ClickSettings, record: Record, models: Sequence[Predictor]) -> Trace:
    sample, (model,) = load_sample(record), map(full_image, models)
    if settings.protocol == "single-object":
        return single_object.click(sample, model, settings.seed)
    return multi_object.click(sample, model, settings.strategy, settings.seed)


def _report(
    protocol: Protocol, identity: dict[str, Any], left_out: int, traces: Sequence[Trace]
) -> dict[str, Any]:
    return {
        **identity,
        "images": len({trace.image_id for trace in traces}),
        "samples": len(traces),
        "left_out": left_out,
        "objects": sum(len(trace.ious[0]) for trace in traces),
        **RULES[protocol].summarise(traces),
    }


def _identity(dataset: str, settings: ClickSettings, model: Predictor) -> dict[str, Any]:
    strategy = {"strategy": settings.strategy.value} if settings.protocol == "multi-object" else {}
    return {
        "fullcanvas": __version__,
        "dataset": dataset,
        "model": {"name": model.name, "hash": model.hash},
        "protocol": settings.protocol,
        **strategy,
        "seed": settings.seed,
    }


class _RunningScore:
    """The mean number of clicks per object so far, extreme points not counted."""

    def __init__(self) -> None:
        self.clicks = self.objects = 0

    def add(self, trace: Trace) -> None:
        self.clicks += len(trace.ious) - 1
        self.objects += len(trace.ious[0])

    def __str__(self) -> str:
        return f"{self.clicks / max(self.objects, 1):.1f} clicks per object"
