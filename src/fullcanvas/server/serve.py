"""Starting the annotator from the command line."""

from __future__ import annotations

import errno
import logging
import os
import socket
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI
from rich.console import Console
from rich.markup import escape

from fullcanvas.inference.model_file import read_model
from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.server.accounts import FILE, Accounts, Role
from fullcanvas.server.app import create_app
from fullcanvas.server.connections import IDLE_SECONDS, Impatient
from fullcanvas.server.embeddings import DISK, disk_cache
from fullcanvas.server.errors import ServerError
from fullcanvas.server.interpreter import set_up
from fullcanvas.server.memory import MEMORY
from fullcanvas.server.project import Project, home, open_project
from fullcanvas.server.records import CLOSED
from fullcanvas.server.security import LOGIN, LOOPBACK


class StartError(ServerError):
    """The annotator cannot listen where it should."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """What is served, and how.

    Attributes:
        folder: that holds the photos.
        host, port: where to listen; port 0 takes any that is free.
        labels: a file of labels.
        model: the name or path of a model.
        place: where the database is; beside the photos if None.
        max_pixels: the largest photo that is opened.
        database: the address of a PostgreSQL database, instead of a file.
        memory: how many bytes of photos are kept ready.
        disk: how many bytes of embeddings are kept on disk.
        certificate, key: files for https; plain http if None.
    """

    folder: Path
    host: str
    port: int
    labels: Path | None
    model: str
    place: Path | None
    max_pixels: int
    database: str | None = None
    memory: int = MEMORY
    disk: int = DISK
    certificate: Path | None = None
    key: Path | None = None

    def open(self, console: Console) -> Project:
        """The project; the console is told when its database is brought up to date.

        Raises:
            ServerError: it cannot be opened.
        """
        return open_project(
            self.folder, self.place, self.labels, self.max_pixels, self.database, console=console
        )


def annotate(service: Service, browser: bool, console: Console) -> None:
    """Serve a folder of photos, to this machine alone, until the person stops it.

    Args:
        service: what is served.
        browser: whether to open the page.
        console: for messages.

    Raises:
        ServerError: the folder, the labels, the database or the address cannot be used.
        ModelError: the model cannot be used.
    """
    check_local(service.host)
    with listen(service.host, service.port) as listening:
        address = address_of(listening)

        def greet() -> None:
            _tell(console, f"Annotate at {address}; everything is stored as you go, Ctrl+C stops")
            if browser:
                # The socket listens already: the browser waits until the application answers.
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

        _answer(service, listening, None, greet, console)


def serve(service: Service, console: Console) -> None:
    """Serve a folder of photos to everybody who has an account, until the person stops it.

    Args:
        service: what is served.
        console: for messages; on a first start, it shows the first admin's token.

    Raises:
        ServerError: the folder, the labels, the database, the accounts or the address cannot be used.
        ModelError: the model cannot be used.
    """
    with listen(service.host, service.port) as listening:
        address = address_of(listening, service.certificate is not None)
        accounts = Accounts(home(service.folder, service.place) / FILE)

        def greet() -> None:
            if service.certificate is None and service.host not in LOOPBACK:
                console.print(
                    "[yellow]Not encrypted:[/] others on the network may read what is sent, tokens too; "
                    "use --certificate, or a proxy that speaks https"
                )
            _tell(console, f"Annotate at {address}; people need a token: fullcanvas users add")
            if not accounts.users():
                link = f"{address}{LOGIN}#{accounts.add('admin', Role.ADMIN)}"
                _tell(console, f"Log in as admin, with this link that is shown once: {link}")

        _answer(service, listening, accounts, greet, console)


def _answer(
    service: Service,
    listening: socket.socket,
    accounts: Accounts | None,
    greet: Callable[[], None],
    console: Console,
) -> None:
    set_up()
    project = service.open(console)
    try:
        with console.status("Loading the model"):
            model = read_model(service.model)
            segmenter = Segmenter(model)
        disk = disk_cache(service.folder, service.place, service.disk)
        quiet = partial(Segmenter, model, threads=1)
        app = create_app(project, segmenter, service.memory, accounts, disk=disk, quiet=quiet)
        config = _configured(app, service)
        _describe(console, project, segmenter)
        greet()  # what is shown once is shown when nothing can go wrong any more
        _run(config, listening)
        console.print("Stopped; everything is stored.")
    finally:
        project.store.close()


def check_local(host: str) -> None:
    """See that an address is this machine's own.

    Raises:
        StartError: it is not.
    """
    if host not in LOOPBACK:
        raise StartError(
            f"--host {host}: others could read and change everything there, so this command answers on this "
            "machine only (127.0.0.1); fullcanvas serve asks others who they are. From elsewhere you can use "
            "a tunnel: ssh -L 8000:127.0.0.1:8000 THIS-MACHINE; but if others log in there, too, use "
            "fullcanvas serve: this command lets in all users of its machine"
        )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        StartError: the address is none of this machine's, or it is taken.
    """
    # asyncio sends small answers at once (TCP_NODELAY) only where a socket says that it is TCP. Otherwise the
    # body of an answer can wait 40 ms until the browser's system has acknowledged its head.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # Windows means by it that two programs may have one port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        taken = error.errno == errno.EADDRINUSE
        reason = "the port is taken, perhaps by another annotator" if taken else error.strerror
        raise StartError(f"port {port} of {host}: {reason}; --port 0 takes a free one") from error
    return listening


