"""The list of photos: found, told apart, gone through."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Request, Route, expect

from tests.browser.annotator import TWO_FRAMES, Annotator, Place, Server, serving

CAT: list[Place] = [(30, 150), (420, 150), (200, 10), (200, 290)]


@pytest.fixture
def cat(annotator: Annotator) -> None:
    """The cat, with nothing on her."""
    annotator.open("chelsea.jpg")


@pytest.mark.usefixtures("cat")
def test_a_photo_is_found_by_a_part_of_its_name(annotator: Annotator) -> None:
    listed = annotator.page.locator("#photo-list button")
    annotator.press("Shift+F")
    expect(annotator.page.get_by_label("Find photos by name")).to_be_focused()
    annotator.page.keyboard.type("OFF")
    expect(listed).to_have_count(1)
    annotator.press("Enter")
    assert annotator.state()["photo"]["path"] == "coffee.jpg"
    expect(annotator.page.locator("#stage")).to_be_focused()
    annotator.press("Shift+F")
    annotator.page.keyboard.type("nowhere")
    expect(annotator.page.locator("#no-photos")).to_be_visible()
    annotator.press("Escape")
    expect(listed).to_have_count(4)
    assert annotator.state()["photo"]["path"] == "coffee.jpg"


@pytest.mark.usefixtures("cat")
def test_photos_are_found_by_a_label_of_theirs(annotator: Annotator, server: Server) -> None:
    annotator.mark(*CAT)
    annotator.press("1")
    annotator.choose("coffee.jpg")
    annotator.mark(*CAT)
    annotator.press("2")
    annotator.complete()
    listed = annotator.page.locator("#photo-list .name")
    # One key from the status.
    annotator.page.get_by_label("Show photos").focus()
    annotator.page.keyboard.press("Tab")
    chosen = annotator.page.get_by_label("Filter by label")
    expect(chosen).to_be_focused()
    expect(chosen.locator("option").first).to_have_text("Any label")
    annotator.press("ArrowDown", "ArrowDown")
    expect(chosen).to_have_value("table")
    expect(listed).to_have_text(["coffee.jpg"])
    chosen.select_option("cup")
    expect(listed).to_have_text(["chelsea.jpg"])
    annotator.page.get_by_label("Show photos").select_option("complete")
    expect(annotator.page.locator("#no-photos")).to_be_visible()
    chosen.select_option("table")
    expect(listed).to_have_text(["coffee.jpg"])
    annotator.page.get_by_label("Show photos").select_option("All photos")
    # A photo that gets the label meanwhile comes, too.
    rocket = next(item for item in server.photos() if item["path"] == "rocket.jpg")
    points = [[10, 50], [90, 50], [50, 10], [50, 90]]
    change = {"version": rocket["version"], "kind": "add_region", "extreme_points": points}
    server.send("POST", f"/photos/{rocket['id']}/interactions", **change, label="table")
    expect(listed).to_have_text(["coffee.jpg", "rocket.jpg"])
    # Nobody has an account, so there is nobody to choose.
    expect(annotator.page.get_by_label("Filter by person")).to_be_hidden()


@pytest.mark.usefixtures("cat")
def test_a_label_that_is_not_there_any_more_filters_nothing(annotator: Annotator, server: Server) -> None:
    server.send("POST", "/labels", name="mug")
    annotator.page.reload()
    annotator.settle()
    chosen = annotator.page.get_by_label("Filter by label")
    chosen.select_option("mug")
    expect(annotator.page.locator("#no-photos")).to_be_visible()
    annotator.press("y")
    annotator.page.get_by_role("button", name="Delete mug").click()
    expect(chosen).to_have_value("")
    expect(annotator.page.locator("#photo-list button")).to_have_count(4)


@pytest.mark.usefixtures("cat")
def test_a_link_leads_to_its_photo_in_a_page_that_is_open(annotator: Annotator) -> None:
    other = next(item for item in annotator.state()["items"] if item["path"] == "rocket.jpg")
    annotator.page.evaluate(f"location.hash = '#{other['id']}'")
    expect(annotator.page.locator("#photo-name")).to_have_text("rocket.jpg")


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A folder of 250 photos."""
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (64, 48)).save(tmp_path / "first.png")
    for number in range(250):
        shutil.copy(tmp_path / "first.png", tmp_path / "photos" / f"{number:03}.png")
    return tmp_path / "photos"


def test_photos_of_one_name_are_told_apart_by_their_folders(
    new_tab: Callable[[Server], Annotator], tmp_path: Path, model: str
) -> None:
    for folder in ("left", "right, which has a name that nobody could show beside a photo's"):
        (tmp_path / "photos" / folder).mkdir(parents=True)
        Image.new("RGB", (64, 48)).save(tmp_path / "photos" / folder / "frame_0001.png")
    with serving(Server(tmp_path / "photos", model)) as server:
        annotator = new_tab(server)
        annotator.open()
        names = annotator.page.locator("#photo-list .name")
        expect(names.first).to_have_text("left/frame_0001.png")
        expect(names.last).to_contain_text("right, which")
        in_full = "name => name.lastElementChild.scrollWidth <= name.lastElementChild.clientWidth"
        assert names.first.evaluate(in_full)
        assert names.last.evaluate(in_full)


