"""The command line: one Typer app, one command per thing a person comes to do.

A command here reads its options and calls one function of a room, which it imports inside its own body:
`fullcanvas --help` must not wait for ONNX Runtime, a web server or torch.
"""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    name="fullcanvas",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from fullcanvas import __version__

        typer.echo(f"fullcanvas {__version__}")
        raise typer.Exit


@app.callback()
def main(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Segment every region of an image at once, with a person in the loop."""


# Commands, in the order in which a newcomer meets them: annotate, export, evaluate, train.


if __name__ == "__main__":
    app()
