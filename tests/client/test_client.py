"""The client, against a real server in this process."""

from __future__ import annotations

import re
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fullcanvas import Client
from fullcanvas.annotation import AnnotationError
from fullcanvas.client import ClientError, ConflictError, Pin, User, wire
from fullcanvas.inference import Segmenter
from fullcanvas.server.accounts import Accounts, Role
from fullcanvas.server.errors import SupersededError
from fullcanvas.server.precedence import Precedence
from fullcanvas.server.serve import listen
from tests.client.conftest import LEFT, RIGHT, Running
from tests.server.conftest import write_photo


def test_a_script_does_what_the_page_does(client: Client, tmp_path: Path) -> None:
    assert (client.project.name, client.project.photos, client.project.model) == ("photos", 3, "tiny")
    sky = client.add_label("sky", isthing=False, color=(0, 0, 255))
    client.add_label("cat")
    assert [label.name for label in client.labels] == ["sky", "cat"]
    assert (sky.isthing, sky.color) == (False, (0, 0, 255))
    assert [item.path for item in client.photos()] == ["a.jpg", "b/a.jpg", "c.png"]

    photo = client.open("b/a.jpg")
    assert (photo.uncertainty == 1).all()
    assert (photo.width, photo.height, photo.status, photo.regions) == (96, 80, "new", {})
    first, second = photo.add_region(LEFT, "sky"), photo.add_region(RIGHT)
    assert photo.regions[first].extreme_points[1] == (50, 22)
    assert photo.scribble([(85, 32), (20, 30)]) == second
    assert photo.display[30, 20] == second
    assert photo.regions[second].scribbles == 1
    photo.label(second, "cat")
    photo.undo()
    assert photo.regions[second].label is None
    photo.redo()
    assert photo.regions[second].label == "cat"
    history = photo.history
    assert [entry.kind for entry in history.entries] == ["add_region", "add_region", "scribble", "label"]
    assert (history.entries[3].label, history.cursor, history.tip) == ("cat", 4, 4)
    again = client.open(photo.id)
    np.testing.assert_array_equal(again.display, photo.display)
    assert again.uncertainty.shape == photo.display.shape == (80, 96)
    assert 0 <= again.uncertainty.min() <= again.uncertainty.max() <= 1
    with Image.open(BytesIO(photo.image())) as picture:
        assert picture.size == (96, 80)

    photo.complete()
    assert (photo.status, photo.can_undo) == ("complete", False)
    assert [item.path for item in client.photos(status="complete")] == ["b/a.jpg"]
    with zipfile.ZipFile(client.export(tmp_path / "out.zip", status="complete")) as exported:
        assert set(exported.namelist()) == {"panoptic.json", "panoptic/b/a.png"}
    with zipfile.ZipFile(client.export(tmp_path / "out.zip", format="coco-instances")) as exported:
        assert exported.namelist() == ["instances.json"]
    photo.complete(False)
    assert photo.status == "in_work"


