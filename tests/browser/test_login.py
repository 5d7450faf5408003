"""Coming in where a project is served to a team."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect
from typer.testing import CliRunner

from fullcanvas.cli import app
from tests.browser.annotator import Annotator
from tests.server.process import Server

CAT = [(30, 150), (420, 150), (200, 10), (200, 290)]
FACE = [(60, 120), (260, 120), (160, 30), (160, 250)]


@pytest.fixture
def folder(example_photos: Path, tmp_path: Path) -> Path:
    """A folder with one photo."""
    made = tmp_path / "photos"
    made.mkdir()
    (made / "chelsea.jpg").write_bytes((example_photos / "chelsea.jpg").read_bytes())
    return made


def test_a_link_lets_in_and_leaves_no_token_behind(
    context: BrowserContext, example_photos: Path, tmp_path: Path, model: str
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    photo = next(path for path in sorted(example_photos.iterdir()) if path.suffix == ".jpg")
    (photos / photo.name).write_bytes(photo.read_bytes())
    server = Server(photos, Path(model), "serve")
    try:
        link = server.line(r"http://\S+/login#\S+")[0]
        page = context.new_page()
        page.goto(server.address)
        page.wait_for_url("**/login")
        page.get_by_label("Your token").fill("admin.wrong")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("nobody's")
        page.get_by_label("Your token").fill(link)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{server.address}/**")
        expect(page.locator("#project-name")).to_have_text("photos")
        assert page.evaluate("document.cookie") == ""
        (cookie,) = context.cookies()
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Strict"
        context.clear_cookies()
        page.goto(link)
        expect(page.locator("#project-name")).to_have_text("photos")
        token = link.partition("#")[2]
        assert token not in page.url
        page.goto(f"{server.address}/login")  # who is in already is sent on
        expect(page.locator("#project-name")).to_have_text("photos")
    finally:
        server.stop()


def test_nothing_is_lost_when_the_login_ends_in_the_middle_of_work(
    context: BrowserContext, folder: Path, model: str
) -> None:
    server = Server(folder, Path(model), "serve")
    try:
        link = server.line(r"http://\S+/login#\S+")[0]
        annotator = Annotator(context.new_page(), server.address, expected="401")
        annotator.page.goto(link)
        annotator.settle()
        annotator.mark(*CAT)
        context.clear_cookies()
        annotator.page.keyboard.press("n")
        for point in FACE:
            annotator.page.mouse.click(*annotator.client(point))
        banner = annotator.page.get_by_role("alert").filter(has_text="no longer logged in")
        expect(banner).to_contain_text("Your last change is kept here")
        banner.get_by_role("button", name="Log in").click()
        dialog = annotator.page.get_by_role("dialog", name="Log in again")
        dialog.get_by_label("Your token").fill("admin.wrong")
        dialog.get_by_role("button", name="Log in").click()
        expect(dialog.get_by_role("alert")).to_contain_text("nobody's")
        dialog.get_by_label("Your token").fill(link)
        dialog.get_by_role("button", name="Log in").click()
        annotator.expect_saved()
        expect(banner).to_be_hidden()
        assert len(annotator.regions()) == 2
        assert annotator.complaints == []
        annotator.page.close()
    finally:
        server.stop()


def test_a_role_sees_what_it_may_do_and_leaves_with_a_button(
    context: BrowserContext, folder: Path, model: str
) -> None:
    server = Server(folder, Path(model), "serve")
    try:
        server.line(r"http://\S+/login#\S+")
        added = CliRunner().invoke(app, ["users", "add", str(folder), "ann"])
        token = added.output.partition("#")[2].split()[0]
        annotator = Annotator(context.new_page(), server.address)
        annotator.page.goto(f"{server.address}/login#{token}")
        annotator.settle()
        expect(annotator.page.locator("#account")).to_contain_text("ann (annotator)")
        for command in ("export", "project", "accept", "reject", "reopen"):
            expect(annotator.page.locator(f'button[data-command="{command}"]')).to_be_hidden()
        annotator.press("e")
        expect(annotator.message).to_contain_text("the role reviewer")
        annotator.mark(*CAT)
        annotator.press("/")
        annotator.page.keyboard.type("cat")
        expect(annotator.page.locator("#picker-list")).to_be_hidden()
        expect(annotator.page.locator("#picker-nothing")).to_contain_text("only an admin can make one")
        annotator.page.keyboard.press("Escape")
        # What she completed she may open again herself.
        annotator.complete()
        reopen = annotator.page.locator("#prompt-reopen")
        expect(reopen).to_be_visible()
        expect(annotator.page.locator("#prompt-accept")).to_be_hidden()
        reopen.click()
        expect(annotator.page.locator("#prompt")).not_to_contain_text("Complete")
        annotator.settle()
        assert annotator.state()["photo"]["status"] == "in_work"
        annotator.page.get_by_role("button", name="Log out").click()
        annotator.page.wait_for_url("**/login")
        assert context.cookies() == []
        # The page to log in at asks whether anybody is.
        assert [text for text in annotator.complaints if "401" not in text] == []
        annotator.page.close()
    finally:
        server.stop()


def test_a_link_to_a_photo_leads_to_it_from_anywhere(
    context: BrowserContext, example_photos: Path, tmp_path: Path, model: str
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("astronaut.jpg", "chelsea.jpg"):
        (photos / name).write_bytes((example_photos / name).read_bytes())
    server = Server(photos, Path(model), "serve")
    try:
        login = server.line(r"http://\S+/login#\S+")[0]
        page = context.new_page()
        # Not logged in: the photo is there once that is done.
        page.goto(f"{server.address}/#2")
        page.get_by_label("Your token").fill(login)
        expect(page.get_by_role("alert")).to_be_hidden()
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("#photo-name")).to_have_text("chelsea.jpg")
        # Logged in: a browser sends no such cookie along from another site.
        link = f'<a href="{server.address}/#2">the cat</a>'
        other = "http://elsewhere.example/"
        context.route(other, lambda route: route.fulfill(body=link, content_type="text/html"))
        page.goto(other)
        page.get_by_role("link").click()
        expect(page.locator("#photo-name")).to_have_text("chelsea.jpg")
        assert page.url == f"{server.address}/#2"
    finally:
        server.stop()
