"""Full disks, folders that nobody may write to, mounts that keep no promises: a sentence, and no damage."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fullcanvas.annotation import Annotation
from fullcanvas.server import mounts
from fullcanvas.server.errors import StoreError
from fullcanvas.server.mounts import network_mount
from fullcanvas.server.store import Store
from tests.server.conftest import LEFT, read_patch
from tests.server.process import Server

POINTS = [(1, 2), (8, 3), (4, 0), (5, 7)]
EMPTY = Annotation(10, 9, model="m")
NOBODY = 65534


def limit_files() -> None:
    """Files can grow to 200 kB, as if the disk ended there."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))


def test_on_a_full_disk_what_was_acknowledged_is_kept(folder: Path, launch: Callable[..., Server]) -> None:
    server = launch(folder, first=limit_files)
    client = httpx.Client(base_url=f"{server.address}/api/v1/photos", timeout=60)
    with client:
        photo, scribble = fill_the_disk(client)
    server.stop()
    again = launch(folder)
    with httpx.Client(base_url=f"{again.address}/api/v1/photos", timeout=60) as client:
        assert client.get("/1").json() == photo
        assert (
            client.post("/1/interactions", json={"version": photo["version"], **scribble}).status_code == 200
        )


def fill_the_disk(client: httpx.Client) -> tuple[dict[str, Any], dict[str, Any]]:
    """Annotate until nothing can be stored any more; the photo then, and what was refused."""
    patch = client.post("/1/interactions", json={"version": 0, "kind": "add_region", "extreme_points": LEFT})
    photo = read_patch(patch.content).header["photo"]
    scribble = {"kind": "scribble", "region": 1, "points": [[x % 90, x % 70] for x in range(4000)]}
    for _ in range(100):
        response = client.post("/1/interactions", json={"version": photo["version"], **scribble})
        if response.status_code != 200:
            break
        photo = read_patch(response.content).header["photo"]
    assert response.status_code == 503, response.text
    assert "nothing was stored" in response.json()["detail"]
    assert client.get("/1").json() == photo
    return photo, scribble


@pytest.fixture
def as_anybody(tmp_path: Path) -> Iterator[None]:
    """Root may write anywhere, so these tests run as a user who may not."""
    if os.geteuid() != 0:
        yield
        return
    for parent in (tmp_path, *tmp_path.parents):
        if parent == tmp_path or parent.name.startswith("pytest"):
            parent.chmod(0o755)
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)


@pytest.fixture
def shut(tmp_path: Path) -> Iterator[Path]:
    """A folder with a database, in which nobody may write."""
    place = tmp_path / "shut"
    store = Store(place / "fullcanvas.db")
    store.sync_photos(["a.jpg"])
    store.save(store.list_photos()[0], "h", None, EMPTY.add_region(POINTS))
    store.close()
    for path in (*place.iterdir(), place):
        path.chmod(path.stat().st_mode & 0o555)
    yield place
    place.chmod(0o755)


def test_a_read_only_folder_says_what_to_do(shut: Path, as_anybody: None) -> None:
    with pytest.raises(StoreError, match=r"(Permission denied|cannot be opened or made).*--project DIR"):
        Store(shut / "deep" / "fullcanvas.db")
    with pytest.raises(StoreError, match=r"(Permission denied|cannot be opened or made).*--project DIR"):
        Store(shut / "other.db")


def test_a_read_only_database_says_what_to_do_and_stays_whole(shut: Path, as_anybody: None) -> None:
    before = (shut / "fullcanvas.db").read_bytes()
    with pytest.raises(StoreError, match=r"(may not be written|cannot be opened or made).*--project DIR"):
        Store(shut / "fullcanvas.db")
    assert (shut / "fullcanvas.db").read_bytes() == before


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
//server/share /mnt/my\\040photos cifs rw 0 0
me@host: /home/me/far fuse.sshfs rw 0 0
/dev/sdb1 /home/me/near ext4 rw 0 0
remote: /cloud fuse.rclone rw 0 0
10.0.0.1:6789:/ /cluster ceph rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home/me", "nfs4"),
        ("/home", "nfs4"),
        ("/homes", None),
        ("/mnt/my photos/2024", "cifs"),
        ("/home/me/far/x", "fuse.sshfs"),
        ("/home/me/near/x", None),
        ("/cloud", "fuse.rclone"),
        ("/cluster/photos", "ceph"),
        ("/", None),
    ],
)
def test_network_mounts_are_known_by_their_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, kind: str | None
) -> None:
    (tmp_path / "mounts").write_text(MOUNTS)
    monkeypatch.setattr(mounts, "_MOUNTS", tmp_path / "mounts")
    assert network_mount(Path(folder)) == kind


def test_a_system_that_does_not_tell_its_mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "_MOUNTS", tmp_path / "none")
    assert network_mount(tmp_path) is None


def test_a_project_on_a_network_mount_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mounts").write_text(f"server:/photos {tmp_path} nfs rw 0 0\n")
    monkeypatch.setattr(mounts, "_MOUNTS", tmp_path / "mounts")
    with pytest.raises(StoreError, match=r"network mount \(nfs\).*--project DIR"):
        Store(tmp_path / "fullcanvas.db")
    assert not (tmp_path / "fullcanvas.db").exists()
