import weakref

import numpy as np
import pytest

from fullcanvas.annotation import AnnotationError
from fullcanvas.canvas.resolution import DISPLAY_PIXELS
from fullcanvas.inference import ModelError, Segmenter
from fullcanvas.inference.cancellation import Cancellation, CancelledError
from fullcanvas.inference.graph import real_cores
from fullcanvas.inference.model_file import ModelFile, read_model
from tests.inference.conftest import photo
from tests.tiny_model import write_tiny_model

SMALL = [(3, 3), (9, 4), (5, 2), (5, 8)]
"""A region that is seen through a close-up, where there are any."""


def test_a_segmenter_tells_what_it_is(segmenter, model_path):
    model = read_model(model_path)
    assert (segmenter.name, segmenter.hash, segmenter.config) == ("tiny", model.hash, model.config)
    assert segmenter.provenance == {"command": "write_tiny_model", "training_images": {}}


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (np.zeros((4, 4), np.uint8), "uint8 of 4 x 4: "),
        (np.zeros((4, 4, 4), np.uint8), "uint8 of 4 x 4 x 4: .*RGB"),
        (np.zeros((4, 4, 3), np.float32), "float32 of 4 x 4 x 3: "),
        (np.zeros((0, 4, 3), np.uint8), "at least one pixel"),
        ([[1, 2, 3]], "not list"),
    ],
)
def test_what_is_no_photo_is_refused(segmenter, image, reason):
    with pytest.raises(ValueError, match=reason):
        segmenter.open(image)


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2"])
def test_what_is_no_number_of_threads_is_refused(model_path, threads):
    with pytest.raises(ValueError, match=rf"1 or more, or None for one per core, not {threads!r}$"):
        Segmenter.load(model_path, threads)


@pytest.mark.parametrize("crop", [(-5, 0, 40, 40), (0, 0, 91, 60), (10, 10, 10, 40), (40, 40, 10, 10)])
def test_a_crop_that_does_not_lie_in_the_photo_is_refused(segmenter, crop):
    with pytest.raises(ValueError, match=r"the crop .* inside the photo of 90 x 60 pixels$"):
        segmenter.encode(photo(90, 60), crop)


def test_how_a_photo_lies_in_memory_does_not_matter(segmenter):
    plain = photo(90, 60)
    mirrored = np.ascontiguousarray(plain[:, ::-1])[:, ::-1]
    read_only = np.broadcast_to(plain, plain.shape)
    assert not mirrored.flags.c_contiguous
    assert not read_only.flags.writeable
    for same in (np.asfortranarray(plain), mirrored, read_only):
        np.testing.assert_array_equal(segmenter.encode(same).array, segmenter.encode(plain).array)


def test_the_embedding_covers_the_padded_working_size(segmenter):
    embedding = segmenter.encode(photo(90, 60))
    assert (embedding.working_width, embedding.working_height) == (96, 64)
    assert embedding.array.shape == (8, 16, 24)
    assert embedding.array.dtype == np.float32
    assert embedding.model == segmenter.hash


def test_an_embedding_of_anything_but_this_photo_is_refused(segmenter):
    shown = photo(90, 60)
    other = segmenter.encode(photo(90, 59))
    part = segmenter.encode(photo(100, 60), (10, 0, 100, 60))
    for wrong in (other, part):
        with pytest.raises(ValueError, match="the embedding is of a photo of another size"):
            segmenter.open(shown, embedding=wrong)
    segmenter.open(shown, embedding=segmenter.encode(shown))


def test_a_photo_in_another_memory_order_gives_the_same_embedding(segmenter):
    image = photo(90, 60)
    mirrored = np.ascontiguousarray(image[:, ::-1])[:, ::-1]
    np.testing.assert_array_equal(segmenter.encode(mirrored).array, segmenter.encode(image).array)


@pytest.mark.parametrize(("width", "height"), [(1, 60_000), (60_000, 1), (2, 1), (3, 2)])
def test_photos_of_odd_shapes_are_segmented(segmenter, width, height):
    session = segmenter.open(photo(width, height))
    x, y = width - 1, height - 1
    session.add_region([(0, 0), (x, y), (0, 0), (x, y)])
    assert (session.label_map == 1).all()
    session.add_region([(0, 0), (min(x, 1), min(y, 1)), (0, 0), (0, 0)])
    session.scribble([(0, 0), (x, y)], region=2)
    assert session.label_map[0, 0] == session.label_map[y, x] == 2


def test_a_photo_of_one_pixel_opens_and_says_why_nothing_can_be_marked(segmenter):
    session = segmenter.open(photo(1, 1))
    assert session.label_map.tolist() == [[0]]
    with pytest.raises(AnnotationError, match="no area"):
        session.add_region([(0, 0)] * 4)


