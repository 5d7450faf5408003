"""Requests made up from the interface's own description: no failure, and no answer that it lacks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    status_code_conformance,
)

from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.server.app import create_app
from fullcanvas.server.project import open_project
from fullcanvas.server.requests import AddRegionRequest
from tests.server.conftest import LEFT, write_photo

EXAMPLES = int(os.environ.get("FULLCANVAS_EXAMPLES", "12"))
HERE = {"Host": "localhost"}
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory, segmenter: Segmenter) -> Iterator[Any]:
    """The description of a project with work in it, and the application that it describes."""
    folder = tmp_path_factory.mktemp("described")
    for number in range(3):
        write_photo(folder / f"{number}.png", seed=number)
    project = open_project(folder)
    app = create_app(project, segmenter)
    points = [[float(x), float(y)] for x, y in LEFT]
    app.state.workbench.interact(
        1, AddRegionRequest(version=0, kind="add_region", extreme_points=points), None
    )
    yield schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers=HERE)
    app.state.workbench.embeddings.close()
    project.store.close()


def check_form(description: dict[str, Any], case: Any, response: Any) -> None:
    """A JSON answer has the form that is described for its status.

    Not left to schemathesis, which takes tuples (prefixItems) for a mistake in the description.
    """
    operation = description["paths"][case.operation.path][case.method.lower()]
    content = operation["responses"][str(response.status_code)].get("content", {})
    if "application/json" in content:
        form = {**content["application/json"]["schema"], "components": description["components"]}
        jsonschema.Draft202012Validator(form).validate(response.json())


def test_any_described_request(described: Any) -> None:
    seen = set()
    for found in described.get_all_operations():
        operation = found.ok()
        seen.add(operation.label)

        @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def check(case: Any) -> None:
            response = case.call_and_validate(checks=CHECKS, headers=HERE)
            check_form(described.raw_schema, case, response)

        check()
    assert "POST /api/v1/photos/{photo_id}/interactions" in seen
    assert len(seen) >= 13
