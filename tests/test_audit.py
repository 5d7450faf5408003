"""The audit of the packages: what fails a build, and what is only told."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from scripts import audit

MENDED = {"id": "CVE-1", "fix_versions": ["2.1", "3.0"]}
OPEN = {"id": "CVE-2", "fix_versions": []}


def package(name: str, *found: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "version": "2.0", "vulns": list(found)}


def test_what_annotators_install_must_be_mended() -> None:
    lines, status = audit.judge([package("Pillow", MENDED)], audit.needed("fullcanvas"))
    assert lines == ["1 packages audited.", "Pillow 2.0: CVE-1, mended in 2.1, 3.0"]
    assert status == 1


def test_what_nobody_has_mended_or_only_tests_use_is_told() -> None:
    lines, status = audit.judge(
        [package("pillow", OPEN), package("pytest", MENDED)], audit.needed("fullcanvas")
    )
    assert lines == [
        "2 packages audited.",
        "pillow 2.0: CVE-2, not mended yet (fails nothing)",
        "pytest 2.0: CVE-1, mended in 2.1, 3.0 (fails nothing)",
    ]
    assert status == 0


@pytest.mark.parametrize(
    "said", ["", "no json", "{}", '{"dependencies": [{"name": "a", "skip_reason": "b"}]}']
)
def test_without_a_list_of_vulnerabilities_nothing_fails(
    said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*_command: object, **_options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 1, said, "ConnectionError")

    monkeypatch.setattr(subprocess, "run", run)
    assert audit.main() == 0
    assert capsys.readouterr().out.startswith("Nothing was audited: no list of known vulnerabilities")


def test_what_is_needed_is_followed_through() -> None:
    needed = audit.needed("fullcanvas")
    assert {"fastapi", "starlette", "pydantic-core", "pillow", "sqlalchemy"} <= needed
    assert not {"torch", "pytest", "psycopg"} & needed
