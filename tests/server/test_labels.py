"""Files of labels: ids are stable, and every mistake is named with its place."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path

import pytest

from fullcanvas.server.errors import LabelsError
from fullcanvas.server.labels import MAX_ID, Label, distinct_color, merge, parse_labels, read_labels


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "labels.json"
    path.write_text(text, encoding="utf-8")
    return path


def test_objects_are_taken_as_they_are(tmp_path: Path) -> None:
    text = """[
        {"id": 7, "name": "cat", "isthing": true, "color": [1, 2, 3]},
        {"id": 3, "name": "sky", "isthing": 0}
    ]"""
    cat, sky = read_labels(write(tmp_path, text))
    assert cat == Label(7, "cat", True, (1, 2, 3))
    assert (sky.id, sky.name, sky.isthing) == (3, "sky", False)


@pytest.mark.parametrize("text", ['["cat", "sky"]', "cat\n\n  sky \n", "\ufeffcat\r\nsky"])
def test_a_plain_list_numbers_the_names(tmp_path: Path, text: str) -> None:
    labels = read_labels(write(tmp_path, text))
    assert [(label.id, label.name, label.isthing) for label in labels] == [(1, "cat", True), (2, "sky", True)]


def test_words_of_any_script_are_names() -> None:
    names = ["نیم\u200cتنه", "क्\u200dष", "👩\u200d🚒", "東京 タワー"]
    assert [label.name for label in merge(parse_labels("\n".join(names)), ())] == names


def test_known_names_keep_their_ids_whatever_the_order() -> None:
    known = merge(parse_labels("cat\nsky"), ())
    labels = merge(parse_labels("dog\nsky"), known)
    assert [(label.id, label.name) for label in labels] == [(1, "cat"), (2, "sky"), (3, "dog")]


def test_a_hundred_thousand_names_are_numbered_in_one_pass() -> None:
    labels = merge(parse_labels("\n".join(map(str, range(100_000)))), (Label(7, "known", True, (1, 2, 3)),))
    assert [label.id for label in labels] == list(range(7, 100_008))


def test_a_file_can_change_kind_and_color_of_a_known_label() -> None:
    known = merge(parse_labels("sky"), ())
    (sky,) = merge(parse_labels('[{"id": 1, "name": "sky", "isthing": false, "color": [9, 9, 9]}]'), known)
    assert sky == Label(1, "sky", False, (9, 9, 9))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('["a",\n "b"', "not JSON \\(line 2"),
        ('{"name": "a"}', "holds one object"),
        ("[" * 100_000, "not JSON \\(it is nested too deep"),
        (f'[{{"id": {"9" * 5000}, "name": "a"}}]', "a number has too many digits"),
        ('["a", 3]', "label number 2: .*name"),
        ('["a", "a"]', "label number 2: the name 'a' was there before"),
        ('[{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]', "label number 2: the id 1 was there before"),
        ('[{"id": 0, "name": "a"}]', "label number 1: its id is a whole number of 1 or more, not 0"),
        ('[{"id": "1", "name": "a"}]', "its id is a whole number"),
        ('[{"name": "a", "isthing": "yes"}]', "isthing is true or false"),
        ('[{"name": "a", "color": [0, 0, 256]}]', "a color is"),
        ('[{"name": "a", "color": "red"}]', "a color is"),
        ('[{"id": 1}]', "label number 1: a label's name"),
        ('["   "]', "a label's name"),
        ('["a\\u0000b"]', "a label's name"),
        ('["\\u200d"]', "a label's name"),
        ('["a\\u202eb"]', "a label's name"),
        (f'["{"x" * 201}"]', "a label's name"),
        ("[" * 100_000, "not JSON"),
        (f'[{{"id": {MAX_ID}, "name": "a"}}, "b"]', "no label can be added"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LabelsError, match=f"labels.json: .*{message}"):
        read_labels(write(tmp_path, text))


def test_ids_never_change_hands() -> None:
    known = merge(parse_labels("cat"), ())
    with pytest.raises(LabelsError, match="'cat' has the id 5 here but 1"):
        merge(parse_labels('[{"id": 5, "name": "cat"}]'), known)
    with pytest.raises(LabelsError, match="the id 1 is 'dog' here but 'cat'"):
        merge(parse_labels('[{"id": 1, "name": "dog"}]'), known)


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match="cannot be read"):
        read_labels(tmp_path / "none.json")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(LabelsError, match="not text in UTF-8"):
        read_labels(tmp_path / "bytes")


def test_the_colours_of_fifty_neighbours_differ() -> None:
    colors = [distinct_color(number) for number in range(50)]
    distances = [
        max(abs(a - b) for a, b in zip(one, two, strict=True)) for one, two in combinations(colors, 2)
    ]
    assert min(distances) >= 10
    close = [max(abs(a - b) for a, b in zip(*pair, strict=True)) for pair in pairwise(colors)]
    assert min(close) >= 100
