"""The files of the page, as they are: nothing builds them, so tests hold together what must agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fullcanvas.server.app import WEB

IMPORT = re.compile(r'^import [^;]*?"\./([\w-]+\.js)";$', re.MULTILINE)


def modules(page: Path) -> tuple[list[str], list[str]]:
    """The modules that a page's script comes to import, and those that the browser is told of early."""
    text = page.read_text(encoding="utf-8")
    (entry,) = re.findall(r'<script type="module" src="/static/([\w-]+\.js)">', text)
    found, waiting = {entry}, [entry]
    while waiting:
        fresh = set(IMPORT.findall((WEB / waiting.pop()).read_text(encoding="utf-8"))) - found
        found |= fresh
        waiting += fresh
    return sorted(found - {entry}), re.findall(
        r'<link rel="modulepreload" href="/static/([\w-]+\.js)">', text
    )


@pytest.mark.parametrize("page", sorted(WEB.glob("*.html")), ids=lambda page: page.name)
def test_every_module_is_asked_for_at_once(page: Path) -> None:
    """Else the browser learns of one only when those that import it have come, one round after another."""
    imported, preloaded = modules(page)
    assert preloaded == imported


def test_every_module_is_used() -> None:
    imported = {module for page in WEB.glob("*.html") for module in modules(page)[0]}
    entries = {f"{name}.js" for name in ("main", "interface", "login")}
    assert {path.name for path in WEB.glob("*.js")} - imported - entries == {"types.js"}
