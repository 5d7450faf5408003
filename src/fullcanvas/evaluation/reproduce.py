"""The paper's tables and figures, each by one command: trains what is missing, evaluates, writes."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fullcanvas.datasets import Dataset, open_dataset
from fullcanvas.evaluation import findings, gallery
from fullcanvas.evaluation.engine import Engine
from fullcanvas.evaluation.errors import EvaluationError
from fullcanvas.evaluation.files import write_bytes, write_json
from fullcanvas.evaluation.jobs import Progress, check_files
from fullcanvas.evaluation.paper import EXPERIMENTS, MOST_ROUNDS, Experiment, Name, Row
from fullcanvas.evaluation.run import Plan, Settings, evaluate, plan

Train = Callable[[Path, Path, Path | None], None]
"""Trains by a TOML file, in a folder where it leaves `model.zip`, on a sibling's errors if there is one.

This room knows nothing of training: the command line brings the two together.
"""

Bar = Callable[[], AbstractContextManager[Progress]]
"""Opens a progress bar."""

FULL_SET, SMALL_SET = "annotations/panoptic_val2017.json", "coco-val50"
"""What is evaluated on, below the folder of the data."""

PICTURES = 4
"""How many photos figure 6 shows."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks `fullcanvas reproduce` for.

    Attributes:
        name: the table or figure.
        data: the folder of the data sets: COCO's own, or the one that the small configurations name.
        out: where everything goes; a row's model lies in its folder there, as `model.zip`.
        small: whether the small configurations are meant.
        configs: the folder of the configurations.
        dataset: evaluate on this instead.
        limit: evaluate the first photos only, as many as this.
        rounds: of scribbles, for the figures.
        seed: of the simulated annotator.
        engine: where the evaluations are done.
    """

    name: Name
    data: Path
    out: Path
    small: bool = False
    configs: Path | None = None
    dataset: str | None = None
    limit: int | None = None
    rounds: int = MOST_ROUNDS
    seed: int = 0
    engine: Engine = field(default_factory=Engine)

    @property
    def experiment(self) -> Experiment:
        """What the paper did."""
        return EXPERIMENTS[self.name]

    def model(self, name: str) -> Path:
        """Where the model of a configuration lies, or will."""
        return self.out / name / "model.zip"

    def config(self, name: str) -> Path:
        """The TOML file of a model."""
        folder = self.configs or Path("configs") / ("small" if self.small else "paper")
        return folder / f"{name}.toml"


@contextmanager
def _silence() -> Iterator[Progress]:
    yield lambda *_: None


def reproduce(
    request: Request,
    train: Train,
    say: Callable[[str], None] = lambda _: None,
    bar: Bar = _silence,
) -> str:
    """A table or figure of the paper: Markdown, PNG and JSON in `request.out`; returns the Markdown.

    Models and evaluations that are there already are used: an interrupted call goes on where it was.

    Args:
        request: what is asked for.
        train: trains a model; it may show a progress bar of its own.
        say: told what happens, now and then.
        bar: opens a progress bar for an evaluation.

    Raises:
        DatasetError, ModelError, EvaluationError: something is missing or broken; the message says what.
    """
    experiment = request.experiment
    _check_configs(request)
    dataset = _dataset(request)
    _train_missing(request, dataset, train, say, bar)
    reports = {row.key: _evaluated(request, row, dataset, say, bar) for row in experiment.rows}
    trained = {name: training_of(request.model(name)) for name in experiment.models()}
    found = findings.gather(experiment, reports, trained)
    write_json(request.out / f"{request.name}.json", found)
    picture = request.out / f"{request.name}.png"
    if request.name == "figure6":
        planned = _plan(request, experiment.rows[0], dataset)
        gallery.stack(_pictures(request, planned), request.rounds, picture)
    else:
        findings.draw(experiment, found, picture)
    text = findings.markdown(experiment, found, picture.name, request.rounds)
    write_bytes(request.out / f"{request.name}.md", text.encode())
    return text


def _train_missing(
    request: Request, dataset: Dataset, train: Train, say: Callable[[str], None], bar: Bar
) -> None:
    missing = [name for name in request.experiment.models() if not request.model(name).is_file()]
    if missing:
        # What is broken is found now, and not after hours of training.
        with bar() as progress, request.engine.open() as pool:
            check_files(dataset, pool, progress)
    for name in missing:
        sibling = request.experiment.sibling(name)
        say(f"training {name}")
        learns_from = None if sibling is None else request.model(sibling)
        train(request.config(name), request.model(name).parent, learns_from)


def _check_configs(request: Request) -> None:
    for name in request.experiment.models():
        if not request.model(name).is_file() and not request.config(name).is_file():
            raise EvaluationError(
                f"neither the model {request.model(name)} is there, nor {request.config(name)} to train it "
                "by: call this in a checkout of Fullcanvas, or name its folder of configurations by --configs"
            )


def _dataset(request: Request) -> Dataset:
    place = request.dataset or request.data / (SMALL_SET if request.small else FULL_SET)
    return open_dataset(place)


def _evaluated(
    request: Request, row: Row, dataset: Dataset, say: Callable[[str], None], bar: Bar
) -> dict[str, Any]:
    """The report of a row: an earlier one that says the same was done, or a new one."""
    planned = _plan(request, row, dataset)
    file = request.out / request.name / f"{row.key}.json"
    earlier = _earlier(file, planned)
    shown = _folder_of_pictures(request)
    if earlier is not None and (shown is None or all(one.is_file() for one in _pictures(request, planned))):
        say(f"{row.label}: evaluated before")
        return earlier
    say(f"{row.label}: evaluating")
    with bar() as progress:
        return evaluate(planned, engine=request.engine, out=file, gallery=shown, progress=progress)


def _settings(request: Request, row: Row) -> Settings:
    prefix = "dextr:" if row.model == "dextr" else ""
    return Settings(
        model=f"{prefix}{request.model(row.model)}",
        first_model=None if row.first_model is None else str(request.model(row.first_model)),
        allocation=row.allocation,
        rounds=request.rounds if request.experiment.rounds else 0,
        seed=request.seed,
    )


def _plan(request: Request, row: Row, dataset: Dataset) -> Plan:
    usual = PICTURES if request.name == "figure6" else None
    return plan(dataset, _settings(request, row), request.limit or usual)


def _earlier(file: Path, planned: Plan) -> dict[str, Any] | None:
    try:
        report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        same = all(report.get(key) == value for key, value in planned.fingerprint.items())
    except (OSError, ValueError):
        return None  # nothing was written here, or a sample's file is missing: a new evaluation says which
    return report if same else None


def _folder_of_pictures(request: Request) -> Path | None:
    return request.out / request.name / "photos" if request.name == "figure6" else None


def _pictures(request: Request, planned: Plan) -> list[Path]:
    """The pictures of figure 6, one per photo."""
    folder = _folder_of_pictures(request)
    if folder is None:
        return []
    # Of several annotations of a photo, the first one is shown.
    first = {record.image_id: record for record in reversed(planned.dataset.records)}
    ids = dict.fromkeys(record.image_id for record in planned.dataset.records)
    return [gallery.picture_of(first[image_id], folder) for image_id in ids]


def training_of(model: Path) -> Mapping[str, Any]:
    """What a model file says of its training, the list of photos aside; empty if it says nothing."""
    try:
        with zipfile.ZipFile(model) as archive:
            provenance = json.loads(archive.read("model.json"))["provenance"]
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return {}
    return {key: value for key, value in provenance.items() if key != "training_images"}
