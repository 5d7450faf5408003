"""A real server in a process of its own."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path


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
        browser = ["--no-browser"] if command == "annotate" else []
        arguments = [command, str(folder), "--port", "0", "--model", str(model), *browser, *options]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fullcanvas.cli", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=first,
        )
        self.said = ""
        self.address = self.line(r"https?://[^\s/]+:\d+")[0]

    def line(self, pattern: str) -> re.Match[str]:
        """Where it has said, or will say, something like this."""
        assert self.process.stdout is not None
        while not (found := re.search(pattern, self.said)):
            line = self.process.stdout.readline()
            assert line, f"the server ended with {self.process.wait()}: {self.said}"
            self.said += line
        return found

    def stop(self, number: signal.Signals = signal.SIGKILL) -> str:
        """Send it a signal, wait for its end, and return its last words."""
        self.process.send_signal(number)
        words, _ = self.process.communicate()
        return words
