"""The commands for projects that are served to others. Rooms are imported when a command runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from fullcanvas.server.accounts import Accounts

users = typer.Typer(no_args_is_help=True, help="Who may work on a project that is served to others.")
Photos = Annotated[Path, typer.Argument(help="The folder of photos.")]
Home = Annotated[
    Path | None,
    typer.Option("--project", help="Where the work is stored; else in `.fullcanvas` beside the photos."),
]
Address = Annotated[
    str | None,
    typer.Option(envvar="FULLCANVAS_DATABASE", help="`postgresql://USER@HOST/NAME`, instead of a file."),
]
Memory = Annotated[
    float, typer.Option(min=0, help="Gigabytes for photos that are kept ready; others take a moment to open.")
]
Cache = Annotated[
    float, typer.Option(min=0, help="Gigabytes on disk for embeddings, so that photos open at once.")
]
Name = Annotated[str, typer.Argument(help="Letters, digits and . _ @ -")]


def serve(
    photos: Photos,
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one.")] = 8000,
    host: Annotated[str, typer.Option(help="0.0.0.0 is every address of this machine.")] = "127.0.0.1",
    labels: Annotated[
        Path | None, typer.Option(help='`[{"id", "name", "isthing", "color"}]`, or a list of names.')
    ] = None,
    model: Annotated[str, typer.Option(help="`default`, or the path of a model file.")] = "default",
    project: Home = None,
    database: Address = None,
    certificate: Annotated[Path | None, typer.Option(help="For https: the certificate, in PEM.")] = None,
    key: Annotated[Path | None, typer.Option(help="For https: its private key, in PEM.")] = None,
    memory: Memory = 2,
    cache: Cache = 5,
    max_megapixels: Annotated[float, typer.Option(min=0.001, help="The largest photo that is opened.")] = 200,
) -> None:
    """Serve a folder of photos to a team: everybody needs an account.

    The first start shows an admin's link, once. Others come in with what `fullcanvas users add` shows.
    """
    from rich.console import Console

    from fullcanvas.server.serve import Service
    from fullcanvas.server.serve import serve as run

    service = Service(
        folder=photos,
        host=host,
        port=port,
        labels=labels,
        model=model,
        place=project,
        max_pixels=round(max_megapixels * 1e6),
        database=database,
        memory=round(memory * 1e9),
        disk=round(cache * 1e9),
        certificate=certificate,
        key=key,
    )
    with _refusals():
        run(service, Console())


def encode(
    photos: Photos,
    *,
    model: Annotated[str, typer.Option(help="`default`, or the path of a model file.")] = "default",
    project: Home = None,
    cache: Cache = 5,
    max_megapixels: Annotated[float, typer.Option(min=0.001, help="The largest photo that is opened.")] = 200,
) -> None:
    """Encode photos beforehand, so that each opens at once, on any machine that has the project's folder.

    Interrupted, it goes on where it was when the same command is given again. The commands that annotate need
    the same `--cache`, or they make room.
    """
    from rich.console import Console

    from fullcanvas.server.embeddings import disk_cache
    from fullcanvas.server.encode import encode_photos

    with _refusals():
        disk = disk_cache(photos, project, round(cache * 1e9))
        found = encode_photos(photos, model, disk, round(max_megapixels * 1e6), Console(stderr=True))
        for line in found.skipped:
            typer.echo(line)
        typer.echo(
            f"{found.made} photos encoded, {found.ready} were, {len(found.skipped)} skipped: "
            f"{found.size / 1e6:.0f} MB in {disk.folder}"
        )
        if found.left:
            typer.echo(f"Error: there was no room for {found.left} more; --cache gives it", err=True)
            raise typer.Exit(1)


@users.command()
def add(
    photos: Photos,
    name: Name,
    *,
    role: Annotated[
        Literal["annotator", "reviewer", "admin"],
        typer.Option(help="Reviewers also reopen complete photos and export; admins also add labels."),
    ] = "annotator",
    project: Home = None,
) -> None:
    """Add a user, and show their token: now and never again."""
    from fullcanvas.server.accounts import Role

    with _refusals():
        token = _accounts(photos, project).add(name, Role(role))
        typer.echo(
            f"{name} is {role} now. Give them this token; it is shown once and stored nowhere:\n{token}"
        )
        typer.echo(f"As a link: http://ADDRESS:8000/login#{token}")


@users.command("list")
def list_users(photos: Photos, *, project: Home = None) -> None:
    """Show who may come in."""
    with _refusals():
        for user in _accounts(photos, project).users():
            typer.echo(f"{user.name}\t{user.role}")


@users.command()
def remove(photos: Photos, name: Name, *, project: Home = None) -> None:
    """Take a user's account away; they are out at once. What they did stays."""
    with _refusals():
        _accounts(photos, project).remove(name)
        typer.echo(f"{name} is removed.")


def _accounts(photos: Path, project: Path | None) -> Accounts:
    from fullcanvas.server.accounts import FILE, Accounts
    from fullcanvas.server.errors import PhotoError
    from fullcanvas.server.project import home

    if not photos.is_dir():
        raise PhotoError(f"{photos}: no such folder; name the folder that holds the photos")
    return Accounts(home(photos, project) / FILE)


@contextmanager
def _refusals() -> Iterator[None]:
    """What is refused becomes one line and exit code 2."""
    from fullcanvas.inference.model_file import ModelError
    from fullcanvas.server.errors import ServerError

    try:
        yield
    except (ServerError, ModelError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from error
