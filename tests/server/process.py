"""A real server in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import cache, cached_property
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import IO

_ADDRESS = r"https?://[^\s/]+:\d+"


class EndedError(AssertionError):
    """The server ended before it said what was waited for."""


class Server:
    """`fullcanvas annotate`, or `serve`, on a free port.

    Attributes:
        process: the server's.
        said: what it has printed so far.
        address: where it answers.
    """

    def __init__(
        self,
        folder: Path,
        model: Path,
        command: str = "annotate",
        *options: str,
        first: Callable[[], object] | None = None,
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fullcanvas.cli", *_arguments(folder, model, command, *options)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=first,
        )
        assert self.process.stdout is not None
        self._output = _Output(self.process.stdout)
        self.address = self.line(_ADDRESS)[0]

    @property
    def said(self) -> str:
        """What it has printed so far."""
        return self._output.said

    def line(self, pattern: str) -> re.Match[str]:
        """Where it has said, or will say, something like this."""
        return self._output.line(pattern)

    def stop(self, number: signal.Signals = signal.SIGKILL) -> str:
        """Send it a signal, wait for its end, and return its last words."""
        self.process.send_signal(number)
        words, _ = self.process.communicate()
        return words


class ForkedServer:
    """`fullcanvas annotate`, forked from a process that has imported it, so that it is there in a moment.

    Imports are all that it has in common with other servers: its database, its model, its threads and its
    sockets are opened in the process that is killed.
    """

    def __init__(self, folder: Path, model: Path) -> None:
        receiver, sender = _forks().Pipe(duplex=False)
        self.process = _forks().Process(target=_live, args=(folder, model, sender), daemon=True)
        self.process.start()
        sender.close()
        self._file = os.fdopen(os.dup(receiver.fileno()))
        self._output = _Output(self._file)
        receiver.close()

    @cached_property
    def address(self) -> str:
        """Where it answers, once it does.

        Raises:
            EndedError: it was killed before.
        """
        return self._output.line(_ADDRESS)[0]

    def stop(self) -> None:
        """Kill it, and wait for its end."""
        self.process.kill()
        self.process.join()
        self._file.close()


class _Output:
    """What a process prints."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.said = ""

    def line(self, pattern: str) -> re.Match[str]:
        while not (found := re.search(pattern, self.said)):
            line = self._file.readline()
            if not line:
                raise EndedError(f"the server ended: {self.said}")
            self.said += line
        return found


def _arguments(folder: Path, model: Path, command: str, *options: str) -> list[str]:
    browser = ["--no-browser"] if command == "annotate" else []
    return [command, str(folder), "--port", "0", "--model", str(model), *browser, *options]


@cache
def _forks() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.server.process", "tests.server.imported"])
    return context


def _live(folder: Path, model: Path, output: Connection) -> None:
    from rich.console import Console

    from fullcanvas.formats.pixels import MAX_PIXELS
    from fullcanvas.server.serve import Service, annotate

    service = Service(
        folder=folder,
        host="127.0.0.1",
        port=0,
        labels=None,
        model=str(model),
        place=None,
        max_pixels=MAX_PIXELS,
    )
    with os.fdopen(output.fileno(), "w", closefd=False) as said:
        annotate(service, False, Console(file=said))
