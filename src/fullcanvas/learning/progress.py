"""Who listens to a training: the person at the console, a JSON log, TensorBoard."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from fullcanvas.files import writing
from fullcanvas.learning.run import Run

EVERY = 20
"""Logs get a line every so many steps; averages are taken over as many."""


class Listener(Protocol):
    """Told what happens in a training."""

    def stepped(self, run: Run, pace: Pace) -> None:
        """A step was made."""
        ...

    def validated(self, run: Run) -> None:
        """There is a new curve, `run.curve`."""
        ...


class Pace:
    """How a training goes, since it was started or resumed.

    Args:
        run: as it is before the first step.
    """

    def __init__(self, run: Run) -> None:
        self.run, self.first_step, self.first_seconds = run, run.step, run.seconds
        self.losses: deque[float] = deque(maxlen=EVERY)
        self.seconds: deque[tuple[float, float]] = deque(maxlen=EVERY)

    def stepped(self, loss: float, waited: float, took: float) -> None:
        """A step was made: its loss, the seconds that it waited for its images, and those it took in all."""
        self.losses.append(loss)
        self.seconds.append((waited, took))

    @property
    def waiting(self) -> float:
        """The share of the last `EVERY` steps' time in which the device waited for images, 0..1."""
        waited, took = np.sum(self.seconds, axis=0)
        return float(waited / max(took, 1e-9))

    @property
    def loss(self) -> float:
        """The mean of the last `EVERY` steps: one step's says little."""
        return float(np.mean(self.losses))

    @property
    def images_per_second(self) -> float:
        """Crops that the network learnt from, per second."""
        images = (self.run.step - self.first_step) * self.run.config.training.images_per_step
        return images / max(self.run.seconds - self.first_seconds, 1e-9)

    @property
    def minutes_left(self) -> float:
        """The time that the rest of the budget takes, validation aside."""
        training = self.run.config.training
        if training.minutes > 0:
            return max(0.0, training.minutes - self.run.seconds / 60)
        images = (training.steps - self.run.step) * training.images_per_step
        return images / max(self.images_per_second, 1e-9) / 60


class ConsoleListener:
    """A progress bar; where the output is no terminal, a line now and then.

    Args:
        console: where it goes.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        columns = TextColumn("{task.description}"), BarColumn(bar_width=20), TextColumn("{task.fields[news]}")
        self.bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self.task = self.bar.add_task("training", total=1.0, news="")

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.bar.stop()

    def stepped(self, run: Run, pace: Pace) -> None:
        """Show step, loss, held-back IoU, images/s, how much of the time was waited, and minutes left."""
        news = (
            f"step {run.step}  loss {pace.loss:.4f}  held-back IoU {percent(run.curve[:1])}  "
            f"{pace.images_per_second:.2f} images/s  waiting for data {100 * pace.waiting:.0f} %  "
            f"{pace.minutes_left:.0f} min left"
        )
        self.bar.update(self.task, completed=run.progress, news=news)
        if not self.console.is_terminal and run.step % EVERY == 0:
            self.console.print(news, highlight=False, soft_wrap=True)

    def validated(self, run: Run) -> None:
        """Print the curve."""
        what = f"step {run.step}  held-back IoU over rounds of scribbles: {percent(run.curve)}"
        self.console.print(what, highlight=False, soft_wrap=True)


class JsonListener:
    """`log.jsonl`: an object per line; what a resumed run repeats is dropped first.

    Args:
        path: of the log.
        run: as it is before the first step.
    """

    def __init__(self, path: Path, run: Run) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        old = path.read_text("utf-8").splitlines() if path.exists() else []
        kept = [line for line in old if line.endswith("}") and not _repeats(run, json.loads(line))]
        with writing(path) as file:
            file.write("".join(line + "\n" for line in kept).encode())

    def stepped(self, run: Run, pace: Pace) -> None:
        """Note loss, speed, and the share of time that was waited for data."""
        if run.step % EVERY == 0:
            speed = {"images_per_second": round(pace.images_per_second, 3), "waiting": round(pace.waiting, 4)}
            self._append({"step": run.step, "loss": pace.loss, **speed})

    def validated(self, run: Run) -> None:
        """Note the curve."""
        self._append({"step": run.step, "seconds": round(run.seconds, 1), "curve": run.curve})

    def _append(self, line: dict[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _repeats(run: Run, line: dict[str, Any]) -> bool:
    """Whether the run will log that again: a later step, or a validation after its checkpoint."""
    return bool(line["step"] > run.step or ("curve" in line and line["step"] > run.validated))


class TensorBoardListener:
    """TensorBoard's event files.

    Args:
        folder: where they go.
        run: as it is before the first step.
    """

    def __init__(self, folder: Path, run: Run) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.writer: Any = SummaryWriter(str(folder), purge_step=run.step + 1)

    def stepped(self, run: Run, pace: Pace) -> None:
        """Note loss, learning rate, speed, and the share of time that was waited for data."""
        if run.step % EVERY == 0:
            self.writer.add_scalar("loss", pace.loss, run.step)
            self.writer.add_scalar("learning rate", run.optimizer.param_groups[-1]["lr"], run.step)
            self.writer.add_scalar("images per second", pace.images_per_second, run.step)
            self.writer.add_scalar("waiting for data", pace.waiting, run.step)

    def validated(self, run: Run) -> None:
        """Note the curve, a line per number of rounds."""
        for rounds, score in enumerate(run.curve):
            self.writer.add_scalar(f"held-back IoU/{rounds} rounds", score, run.step)
        self.writer.flush()

    def close(self) -> None:
        """Write what is left."""
        self.writer.close()


def percent(curve: Sequence[float]) -> str:
    """A curve in percent, for people; a dash if there is none."""
    return " ".join(f"{100 * value:.1f}" for value in curve) or "-"
