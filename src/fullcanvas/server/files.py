"""Files that must never be half written, and what lies under them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NETWORK = frozenset(
    {"afs", "beegfs", "ceph", "cifs", "davfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4"}
    | {"smb2", "smb3", "smbfs"}
    | {f"fuse.{name}" for name in ("ceph", "davfs", "glusterfs", "rclone", "s3fs", "sshfs")}
)
_MOUNTS = Path("/proc/self/mounts")


def write_whole(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace a file at once: written beside, brought to the disk, and renamed.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the lock that a file stands for; other programs wait. Does nothing where there are no such locks.

    Raises:
        OSError: the file cannot be made.
    """
    try:
        import fcntl
    except ImportError:  # pragma: no cover - Windows
        yield
        return
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def network_mount(folder: Path) -> str | None:
    """The kind of network mount that a folder lies on, or None; only Linux tells.

    Several machines can write there, and the locks and shared memory of an SQLite database hold on one only.
    """
    try:
        lines = _MOUNTS.read_text(errors="replace").splitlines()
    except OSError:
        return None
    place = os.path.realpath(folder)
    mounts = [line.split(" ")[1:3] for line in lines]
    holding = [(point, kind) for point, kind in mounts if _lies_in(place, _unescape(point))]
    kind = max(holding, key=lambda mount: len(_unescape(mount[0])), default=("", ""))[1]
    return kind if kind in _NETWORK else None


def _lies_in(place: str, point: str) -> bool:
    return os.path.commonpath([place, point]) == point


def _unescape(point: str) -> str:
    return point.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
