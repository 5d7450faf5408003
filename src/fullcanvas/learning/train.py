"""The training loop, and the commands `fullcanvas train` and `fullcanvas export-model`."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from timm.layers.norm_act import convert_sync_batchnorm

from fullcanvas.datasets import DatasetError, Sample, check
from fullcanvas.files import alone, make_room
from fullcanvas.learning import checkpoint
from fullcanvas.learning.config import Config
from fullcanvas.learning.errors import RunError
from fullcanvas.learning.network import Network
from fullcanvas.learning.processes import Process, joined
from fullcanvas.learning.progress import ConsoleListener, JsonListener, Listener, Pace, TensorBoardListener
from fullcanvas.learning.record import describe
from fullcanvas.learning.run import Run, restore, resume, start
from fullcanvas.learning.samples import batches
from fullcanvas.learning.sources import TrainingSet, classes_of, open_sources, with_data
from fullcanvas.learning.step import train_step
from fullcanvas.learning.validation import held_back_samples
from fullcanvas.learning.weights import Weights, fill, read_weights

CHECKPOINT, MODEL, LOG, EVENTS, LOCK = "checkpoint.pt", "model.zip", "log.jsonl", "tensorboard", ".lock"


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks `fullcanvas train` for.

    Attributes:
        config: the TOML file.
        data: folders: base folders of the configuration's relative sources, or data sets, which take the
            place of its sources.
        out: the run's folder: checkpoint, logs and model file.
        resume: whether to go on from a checkpoint that lies in `out`.
        init: a checkpoint or model file to start from, or `default`; the backbone's own weights if None.
        sibling: a checkpoint or model file on whose errors scribbles are simulated, if the configuration
            names a sibling.
        changes: lines of TOML that take the place of what the configuration says.
        device: "auto", "cpu" or "cuda".
    """

    config: Path
    data: Sequence[Path]
    out: Path
    resume: bool = True
    init: str | None = None
    sibling: str | None = None
    changes: Sequence[str] = ()
    device: str = "auto"


def train(request: Request, console: Console) -> None:
    """Train a network and write its model file; with all the processes that a launcher started, if it did.

    Raises:
        ConfigError, DatasetError, RunError, WeightsError, ModelError, CheckpointError: the request cannot
            be met, or was met already, or is being met by another program; the message says why.
        OSError: its folder cannot be written.
        ExportError: the model file would not answer as the network does.
    """
    if request.out.is_file():
        raise RunError(f"{request.out} is a file: name a folder with --out")
    with joined(request.device) as process, _alone_in(request.out, process):
        _check_out(request.out)
        weights = None if request.init is None else read_weights(request.init)
        config = read_config(request, weights)
        sets = open_sources(config, request.data)
        _check_files(sets)
        run = _begin(request, with_classes(config, sets), weights, process)
        sets = unseen(sets, run)
        if run.progress >= 1 and (request.out / MODEL).exists():
            raise RunError(
                f"{request.out} holds a finished run of {run.step} steps and its model file: name another "
                "--out, raise the budget, or begin anew with --no-resume"
            )
        if not process.leads:
            train_to_end(run, sets, request.out / CHECKPOINT, process, ())
            return
        # A model file says that a run is finished: if this one breaks off, the old file must not say it.
        (request.out / MODEL).unlink(missing_ok=True)
        console.print(_summary(run, sets, process), highlight=False, markup=False, soft_wrap=True)
        with (
            ConsoleListener(console) as bar,
            closing(TensorBoardListener(request.out / EVENTS, run)) as board,
        ):
            listeners: list[Listener] = [bar, board, JsonListener(request.out / LOG, run)]
            train_to_end(run, sets, request.out / CHECKPOINT, process, listeners)
    path = request.out / MODEL
    export_run(run, path)
    console.print(f"Wrote {path}", highlight=False, markup=False, soft_wrap=True)


@contextmanager
def _alone_in(out: Path, process: Process) -> Iterator[None]:
    """Hold the run's folder: two trainings in it would write each other's checkpoints.

    Raises:
        RunError: another one goes on there.
    """
    with ExitStack() as stack:
        if process.leads:
            out.mkdir(parents=True, exist_ok=True)
            try:
                stack.enter_context(alone(out / LOCK, wait=False))
            except BlockingIOError as error:
                raise RunError(
                    f"another training goes on in {out}: wait for it, or name another --out"
                ) from error
        yield


