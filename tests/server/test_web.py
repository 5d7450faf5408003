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


def luminance(color: str) -> float:
    """Of "#rrggbb", as WCAG 2 defines it, in [0, 1]."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def palettes() -> dict[str, dict[str, str]]:
    light, dark = re.findall(r":root \{(.*?)\}", (WEB / "style.css").read_text(encoding="utf-8"), re.DOTALL)
    colors = [dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in (light, dark)]
    return {"light": colors[0], "dark": colors[1]}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "grounds"),
    [
        ("text", ["ground", "surface", "raised", "tint", "hover"]),
        ("quiet", ["ground", "surface", "raised", "tint", "hover"]),
        ("accent", ["surface", "tint"]),
        ("accent-text", ["accent"]),
        ("good", ["surface"]),
        ("busy", ["surface"]),
        ("bad", ["surface", "bad-tint"]),
        ("text", ["bad-tint"]),
    ],
)
def test_words_can_be_read_by_weak_eyes(theme: str, ink: str, grounds: list[str]) -> None:
    """A contrast of 4.5 to 1, as WCAG 2 asks for at level AA."""
    palette = palettes()[theme]
    for ground in grounds:
        lighter, darker = sorted((luminance(palette[ink]), luminance(palette[ground])), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (ink, ground)
