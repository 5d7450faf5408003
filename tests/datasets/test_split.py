from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcanvas.datasets import Dataset, Record, fraction


def dataset(image_ids: list[int]) -> Dataset:
    return Dataset("x", tuple(Record(id_, "", "", Path(), Path(), 1, 1, ()) for id_ in image_ids))


IDS = st.lists(st.integers(0, 40), max_size=80)


@given(IDS, st.integers(1, 10), st.integers(0, 5))
def test_parts_of_one_nth_are_a_partition_by_photo(image_ids, parts, seed):
    whole = dataset(image_ids)
    drawn = [fraction(whole, 1 / parts, part, seed) for part in range(parts)]
    assert sorted(record.image_id for part in drawn for record in part.records) == sorted(image_ids)
    photos = [id_ for part in drawn for id_ in part.image_ids]
    assert len(photos) == len(set(photos))
    sizes = [len(part.image_ids) for part in drawn]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("parts", range(1, 101))
def test_there_are_as_many_parts_as_fit(parts):
    """However 1 / parts is rounded: 1 / (1 / 49) is below 49."""
    fraction(dataset([1]), 1 / parts, parts - 1)
    with pytest.raises(ValueError, match=f"there are {parts} parts"):
        fraction(dataset([1]), 1 / parts, parts)


@given(IDS, st.randoms(use_true_random=False))
def test_the_order_of_the_annotations_does_not_matter(image_ids, random):
    shuffled = random.sample(image_ids, len(image_ids))
    assert fraction(dataset(image_ids), 0.3).image_ids == fraction(dataset(shuffled), 0.3).image_ids


def test_the_paper_trains_on_parts_of_an_eighth():
    whole = dataset(list(range(1000)))
    parts = [fraction(whole, 0.125, part) for part in range(8)]
    assert [len(part) for part in parts] == [125] * 8
    # The very photos are pinned: a part must be the same on every machine and in every release.
    assert parts[0].image_ids[:6] == (10, 16, 31, 39, 46, 72)
    assert fraction(whole, 0.125, 0, seed=1).image_ids != parts[0].image_ids


@pytest.mark.parametrize(("size", "part"), [(0, 0), (-0.5, 0), (1.5, 0), (0.125, 8), (0.3, 3), (0.5, -1)])
def test_parts_that_there_are_not(size, part):
    with pytest.raises(ValueError, match=r"a fraction is|there are"):
        fraction(dataset([1, 2]), size, part)