def test_a_large_photo_is_displayed_at_a_bounded_size(segmenter):
    session = segmenter.open(np.zeros((1500, 2000, 3), np.uint8))
    session.add_region([(100, 700), (1999, 600), (900, 200), (950, 1499)])
    session.add_region([(3, 3), (5, 3), (4, 3), (4, 5)])
    height, width = session.display.shape
    assert 0.99 * DISPLAY_PIXELS < width * height <= DISPLAY_PIXELS
    assert session.uncertainty.shape == (height, width)
    full = session.label_map
    assert full.shape == (1500, 2000)
    assert (full[200:, 100:] == 1).all()
    assert (full[3:6, 3:6] == 2).all()
    assert (full > 0).sum() == 1300 * 1900 + 9
    np.testing.assert_array_equal(session.labels_in((90, 190, 150, 260)), full[190:260, 90:150])
    np.testing.assert_array_equal(
        session.labels_in(np.array([1, 2, 1999, 1500]), wanted := Cancellation()), full[2:, 1:1999]
    )
    wanted.cancel()
    with pytest.raises(CancelledError):
        session.labels_in((90, 190, 150, 260), wanted)
    for outside in ((-1, 0, 5, 5), (0, 0, 2001, 5), (7, 7, 7, 9), (9, 9, 5, 5)):
        with pytest.raises(ValueError, match="inside the photo of 2000 x 1500 pixels"):
            session.labels_in(outside)
    session.scribble([(1000, 1000)])
    assert len(session.annotation.regions[1].scribbles) == 1


@pytest.mark.parametrize(("below", "kept"), [(0, False), (24, True)])
def test_a_photo_is_kept_only_for_a_model_that_looks_closer(tmp_path, below, kept):
    segmenter = Segmenter.load(write_tiny_model(tmp_path / "closer.zip", closer_below=below))
    image = photo(90, 60)
    image.flags.writeable = False
    alive = weakref.ref(image)
    session = segmenter.open(image)
    del image
    session.add_region(SMALL)
    assert (alive() is not None) == kept


def test_an_array_that_is_filled_with_the_next_photo_changes_no_session(tmp_path):
    """As whoever reads a film into one array does."""
    segmenter = Segmenter.load(write_tiny_model(tmp_path / "closer.zip", closer_below=24))
    image = photo(90, 60)
    undisturbed, session = segmenter.open(image.copy()), segmenter.open(image)
    image[:] = 255 - image
    for each in (undisturbed, session):
        each.add_region(SMALL)
    assert session._now.states[1].roi.crop != session.embedding.crop
    np.testing.assert_array_equal(session._now.states[1].logits, undisturbed._now.states[1].logits)


def test_logits_do_not_depend_on_the_batch(segmenter):
    session = segmenter.open(photo(90, 60))
    rng = np.random.default_rng(1)
    for _ in range(7):
        x, y = rng.integers(0, 40, 2)
        session.add_region([(x, y), (x + 40, y + 5), (x + 9, y), (x + 9, y + 15)])
    states = list(session._now.states.values())
    rois = [state.roi for state in states]
    maps = [rng.random((2, 12, 12)).astype(np.float32) for _ in rois]
    together = segmenter.logits(rois, maps)
    reverse = segmenter.logits(rois[::-1], maps[::-1])[::-1]
    alone = np.concatenate([segmenter.logits([roi], [each]) for roi, each in zip(rois, maps, strict=True)])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(together, reverse, atol=1e-5)


def test_no_regions_ask_the_head_nothing(segmenter):
    assert segmenter.logits([], []).shape == (0, 24, 24)


def changed(model: ModelFile, **values) -> ModelFile:
    fields = {name: getattr(model, name) for name in ModelFile.__dataclass_fields__}
    return ModelFile(**{**fields, **values})


def test_graphs_that_cannot_be_used_are_refused(model_path):
    model = read_model(model_path)
    with pytest.raises(ModelError, match=r"encoder.onnx cannot be loaded"):
        Segmenter(changed(model, encoder=b"no graph"))
    with pytest.raises(ModelError, match=r"head.onnx should turn features, annotation, geometry into logits"):
        Segmenter(changed(model, head=model.encoder))


def test_graphs_that_contradict_the_configuration_are_refused(model_path):
    from dataclasses import replace

    model = read_model(model_path)
    wide = Segmenter(changed(model, config=replace(model.config, channels=9)))
    with pytest.raises(ModelError, match="the encoder answers with"):
        wide.encode(photo(20, 20))
    large = Segmenter(changed(model, config=replace(model.config, mask_size=25)))
    with pytest.raises(ModelError, match="the head answers with"):
        large.open(photo(20, 20)).add_region([(0, 0), (9, 0), (5, 0), (5, 9)])


@pytest.mark.parametrize(("quota", "expected"), [("max 100000", 4), ("250000 100000", 3), ("1 100000", 1)])
def test_threads_that_share_a_core_count_once_and_a_containers_limit_holds(monkeypatch, quota, expected):
    def read(path):
        return quota if path.name == "cpu.max" else f"the core of {int(path.parts[-3][3:]) // 2}"

    monkeypatch.setattr("os.sched_getaffinity", lambda _process: set(range(8)), raising=False)
    monkeypatch.setattr("pathlib.Path.read_text", read)
    assert real_cores() == expected
