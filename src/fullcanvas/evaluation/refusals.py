"""What commands refuse: one line and exit code 2, never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from fullcanvas.datasets import DatasetError
from fullcanvas.evaluation.errors import EvaluationError
from fullcanvas.inference.model_file import ModelError
from fullcanvas.simulation.errors import AnnotatorError


@contextmanager
def refusals(*kinds: type[Exception], extra: str = "experiments") -> Iterator[None]:
    """Turns errors into such a line.

    Args:
        kinds: what is refused, beside what this room and those below it refuse.
        extra: which extras bring the packages that annotating does not need.
    """
    refused: tuple[type[Exception], ...] = (DatasetError, ModelError, EvaluationError, AnnotatorError, *kinds)
    try:
        yield
    except ModuleNotFoundError as error:
        typer.echo(f'Error: {error}; it comes with: pip install "fullcanvas[{extra}]"', err=True)
        raise typer.Exit(2) from error
    except refused as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from error
