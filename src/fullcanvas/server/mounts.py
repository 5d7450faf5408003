"""What a folder lies on."""

from __future__ import annotations

import os
from pathlib import Path

_NETWORK = frozenset(
    {"afs", "beegfs", "ceph", "cifs", "davfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4"}
    | {"smb2", "smb3", "smbfs"}
    | {f"fuse.{name}" for name in ("ceph", "davfs", "glusterfs", "rclone", "s3fs", "sshfs")}
)
_MOUNTS = Path("/proc/self/mounts")


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
