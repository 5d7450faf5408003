"""A server on a copy of the example photos, and pages in Chromium that must not complain."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.browser.annotator import Annotator, Server, serving
from tests.conftest import CHROMIUM_OPTIONS, chromium_path
from tests.tiny_model import write_tiny_model

LABELS = '[{"id": 1, "name": "cup", "isthing": true}, {"id": 2, "name": "table", "isthing": false}]'
TIMEOUT_MS = 60_000


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The embedded model, or a tiny one with random weights where there is none."""
    if files("fullcanvas").joinpath("models/default.zip").is_file():
        return "default"
    return str(write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.zip"))


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all tests here; it ends before the tests of another package begin."""
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def photos(tmp_path_factory: pytest.TempPathFactory, example_photos: Path) -> Path:
    """A folder with the example photos."""
    folder = tmp_path_factory.mktemp("project") / "photos"
    shutil.copytree(example_photos, folder, ignore=shutil.ignore_patterns(".fullcanvas"))
    return folder


@pytest.fixture
def large(tmp_path: Path, example_photos: Path) -> Path:
    """A folder with one photo of more pixels than are shown as a whole: 2,400 x 1,600."""
    (tmp_path / "photos").mkdir()
    with Image.open(example_photos / "coffee.jpg") as photo:
        photo.resize((2400, 1600)).save(tmp_path / "photos" / "large.jpg")
    return tmp_path / "photos"


@pytest.fixture(scope="package")
def running(photos: Path, model: str) -> Iterator[Server]:
    """A server on those photos."""
    labels = photos.parent / "labels.json"
    labels.write_text(LABELS)
    with serving(Server(photos, model, labels)) as running:
        yield running


@pytest.fixture
def server(running: Server) -> Server:
    """That server, with nothing on any photo."""
    running.clear()
    return running


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser window that knows nothing of earlier tests."""
    opened = chromium.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    opened.set_default_timeout(TIMEOUT_MS)
    yield opened
    opened.close()


@pytest.fixture
def new_tab(context: BrowserContext) -> Iterator[Callable[[Server], Annotator]]:
    """Opens tabs; a message on the console of any of them that no test expected fails the test."""
    tabs: list[Annotator] = []

    def opened(server: Server) -> Annotator:
        tabs.append(Annotator(context.new_page(), server.address))
        server.pages.append(tabs[-1].page)
        return tabs[-1]

    yield opened
    for tab in tabs:
        tab.page.close()
    assert [complaint for tab in tabs for complaint in tab.complaints] == []


@pytest.fixture
def annotator(new_tab: Callable[[Server], Annotator], server: Server) -> Annotator:
    """A tab on that server."""
    return new_tab(server)


@pytest.fixture
def astronaut(annotator: Annotator) -> None:
    """The astronaut on the stage, with nothing on her."""
    annotator.open("astronaut.jpg")
