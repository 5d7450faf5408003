"""Starting the annotator from the command line."""

from __future__ import annotations

import errno
import socket
import threading
import webbrowser
from contextlib import suppress
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from rich.console import Console
from rich.markup import escape

from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.server.app import create_app
from fullcanvas.server.errors import ServerError
from fullcanvas.server.project import Project, open_project
from fullcanvas.server.security import LOOPBACK


class StartError(ServerError):
    """The annotator cannot listen where it should."""


def annotate(
    folder: Path,
    *,
    host: str,
    port: int,
    browser: bool,
    labels: Path | None,
    model: str,
    place: Path | None,
    max_pixels: int,
    console: Console,
) -> None:
    """Serve a folder of photos until the person stops it.

    Args:
        folder: that holds the photos.
        host, port: where to listen; port 0 takes any that is free.
        browser: whether to open the page.
        labels: a file of labels.
        model: the name or path of a model.
        place: where the database is; beside the photos if None.
        max_pixels: the largest photo that is opened.
        console: for messages.

    Raises:
        ServerError: the folder, the labels, the database or the address cannot be used.
        ModelError: the model cannot be used.
    """
    listening = listen(host, port)
    with listening:
        project = open_project(folder, place, labels, max_pixels)
        try:
            with console.status("Loading the model"):
                segmenter = Segmenter.load(model)
            address = address_of(listening)
            _greet(console, project, segmenter, address)
            if browser:
                # The socket listens already: the browser waits until the application answers.
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
            _run(create_app(project, segmenter), listening)
            console.print("Stopped; everything is stored.")
        finally:
            project.store.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on this machine only.

    Raises:
        StartError: the address is not this machine's own, or it is taken.
    """
    if host not in LOOPBACK:
        raise StartError(
            f"--host {host}: others could read and change everything there, so the annotator answers on this "
            "machine only (127.0.0.1); from elsewhere use a tunnel: ssh -L 8000:127.0.0.1:8000 THIS-MACHINE"
        )
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        taken = error.errno == errno.EADDRINUSE
        reason = "the port is taken, perhaps by another annotator" if taken else error.strerror
        raise StartError(f"port {port} of {host}: {reason}; --port 0 takes a free one") from error
    return listening


def address_of(listening: socket.socket) -> str:
    """The address at which a browser finds the socket."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _run(app: FastAPI, listening: socket.socket) -> None:
    """Answer requests until the person stops it."""
    config = uvicorn.Config(app, log_level="warning", server_header=False, timeout_graceful_shutdown=5)
    # Once everything is shut down, uvicorn passes the person's Ctrl+C on; it has done its work by then.
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])


def _greet(console: Console, project: Project, segmenter: Segmenter, address: str) -> None:
    total, complete = project.store.count_photos(), project.store.count_photos("complete")
    if total == 0:
        console.print(f"[yellow]There is no photo in[/] {escape(str(project.folder))}")
    for path in project.skipped[:10]:
        console.print(
            f"[yellow]Left out[/] {escape(path)}: leads out of the folder, or is not named in UTF-8"
        )
    console.print(escape(f"{project.name}: {total} photos, {complete} complete; model {segmenter.name}"))
    console.print(f"Annotate at {address}; everything is stored as you go, Ctrl+C stops", soft_wrap=True)
