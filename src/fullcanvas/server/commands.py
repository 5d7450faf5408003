"""The commands that work on a folder of photos. Rooms are imported when a command runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fullcanvas.server import options

if TYPE_CHECKING:
    from fullcanvas.server.accounts import Accounts
    from fullcanvas.server.take_home import Report

_GOES_ON = "what was done is kept; the same command goes on with the other photos"
_INTERRUPTED = 130  # the exit code of a program that Ctrl+C has stopped
users = typer.Typer(no_args_is_help=True, help="Who may work on a project that is served to others.")


def annotate(
    photos: options.Photos,
    *,
    port: options.Port = 8000,
    host: Annotated[str, typer.Option(help="This machine's own address.")] = "127.0.0.1",
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
    labels: options.Labels = None,
    model: options.Model = "default",
    project: options.Place = None,
    database: options.Database = None,
    memory: options.Memory = 2,
    cache: options.Cache = 5,
    max_megapixels: options.MaxMegapixels = 200,
) -> None:
    """Annotate a folder of photos in the browser; everything is stored as you go.

    Every user of this machine can open the page. On a machine that others use, take `fullcanvas serve`, which
    asks who they are.

    With class names to choose from, one a line:

        fullcanvas annotate holiday/ --labels classes.txt
    """
    from rich.console import Console

    from fullcanvas.server.serve import Service
    from fullcanvas.server.serve import annotate as run

    service = Service(
        folder=photos,
        host=host,
        port=port,
        labels=labels,
        model=model,
        place=project,
        max_pixels=_pixels(max_megapixels),
        database=database,
        memory=_bytes(memory),
        disk=_bytes(cache),
    )
    with _refusals():
        run(service, browser, Console())


def serve(
    photos: options.Photos,
    *,
    port: options.Port = 8000,
    host: Annotated[str, typer.Option(help="0.0.0.0 is every address of this machine.")] = "127.0.0.1",
    labels: options.Labels = None,
    model: options.Model = "default",
    project: options.Place = None,
    database: options.Database = None,
    certificate: Annotated[Path | None, typer.Option(help="For https: the certificate, in PEM.")] = None,
    key: Annotated[Path | None, typer.Option(help="For https: its private key, in PEM.")] = None,
    memory: options.Memory = 2,
    cache: options.Cache = 5,
    max_megapixels: options.MaxMegapixels = 200,
) -> None:
    """Serve a folder of photos to a team: everybody needs an account.

    The first start shows an admin's link, once.

    Others come in with what `fullcanvas users add` shows:

        fullcanvas serve street/ --host 0.0.0.0 --certificate cert.pem --key key.pem

        fullcanvas users add street/ anna
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
        max_pixels=_pixels(max_megapixels),
        database=database,
        memory=_bytes(memory),
        disk=_bytes(cache),
        certificate=certificate,
        key=key,
    )
    with _refusals():
        run(service, Console())


def summary(
    photos: options.Photos,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON instead.")] = False,
    project: options.Place = None,
    database: options.Database = None,
) -> None:
    """Say how far a project is: photos by status, labels, time, and what everybody did.

    For people, and for other programs:

        fullcanvas summary holiday/

        fullcanvas summary holiday/ --json > holiday.json
    """
    from json import dumps

    from rich.console import Console

    from fullcanvas.server.summary import show, summarise_folder

    with _refusals():
        found = summarise_folder(photos, project, database, Console(stderr=True))
    if json:
        typer.echo(dumps(found.to_json(), ensure_ascii=False, indent=1))
    else:
        show(found, Console())


def encode(
    photos: options.Photos,
    *,
    model: options.Model = "default",
    project: options.Place = None,
    cache: options.Cache = 5,
    max_megapixels: options.MaxMegapixels = 200,
) -> None:
    """Encode photos beforehand, so that each opens at once, on any machine that has the project's folder.

    Interrupted, it goes on where it was when the same command is given again.

    The commands that annotate need the same `--cache`, or they make room:

        fullcanvas encode street/ --cache 20
    """
    from rich.console import Console

    from fullcanvas.server.embeddings import disk_cache
    from fullcanvas.server.encode import encode_photos

    with _refusals(_GOES_ON):
        disk = disk_cache(photos, project, _bytes(cache))
        found = encode_photos(photos, model, disk, _pixels(max_megapixels), Console(stderr=True))
        for line in found.skipped:
            typer.echo(line)
        typer.echo(
            f"{found.made} photos encoded, {found.ready} were, {len(found.skipped)} skipped: "
            f"{found.size / 1e6:.0f} MB in {disk.folder}"
        )
        if found.left:
            typer.echo(f"Error: there was no room for {found.left} more; --cache gives it", err=True)
            raise typer.Exit(1)


def import_(
    photos: options.Photos,
    *,
    format: options.SourceFormat,  # noqa: A002 the option's name
    origin: options.Source,
    overwrite: options.Overwrite = False,
    labels: options.SourceLabels = None,
    project: options.Place = None,
    database: options.Database = None,
    max_megapixels: options.MaxMegapixels = 200,
) -> None:
    """Bring existing work in, to correct it.

    Photos that have been worked on are left alone.

    Polygons or run lengths, labelme's files, and pictures whose values are classes:

        fullcanvas import street/ --format coco-instances --from instances.json

        fullcanvas import street/ --format labelme --from street/

        fullcanvas import street/ --format label-png --from masks/ --labels classes.json
    """
    from rich.console import Console

    from fullcanvas.server.export import number_of
    from fullcanvas.server.take_in import import_project

    with _refusals(_GOES_ON):
        report = import_project(
            photos,
            origin,
            form=format,
            overwrite=overwrite,
            labels=labels,
            place=project,
            max_pixels=_pixels(max_megapixels),
            console=Console(stderr=True),
            database=database,
        )
    for line in [*report.notes, *report.skipped]:
        typer.echo(line)
    for line in report.failed:
        typer.echo(f"Error: {line}", err=True)
    left = f"{len(report.skipped)} skipped, {len(report.failed)} failed"
    done = f"{number_of(report.regions, 'region')} in {number_of(report.photos, 'photo')}"
    typer.echo(f"{done} imported, {left}")
    if report.failed:
        raise typer.Exit(1)