def _check_out(out: Path) -> None:
    """See that a model file in the run's folder, which a run removes and replaces, is from an earlier run.

    Raises:
        RunError: no run has left it.
    """
    if (out / MODEL).exists() and not (out / CHECKPOINT).exists():
        raise RunError(
            f"{out} holds a {MODEL} and no {CHECKPOINT}, so it is not from a training there, which would "
            "replace it: name another --out, or move the file"
        )


def read_config(request: Request, weights: Weights | None) -> Config:
    """The configuration that the request amounts to; its network is that of the weights if it names none."""
    given = None if weights is None else weights.network
    return with_data(Config.read(request.config, given, request.changes), request.data)


def with_classes(config: Config, sets: Sequence[TrainingSet]) -> Config:
    """The configuration with the classes of the data, if its network is class-specific and names none.

    Raises:
        DatasetError: it names some, and the data have others.
    """
    if not config.network.class_specific:
        return config
    if config.network.classes:
        if others := sorted(set(classes_of(sets)) - set(config.network.classes)):
            raise DatasetError(
                f"the network knows {len(config.network.classes)} categories, and the data have others, such "
                f"as {others[0]}: begin without --init, or with network.class_specific = false"
            )
        return config
    return replace(config, network=replace(config.network, classes=classes_of(sets)))


def join_sibling(run: Run, sibling: str | None, device: torch.device) -> None:
    """Let scribbles be simulated on the errors of another network.

    Raises:
        RunError: no file is named, or it holds a network whose answers are of another kind, or another
            network than the run has learnt from until now.
        WeightsError, ModelError, CheckpointError: the file cannot be used.
    """
    name = run.config.training.sibling
    if sibling is None:
        raise RunError(
            f"{run.config.name} learns from the errors of {name}: train that, name it by --sibling"
        )
    weights = read_weights(sibling)
    if weights.network.canvas != run.config.network.canvas:
        raise RunError(f"{sibling} is no sibling: of the two networks only one has a canvas")
    network = Network(weights.network)
    fill(network, weights)
    run.sibling = network.to(device).eval().requires_grad_(False)
    record = {key: weights.record[key] for key in ("name", "hash")}
    if run.origin.setdefault("sibling", record) != record:
        raise RunError(
            f"until now the run learnt from the errors of another sibling than {sibling}: name that"
        )


def train_to_end(
    run: Run, sets: Sequence[TrainingSet], path: Path, process: Process, listeners: Sequence[Listener]
) -> None:
    """Spend the rest of a run's budget.

    Args:
        run: as it starts or resumes; changed in place.
        sets: what to train on.
        path: where the checkpoint goes.
        process: this one, on whose device the run's networks are; only the one that leads validates,
            writes and tells.
        listeners: told what happens.
    """
    settings = run.config.training
    held_back = held_back_samples(sets, things=settings.regions == "things") if process.leads else []
    stream, pace = batches_of(run, sets, process), Pace(run)
    if process.leads and run.step and run.validated != run.step and _validation_is_due(run):
        # It was broken off between a step and its validation.
        _validate(run, held_back, listeners)
        checkpoint.save(path, run.state())
    while run.progress < 1:
        began = time.monotonic()
        batch = next(stream)
        waited = time.monotonic() - began
        loss = train_step(run, batch, process)
        times = process.gather((waited, time.monotonic() - began))
        # A budget in minutes must end at the same step everywhere, so all processes go by the same clock.
        waited, took = (sum(each) / process.count for each in zip(*times, strict=True))
        run.seconds += took
        pace.stepped(loss, waited, took)
        if not process.leads:
            continue
        for listener in listeners:
            listener.stepped(run, pace)
        due = _validation_is_due(run)
        if due or run.step % settings.checkpoint_every == 0:
            checkpoint.save(path, run.state())
        if due:
            _validate(run, held_back, listeners)
            checkpoint.save(path, run.state())


def unseen(sets: Sequence[TrainingSet], run: Run) -> tuple[TrainingSet, ...]:
    """The data sets without those held-back photos that the first weights were trained on already."""
    return tuple(
        replace(each, held_back=each.held_back.without(run.trained_on.get(each.training.name, ())))
        for each in sets
    )


def _validation_is_due(run: Run) -> bool:
    return run.progress >= 1 or run.step % run.config.training.validate_every == 0


