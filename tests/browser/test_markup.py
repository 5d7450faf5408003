"""Names and comments that are markup are shown as what they are: text (stored cross-site scripting)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.annotator import Annotator, Server, serving

ATTACK = "<img src=x onerror=\"window.attacked='{0}'\"><script>window.attacked='{0}'</script>"
FILE = "<img src=x onerror=window.attacked='file'>.jpg"
POINTS = [[30, 150], [420, 150], [200, 10], [200, 290]]


def test_names_and_comments_are_text(
    new_tab: Callable[[Server], Annotator], example_photos: Path, model: str, tmp_path: Path
) -> None:
    label, comment, pin = (ATTACK.format(name) for name in ("label", "comment", "pin"))
    (tmp_path / "photos").mkdir()
    shutil.copy(example_photos / "chelsea.jpg", tmp_path / "photos" / FILE)
    with serving(Server(tmp_path / "photos", model)) as server:
        server.send("POST", "/labels", name=label)
        region = {"kind": "add_region", "extreme_points": POINTS, "label": label}
        server.send("POST", "/photos/1/interactions", version=0, **region)
        server.send("POST", "/photos/1/complete", version=1, complete=True)
        review = {"verdict": "rejected", "comment": comment, "pins": [{"x": 9, "y": 9, "text": pin}]}
        server.send("POST", "/photos/1/review", version=2, **review)
        tab = new_tab(server)
        tab.open(FILE)
        expect(tab.page.locator("#comment-text")).to_have_text(f"Rejected: {comment}")
        expect(tab.page.locator("[data-pin]")).to_have_text(f"1{pin}")
        tab.press("Shift+J")
        expect(tab.message).to_have_text(f"Pin 1 of 1: {pin}")
        expect(tab.page.locator("#photo-list")).to_contain_text(FILE)
        expect(tab.page.locator("#label-list")).to_contain_text(label)
        expect(tab.page.locator('[data-region="1"]')).to_contain_text(label)
        tab.press("y")
        expect(tab.page.get_by_label(f"Name of {label}", exact=True)).to_have_value(label)
        assert tab.page.locator("img[src=x], body script").count() == 0
        assert tab.page.evaluate("window.attacked") is None
