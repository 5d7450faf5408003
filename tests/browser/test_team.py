"""Two annotators and a reviewer on one project."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from fullcanvas.client import Client
from fullcanvas.server.accounts import FILE, Accounts, Role
from fullcanvas.server.project import home
from tests.browser.annotator import TWO_FRAMES, Annotator
from tests.browser.conftest import TIMEOUT_MS
from tests.server.process import Server

TEAM = {"anna": Role.ANNOTATOR, "bert": Role.ANNOTATOR, "rita": Role.REVIEWER, "ada": Role.ADMIN}
Come = Callable[[str], Annotator]


@pytest.fixture(scope="module")
def tokens() -> dict[str, str]:
    return {}


@pytest.fixture
def team(example_photos: Path, tmp_path: Path, tokens: dict[str, str]) -> Path:
    """A folder of three photos, and accounts of three people."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("astronaut.jpg", "chelsea.jpg", "coffee.jpg"):
        shutil.copy(example_photos / name, folder)
    accounts = Accounts(home(folder, None) / FILE)
    tokens.update({name: accounts.add(name, role) for name, role in TEAM.items()})
    return folder


@contextmanager
def windows(chromium: Browser, address: str, tokens: dict[str, str]) -> Iterator[Come]:
    """Lets people in, each in a browser of their own."""
    come: list[Annotator] = []

    def coming(name: str) -> Annotator:
        context = chromium.new_context(viewport={"width": 1280, "height": 800})
        context.set_default_timeout(TIMEOUT_MS)
        come.append(Annotator(context.new_page(), address))
        come[-1].page.goto(f"{address}/login#{tokens[name]}")
        come[-1].page.wait_for_selector("#photo-list button")
        come[-1].settle()
        return come[-1]

    yield coming
    for annotator in come:
        annotator.page.context.close()
    assert [complaint for annotator in come for complaint in annotator.complaints] == []


@pytest.fixture
def come(chromium: Browser, team: Path, tokens: dict[str, str], model: str) -> Iterator[Come]:
    server = Server(team, Path(model), "serve")
    try:
        with windows(chromium, server.address, tokens) as coming:
            yield coming
    finally:
        server.stop()


def row(annotator: Annotator, photo: str) -> Locator:
    return annotator.page.locator("#photo-list").get_by_role("button", name=photo)


def on_stage(annotator: Annotator) -> str:
    path: str = annotator.state()["photo"]["path"]
    return path


def test_everybody_gets_a_photo_of_their_own_and_sees_where_the_others_are(come: Come) -> None:
    anna = come("anna")
    assert on_stage(anna) == "astronaut.jpg"
    bert = come("bert")
    assert on_stage(bert) == "chelsea.jpg"
    expect(row(anna, "chelsea.jpg").locator(".here")).to_have_text("bert")
    expect(anna.page.locator("#also-here")).to_be_hidden()
    expect(row(bert, "astronaut.jpg").locator(".here")).to_have_text("anna")
    anna.complete()
    assert on_stage(anna) == "coffee.jpg"
    # The list tells it without being asked for again, and so does the bar.
    expect(row(bert, "astronaut.jpg")).to_contain_text("Complete · anna · 0 regions")
    expect(bert.page.locator("#progress-text")).to_have_text("1 of 3 complete")
    expect(row(bert, "coffee.jpg").locator(".here")).to_have_text("anna")
    bert.choose("coffee.jpg")
    expect(bert.page.locator("#also-here")).to_have_text("anna here, too")
    expect(anna.page.locator("#also-here")).to_have_text("bert here, too")
    bert.choose("chelsea.jpg")
    expect(bert.page.locator("#also-here")).to_be_hidden()
    bert.complete()
    expect(bert.message).to_contain_text("chelsea.jpg is complete")
    # What is left is Anna's.
    assert on_stage(bert) == "chelsea.jpg"
    bert.press("Enter")
    expect(bert.message).to_contain_text("Nothing else is left to do in this list")
    anna.press("Enter")
    assert on_stage(anna) == "coffee.jpg"


