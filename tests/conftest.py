"""What the tests of several rooms share."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import hypothesis
import pytest

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


def chromium_path() -> str | None:
    """Where Chromium is: what scripts/chromium.sh found, else any that is installed."""
    return os.environ.get("FULLCANVAS_CHROMIUM") or shutil.which("chromium")


@pytest.fixture(scope="session")
def example_photos() -> Path:
    """The folder of example photos; copy it before writing anything beside them."""
    return REPOSITORY / "examples" / "photos"