def test_a_name_that_is_too_long_shows_its_end(
    new_tab: Callable[[Server], Annotator], tmp_path: Path, model: str
) -> None:
    """There the frames of a video differ."""
    folder = tmp_path / "photos" / "drive from the harbour to the old town and back again"
    folder.mkdir(parents=True)
    for frame in ("000001", "000002"):
        Image.new("RGB", (64, 48)).save(folder / f"front left camera, wide angle, frame {frame}.png")
    last = """name => {
        let text = name;
        while (text.lastChild) text = text.lastChild;
        const range = document.createRange();
        range.setStart(text, text.length - 12);
        range.setEnd(text, text.length);
        const [place, whole] = [name.getBoundingClientRect(), range.getBoundingClientRect()];
        return whole.width > 0 && whole.left >= place.left && whole.right <= place.right + 1;
    }"""
    with serving(Server(tmp_path / "photos", model)) as server:
        annotator = new_tab(server)
        annotator.open()
        for name in annotator.page.locator("#photo-list .name, .prompt strong").all():
            expect(name).to_contain_text("front left camera")
            assert name.evaluate(last)


def test_whoever_comes_gets_what_is_not_complete_however_far_down(
    new_tab: Callable[[Server], Annotator], many: Path, model: str
) -> None:
    with serving(Server(many, model)) as server:
        with closing(sqlite3.connect(many / ".fullcanvas" / "fullcanvas.db")) as database, database:
            database.execute("UPDATE photos SET status = 'reviewed' WHERE path NOT IN ('007.png', '120.png')")
        server.send("POST", f"/photos/{server.photos()[7]['id']}/complete", version=0, complete=True)
        annotator = new_tab(server)
        annotator.open()
        assert annotator.state()["photo"]["path"] == "120.png"
        expect(annotator.page.locator("#photo-list [aria-current]")).to_contain_text("120.png")
        annotator.page.get_by_label("Show photos").select_option("complete")
        annotator.settle()
        # Where all that is listed is complete, the key just goes on.
        annotator.page.locator("#stage").focus()
        annotator.complete()
        assert annotator.state()["photo"]["path"] == "007.png"


def test_more_photos_are_listed_when_somebody_comes_to_the_end(
    new_tab: Callable[[Server], Annotator], many: Path, model: str
) -> None:
    with serving(Server(many, model)) as server:
        annotator = new_tab(server)
        annotator.open()
        rows = annotator.page.locator("#photo-list button")
        end = annotator.page.locator("#photo-list .end")
        for listed in (100, 200, 250):
            expect(rows).to_have_count(listed)
            # Nothing more comes as long as the end of the list is out of sight.
            annotator.page.evaluate(TWO_FRAMES)
            annotator.settle()
            expect(rows).to_have_count(listed)
            if listed < 250:
                end.scroll_into_view_if_needed()
        expect(end).to_have_count(0)


HAS_PICTURE = re.compile("blob:")


def test_rows_in_sight_show_their_photos(
    new_tab: Callable[[Server], Annotator], many: Path, model: str
) -> None:
    asked: list[str] = []
    under_way = [0]

    def begin(route: Route) -> None:
        asked.append(route.request.url)
        under_way.append(under_way[-1] + 1)
        route.continue_()

    def end(request: Request) -> None:
        under_way.append(under_way[-1] - request.url.endswith("/thumbnail"))

    with serving(Server(many, model)) as server:
        annotator = new_tab(server)
        annotator.page.route("**/thumbnail", begin)
        annotator.page.on("requestfinished", end)
        annotator.open()
        rows = annotator.page.locator("#photo-list .thumbnail")
        bottom = "list => list.getBoundingClientRect().bottom"
        end_of_list = annotator.page.locator("#photo-list").evaluate(bottom)
        tops = rows.evaluate_all("places => places.map((place) => place.getBoundingClientRect().top)")
        count = sum(top < end_of_list for top in tops)
        for place in rows.all()[:count]:
            expect(place).to_have_css("background-image", HAS_PICTURE)
        assert 5 < count < 20
        assert count <= len(asked) == len(set(asked)) <= count + 1
        assert max(under_way) == 2
        # What was passed by is not fetched, and what was fetched is kept.
        rows.nth(60).scroll_into_view_if_needed()
        expect(rows.nth(60)).to_have_css("background-image", HAS_PICTURE)
        expect(rows.nth(0)).to_have_css("background-image", HAS_PICTURE)
        expect(rows.nth(30)).to_have_css("background-image", "none")


@pytest.mark.usefixtures("cat")
def test_a_row_that_is_drawn_anew_keeps_its_picture(annotator: Annotator) -> None:
    place = annotator.page.locator("#photo-list [aria-current] .thumbnail")
    expect(place).to_have_css("background-image", HAS_PICTURE)
    before = place.evaluate("place => place.style.backgroundImage")
    old = place.element_handle()
    annotator.mark(*CAT)
    annotator.press("1")
    assert old.evaluate("place => !place.isConnected")
    assert place.evaluate("place => place.style.backgroundImage") == before


def test_a_photo_that_cannot_be_opened_has_a_plain_place(
    new_tab: Callable[[Server], Annotator], tmp_path: Path, model: str
) -> None:
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (64, 48), "red").save(tmp_path / "photos" / "whole.png")
    (tmp_path / "photos" / "broken.png").write_bytes((tmp_path / "photos" / "whole.png").read_bytes()[:60])
    with serving(Server(tmp_path / "photos", model)) as server:
        annotator = new_tab(server)
        with annotator.page.expect_response("**/photos/1/thumbnail") as answer:
            annotator.open("whole.png")
        assert answer.value.status == 204
        rows = annotator.page.locator("#photo-list .thumbnail")
        expect(rows.last).to_have_css("background-image", HAS_PICTURE)
        expect(rows.first).to_have_css("background-image", "none")
        for place in rows.all():
            assert place.evaluate("place => [place.offsetWidth, place.offsetHeight]") == [60, 45]