def address_of(listening: socket.socket, encrypted: bool = False) -> str:
    """The address at which a browser finds the socket."""
    host, port = listening.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 every address: others know this machine by its name
        host = socket.gethostname()
    scheme = "https" if encrypted else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _configured(app: FastAPI, service: Service) -> uvicorn.Config:
    """The web server. Neither requests nor their headers are logged."""
    if service.key is not None and service.certificate is None:
        raise StartError("--key: is of no use without --certificate")
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        http=Impatient,
        timeout_keep_alive=IDLE_SECONDS,
        ws="none",
        timeout_graceful_shutdown=5,
        ssl_certfile=service.certificate,
        ssl_keyfile=service.key,
    )
    try:
        config.load()
    except OSError as error:  # an SSLError is one
        raise StartError(f"--certificate, --key: cannot be used ({error})") from error
    return config


def _run(config: uvicorn.Config, listening: socket.socket) -> None:
    """Answer requests until the person stops it."""
    # Once everything is shut down, uvicorn passes the person's Ctrl+C on; it has done its work by then.
    with suppress(KeyboardInterrupt):
        _Stoppable(config).run(sockets=[listening])


class _Stoppable(uvicorn.Server):
    """A web server that may be told to stop more than once: a second Ctrl+C does not wait for requests."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, or stop at once."""
        super().handle_exit(sig, frame)
        if self.force_exit:
            logging.disable()  # what is broken off then says so in tracebacks, which tell nobody anything


def _tell(console: Console, text: str) -> None:
    """Print a line with an address in it, which may look like markup: http://[fe80::1]:8000."""
    console.print(text, soft_wrap=True, markup=False)


def _describe(console: Console, project: Project, segmenter: Segmenter) -> None:
    statuses = project.store.progress.statuses()
    total, complete = sum(statuses.values()), sum(statuses.get(status, 0) for status in CLOSED)
    if total == 0:
        console.print(f"[yellow]There is no photo in[/] {escape(str(project.folder))}")
    for path in project.skipped[:10]:
        console.print(
            f"[yellow]Left out[/] {escape(path)}: leads out of the folder, or its name is not plain text"
        )
    if missing := project.missing:
        console.print(f"[yellow]Missing:[/] {escape(missing)}")
    console.print(escape(f"{project.name}: {total} photos, {complete} complete; model {segmenter.name}"))
