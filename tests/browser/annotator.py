"""The annotator as a person sees it: a server of its own, and a page that is used by mouse and keys."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import struct
import subprocess
import sys
import time
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import ConsoleMessage, Locator, Page, Route, expect

Place = tuple[float, float]
PERSON: list[Place] = [(92, 297), (448, 400), (207, 3), (250, 510)]
FLAG: list[Place] = [(0, 200), (120, 150), (60, 100), (60, 330)]
"""Two regions of the astronaut."""
START = "from fullcanvas.cli import app; app()"
TWO_FRAMES = "() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
"""Waits until the page has drawn what just changed."""
READY = '#stage[aria-busy="false"]'
PIXELS = """canvas => {
    const { width, height } = canvas;
    const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    return copy.getImageData(0, 0, width, height).data;
}"""
"""Read from a copy: the browser warns of canvases that are read again and again."""


@dataclass
class Server:
    """`fullcanvas annotate` on a folder: a process that can be killed and started again on the same port."""

    folder: Path
    model: str
    labels: Path | None = None
    port: int = 0
    process: subprocess.Popen[str] | None = None
    pages: list[Page] = field(default_factory=list)
    """Those that it has in tabs: they are closed before it ends, or they would ask in vain."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        labels = ["--labels", str(self.labels)] if self.labels else []
        options = ["--no-browser", "--port", str(self.port), "--model", self.model, *labels]
        command = [sys.executable, "-c", START, "annotate", str(self.folder), *options]
        with (self.folder.parent / "server.log").open("a") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        told = ""
        for line in self.process.stdout:
            told += line
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                return self._await()
        raise AssertionError(
            f"the server did not start: {told}{(self.folder.parent / 'server.log').read_text()}"
        )

    def _await(self) -> None:
        """Until it answers: it tells its address a moment before."""
        for _ in range(1200):
            try:
                self.get("/project")
            except URLError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the server told its address but does not answer")

    def kill(self) -> None:
        """As a crash does, without a chance to tidy up."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGINT)

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        assert self.process.stdout is not None
        self.process.send_signal(how)
        self.process.wait(20)
        self.process.stdout.close()
        self.process = None

    def get(self, path: str) -> bytes:
        """What the server itself holds."""
        with urlopen(f"{self.address}/api/v1{path}", timeout=60) as answer:
            return bytes(answer.read())

    def send(self, method: str, path: str, **body: Any) -> None:
        """Do something without a page."""
        headers, address = {"Content-Type": "application/json"}, f"{self.address}/api/v1{path}"
        with urlopen(Request(address, json.dumps(body).encode(), headers, method=method), timeout=60):
            pass

    def clear(self) -> None:
        """As if nothing had ever been said; what the server has in memory is out of date then."""
        self.send("PUT", "/rule", unassigned_allowed=True, unlabelled_allowed=True)
        with closing(sqlite3.connect(self.folder / ".fullcanvas" / "fullcanvas.db")) as database, database:
            for table in ("entries", "labelled", "times", "label_maps"):
                database.execute(f"DELETE FROM {table}")
            fresh = "forks = NULL, tip = NULL, cursor = 0, next_region = 1, regions = 0, unlabelled = 0"
            unsaid = "last_key = NULL, content_hash = NULL, width = NULL, height = NULL"
            unjudged = "verdict = NULL, comment = NULL, pins = NULL, reviewer = NULL, reviewed_at = NULL"
            cleared = f"{fresh}, {unsaid}, {unjudged}, author = NULL"
            database.execute(f"UPDATE photos SET version = version + 1, status = 'new', {cleared}")

    def photos(self) -> list[dict[str, Any]]:
        """The list of photos."""
        found: list[dict[str, Any]] = json.loads(self.get("/photos"))["items"]
        return found

    def photo(self, photo_id: int) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.get(f"/photos/{photo_id}"))
        return found

    def label_map(self, photo_id: int) -> NDArray[np.uint16]:
        """The display label map, [h, w]."""
        answer = self.get(f"/photos/{photo_id}/labels")
        (length,) = struct.unpack_from("<I", answer)
        header = json.loads(answer[4 : 4 + length])
        pixels = np.frombuffer(zlib.decompress(answer[4 + length :]), "<u2")
        return pixels.reshape(header["y1"] - header["y0"], header["x1"] - header["x0"])


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        for page in server.pages:
            if not page.is_closed():
                page.close()
        server.stop()


@dataclass
class Annotator:
    """A tab with the page. Places are pixels of the photo; actions wait until the server has answered."""

    page: Page
    address: str
    expected: str = ""
    """Matches the console messages that a test brings about on purpose."""
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))

    def _listen(self, message: ConsoleMessage) -> None:
        # A window that is still open when its server has ended asks in vain what others have done, and for
        # pictures of the list.
        beside = ("/version", "/changes", "/thumbnail")
        asks = any(place in message.location["url"] for place in beside)
        if asks and "ERR_CONNECTION" in message.text:
            return
        if message.type in ("error", "warning") and not (
            self.expected and re.search(self.expected, message.text)
        ):
            self.complaints.append(f"{message.type}: {message.text}")

    def open(self, photo: str | None = None) -> None:
        self.page.goto(self.address if photo is None else f"{self.address}#{self._id(photo)}")
        self.settle()

    def _id(self, photo: str) -> int:
        """A photo's id by its path."""
        with urlopen(f"{self.address}/api/v1/photos", timeout=60) as answer:
            ids: dict[str, int] = {item["path"]: item["id"] for item in json.loads(answer.read())["items"]}
        return ids[photo]

    def choose(self, photo: str) -> None:
        self.page.locator("#photo-list").get_by_role("button", name=photo).click()
        self.settle()

    def route(self, address: str, answer: Callable[[Route], None], times: int | None = None) -> None:
        """Let the test answer what the page asks of an address, from the page's next request on.

        Chromium says that a page's requests are held a moment before they are: a key overtakes that.
        """
        held = "fetch('/static/icon.svg').then((answer) => answer.text()).then((text) => text === 'held')"
        self.page.route("**/icon.svg", lambda route: route.fulfill(body="held"))
        self.page.wait_for_function(held)
        self.page.route(address, answer, times=times)

    def settle(self) -> None:
        self.page.wait_for_selector(READY)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.settle()

    def client(self, place: Place) -> Place:
        """Where the middle of a pixel lies in the window."""
        x, y = self.page.evaluate(
            "([x, y]) => fullcanvas.toClient(x + 0.5, y + 0.5)", [float(side) for side in place]
        )
        return x, y

    def click(self, place: Place) -> None:
        self.page.mouse.click(*self.client(place))
        self.settle()

    def mark(self, *points: Place) -> int:
        """Mark a region by its extreme points, and return its id."""
        self.press("n")
        for point in points:
            self.click(point)
        newest: int = self.state()["newest"]
        return newest

    def begin_stroke(self, *points: Place) -> None:
        self.page.mouse.move(*self.client(points[0]))
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*self.client(point), steps=4)

    def open_alone(self, path: str) -> None:
        """Open a photo that stays on the stage when it is completed: the list has no other."""
        self.open(path)
        self.page.get_by_label("Find photos by name").fill(path)
        expect(self.page.locator("#photo-list button")).to_have_count(1)
        self.page.locator("#stage").focus()

    def complete(self) -> None:
        """Complete the photo, whatever it lacks, and go on."""
        self.press("Enter")
        if self.page.locator("#complete-dialog").is_visible():
            self.page.locator("#complete-go").click()
            self.settle()

    def scribble(self, *points: Place) -> None:
        self.begin_stroke(*points)
        self.page.mouse.up()
        self.settle()

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.page.evaluate("() => JSON.parse(JSON.stringify(fullcanvas.state()))")
        return found

    def regions(self) -> dict[int, dict[str, Any]]:
        return {region["id"]: region for region in self.state()["photo"]["regions"]}

    def labels(self) -> NDArray[np.uint16]:
        """The page's own label map, [h, w]."""
        photo = self.state()["photo"]
        found = self._bytes("fullcanvas.labels().buffer")
        return np.frombuffer(found, "<u2").reshape(photo["display_height"], photo["display_width"])

    def canvas(self, name: str) -> NDArray[np.uint8]:
        """What a canvas of the page shows: [h, w, 4]."""
        shown = f"document.getElementById({name!r})"
        width, height = self.page.evaluate(f"() => [{shown}.width, {shown}.height]")
        found = self._bytes(f"({PIXELS})({shown}).buffer")
        return np.frombuffer(found, np.uint8).reshape(height, width, 4)

    def expect_ink(self, drawn: bool) -> None:
        """Whether anything is drawn above the photo, from the next frame on."""
        shown = f"({PIXELS})(document.getElementById('ink')).some(Boolean)"
        self.page.wait_for_function(f"() => {shown} === {json.dumps(drawn)}")

    def _bytes(self, buffer: str) -> bytes:
        """An ArrayBuffer of the page: as text, because numbers one by one take seconds."""
        encode = """buffer => {
            let text = "";
            for (let at = 0; at < buffer.byteLength; at += 8192) {
                text += String.fromCharCode(...new Uint8Array(buffer.slice(at, at + 8192)));
            }
            return btoa(text);
        }"""
        return b64decode(self.page.evaluate(f"() => ({encode})({buffer})"))

    @property
    def message(self) -> Locator:
        return self.page.locator(".says:visible")

    def expect_saved(self) -> None:
        expect(self.page.locator("#saving")).to_have_text("Saved")


def box_of(points: Sequence[Place]) -> tuple[int, int, int, int]:
    """The half-open box of some pixels."""
    xs, ys = zip(*points, strict=True)
    return int(min(xs)), int(min(ys)), int(max(xs)) + 1, int(max(ys)) + 1
