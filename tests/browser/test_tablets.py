"""All of the work by fingers, or by a pen, on a screen that can be touched and has no keyboard."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.annotator import FLAG, PERSON, TWO_FRAMES, Annotator, Place, Server
from tests.browser.conftest import TIMEOUT_MS
from tests.browser.hands import LONG_MS, Hands

LYING, STANDING = (1180, 820), (820, 1180)


@pytest.fixture(params=[LYING, STANDING], ids=["lying", "standing"])
def tablet(request: pytest.FixtureRequest, chromium: Browser, server: Server) -> Iterator[Annotator]:
    """The astronaut on a tablet."""
    width, height = request.param
    context = chromium.new_context(
        viewport={"width": width, "height": height}, has_touch=True, is_mobile=True
    )
    context.set_default_timeout(TIMEOUT_MS)
    annotator = Annotator(context.new_page(), server.address)
    annotator.open("astronaut.jpg")
    yield annotator
    context.close()
    assert annotator.complaints == []


def tap(annotator: Annotator, name: str) -> None:
    """Tap the button of that name that is in sight."""
    annotator.page.get_by_role("button", name=name, exact=True).locator("visible=true").last.tap()
    annotator.settle()


def mark(annotator: Annotator, *points: Place) -> int:
    tap(annotator, "Mark region")
    for point in points:
        Hands(annotator).tap(point)
    newest: int = annotator.state()["newest"]
    return newest


def in_region(annotator: Annotator, region: int) -> Place:
    """A pixel of a region, away from the others and from the edges of its box."""
    ys, xs = np.nonzero(annotator.labels() == region)
    middle = np.argmin(np.hypot(xs - np.median(xs), ys - np.median(ys)))
    return float(xs[middle]), float(ys[middle])


def test_a_photo_from_the_first_touch_to_the_last(tablet: Annotator) -> None:
    hands = Hands(tablet)
    person = mark(tablet, *PERSON)
    assert sorted(map(tuple, tablet.regions()[person]["extreme_points"])) == sorted(PERSON)
    tablet.page.locator("#label-list").get_by_text("cup").tap()
    tablet.settle()
    assert tablet.regions()[person]["label"] == "cup"
    flag = mark(tablet, *FLAG)
    tablet.page.get_by_role("button", name=f"Label Region {flag}").tap()
    tablet.page.get_by_label("Label", exact=True).fill("flag")
    tablet.page.locator("#picker-list [role=option]").first.tap()
    tablet.settle()
    assert tablet.regions()[flag]["label"] == "flag"

    hands.drag(in_region(tablet, flag), (70, 260), (75, 280))
    assert tablet.regions()[flag]["scribbles"] == 1
    tap(tablet, "Undo")
    assert tablet.regions()[flag]["scribbles"] == 0
    tap(tablet, "Redo")
    assert tablet.regions()[flag]["scribbles"] == 1

    one, other = tablet.client((200, 250)), tablet.client((300, 250))
    hands.touch("touchStart", one)
    hands.touch("touchStart", one, other)
    hands.touch("touchMove", (one[0] - 60, one[1] + 30), (other[0] + 60, other[1] + 30))
    hands.touch("touchEnd")
    assert tablet.client((300, 250))[0] - tablet.client((200, 250))[0] > other[0] - one[0] + 100
    tap(tablet, "Fit the whole photo")

    tap(tablet, "Complete")
    if tablet.page.locator("#complete-dialog").is_visible():
        tablet.page.locator("#complete-go").tap()
        tablet.settle()
    assert tablet.state()["photo"]["path"] == "chelsea.jpg"
    tablet.page.locator("#photo-list").get_by_role("button", name="astronaut.jpg").tap()
    tablet.settle()
    # It is looked at, and given back, by touch as well.
    hands.rest(in_region(tablet, person))
    assert tablet.state()["selected"] == person
    expect(tablet.page.locator("#toast")).to_be_hidden()
    tap(tablet, "Reject…")
    hands.tap((207, 100))
    expect(tablet.page.get_by_label("Pin 1", exact=True)).to_be_focused()
    tablet.page.keyboard.type("the hair")
    tap(tablet, "Reject")
    tablet.page.get_by_role("button", name="the hair").tap()
    expect(tablet.message).to_have_text("Pin 1 of 1: the hair")


def test_a_finger_that_rests_selects_and_draws_nothing(tablet: Annotator) -> None:
    hands = Hands(tablet)
    person, flag = mark(tablet, *PERSON), mark(tablet, *FLAG)
    for region in (person, flag, person):
        hands.rest(in_region(tablet, region))
        assert tablet.state()["selected"] == region
    assert all(region["scribbles"] == 0 for region in tablet.regions().values())
    tablet.page.evaluate(TWO_FRAMES)
    # The other way round: what has begun to move is a stroke, however slow it is.
    x, y = tablet.client(in_region(tablet, flag))
    hands.touch("touchStart", (x, y))
    hands.touch("touchMove", (x + 15, y))
    tablet.page.wait_for_timeout(LONG_MS)
    hands.touch("touchEnd")
    tablet.settle()
    assert tablet.state()["selected"] == person
    assert tablet.regions()[person]["scribbles"] == 1
    # Two fingers that rest, and a finger that places a point with care, select nothing.
    tablet.page.locator(f'[data-region="{person}"]').tap()
    assert tablet.state()["selected"] is None
    hands.touch("touchStart", (x, y))
    hands.touch("touchStart", (x, y), (x + 80, y))
    tablet.page.wait_for_timeout(LONG_MS)
    hands.touch("touchEnd")
    assert tablet.state()["selected"] is None
    tap(tablet, "Mark region")
    hands.rest((300, 300))
    assert len(tablet.state()["points"]) == 1
    assert tablet.state()["selected"] is None


def test_a_pen_that_rests_selects_and_a_palm_does_not(tablet: Annotator) -> None:
    hands = Hands(tablet)
    person, flag = mark(tablet, *PERSON), mark(tablet, *FLAG)
    place = in_region(tablet, flag)
    hands.pen("mousePressed", place)
    hands.touch("touchStart", tablet.client(in_region(tablet, person)))
    tablet.page.wait_for_timeout(LONG_MS)
    hands.pen("mouseReleased", place)
    hands.touch("touchEnd")
    assert tablet.state()["selected"] == flag
    # From now on the palm is known as such.
    before = tablet.client((0, 0))
    hands.rest(in_region(tablet, person))
    assert tablet.state()["selected"] == flag
    assert tablet.client((0, 0)) == pytest.approx(before, abs=4)
    assert all(region["scribbles"] == 0 for region in tablet.regions().values())


def test_what_has_only_a_key_can_be_tapped(tablet: Annotator) -> None:
    person = mark(tablet, *PERSON)
    prompt, sheet = tablet.page.locator("#prompt"), tablet.page.locator("#help-dialog")
    # The keys that the line above the photo speaks of.
    tap(tablet, "Brush in")
    before = tablet.state()["brush"]
    prompt.get_by_role("button", name=".", exact=True).tap()
    prompt.get_by_role("button", name=".", exact=True).tap()
    assert tablet.state()["brush"] > before
    prompt.get_by_role("button", name=",", exact=True).tap()
    tap(tablet, "Put down")
    # And all others, in the sheet.
    tablet.page.locator(f'[data-region="{person}"]').tap()
    for line, shown in (
        ("Fill only the selected region", "solo"),
        ("The loupe that helps to place extreme points, or none", "loupe"),
    ):
        was = tablet.state()[shown]
        tap(tablet, "This sheet")
        sheet.get_by_role("button", name=line, exact=True).tap()
        expect(sheet).to_be_hidden()
        assert tablet.state()[shown] is not was
    tap(tablet, "This sheet")
    rows = sheet.locator("li[data-command-row]").filter(visible=True)
    without = rows.filter(has_not=tablet.page.locator("[data-run]"))
    assert {row.get_attribute("data-command-row") for row in without.all()} == {"digit", "peek"}


def test_every_panel_and_dialog_opens_and_closes_and_fingers_find_room(tablet: Annotator) -> None:
    mark(tablet, *PERSON)
    page = tablet.page
    size = page.viewport_size
    assert size is not None
    for name, dialog in (("This sheet", "Keys and gestures"), ("Export", "Export"), ("Edit", "Project")):
        tap(tablet, name)
        shown = page.get_by_role("dialog", name=dialog)
        expect(shown).to_be_visible()
        box = shown.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size["width"]
        shown.get_by_role("button", name="Close").tap()
        expect(shown).to_be_hidden()
    page.get_by_label("Brightness and contrast of the photo").tap()
    page.get_by_label("Contrast", exact=True).fill("150")
    page.get_by_label("Brightness and contrast of the photo").tap()
    page.get_by_label("Opacity of the overlay").fill("80")
    assert tablet.state()["opacity"] == pytest.approx(0.8)
    page.locator("#history summary").tap()
    expect(page.locator("#history-list button")).to_have_count(2)
    small = page.evaluate("""() => {
        const controls = [...document.querySelectorAll("button, select, input")];
        const shown = controls.filter((control) => control.checkVisibility());
        const boxes = shown.map((control) => [control.outerHTML, control.getBoundingClientRect()]);
        return boxes.filter(([, { width, height }]) => width < 24 || height < 24).map(([one]) => one);
    }""")
    assert small == []  # WCAG 2.5.8
    assert page.locator("#toolbar").bounding_box()["height"] < 60  # type: ignore[index]