def export(
    photos: options.Photos,
    *,
    out: options.Out,
    format: options.OutFormat = "coco-panoptic",  # noqa: A002 the option's name
    unlabelled: options.Unlabelled = "error",
    status: options.Status = "complete",
    images: options.Images = "copy",
    model: Annotated[str, typer.Option(help="With `--status all`, answers the photos in work.")] = "default",
    project: options.Place = None,
    database: options.Database = None,
    max_megapixels: options.MaxMegapixels = 200,
) -> None:
    """Take the segmentations home as files, in COCO's panoptic format or another, with the photos upright.

    Photos that cannot be exported are left out and listed at the end. What is complete, or photos in work as
    well, as the model answers them now:

        fullcanvas export holiday/ --out holiday-panoptic

        fullcanvas export holiday/ --out so-far --status all --unlabelled void

        fullcanvas export holiday/ --out holiday-yolo --format yolo
    """
    from rich.console import Console

    from fullcanvas.formats.segments import Unlabelled
    from fullcanvas.formats.write import OutFormat
    from fullcanvas.server.take_home import export_project

    with _refusals("nothing was exported; what was there before has not changed"):
        report = export_project(
            photos,
            out,
            form=OutFormat(format),
            unlabelled=Unlabelled(unlabelled),
            status=status,
            images=images,
            model=model,
            place=project,
            max_pixels=_pixels(max_megapixels),
            console=Console(stderr=True),
            database=database,
        )
    _tell_export(report, out, model)
    if report.failed:
        raise typer.Exit(1)


@users.command()
def add(
    photos: options.Photos,
    name: options.Name,
    *,
    role: options.UserRole = "annotator",
    project: options.Place = None,
) -> None:
    """Add a user, and show their token.

    It is shown now and never again.

    Somebody who may also judge what others finished:

        fullcanvas users add street/ anna --role reviewer
    """
    from fullcanvas.server.accounts import Role
    from fullcanvas.server.security import LOGIN

    with _refusals():
        token = _accounts(photos, project).add(name, Role(role))
        typer.echo(
            f"{name} is {role} now. Give them this token; it is shown once and stored nowhere:\n{token}"
        )
        typer.echo(f"As a link, behind the address that fullcanvas serve shows: ADDRESS{LOGIN}#{token}")


@users.command("list")
def list_users(photos: options.Photos, *, project: options.Place = None) -> None:
    """Show who may come in."""
    with _refusals():
        for user in _accounts(photos, project).users():
            typer.echo(f"{user.name}\t{user.role}")


@users.command()
def remove(photos: options.Photos, name: options.Name, *, project: options.Place = None) -> None:
    """Take a user's account away; they are out at once. What they did stays."""
    with _refusals():
        _accounts(photos, project).remove(name)
        typer.echo(f"{name} is removed.")


def _tell_export(report: Report, out: Path, model: str) -> None:
    from fullcanvas.server.export import number_of

    for line in report.left_out:
        typer.echo(f"left out: {line}")
    if report.in_work:
        typer.echo(f"{number_of(report.in_work, 'photo')} in work, as the model {model} answers them now")
    for line in report.failed:
        typer.echo(f"Error: {line}", err=True)
    turned = f", {report.turned} of them turned upright as their EXIF data say" if report.turned else ""
    typer.echo(f"{number_of(report.photos, 'photo')} exported to {out}{turned}, {len(report.failed)} failed")


def _accounts(photos: Path, project: Path | None) -> Accounts:
    from fullcanvas.server.accounts import FILE, Accounts
    from fullcanvas.server.errors import PhotoError
    from fullcanvas.server.project import home

    if not photos.is_dir():
        raise PhotoError(f"{photos}: no such folder; name the folder that holds the photos")
    return Accounts(home(photos, project) / FILE)


def _pixels(megapixels: float) -> int:
    return round(megapixels * 1e6)


def _bytes(gigabytes: float) -> int:
    return round(gigabytes * 1e9)


@contextmanager
def _refusals(interrupted: str = "everything that was done is stored") -> Iterator[None]:
    """What is refused becomes one line and exit code 2; who interrupts a command is told what was done."""
    from fullcanvas.files import told
    from fullcanvas.formats.errors import ExportError, ImportFormatError
    from fullcanvas.inference.model_file import ModelError
    from fullcanvas.server.errors import ServerError

    try:
        yield
    except (ServerError, ModelError, ExportError, ImportFormatError, OSError) as error:
        typer.echo(f"Error: {told(error) if isinstance(error, OSError) else error}", err=True)
        raise typer.Exit(2) from error
    except KeyboardInterrupt as error:
        typer.echo(f"Interrupted: {interrupted}", err=True)
        raise typer.Exit(_INTERRUPTED) from error