def test_a_photo_that_is_given_back_is_announced_and_its_review_stays_in_sight(come: Come) -> None:
    anna, rita = come("anna"), come("rita")
    anna.mark((100, 250), (400, 250), (250, 20), (250, 500))
    anna.complete()
    expect(row(rita, "astronaut.jpg")).to_contain_text("Complete")
    rita.choose("astronaut.jpg")
    rita.press("g")
    expect(rita.page.locator("#history-list")).to_contain_text("Added region 1 · anna")
    expect(rita.page.locator("#prompt")).to_contain_text("Complete, by anna")
    rita.press("r")
    rita.page.keyboard.type("the left half is two objects")
    rita.click((120, 250))
    rita.page.keyboard.type("one of them")
    rita.page.get_by_role("button", name="Reject", exact=True).click()
    rita.settle()
    said = "rita gave astronaut.jpg back: the left half is two objects"
    expect(anna.page.get_by_role("alert").filter(has_text=said)).to_be_visible()
    expect(row(anna, "astronaut.jpg")).to_contain_text("Rejected")
    anna.choose("astronaut.jpg")
    comment = anna.page.locator("#comment")
    expect(comment).to_contain_text("Rejected by rita, ")
    anna.page.get_by_role("button", name="one of them").click()
    expect(anna.message).to_have_text("Pin 1 of 1: one of them")
    anna.complete()
    expect(row(rita, "astronaut.jpg")).to_contain_text("Complete")
    expect(rita.page.locator("#prompt")).to_contain_text("Complete, by anna")
    expect(rita.page.locator("#comment")).to_contain_text("the left half is two objects")
    rita.choose("astronaut.jpg")
    rita.page.locator("#stage").focus()
    rita.press("a")
    expect(row(anna, "astronaut.jpg")).to_contain_text("Reviewed")
    rita.choose("astronaut.jpg")
    expect(rita.page.locator("#comment")).to_be_hidden()
    expect(rita.page.locator("#prompt")).to_contain_text("Reviewed, by rita")


def test_a_label_that_is_renamed_shows_in_the_list_and_gives_no_photo_back_again(
    come: Come, tokens: dict[str, str]
) -> None:
    anna = come("anna")
    ada, hers = Client(anna.address, tokens["ada"]), Client(anna.address, tokens["anna"]).open("coffee.jpg")
    ada.add_label("cup")
    hers.add_region([(100, 200), (400, 200), (250, 20), (250, 390)], label="cup")
    hers.complete()
    ada.open("coffee.jpg").reject("and the spoon?")
    expect(anna.message).to_contain_text("ada gave coffee.jpg back: and the spoon?")
    anna.page.get_by_role("button", name="Dismiss").click()
    ada.change_label("cup", name="mug")
    learnt = "() => fullcanvas.state().items.some(({ labels }) => labels.includes('mug'))"
    anna.page.wait_for_function(learnt)
    expect(anna.message).not_to_be_visible()
    # What is offered to her follows.
    anna.page.wait_for_function("() => fullcanvas.state().project.labels.some(({ name }) => name === 'mug')")


def test_what_becomes_of_labels_reaches_pages_that_are_open(come: Come, tokens: dict[str, str]) -> None:
    anna = come("anna")
    ada = Client(anna.address, tokens["ada"])
    ada.add_label("cup")
    ada.add_label("spoon")
    chips = anna.page.locator("#label-list button")
    expect(chips).to_have_text(["cup1", "spoon2"])
    anna.choose("coffee.jpg")
    region = anna.mark((100, 200), (400, 200), (250, 20), (250, 390))
    anna.press("1", "Tab")
    ada.change_label("cup", color=(255, 128, 0))
    painted = "([255, 128, 0]).join() === fullcanvas.state().photo.regions[0].color.join()"
    anna.page.wait_for_function(f"() => {painted}")
    y, x = next(zip(*(anna.labels() == region).nonzero(), strict=True))
    anna.page.evaluate(TWO_FRAMES)
    assert anna.canvas("fill")[y, x].tolist() == [255, 128, 0, 255]
    assert anna.state()["selected"] == region
    expect(anna.message).not_to_be_visible()
    ada.change_label("spoon", place=1)
    expect(chips).to_have_text(["spoon1", "cup2"])
    anna.press("1")
    assert anna.regions()[region]["label"] == "spoon"
    ada.change_label("cup", name="mug")
    expect(chips).to_have_text(["spoon1", "mug2"])


def test_a_filtered_list_gets_what_comes_to_belong_there(come: Come) -> None:
    anna, rita = come("anna"), come("rita")
    rita.page.get_by_label("Show photos").select_option("complete")
    expect(rita.page.locator("#no-photos")).to_be_visible()
    anna.choose("chelsea.jpg")
    anna.complete()
    expect(rita.page.locator("#photo-list button")).to_have_count(1)
    anna.choose("astronaut.jpg")
    anna.complete()
    names = rita.page.locator("#photo-list .name")
    expect(names).to_have_text(["astronaut.jpg", "chelsea.jpg"])


