"""Coming in where a project is served to a team."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import BrowserContext, expect

from tests.server.process import Server


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
