"""A project served to others: who comes in, how, and what each role may do. A test per attack."""

from __future__ import annotations

import re
import ssl
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from fullcanvas.server.accounts import Accounts, Role
from fullcanvas.server.records import Photo, Review
from fullcanvas.server.routes import PREFIX
from fullcanvas.server.security import SESSION
from fullcanvas.server.store import Store
from tests.server.conftest import LEFT, OUTSIDE, Page, Served
from tests.server.process import Server

BODY = {"version": 0, "kind": "add_region", "extreme_points": LEFT}
WRITE = "/api/v1/photos/1/interactions"


def test_without_an_account_there_is_nothing_but_the_way_in(served: Served) -> None:
    client = served.browser()
    for path in ("/project", "/photos", "/photos/1", "/photos/1/image", "/photos/1/labels", "/export", "/no"):
        assert client.get(f"/api/v1{path}").status_code == 401
    assert client.get("/api/v1/openapi.json").status_code == 401
    assert client.post(WRITE, json=BODY).status_code == 401
    assert client.get("/api/v1/session").status_code == 401
    assert client.get("/").headers["location"] == "/login"
    page = client.get("/login")
    assert page.status_code == 200
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "<script>" not in page.text
    assert client.get("/static/login.js").status_code == 200
    assert served.project.store.photo(1).version == 0


def test_a_token_becomes_a_cookie_that_scripts_and_other_sites_cannot_use(served: Served) -> None:
    response = served.browser().post("/api/v1/session", json={"token": served.tokens[Role.ANNOTATOR]})
    assert response.json() == {"name": "annotator", "role": "annotator"}
    cookie = response.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Domain" not in cookie
    assert served.tokens[Role.ANNOTATOR].rpartition(".")[2] not in cookie


def test_over_https_the_cookie_never_travels_in_the_open(served: Served) -> None:
    client = TestClient(served.app, base_url="https://annotators.example")
    response = client.post("/api/v1/session", json={"token": served.tokens[Role.ANNOTATOR]})
    assert "Secure" in response.headers["set-cookie"]


def test_behind_a_proxy_what_counts_is_the_name_that_it_passes_on(served: Served) -> None:
    client = TestClient(served.app, base_url="http://127.0.0.1:8000")
    token = {"token": served.tokens[Role.ANNOTATOR]}
    page = {"Origin": "https://annotators.example:8443", "Sec-Fetch-Site": "same-origin"}
    refused = client.post("/api/v1/session", json=token, headers=page)
    assert refused.status_code == 403
    assert "has to pass the Host header on" in refused.json()["detail"]
    assert "annotators.example:8443" in refused.json()["detail"]
    named = {**page, "Host": "annotators.example:8443"}
    assert client.post("/api/v1/session", json=token, headers=named).status_code == 200


def test_programs_bear_their_token(served: Served) -> None:
    client = served.browser()
    bearer = {"Authorization": f"Bearer {served.tokens[Role.ANNOTATOR]}"}
    assert client.get("/api/v1/project", headers=bearer).status_code == 200
    for wrong in ("Bearer x", "Bearer annotator.x", "Basic x", "Bearer", f"Bearer {'x' * 500}"):
        assert client.get("/api/v1/project", headers={"Authorization": wrong}).status_code == 401


