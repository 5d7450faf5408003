"""What the tests of several rooms share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

REPOSITORY = Path(__file__).parent.parent
CHROMIUM_OPTIONS = [
    # Chromium's own sandbox does not start for root, which is who runs builds in containers.
    "--no-sandbox",
    "--disable-gpu",
    # A test talks to nobody but the server it started.
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# The same examples on every machine, and no verdict that depends on how busy it is.
hypothesis.settings.register_profile(
    "fullcanvas",
    derandomize=True,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("fullcanvas")


@pytest.fixture(scope="session")
def example_photos() -> Path:
    """The folder of example photos; copy it before writing anything beside them."""
    return REPOSITORY / "examples" / "photos"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A running Chromium: the one that scripts/chromium.sh found, else any that is installed.

    Not for the whole run: while Playwright is open, no other test can run an event loop.
    """
    from playwright.sync_api import sync_playwright

    path = os.environ.get("FULLCANVAS_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()