def test_photos_that_change_their_status_are_not_missed(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fullcanvas.client.client._PAGE", 1)
    for item in client.photos(status="new"):
        client.open(item).add_region(LEFT)
    assert [item.path for item in client.photos(status="in_work")] == ["a.jpg", "b/a.jpg", "c.png"]


def test_shapes_are_changed_too(client: Client) -> None:
    photo = client.open(next(client.photos()))
    first, second = photo.add_region(LEFT), photo.add_region(RIGHT)
    photo.paint([(90, 75)], region=first, radius=3)
    assert photo.display[75, 90] == first
    photo.paint([(90, 75)], region=first, radius=3, erase=True)
    assert photo.display[75, 90] == 0
    photo.move_points(second, [(42, 30), (90, 32), (60, 10), (65, 70)])
    assert photo.regions[second].box[0] == 42
    photo.merge(first, [second])
    assert set(photo.regions) == {first}
    part = photo.split(first, [(45, 0), (45, 79)])
    assert set(photo.regions) == {first, part}
    before = photo.unassigned
    photo.fill()
    assert photo.unassigned == 0 < before
    photo.go(2)
    assert set(photo.regions) == {first, second}
    photo.delete(photo.display[32, 88])  # an id as NumPy has it
    assert set(np.unique(photo.display)) == {0, first}
    fresh = client.open(photo.id)
    np.testing.assert_array_equal(fresh.display, photo.display)


def test_a_change_can_be_looked_at_before_it_is_made(client: Client) -> None:
    photo = client.open("a.jpg")
    first = photo.add_region(LEFT)
    photo.add_region(RIGHT)
    before = photo.display
    seen = photo.preview("scribble", points=[(20, 30), (85, 32)], region=first)
    np.testing.assert_array_equal(photo.display, before)
    assert not photo.stale
    photo.scribble([(20, 30), (85, 32)], region=first)
    np.testing.assert_array_equal(photo.display, seen)


def test_what_was_left_can_be_gone_back_to(client: Client) -> None:
    photo = client.open("a.jpg")
    photo.add_region(LEFT)
    left = photo.display
    photo.undo()
    photo.add_region(RIGHT)
    assert [entry.after for entry in photo.history.entries] == [0, 0]
    photo.go(1)
    np.testing.assert_array_equal(photo.display, left)


def test_another_models_label_map_becomes_regions(client: Client) -> None:
    client.add_label("cat")
    photo = client.open("a.jpg")
    found = np.zeros((80, 96), np.uint8)
    found[10:20, 10:30] = 7
    found[40:60, 5:90] = 200
    with pytest.raises(ClientError, match="these labels: 'dog'; add them first"):
        photo.import_labels(found, {7: "cat", 200: "dog"})
    assert not photo.history.entries
    ids = photo.import_labels(found, {7: "cat", 9: "dog"})
    assert {value: photo.regions[id_].label for value, id_ in ids.items()} == {7: "cat", 200: None}
    assert (photo.display == np.select([found == 7, found == 200], [ids[7], ids[200]])).all()
    more = photo.import_mask(found == 7)
    assert (photo.display[found == 7] == more).all()
    with pytest.raises(AnnotationError, match="without pixels"):
        photo.import_mask(found == 9)


def test_a_large_photo_is_shown_as_it_was_completed(folder: Path, segmenter: Segmenter) -> None:
    """What is kept has the photo's own resolution, and is shown as what it is."""
    write_photo(folder / "large.png", 1501, 1103)
    server = Running(folder, segmenter)
    try:
        photo = Client(server.address).open("large.png")
        photo.add_region([(100, 500), (1400.5, 300), (700, 100), (650, 1000)])
        photo.add_region([(40, 430), (1100, 560), (600, 400), (605, 770)])
        photo.complete()
        np.testing.assert_array_equal(photo.display, Client(server.address).open("large.png").display)
    finally:
        server.stop()


def test_labels_the_rule_and_reviews(client: Client) -> None:
    assert client.user == User(None, "admin")
    client.add_label("cat")
    photo = client.open("a.jpg")
    region = photo.add_region(LEFT, "cat")
    tiger = client.change_label("cat", name="tiger", color=(255, 128, 0))
    assert (tiger.name, tiger.isthing, tiger.color) == ("tiger", True, (255, 128, 0))
    assert photo.stale
    photo.refresh()
    assert photo.regions[region].label == "tiger"
    with pytest.raises(ConflictError, match=r"labelled 'tiger': a\.jpg"):
        client.delete_label("tiger")
    with pytest.raises(ClientError, match="no label 'cat'"):
        client.delete_label("cat")
    photo.label(region, None)
    client.add_label("dog")
    client.change_label("dog", place=1)
    assert [label.name for label in client.labels] == ["dog", "tiger"]
    client.delete_label("dog")
    client.delete_label("tiger")
    assert client.labels == ()
    with pytest.raises(ClientError, match="no label"):
        client.check_export(status="all")
    client.check_export(unlabelled="void", status="all")

    client.allow_unassigned(False)
    assert not client.project.unassigned_allowed
    with pytest.raises(ClientError, match="belong to no region"):
        photo.complete()
    client.allow_unassigned(True)
    photo.complete()
    since = client.changes().revision
    pins = (Pin(0, 0, "a corner"), Pin(photo.width - 1, photo.height - 1, "and another"))
    photo.reject("the left is missing", pins)
    assert (photo.status, photo.comment) == ("rejected", "the left is missing")
    assert [item.comment for item in client.photos(status="rejected")] == ["the left is missing"]
    (changed,) = client.changes(since).photos
    assert (changed.id, changed.review) == (photo.id, photo.review)
    photo.complete()
    assert photo.review is not None
    assert (photo.review.verdict, photo.review.comment) == ("rejected", "the left is missing")
    assert photo.review.pins == pins
    photo.accept()
    assert (photo.review.verdict, photo.author, photo.comment) == ("reviewed", None, None)
    assert client.project.statuses == {"new": 2, "reviewed": 1}


def test_refusals_say_why(client: Client, tmp_path: Path) -> None:
    photo = client.open("a.jpg")
    region = photo.add_region(LEFT)
    version = photo.version
    with pytest.raises(ClientError, match="there is no region 9") as refused:
        photo.delete(9)
    assert (refused.value.status, photo.version) == (422, version)
    with pytest.raises(ClientError, match="there is no label 'dog'"):
        photo.label(region, "dog")
    with pytest.raises(ClientError, match=re.escape("these regions have no label")):
        client.export(tmp_path / "out.zip", status="all")
    assert list(tmp_path.glob("*out.zip*")) == []
    with pytest.raises(ClientError, match="the project has no photo"):
        client.open("none.jpg")
    with pytest.raises(ClientError, match="there is no photo 99"):
        client.open(99)
    client.add_label("cat")
    with pytest.raises(ConflictError):
        client.add_label("cat")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda photo: photo.merge(1, 2), "a merge takes a list of other regions, not 2$"),
        (lambda photo: photo.scribble(5), "points are pairs of numbers .*, not 5$"),
        (lambda photo: photo.scribble([(1, 2), 5]), "a point is a pair of numbers .*, not 5$"),
        (lambda photo: photo.scribble(["12"]), "a point is a pair of numbers .*, not '12'$"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_the_words_of_a_session(client: Client, change, message) -> None:
    photo = client.open("a.jpg")
    photo.add_region(LEFT)
    with pytest.raises(AnnotationError, match=message):
        change(photo)
    assert not photo.stale


def test_a_photo_changed_elsewhere_is_never_overwritten(client: Client) -> None:
    mine, theirs = client.open(1), client.open(1)
    theirs.add_region(LEFT)
    with pytest.raises(ConflictError, match="changed elsewhere meanwhile; load it again") as stale:
        mine.add_region(RIGHT)
    assert stale.value.status == 409
    mine.refresh()
    assert set(mine.regions) == {1}
    assert mine.add_region(RIGHT) == 2


def test_a_change_whose_answer_was_lost_is_not_made_twice(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = client.open(1)
    send = wire.Wire._send
    sent = []

    def losing(self, method, path, content):
        answer = send(self, method, path, content)
        sent.append(path)
        if len(sent) % 2:
            raise ClientError("the connection was lost")
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(wire.Wire, "_send", losing)
        region = photo.add_region(LEFT)
        assert photo.scribble([(30, 30), (60, 60)]) == region
        assert photo.scribble([(30, 30), (70, 60)], region=region) == region
    assert len(sent) == 6
    fresh = client.open(1)
    assert [entry.kind for entry in fresh.history.entries] == ["add_region", "scribble", "scribble"]
    np.testing.assert_array_equal(fresh.display, photo.display)


def test_what_the_server_cannot_know_again_is_sent_once(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = wire.Wire._send
    sent = []

    def losing(self, method, path, content):
        send(self, method, path, content)
        sent.append(path)
        raise ClientError("the connection was lost")

    with monkeypatch.context() as patch:
        patch.setattr(wire.Wire, "_send", losing)
        with pytest.raises(ClientError, match="was lost"):
            client.add_label("cat")
    assert sent == ["/labels"]
    assert [label.name for label in client.labels] == ["cat"]


def test_a_photo_is_known_by_its_id_from_a_table_too(client: Client) -> None:
    ids = np.array([item.id for item in client.photos()])
    assert [client.open(id_).path for id_ in ids] == ["a.jpg", "b/a.jpg", "c.png"]


def test_colours_and_strokes_come_in_arrays(client: Client) -> None:
    colors = np.array([[200, 10, 0], [0, 0, 0]], np.uint8)
    assert client.add_label("cat", color=colors[0]).color == (200, 10, 0)
    assert client.change_label("cat", color=colors[1]).color == (0, 0, 0)
    photo = client.open("a.jpg")
    region = photo.add_region(np.array(LEFT))
    assert repr(photo) == "<RemotePhoto a.jpg: in_work, regions: 1>"
    seen = photo.preview("scribble", points=np.array([[10, 10], [80, 30]]), region=np.int64(region))
    assert (seen != photo.display).any()


def test_lists_come_page_by_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fullcanvas.client.client._PAGE", 2)
    assert [item.path for item in client.photos()] == ["a.jpg", "b/a.jpg", "c.png"]


def test_photos_are_found_by_a_part_of_their_path(client: Client) -> None:
    assert [item.path for item in client.photos(name="A.JPG")] == ["a.jpg", "b/a.jpg"]
    assert [item.path for item in client.photos(name="b/")] == ["b/a.jpg"]
    assert list(client.photos(status="complete", name="b/")) == []


def test_photos_are_found_by_label_and_by_person(folder: Path, segmenter: Segmenter) -> None:
    accounts = Accounts(folder / ".fullcanvas" / "accounts.json")
    tokens = [accounts.add(name, Role.ADMIN) for name in ("anna", "bert")]
    running = Running(folder, segmenter, accounts)
    try:
        anna, bert = (Client(running.address, token=token, timeout=30) for token in tokens)
        anna.add_label("cat")
        anna.open("a.jpg").add_region(LEFT, "cat")
        bert.open("c.png").add_region(LEFT, "cat")
        assert [item.path for item in anna.photos(label="cat")] == ["a.jpg", "c.png"]
        assert [(item.path, item.labels) for item in anna.photos(person="bert")] == [("c.png", ("cat",))]
        assert list(anna.photos(label="cat", person="anna", name="c.png")) == []
        assert anna.project.people == ("anna", "bert")
    finally:
        running.stop()


def test_a_path_of_any_letters_and_length_is_found(folder: Path, segmenter: Segmenter) -> None:
    paths = ["Ü/ß.jpg", f"{'long' * 40}/{'name' * 40}.jpg"]
    for path in paths:
        write_photo(folder / path)
    server = Running(folder, segmenter)
    try:
        assert [Client(server.address).open(path).path for path in paths] == paths
    finally:
        server.stop()


def test_a_server_that_asks_for_an_account(folder: Path, segmenter: Segmenter, tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json")
    token = accounts.add("anna", Role.ADMIN)
    server = Running(folder, segmenter, accounts)
    try:
        with pytest.raises(ClientError, match="log in first") as refused:
            _ = Client(server.address).project
        assert refused.value.status == 401
        for given in (token, f"{token}\n"):  # as a file has it
            assert Client(server.address, token=given).project.photos == 3
    finally:
        server.stop()


def test_what_others_changes_go_before_is_asked_for_again(
    running: Running, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = client.open(1)
    photo.add_region(LEFT)
    preview, given_up = Precedence.preview, iter(range(4))

    def interrupted(self: Precedence):
        if next(given_up, None) is not None:
            raise SupersededError
        return preview(self)

    monkeypatch.setattr(Precedence, "preview", interrupted)
    assert (photo.labels_in((0, 0, 96, 80)) == photo.display).all()
    assert next(given_up, None) is None
    given_up = iter(range(2))
    assert (photo.preview("delete", region=1) == 0).all()
    assert next(given_up, None) is None

    given_up = iter(range(1_000_000))  # others go on and on
    with pytest.raises(ClientError, match="a change came first; ask again") as refused:
        Client(running.address, timeout=0.2).open(1).labels_in((0, 0, 5, 4))
    assert refused.value.status == 503


def test_no_server_and_no_address() -> None:
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    with pytest.raises(ClientError, match=f":{port} does not answer") as refused:
        _ = Client(f"http://127.0.0.1:{port}").project
    assert refused.value.status is None
    with pytest.raises(ClientError):
        Client(f"http://127.0.0.1:{port}").add_label("cat")
    for address in ("127.0.0.1:8000", "file:///etc/hosts", "http://"):
        with pytest.raises(ValueError, match="an address is http://HOST:PORT"):
            Client(address)


class Other(BaseHTTPRequestHandler):
    """A server of something else: its page stands for whatever is asked, but for what is refused."""

    def do_GET(self) -> None:
        if self.path.endswith("/project"):
            self.send_error(503)
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<!doctype html><p>Welcome</p>")

    def log_message(self, *_words: object) -> None:
        pass


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda client: client.project, "the server answered 503 Service Unavailable"),
        (lambda client: client.photos(), r"http://127.0.0.1:\d+: what answers there is no Fullcanvas"),
        (lambda client: client.open(1), "what answers there is no Fullcanvas"),
    ],
)
def test_an_answer_that_is_not_the_servers(ask, message: str) -> None:
    with HTTPServer(("127.0.0.1", 0), Other) as other:
        thread = threading.Thread(target=other.handle_request)
        thread.start()
        with pytest.raises(ClientError, match=message):
            ask(Client(f"http://127.0.0.1:{other.server_port}"))
        thread.join()
