"""What importing the package and asking for help costs, and what annotating needs."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import runpy
import subprocess
import sys
import tomllib
from importlib import metadata
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import typer
from packaging.requirements import Requirement
from typer.testing import CliRunner

import fullcanvas
from fullcanvas.cli import app
from fullcanvas.server.requests import Change, Interaction
from tests.conftest import REPOSITORY

COMMANDS = sorted(typer.main.get_command(app).list_commands(None))  # type: ignore[attr-defined]


def run_python(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", fullcanvas.__all__)
def test_public_names_are_there(name):
    assert getattr(fullcanvas, name) is not None
    assert name in dir(fullcanvas)


def test_what_methods_raise_can_be_had_from_the_package():
    classes = [each for name in fullcanvas.__all__ if isinstance(each := getattr(fullcanvas, name), type)]
    documented = [each.__doc__ for one in classes for each in (one, *vars(one).values()) if each.__doc__]
    sections = [text.partition("Raises:")[2] for text in documented]
    raised = {name for section in sections for name in re.findall(r"^\s+(\w+Error):", section, re.MULTILINE)}
    assert {"AnnotationError", "CancelledError", "ConflictError", "ModelError"} <= raised
    assert {name for name in raised if not hasattr(builtins, name)} <= set(fullcanvas.__all__)


def test_a_change_is_said_in_one_way_wherever_it_is_said():
    """The log, a session and a photo on a server take the same arguments, and requests call them the same."""
    asked = {
        each.model_fields["kind"].annotation.__args__[0]: each for each in Interaction.__args__[0].__args__
    }
    for kind, request in asked.items():
        log, session, remote = (
            inspect.signature(getattr(place, kind)).parameters
            for place in (fullcanvas.Annotation, fullcanvas.Session, fullcanvas.RemotePhoto)
        )
        kinds = [[(each.name, each.kind) for each in place.values()] for place in (log, session, remote)]
        assert kinds[1] == kinds[2]
        assert kinds[0] == kinds[1] or kind == "split"  # the log has it by its outcome, not by the line
        assert set(request.model_fields) - set(Change.model_fields) - {"kind"} == set(session) - {"self"}


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="module 'fullcanvas' has no attribute 'Segmentor'"):
        _ = fullcanvas.Segmentor


def test_help_does_not_wait_for_heavy_rooms():
    printed = run_python(
        "import sys, typer.testing, fullcanvas.cli;"
        "result = typer.testing.CliRunner().invoke(fullcanvas.cli.app, ['--help']);"
        "assert result.exit_code == 0, result.output;"
        "print({'torch', 'numpy', 'cv2', 'onnxruntime', 'fastapi', 'sqlalchemy'} & set(sys.modules))"
    )
    assert printed.strip() == "set()"


def test_annotating_and_evaluating_need_no_extra():
    """Every room that a person meets imports with the base dependencies alone."""
    run_python(
        "import importlib, pkgutil, sys\n"
        "for name in ('torch', 'torchvision', 'timm', 'onnx', 'scipy', 'skimage', 'matplotlib', 'dask'):\n"
        "    sys.modules[name] = None\n"
        "for room in ('annotation', 'canvas', 'inference', 'formats', 'server', 'datasets'):\n"
        "    package = importlib.import_module('fullcanvas.' + room)\n"
        "    for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        importlib.import_module(module.name)\n"
        "import fullcanvas.evaluation.run\n"
    )


def test_every_package_has_a_lower_bound_and_a_reason():
    reasons = (REPOSITORY / "docs" / "architecture.md").read_text().partition("## Dependencies, and why")[2]
    for requirement in required():
        assert any(bound.operator == ">=" for bound in requirement.specifier), requirement
        assert re.search(rf"\b{re.escape(requirement.name)}\b", reasons), requirement


def test_what_is_imported_at_run_time_is_asked_for():
    """What comes along with something else today need not come tomorrow."""
    asked = {name_of(requirement.name) for requirement in required()}
    providers = metadata.packages_distributions()
    for path in Path(fullcanvas.__file__).parent.rglob("*.py"):
        # Ray is too large for an extra; whoever has a cluster of it has it.
        for module in imported(path) - sys.stdlib_module_names - {"fullcanvas", "ray"}:
            assert asked & {name_of(name) for name in providers[module]}, (path, module)


def required() -> list[Requirement]:
    """What pyproject.toml asks for, extras included."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    listed = chain(project["dependencies"], *project["optional-dependencies"].values())
    return [Requirement(each) for each in listed]


def imported(path: Path) -> set[str]:
    """The packages that a module imports, anywhere in it."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    names += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return {name.partition(".")[0] for name in names}


def name_of(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert f"Usage: fullcanvas {command}" in re.sub(r"\s+", " ", result.output)


def test_commands_in_the_documentation_have_the_options_that_it_says():
    pages = [
        *REPOSITORY.glob("*.md"),
        *(REPOSITORY / "docs").rglob("*.md"),
        *(REPOSITORY / "src").rglob("*.md"),
    ]
    lines = [
        (page, line)
        for page in pages
        for line in re.findall(r"^fullcanvas .*", page.read_text(), re.MULTILINE)
    ]
    assert len(lines) > 30
    for page, line in lines:
        words = line.partition("#")[0].split()
        command: Any = typer.main.get_command(app)
        for word in words[1:]:
            command = getattr(command, "commands", {}).get(word, command)
        known = {name for option in command.params for name in option.opts} | {"--help"}
        assert {word for word in words if word.startswith("--")} <= known, (page, line)


def test_python_runs_it_as_a_module(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["fullcanvas", "--version"])
    with pytest.raises(SystemExit, match="0"):
        runpy.run_module("fullcanvas", run_name="__main__")
    assert capsys.readouterr().out == f"fullcanvas {metadata.version('fullcanvas')}\n"
