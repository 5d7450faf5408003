"""The interface describes itself to people, offline as everything else."""

from __future__ import annotations

import json

from playwright.sync_api import expect

from tests.browser.annotator import Annotator, Server


def test_the_interface_has_a_page_with_every_request(annotator: Annotator, server: Server) -> None:
    described = json.loads(server.get("/openapi.json"))
    operations = [(method, path) for path, methods in described["paths"].items() for method in methods]
    annotator.open("chelsea.jpg")
    annotator.press("?")
    with annotator.page.context.expect_page() as opened:
        annotator.page.get_by_role("link", name="The interface for scripts").click()
    page = Annotator(opened.value, server.address).page
    titles = page.locator("#operations h3")
    expect(titles).to_have_text([f"{method.upper()} {path}" for method, path in operations])
    expect(page.locator("#records h3")).to_have_text(list(described["components"]["schemas"]))
    nowhere = page.evaluate("""() => [...document.querySelectorAll('main a[href^="#"]')]
        .map((link) => link.hash.slice(1)).filter((id) => !document.getElementById(id))""")
    assert nowhere == []
    change = page.locator("section", has_text="/photos/{photo_id}/complete")
    expect(change.get_by_role("link", name="CompleteRequest")).to_be_visible()
    page.close()
