"""What stops a command: a refusal is one line and exit code 2, and who interrupts it learns how to go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from fullcanvas.datasets import DatasetError
from fullcanvas.evaluation.errors import EvaluationError
from fullcanvas.files import told
from fullcanvas.inference.model_file import ModelError
from fullcanvas.simulation.errors import AnnotatorError

GOES_ON = "the same command goes on where it was"
"""What is said to who interrupts a command that keeps what it has done."""

INTERRUPTED = 130
"""The exit code of a program that Ctrl+C has stopped."""


@contextmanager
def refusals(
    *kinds: type[Exception], extra: str = "experiments", interrupted: str = "nothing was written"
) -> Iterator[None]:
    """Turns errors, and Ctrl+C, into such a line.

    Args:
        kinds: what is refused, beside what this room and those below it refuse.
        extra: which extras bring the packages that annotating does not need.
        interrupted: what to say of what was done until then.
    """
    refused: tuple[type[Exception], ...] = (DatasetError, ModelError, EvaluationError, AnnotatorError, *kinds)
    try:
        yield
    except ModuleNotFoundError as error:
        typer.echo(f'Error: {error}; it comes with: pip install "fullcanvas[{extra}]"', err=True)
        raise typer.Exit(2) from error
    except refused as error:
        typer.echo(f"Error: {told(error) if isinstance(error, OSError) else error}", err=True)
        raise typer.Exit(2) from error
    except KeyboardInterrupt as error:
        typer.echo(f"Interrupted: {interrupted}", err=True)
        raise typer.Exit(INTERRUPTED) from error