def test_photos_are_found_by_who_did_them(come: Come) -> None:
    anna, rita = come("anna"), come("rita")
    person = rita.page.get_by_label("Filter by person")
    anna.choose("chelsea.jpg")
    anna.complete()
    expect(row(rita, "chelsea.jpg")).to_contain_text("anna")
    expect(person).to_be_hidden()
    bert = come("bert")
    bert.choose("coffee.jpg")
    bert.complete()
    expect(person.locator("option")).to_have_text(["Anybody", "anna", "bert"])
    names = rita.page.locator("#photo-list .name")
    person.select_option("anna")
    expect(names).to_have_text(["chelsea.jpg"])
    anna.choose("astronaut.jpg")
    anna.complete()
    expect(names).to_have_text(["astronaut.jpg", "chelsea.jpg"])
    person.select_option("bert")
    expect(names).to_have_text(["coffee.jpg"])
    rita.choose("coffee.jpg")
    rita.page.locator("#stage").focus()
    rita.press("a")
    # What she reviewed is hers, too; and whoever comes later has the same choice.
    expect(person.locator("option")).to_have_text(["Anybody", "anna", "bert", "rita"])
    person.select_option("rita")
    expect(names).to_have_text(["coffee.jpg"])
    rita.page.reload()
    rita.settle()
    expect(person.locator("option")).to_have_text(["Anybody", "anna", "bert", "rita"])


def test_a_filter_by_person_can_be_taken_back_when_nobody_else_is_left(come: Come) -> None:
    anna, bert = come("anna"), come("bert")
    bert.choose("coffee.jpg")
    bert.mark((100, 200), (400, 200), (250, 20), (250, 350))
    anna.choose("chelsea.jpg")
    anna.complete()
    anna.choose("coffee.jpg")
    person, names = anna.page.get_by_label("Filter by person"), anna.page.locator("#photo-list .name")
    expect(person.locator("option")).to_have_text(["Anybody", "anna", "bert"])
    person.select_option("anna")
    expect(names).to_have_text(["chelsea.jpg"])
    # What Bert did last is hers from now on, too.
    anna.page.locator("#stage").focus()
    anna.complete()
    expect(person.locator("option")).to_have_text(["Anybody", "anna"])
    expect(person).to_be_visible()
    expect(person).to_have_value("anna")
    expect(names).to_have_text(["chelsea.jpg", "coffee.jpg"])
    person.select_option("Anybody")
    expect(names).to_have_text(["astronaut.jpg", "chelsea.jpg", "coffee.jpg"])


def test_a_review_goes_from_one_complete_photo_to_the_next(come: Come) -> None:
    """Whatever lies between them; and what was accepted already is not accepted again."""
    anna, rita = come("anna"), come("rita")
    for photo in ("astronaut.jpg", "coffee.jpg"):
        anna.choose(photo)
        anna.complete()
    anna.choose("coffee.jpg")  # to look at it once more
    expect(row(rita, "astronaut.jpg")).to_contain_text("Complete")
    expect(row(rita, "coffee.jpg")).to_contain_text("Complete")
    rita.choose("astronaut.jpg")
    rita.page.locator("#stage").focus()
    rita.press("a")
    assert on_stage(rita) == "coffee.jpg"
    expect(rita.message).to_have_text("astronaut.jpg is accepted")
    rita.choose("astronaut.jpg")
    version = rita.state()["photo"]["version"]
    rita.press("a")
    assert on_stage(rita) == "coffee.jpg"
    rita.press("r")
    rita.page.get_by_role("button", name="Reject", exact=True).click()
    rita.settle()
    expect(rita.message).to_have_text("coffee.jpg is given back")
    assert on_stage(rita) == "coffee.jpg"
    rita.choose("astronaut.jpg")
    assert rita.state()["photo"]["version"] == version
    rita.press("a")
    expect(rita.message).to_contain_text("No other photo in this list awaits review")


def test_what_somebody_has_begun_is_left_to_them_while_there_is_anything_else(come: Come) -> None:
    anna = come("anna")
    anna.mark((100, 250), (400, 250), (250, 20), (250, 500))
    anna.choose("coffee.jpg")
    bert = come("bert")
    assert on_stage(bert) == "chelsea.jpg"
    bert.complete()
    anna.page.close()
    # Anna is on coffee.jpg for another minute, as far as anybody knows.
    assert on_stage(bert) == "astronaut.jpg"


def test_whoever_got_a_photo_back_begins_with_it(come: Come) -> None:
    anna, rita = come("anna"), come("rita")
    anna.choose("coffee.jpg")
    anna.complete()
    expect(row(rita, "coffee.jpg")).to_contain_text("Complete")
    rita.choose("coffee.jpg")
    rita.press("r")
    rita.page.get_by_role("button", name="Reject", exact=True).click()
    rita.settle()
    anna.open()
    assert on_stage(anna) == "coffee.jpg"
    expect(anna.page.get_by_label("Show photos")).to_contain_text("Rejected (1)")
    assert on_stage(come("bert")) == "astronaut.jpg"
