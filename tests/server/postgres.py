"""A PostgreSQL server of the tests' own, where its programs are installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_USER = "fullcanvas"


def programs() -> Path:
    """The folder of PostgreSQL's programs; skips the test where there is none."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        pytest.skip("PostgreSQL is not installed (on Debian: apt-get install postgresql)")
    if os.getuid() == 0 and subprocess.run(["id", "postgres"], capture_output=True).returncode:
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
    return folders[-1]


@contextmanager
def running() -> Iterator[str]:
    """A fresh server on a free port, while the block lasts; its address, without a database's name."""
    bin_ = programs()
    # Not under pytest's own folder, which the user postgres may not enter.
    folder = Path(tempfile.mkdtemp(prefix="fullcanvas-postgres-"))
    other = {"user": "postgres"} if os.getuid() == 0 else {}
    if other:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    try:
        run = {"check": True, "capture_output": True, "cwd": folder, **other}
        setup = [bin_ / "initdb", "-D", data, "-U", _USER, "--auth=trust", "--encoding=UTF8", "--no-sync"]
        subprocess.run([*setup, "--locale=C.UTF-8"], **run)  # type: ignore[call-overload]
        port = _free_port()
        options = [f"-p{port}", "-h127.0.0.1", f"-k{folder}"]
        server = subprocess.Popen([bin_ / "postgres", "-D", data, *options], stderr=subprocess.PIPE, **other)  # type: ignore[call-overload]
        try:
            _wait(server)
            yield f"postgresql://{_USER}@127.0.0.1:{port}"
        finally:
            server.terminate()
            server.communicate()
    finally:
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        return int(holder.getsockname()[1])


def _wait(server: subprocess.Popen[bytes]) -> None:
    assert server.stderr is not None
    said = b""
    for line in server.stderr:
        said += line
        if b"ready to accept connections" in line:
            return
    raise AssertionError(f"PostgreSQL ended with {server.wait()}: {said!r}")
