"""Ask the index of packages whether what is installed has known vulnerabilities.

Fails where something that annotators install has one, and a version without it is out: then there is
something to do. Other findings (of tools for tests and training, or of what nobody has mended yet) are told
and fail nothing. Nor does an index that is out of reach or tells nothing: whether a build passes must not
depend on a network, and what is missed today is found by the next build that has one.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, requires
from typing import Any

from packaging.requirements import Requirement

COMMAND = (
    "pip_audit",
    "--local",
    "--skip-editable",
    "--format=json",
    "--progress-spinner=off",
    "--timeout=10",
)


def main() -> int:
    """Audit the packages of this interpreter; the exit status."""
    found = subprocess.run(  # noqa: S603 nothing of it comes from outside
        [sys.executable, "-m", *COMMAND], capture_output=True, text=True, check=False
    )
    try:
        packages = json.loads(found.stdout)["dependencies"]
    except (ValueError, KeyError):
        packages = []
    lines, status = judge(packages, needed("fullcanvas"))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return status


def judge(packages: Sequence[Mapping[str, Any]], needed: frozenset[str]) -> tuple[list[str], int]:
    """What to say of an audit, and the exit status.

    Args:
        packages: as pip-audit reports them.
        needed: names of those that annotators install.
    """
    audited = [package for package in packages if "vulns" in package]
    if not audited:
        return ["Nothing was audited: no list of known vulnerabilities is within reach."], 0
    lines, status = [f"{len(audited)} packages audited."], 0
    for package in audited:
        for item in package["vulns"]:
            mended = ", ".join(item["fix_versions"])
            grave = bool(mended) and name_of(package["name"]) in needed
            status |= grave
            remedy = f"mended in {mended}" if mended else "not mended yet"
            weight = "" if grave else " (fails nothing)"
            lines.append(f"{package['name']} {package['version']}: {item['id']}, {remedy}{weight}")
    return lines, int(status)


def needed(package: str) -> frozenset[str]:
    """The names of what is installed with a package when no extra is asked for."""
    found = {name_of(package)}
    ahead = [package]
    while ahead:
        for name in set(_required(ahead.pop())) - found:
            found.add(name)
            ahead.append(name)
    return frozenset(found)


def _required(package: str) -> Iterator[str]:
    try:
        listed = requires(package) or []
    except PackageNotFoundError:
        return  # for another system
    for requirement in map(Requirement, listed):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield name_of(requirement.name)


def name_of(name: str) -> str:
    """A package's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
