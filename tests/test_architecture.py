"""The rooms import each other as docs/architecture.md draws it."""

from __future__ import annotations

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import fullcanvas
from tests.conftest import REPOSITORY

PACKAGE = Path(fullcanvas.__file__).parent
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
DOORS = {"cli", "__main__", "__init__"}  # modules beside the rooms, through which people come in


def imported_rooms(path: Path) -> set[str]:
    """The rooms of the package that a module imports from, lazily or not."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    names += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return {name.split(".")[1] for name in names if name.startswith("fullcanvas.")}


def drawn_arrows() -> dict[str, set[str]]:
    """The arrows of the picture: each room with the rooms it points at."""
    picture = (REPOSITORY / "docs" / "architecture.md").read_text().split("```mermaid")[1].split("```")[0]
    arrows: dict[str, set[str]] = {}
    for line in picture.splitlines():
        if "-->" in line:
            left, right = line.split("-->")
            ends = [set(re.findall(r"(\w+)(?:\[[^]]*\])?(?:\s*&|\s*--|\s*$)", end)) for end in (left, right)]
            for start in ends[0]:
                arrows.setdefault(start, set()).update(ends[1])
    return arrows


def reachable(room: str, arrows: dict[str, set[str]]) -> set[str]:
    """Every room at the end of a path of arrows."""
    nearest = arrows.get(room, set())
    return nearest.union(*(reachable(other, arrows) for other in nearest))


def test_the_picture_has_every_room_and_no_circle():
    arrows = drawn_arrows()
    rooms = [room for room in ROOMS if room != "models"]
    assert set(rooms) <= set(arrows).union(*arrows.values())
    assert not [room for room in arrows if room in reachable(room, arrows)]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_its_arrows_reach(room):
    allowed = reachable(room, drawn_arrows()) | {room}
    for path in (PACKAGE / room).rglob("*.py"):
        assert imported_rooms(path) <= allowed, path


def imported_modules(path: Path) -> set[str]:
    """The modules of the package that a module imports from, lazily or for its types alone included."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


@pytest.mark.parametrize("room", ROOMS)
def test_the_modules_of_a_room_do_not_import_each_other_in_circles(room):
    files = {f"fullcanvas.{room}.{path.stem}": path for path in (PACKAGE / room).glob("*.py")}
    TopologicalSorter({name: imported_modules(path) for name, path in files.items()}).prepare()


def test_only_the_command_line_knows_of_training():
    for path in PACKAGE.rglob("*.py"):
        if path.parent.name != "learning" and path.name != "cli.py":
            assert "learning" not in imported_rooms(path), path


def test_only_doors_lie_beside_the_rooms():
    assert {path.stem for path in PACKAGE.glob("*.py")} == DOORS