def export_checkpoint(path: Path, out: Path, *, name: str | None = None, licence: str | None = None) -> str:
    """Write the model file of any checkpoint; returns the model's hash.

    Args:
        path: of the checkpoint.
        out: of the model file.
        name, licence: take the place of the configuration's.

    Raises:
        CheckpointError, ConfigError: the checkpoint cannot be read.
        OSError: the model file cannot be written.
        ExportError: the model file would not answer as the network does.
    """
    state = checkpoint.load(path)
    make_room(out)  # else it would be missed only after the export, which takes long
    config = Config.from_mapping(state["config"])
    config = replace(config, name=name or config.name, licence=licence or config.licence)
    return export_run(restore(state, config, torch.device("cpu")), out)


def export_run(run: Run, path: Path) -> str:
    """Write the model file of a run as it is; returns the model's hash.

    Raises:
        ExportError: the model file would not answer as the network does.
    """
    return run.kind.export(run.average, path, describe(run, command_line()), run.config)


def command_line() -> str:
    """The command that runs, for a model file's record."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


def _check_files(sets: Sequence[TrainingSet]) -> None:
    """A missing photo or map is found now, and not after hours."""
    for each in sets:
        for part in (each.training, each.held_back):
            if part.records:
                check(part)


def _begin(request: Request, config: Config, weights: Weights | None, process: Process) -> Run:
    """The run at its start, or where its checkpoint left it: the same on all processes."""
    path, device = request.out / CHECKPOINT, process.device
    resumes = request.resume and path.exists()
    run = resume(path, config, device) if resumes else start(config, device, weights)
    if resumes and weights is not None and not _began_from(run, weights):
        raise RunError(
            f"{path} did not begin from {request.init}: name another --out, or start again with --no-resume"
        )
    if request.sibling and not config.training.sibling:
        raise RunError(
            f"{config.name} learns from its own errors: leave --sibling out, or set training.sibling"
        )
    if config.training.sibling:
        join_sibling(run, request.sibling, device)
    if len(set(process.gather((str(config), run.step)))) > 1:
        raise RunError(
            "the processes do not begin alike: give all of them the same configuration, and an --out in a "
            "folder that all machines share"
        )
    if process.count > 1 and device.type == "cuda":
        # Norms see the images of all processes. torch can do that on GPUs alone; elsewhere each sees its own.
        run.network = convert_sync_batchnorm(run.network)  # type: ignore[no-untyped-call]
    return run


def _began_from(run: Run, weights: Weights) -> bool:
    return bool(run.origin.get("model", {}).get("hash") == weights.record["hash"])


def batches_of(run: Run, sets: Sequence[TrainingSet], process: Process) -> Iterator[Any]:
    """This process's share of the images of a run's next step, of the one after it, and so on.

    Raises:
        DatasetError: when the batch is taken that holds a broken photo or map.
        RunError: when a process that makes crops has ended.
    """
    places = process.places(run.config.training.images_per_step)
    try:
        yield from batches(run.kind.examples(sets, run.config), run.step, places)
    except DatasetError as error:
        # What comes from a worker has the worker's whole traceback before the sentence.
        raise DatasetError(str(error).rstrip().rpartition("DatasetError: ")[2]) from error
    except RuntimeError as error:
        if not str(error).startswith("DataLoader worker"):
            raise
        raise RunError(
            f"a process that makes crops ended ({error}); if memory was short, set training.workers=0, and "
            "give the command again: it goes on from the checkpoint"
        ) from error


def _validate(run: Run, held_back: Sequence[Sample], listeners: Sequence[Listener]) -> None:
    run.curve = run.kind.validate(run.average, held_back, run.config)
    run.validated = run.step
    for listener in listeners:
        listener.validated(run)


def _summary(run: Run, sets: Sequence[TrainingSet], process: Process) -> str:
    photos = sum(len(each.training.image_ids) for each in sets)
    held_back = sum(len(each.held_back.image_ids) for each in sets)
    training = run.config.training
    budget = f"{training.minutes:g} minutes" if training.minutes > 0 else f"{training.steps} steps"
    numbers = sum(parameter.numel() for parameter in run.network.parameters())
    places = f"{process.count} processes, this one on " if process.count > 1 else ""
    where = f", going on from step {run.step}" if run.step else ""
    return (
        f"{run.config.name}: {numbers / 1e6:.1f} million parameters on {places}{process.device}; "
        f"{photos} photos to train on, {held_back} held back; {budget}{where}"
    )