def test_what_is_too_long_for_a_token_is_not_even_looked_at(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []
    monkeypatch.setattr(served.accounts, "of_token", looked_at.append)
    client = served.browser()
    for length in (200, 201):
        bearer = {"Authorization": f"Bearer {'x' * length}"}
        assert client.get("/api/v1/project", headers=bearer).status_code == 401
    assert looked_at == ["x" * 200]


def test_a_wrong_token_is_refused_whatever_it_is(served: Served) -> None:
    client = served.browser()
    assert client.post("/api/v1/session", json={"token": "annotator.guess"}).status_code == 401
    wrong: list[Any] = [{}, {"token": 1}, {"token": ""}, {"token": "x" * 201}, []]
    for nonsense in wrong:
        assert client.post("/api/v1/session", json=nonsense).status_code == 422
    assert client.get("/api/v1/project").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"{OUTSIDE}.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_csrf(served: Served, headers: dict[str, str]) -> None:
    """Another site's page has no use of a cookie, even if a browser sent it along."""
    client = served.browser(Role.ADMIN)
    assert client.post(WRITE, json=BODY, headers=headers).status_code == 403
    assert client.post("/api/v1/session", json={"token": "x"}, headers=headers).status_code == 403
    assert client.delete("/api/v1/session", headers=headers).status_code == 403
    assert served.project.store.photo(1).version == 0
    form = {"Content-Type": "text/plain"}
    assert (
        client.post(
            WRITE, content=httpx.Request("POST", OUTSIDE, json=BODY).content, headers=form
        ).status_code
        == 422
    )
    assert client.post(WRITE, json=BODY, headers={"Origin": OUTSIDE}).status_code == 200


def test_dns_rebinding(served: Served) -> None:
    """A name made to point here gets in nowhere: the cookie belongs to another."""
    client = served.browser(Role.ADMIN)
    rebound = TestClient(served.app, base_url="http://evil.example:8000", cookies=None)
    assert rebound.get("/api/v1/project").status_code == 401
    for host in ("", "a@b", "a/b", "a:b", "["):
        assert client.get("/api/v1/project", headers={"Host": host}).status_code == 403


def test_a_stolen_name_is_not_enough(served: Served) -> None:
    client = served.browser()
    client.cookies.set(served.accounts.cookie_name, "admin.99999999999." + "0" * 64)
    assert client.get("/api/v1/project").status_code == 401


def test_logging_out_forgets_the_cookie(served: Served) -> None:
    client = served.browser(Role.ADMIN)
    assert client.get("/api/v1/session").json()["role"] == "admin"
    assert client.delete("/api/v1/session").status_code == 204
    assert client.get("/api/v1/session").status_code == 401


def test_a_removed_user_is_out_at_the_next_request(served: Served) -> None:
    client = served.browser(Role.ANNOTATOR)
    assert client.get("/api/v1/project").status_code == 200
    served.accounts.remove("annotator")
    assert client.get("/api/v1/project").status_code == 401


LEAST = {
    ("post", "/photos/{photo_id}/review"): Role.REVIEWER,
    ("get", "/export"): Role.REVIEWER,
    ("get", "/export/check"): Role.REVIEWER,
    ("get", "/export/progress"): Role.REVIEWER,
    ("post", "/labels"): Role.ADMIN,
    ("patch", "/labels/{label_id}"): Role.ADMIN,
    ("delete", "/labels/{label_id}"): Role.ADMIN,
    ("put", "/rule"): Role.ADMIN,
}
"""The least role that a request takes, where that is not the least there is."""


@pytest.mark.parametrize("role", Role)
def test_every_request_takes_the_role_that_is_said(served: Served, role: Role) -> None:
    client = served.browser(role)
    for path, methods in served.app.openapi()["paths"].items():
        for method in methods if path != SESSION else ():
            least = LEAST.get((method, path.removeprefix(PREFIX)), Role.ANNOTATOR)
            status = client.request(method, re.sub(r"{\w+}", "1", path), json={}).status_code
            assert (status == 403) == (not role.includes(least)), (method, path)


def test_what_each_role_may_do(served: Served) -> None:
    annotator, reviewer, admin = (served.browser(role) for role in Role)

    def complete(client: TestClient, version: int, value: bool) -> int:
        body = {"version": version, "complete": value}
        return client.post("/api/v1/photos/1/complete", json=body).status_code

    for client, status in ((annotator, 403), (reviewer, 403), (admin, 201)):
        assert client.post("/api/v1/labels", json={"name": "cat"}).status_code == status
    assert annotator.post(WRITE, json={**BODY, "label": "cat"}).status_code == 200
    assert complete(annotator, 1, True) == 200
    refused = annotator.get("/api/v1/export")
    assert refused.status_code == 403
    assert "takes the role reviewer" in refused.json()["detail"]
    assert reviewer.get("/api/v1/export").status_code == 200
    assert complete(reviewer, 2, False) == 200


def test_who_completed_a_photo_may_reopen_it_until_it_is_reviewed(served: Served) -> None:
    annotator, reviewer, _ = (served.browser(role) for role in Role)

    def send(client: TestClient, version: int, what: str = "complete", **body: Any) -> int:
        place = f"/api/v1/photos/1/{what}"
        return client.post(place, json={"version": version, **body}).status_code

    assert annotator.post(WRITE, json=BODY).status_code == 200
    assert send(annotator, 1, complete=True) == 200
    assert annotator.get("/api/v1/photos/1").json()["author"] == "annotator"
    assert send(annotator, 2, complete=False) == 200
    assert send(annotator, 3, complete=True) == 200
    assert send(reviewer, 4, "review", verdict="reviewed") == 200
    assert send(annotator, 5, complete=False) == 403
    # Nor what somebody else completed.
    assert send(reviewer, 5, complete=False) == 200
    assert send(reviewer, 6, complete=True) == 200
    assert send(annotator, 7, complete=False) == 403


def test_reopening_is_asked_for_again_where_its_answer_was_lost(served: Served) -> None:
    """Though what was asked for has been done by then: the photo is not complete any more."""
    annotator = served.browser(Role.ANNOTATOR)
    place, key = "/api/v1/photos/1/complete", {"key": "mine"}
    assert annotator.post(place, json={"version": 0, "complete": True}).status_code == 200
    for _ in range(2):
        answer = annotator.post(place, json={"version": 1, "complete": False, **key})
        assert (answer.status_code, answer.json().get("version")) == (200, 2)


def test_nobody_reopens_what_is_reviewed_in_that_moment(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    annotator, store = served.browser(Role.ANNOTATOR), served.project.store
    place = "/api/v1/photos/1/complete"
    assert annotator.post(place, json={"version": 0, "complete": True}).status_code == 200
    read = store.photo

    def then_reviewed(photo_id: int) -> Photo:
        monkeypatch.setattr(store, "photo", read)
        seen = read(photo_id)
        store.accept(seen, Review("reviewed", None, "reviewer", 0.0))
        return seen

    monkeypatch.setattr(store, "photo", then_reviewed)
    answer = annotator.post(place, json={"version": 2, "complete": False})
    assert answer.status_code in (403, 409)
    assert read(1).status in ("complete", "reviewed")


def test_who_did_what_is_kept(served: Served) -> None:
    served.browser(Role.ANNOTATOR).post(WRITE, json=BODY)
    body = {"version": 1, "complete": True}
    served.browser(Role.REVIEWER).post("/api/v1/photos/1/complete", json=body)
    with served.project.store._database.read() as connection:
        authors = [
            connection.exec_driver_sql(f"SELECT author FROM {table}").scalar()
            for table in ("entries", "label_maps")
        ]
    assert authors == ["annotator", "reviewer"]


def test_accounts_that_cannot_be_read_let_nobody_in(served: Served, folder: Path) -> None:
    client = served.browser(Role.ADMIN)
    (folder / ".fullcanvas" / "accounts.json").write_text("{}")
    response = client.get("/api/v1/project")
    assert response.status_code == 503
    assert "damaged" in response.json()["detail"]


def test_on_this_machine_alone_nobody_has_to_log_in(page: Page) -> None:
    assert page.get("/session") == {"name": None, "role": "admin"}
    assert page.post("/session", token="whatever").json() == {"name": None, "role": "admin"}
    assert page.client.delete("/api/v1/session").status_code == 204


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    files = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-out", str(files[0]), "-keyout", str(files[1])]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    return files


def test_the_command_shows_one_link_once_and_logs_no_secret(
    folder: Path, model: Path, certificate: tuple[Path, Path]
) -> None:
    options = ["--host", "0.0.0.0", "--certificate", str(certificate[0]), "--key", str(certificate[1])]
    server = Server(folder, model, "serve", *options)
    link = server.line(r"https://\S+/login#(\S+)")
    token = link[1]
    port = int(re.findall(r":(\d+)/", link[0])[0])
    trusted = ssl.create_default_context(cafile=str(certificate[0]))
    with httpx.Client(base_url=f"https://localhost:{port}", verify=trusted) as client:
        assert client.get("/api/v1/project").status_code == 401
        assert client.post("/api/v1/session", json={"token": f"{token}x"}).status_code == 401
        assert client.post("/api/v1/session", json={"token": token}).status_code == 200
        cookie = next(iter(client.cookies.jar))
        assert cookie.secure
        assert client.get("/api/v1/project").json()["photos"] == 3
    words = server.stop()
    assert token not in words
    assert str(cookie.value) not in words
    assert link[0].count(token) == 1
    again = Server(folder, model, "serve")
    assert token not in again.stop()
    for file in (folder / ".fullcanvas").iterdir():
        assert token.rpartition(".")[2].encode() not in file.read_bytes()


def test_a_network_address_without_https_is_warned_of(folder: Path, model: Path) -> None:
    server = Server(folder, model, "serve", "--host", "0.0.0.0")
    assert "Not encrypted" in server.said
    server.stop()


@pytest.mark.parametrize(
    ("certificate_and_key", "message"),
    [
        (("none.pem", "none.pem"), "--certificate, --key: cannot be used"),
        (("none.pem", None), "--certificate, --key: cannot be used"),
        ((None, "none.pem"), "--key: is of no use without --certificate"),
    ],
)
def test_certificates_that_are_none_are_said_before_the_link_is_shown(
    folder: Path, model: Path, tmp_path: Path, certificate_and_key: tuple[str | None, ...], message: str
) -> None:
    from rich.console import Console

    from fullcanvas.server.serve import Service, StartError, serve

    (tmp_path / "none.pem").write_text("x")
    certificate, key = (name and tmp_path / name for name in certificate_and_key)
    files: dict[str, Any] = {"certificate": certificate, "key": key}
    kept: dict[str, Any] = {"labels": None, "place": None, "max_pixels": 10**6}
    service = Service(folder=folder, host="127.0.0.1", port=0, model=str(model), **kept, **files)
    console = Console(record=True)
    with pytest.raises(StartError, match=message):
        serve(service, console)
    assert "/login#" not in console.export_text()
    assert not Accounts(folder / ".fullcanvas" / "accounts.json").users()


def test_passwords_of_databases_are_not_told() -> None:
    from fullcanvas.server.errors import StoreError

    address = "postgresql://me:hunter2@127.0.0.1:1/none"
    with pytest.raises(StoreError, match="does not answer") as caught:
        Store(address)
    assert "hunter2" not in str(caught.value)
    for nonsense in ("mysql://me:hunter2@host/x", "hunter2", "postgresql://me:hunter2@host:port/x"):
        with pytest.raises(StoreError, match="no address of a database") as caught:
            Store(nonsense)
        assert "hunter2" not in str(caught.value)
