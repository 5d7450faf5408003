"""Whom the annotator answers: a test per attack."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from fullcanvas.server.security import MAX_BODY
from tests.server.conftest import ADDRESS, LEFT, Page

BODY = {"version": 0, "kind": "add_region", "extreme_points": LEFT}
WRITE = "/api/v1/photos/1/interactions"


def ask(page: Page, method: str, path: str, **options: Any) -> int:
    response = page.client.request(method, path, **options)
    assert response.headers["x-content-type-options"] == "nosniff"
    return int(response.status_code)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "evil.localhost",
        "evil127.0.0.1",
        "127.0.0.1@evil.example",
        "localhost.evil.example:8000",
        "192.168.1.5:8000",
        "0.0.0.0:8000",
        "127.0.0.1:8000/x",
        "127.0.0.1:port",
        "[::1",
        "",
    ],
)
def test_dns_rebinding(page: Page, host: str) -> None:
    """A name of the attacker's that points at this machine is not this machine's name."""
    for path in ("/", "/api/v1/project", "/static/main.js"):
        assert ask(page, "GET", path, headers={"Host": host}) == 403
    assert ask(page, "POST", WRITE, json=BODY, headers={"Host": host}) == 403
    assert page.get("/photos/1")["version"] == 0


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "LOCALHOST:1", "[::1]:8000", "127.0.0.1"])
def test_this_machine_by_any_of_its_names(page: Page, host: str) -> None:
    assert ask(page, "GET", "/api/v1/project", headers={"Host": host}) == 200
    assert ask(page, "GET", "/api/v1/project", headers={"Host": host, "Origin": f"http://{host}"}) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8001"},
        {"Origin": "http://localhost:8000"},
        {"Origin": "http://127.0.0.1:8000.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_request_from_another_sites_page(page: Page, headers: dict[str, str]) -> None:
    assert ask(page, "POST", WRITE, json=BODY, headers=headers) == 403
    assert ask(page, "GET", "/api/v1/export", headers=headers) == 403
    assert ask(page, "GET", "/api/v1/photos/1/image", headers=headers) == 403
    assert page.get("/photos/1")["version"] == 0


def test_the_own_page_and_programs_may(page: Page) -> None:
    own = {"Origin": ADDRESS, "Sec-Fetch-Site": "same-origin"}
    assert ask(page, "POST", WRITE, json=BODY, headers=own) == 200
    assert ask(page, "GET", "/api/v1/project", headers={"Sec-Fetch-Site": "none"}) == 200


def test_a_link_from_elsewhere_may_open_the_page_itself(page: Page) -> None:
    assert ask(page, "GET", "/", headers={"Sec-Fetch-Site": "cross-site"}) == 200


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_cannot_pose_as_json(page: Page, media: str) -> None:
    """What a page may send anywhere without asking is not read as JSON."""
    content = '{"version": 0, "kind": "add_region", "extreme_points": [[4, 20], [50, 22], [20, 4], [25, 60]]}'
    assert ask(page, "POST", WRITE, content=content, headers={"Content-Type": media}) == 422
    assert page.get("/photos/1")["version"] == 0


def test_every_answer_carries_the_strict_policy(page: Page) -> None:
    for path in ("/", "/api/v1/project", "/api/v1/photos/99", "/nowhere", "/static/nothing.js"):
        headers = page.client.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'self'; img-src 'self' blob:;")
        assert "unsafe" not in policy
        for directive in ("object-src", "base-uri", "form-action", "frame-ancestors"):
            assert f"{directive} 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "access-control-allow-origin" not in headers


def test_answers_are_not_kept_by_the_browser(page: Page) -> None:
    assert page.client.get("/api/v1/project").headers["cache-control"] == "no-store"
    assert page.client.get("/").headers["cache-control"] == "no-cache"


def test_a_request_that_is_too_long(page: Page) -> None:
    response = page.client.post(WRITE, content=b" " * (MAX_BODY + 1))
    assert response.status_code == 413
    assert "at most" in response.json()["detail"]


def test_a_request_that_hides_its_length(page: Page) -> None:
    def parts() -> Any:
        for _ in range(5):
            yield b" " * (MAX_BODY // 4)

    assert ask(page, "POST", WRITE, content=parts()) == 413


@pytest.mark.parametrize("length", ["-1", "1e9", "abc", "\u00b2"])
def test_a_length_that_is_none(page: Page, length: str) -> None:
    assert ask(page, "POST", WRITE, headers={b"Content-Length": length.encode()}, content=b"") == 413


def test_a_scribble_of_too_many_points(page: Page) -> None:
    body = {"version": 0, "kind": "scribble", "points": [[1, 1]] * 20_001, "region": 1}
    assert ask(page, "POST", WRITE, json=body) == 422


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%252e%252e/app.py",
        "/static/..\\app.py",
        "/static/%5c..%5capp.py",
        "/static//etc/passwd",
        "/static/%00",
        "/static/" + "x" * 3000,
        "/../app.py",
        "/.fullcanvas/fullcanvas.db",
    ],
)
def test_the_pages_files_are_confined(page: Page, path: str) -> None:
    assert ask(page, "GET", path) == 404


def test_the_pages_files_come_with_their_type_and_are_asked_for_anew(page: Page) -> None:
    response = page.client.get("/static/main.js")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/javascript")
    assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["..%2f..%2fetc%2fpasswd", "%2e%2e", "a.jpg", "1%00", "..%5c1"])
def test_photos_are_known_by_number_only(page: Page, path: str) -> None:
    assert ask(page, "GET", f"/api/v1/photos/{path}/image") in (404, 422)


def test_there_is_no_page_of_documentation_from_elsewhere(page: Page) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert ask(page, "GET", path) == 404


def test_names_and_paths_are_never_markup(page: Page) -> None:
    """JSON only, with its type, and the browser is told not to guess."""
    name = "<script>alert(1)</script>"
    response = page.post("/labels", name=name)
    assert response.json()["name"] == name
    assert response.headers["content-type"] == "application/json"


def test_an_unexpected_failure_tells_nothing_of_the_inside(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any) -> Any:
        raise ZeroDivisionError("/home/secret")

    monkeypatch.setattr(type(page.client.app.state.workbench), "view", fail)  # type: ignore[attr-defined]
    with TestClient(page.client.app, base_url=ADDRESS, raise_server_exceptions=False) as client:
        response = client.get("/api/v1/photos/1")
    assert response.status_code == 500
    assert "secret" not in response.text
    assert "the annotator failed" in response.json()["detail"]


def test_only_this_machine_is_listened_on(tmp_path: Path) -> None:
    from fullcanvas.server.serve import StartError, check_local, listen

    for host in ("0.0.0.0", "::", "192.168.1.5", "example.org"):
        with pytest.raises(StartError, match="this machine only"):
            check_local(host)
    with listen("127.0.0.1", 0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"
        assert listening.family == socket.AF_INET


def test_half_a_request_is_no_request() -> None:
    """A body that would read as whole where the connection broke is not acted on."""
    from fullcanvas.server.security import Guard

    reached: list[Any] = []

    async def inner(*arguments: Any) -> None:
        reached.append(arguments)

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        reached.append(message)

    messages = iter(
        [{"type": "http.request", "body": b"{}", "more_body": True}, {"type": "http.disconnect"}],
    )
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"host", b"localhost")]}
    asyncio.run(Guard(inner)(scope, receive, send))
    assert reached == []
