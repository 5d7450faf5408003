"""A real server in a process of its own."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path


class Server:
    """`fullcanvas annotate` on a free port.

    Attributes:
        process: the server's.
        address: where it answers.
    """

    def __init__(self, folder: Path, model: Path) -> None:
        command = [
            sys.executable,
            "-m",
            "fullcanvas.cli",
            "annotate",
            str(folder),
            "--port",
            "0",
            "--no-browser",
        ]
        self.process = subprocess.Popen([*command, "--model", str(model)], stdout=subprocess.PIPE, text=True)
        self.address = self._address()

    def _address(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                return found[0]
        raise AssertionError(f"the server ended with {self.process.wait()}")

    def stop(self, number: signal.Signals = signal.SIGKILL) -> str:
        """Send it a signal, wait for its end, and return its last words."""
        self.process.send_signal(number)
        words, _ = self.process.communicate()
        return words
