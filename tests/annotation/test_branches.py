"""Going back and saying something else: what was said first stays, as a branch."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given

from fullcanvas.annotation import AddRegion, Annotation
from fullcanvas.annotation.history import history
from tests.annotation.strategies import logs

POINTS = ((2, 5), (15, 5), (9, 1), (9, 8))


@pytest.fixture
def forked():
    """Three branches: 1 2 3, and from the first entry 4 5, and from the beginning 6."""
    log = Annotation(20, 10).add_region(POINTS, "cat").scribble([(3, 3)], region=1).label(1, "dog")
    log = log.go(1).label(1, "cow").scribble([(4, 4)], region=1)
    return log.go(0).add_region(POINTS, "hen")


def test_what_was_said_first_stays_when_something_else_is_said(forked):
    assert [entry.kind for entry in forked.entries] == [
        "add_region", "scribble", "label", "label", "scribble", "add_region",
    ]  # fmt: skip
    assert forked.forks == ((4, 1), (6, 0))
    assert list(forked.regions) == [2]
    labels = [next(iter(forked.go(number).regions.values())).label for number in range(1, 7)]
    assert labels == ["cat", "cat", "dog", "cow", "cow", "hen"]


def test_undo_and_redo_go_along_the_branch_that_was_gone_to(forked):
    old = forked.go(2)
    assert (old.tip, old.branch, old.can_redo) == (3, (1, 2, 3), True)
    assert Annotation.from_json(old.to_json()) == old
    assert old.redo() == forked.go(3)
    assert not old.redo().can_redo
    assert old.undo().undo().redo().redo().redo() == forked.go(3)
    assert forked.go(5).undo().undo().redo().cursor == 4


def test_an_entry_of_several_branches_is_that_of_the_present_one_or_else_of_the_newest(forked):
    assert forked.go(3).go(1).redo().cursor == 2
    assert forked.go(1).redo().cursor == 4
    assert forked.go(2).go(6).tip is None


def test_going_on_in_an_old_branch_makes_it_the_newest(forked):
    grown = forked.go(3).scribble([(5, 5)], region=1)
    assert (grown.forks[-1], grown.tip, grown.branch) == ((7, 3), None, (1, 2, 3, 7))
    assert Annotation.from_json(grown.to_json()) == grown


def test_regions_of_two_branches_never_share_an_id(forked):
    assert list(forked.regions) == [2]
    assert list(forked.go(3).add_region(POINTS).regions) == [1, 3]


def test_the_history_tells_every_branch(forked):
    steps = history(forked.go(5))
    assert [step.after for step in steps] == [0, 1, 2, 1, 4, 0]
    assert [step.in_force for step in steps] == [True, False, False, True, True, False]
    assert [step.label for step in steps] == ["cat", "cat", "dog", "cow", "cow", "hen"]
    assert [step.text for step in steps[2:4]] == [
        "Labelled region 1 (cat) dog",
        "Labelled region 1 (cat) cow",
    ]


def most_memory_of_a_history(regions: int) -> int:
    """The bytes that are held at most while the history of so many regions is told."""
    log = Annotation(20, 10)
    for region in range(1, regions + 1):
        log = log.append(AddRegion(region, POINTS))
    for _ in range(regions // 4):  # a person who thinks again all the time
        log = log.undo().add_region(POINTS).add_region(POINTS)
    tracemalloc.start()
    try:
        history(log)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_history_takes_memory_as_its_entries_do_and_not_as_their_square():
    assert most_memory_of_a_history(800) < 8 * most_memory_of_a_history(200)


@given(logs())
def test_nothing_that_was_said_is_ever_lost(log):
    """Whatever was undone, everything can be gone back to, and the way back leads to the same."""
    for number in range(len(log.entries) + 1):
        there = log.go(number)
        assert there.entries == log.entries
        assert there.in_force[-1:] == log.entries[:number][-1:]
        assert there.undo().redo() == there or not there.can_undo
        assert there.go(log.cursor).regions == log.regions
