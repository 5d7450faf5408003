"""The model file, NAME.zip: two ONNX graphs and a description; inference reads it, training writes it."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from fullcanvas.canvas.boxes import Framing
from fullcanvas.files import writing

FORMAT = 1
MOST_UNPACKED = 100
"""A member of a model file unpacks to at most this many times the size of the file."""
ENCODER, HEAD, DESCRIPTION = "encoder.onnx", "head.onnx", "model.json"
EMBEDDED = Path(__file__).parent.parent / "models"
"""The models that come with Fullcanvas, NAME.zip each."""
_KINDS = {"bool": "truth value", "int": "positive int", "float": "positive float", "str": "known word"}
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)


class ModelError(ValueError):
    """A model file cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """How a model wants its inputs made, and what its answers mean.

    Attributes:
        stride: working pixels per cell of the embedding.
        channels: of the embedding.
        roi_size: R, cells per side of the aligned features and annotation maps.
        mask_size: M, cells per side of a region's logits.
        working_size: the long side, in pixels, to which a photo is resized.
        disc_diameter, stroke_width: of ink, in working pixels.
        shared: whether a region sees everybody else's ink.
        grow_boxes: whether a region's scribbles enlarge its box.
        ink_constraint: whether the centre lines of scribbles always belong to their regions.
        canvas: whether regions compete; without, each has a mask of its own where its logits are positive.
        points: how extreme points are drawn, `discs` or `heat-maps`.
        box_margin: by how many working pixels a box is wider on each side than what was marked.
        closer_below: regions whose box has a long side of fewer working pixels than this are seen through a
            close-up; 0 for none.
    """

    stride: int
    channels: int
    roi_size: int
    mask_size: int
    working_size: int
    disc_diameter: float
    stroke_width: int
    shared: bool
    grow_boxes: bool
    ink_constraint: bool
    canvas: bool = True
    points: str = "discs"
    box_margin: int = field(default=0, metadata={"least": 0})
    closer_below: int = field(default=0, metadata={"least": 0})

    @classmethod
    def from_json(cls, data: Any) -> ModelConfig:
        """A configuration read from JSON values.

        Raises:
            ModelError: a field is missing, superfluous or ill-typed.
        """
        if not isinstance(data, Mapping):
            raise ModelError("the model's config is not an object")
        names = {each.name for each in fields(cls)}
        needed = {each.name for each in fields(cls) if each.default is MISSING}
        if not needed <= set(data) <= names:
            odd = ", ".join(sorted(map(str, (needed - set(data)) | (set(data) - names))))
            raise ModelError(f"the model's config lacks, or this version of Fullcanvas does not know: {odd}")
        return cls(
            **{each.name: _checked(each, data[each.name]) for each in fields(cls) if each.name in data}
        )

    def to_json(self) -> dict[str, Any]:
        """The configuration as JSON values; `from_json` reads it back."""
        return asdict(self)

    def framing(self, width: int, height: int) -> Framing:
        """How regions of a photo of width x height pixels are boxed."""
        margin = round(self.box_margin * max(width, height) / self.working_size)
        return Framing(self.grow_boxes, margin, width, height)


def _checked(field: Field[Any], value: Any) -> Any:
    kind, least = str(field.type), field.metadata.get("least", 1)
    if kind == "bool":
        good = isinstance(value, bool)
    elif kind == "str":
        good = value in ("discs", "heat-maps")
    elif kind == "int":
        good = type(value) is int and value >= least
    else:
        good = type(value) in (int, float) and 0 < value < float("inf")
    if not good:
        raise ModelError(f"the model's config has {field.name} = {value!r:.80}, which is no {_KINDS[kind]}")
    return value


@dataclass(frozen=True, slots=True)
class ModelFile:
    """What a model file holds.

    Attributes:
        name: what its makers call it.
        config: how to use it.
        encoder, head: ONNX graphs, serialised.
        hash: SHA-256 of the whole file, hexadecimal; it names the model in annotations.
        provenance: how it came about (command, data sets, training images, scores...).
        licence: under which it may be used.
    """

    name: str
    config: ModelConfig
    encoder: bytes
    head: bytes
    hash: str
    provenance: Mapping[str, Any]
    licence: str


def resolve(model: str | Path) -> Path:
    """The file that `model` stands for: the name of an embedded one, like `default`, or a path.

    Raises:
        ModelError: there is no such file.
    """
    embedded = {path.stem: path for path in EMBEDDED.glob("*.zip")}
    path = embedded.get(str(model), Path(model))
    if path.is_file():
        return path
    names = ", ".join(sorted(embedded)) or "none"
    raise ModelError(f"there is no model file {str(model)!r}; embedded models: {names}")


def read_model(path: str | Path) -> ModelFile:
    """Read a model file.

    Args:
        path: of the file, or the name of an embedded model.

    Raises:
        ModelError: no such file, not a model file, a damaged one, or one of an unknown format.
    """
    path = resolve(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        encoder, head, text = unpack(data, ENCODER, HEAD, DESCRIPTION)
        return _describe(encoder, head, text, hashlib.sha256(data).hexdigest())
    except ModelError as error:
        raise ModelError(f"{path.name} is not a usable model file: {error}") from error


def unpack(data: bytes, *names: str) -> list[bytes]:
    """Members of a model file, given as its bytes.

    Raises:
        ModelError: it is damaged, or lacks one.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            most = MOST_UNPACKED * len(data)
            return [_member(archive, name, most) for name in names]
    except ModelError:
        raise
    except Exception as error:
        # A damaged archive fails in every way there is; all of them mean the same here.
        raise ModelError(f"it is damaged ({error})") from error


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    try:
        size = archive.getinfo(name).file_size  # zipfile never unpacks more than the size stated here
    except KeyError:
        raise ModelError(f"it lacks {name}") from None
    if size > most:
        raise ModelError(f"{name} would unpack to {size} bytes, far more than what was learned can shrink")
    return archive.read(name)


def _describe(encoder: bytes, head: bytes, text: bytes, digest: str) -> ModelFile:
    try:
        meta = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"its {DESCRIPTION} is not JSON ({error})") from error
    check_description(meta)
    config = ModelConfig.from_json(meta["config"])
    return ModelFile(meta["name"], config, encoder, head, digest, meta["provenance"], meta["licence"])


def check_description(meta: Any) -> None:
    """Refuse what is not the description of a model file.

    Raises:
        ModelError: it is not an object, of another format, or a field is missing or ill-typed.
    """
    if not isinstance(meta, Mapping):
        raise ModelError(f"its {DESCRIPTION} is not an object")
    if meta.get("format") != FORMAT:
        raise ModelError(f"its format is {meta.get('format')!r:.40}; this version reads {FORMAT}")
    kinds = {"name": str, "config": Mapping, "provenance": Mapping, "licence": str}
    for name, kind in kinds.items():
        if not isinstance(meta.get(name), kind):
            raise ModelError(f"its {DESCRIPTION} has no {name}, or an ill-typed one")


def write_model(path: str | Path, encoder: bytes, head: bytes, meta: Mapping[str, Any]) -> str:
    """Write a model file at once or not at all; the same content makes the same bytes.

    Args:
        path: of the new file; one that is there is replaced.
        encoder, head: ONNX graphs, serialised.
        meta: the description: `format`, `name`, `config`, `provenance`, `licence`.

    Returns:
        The new model's hash.

    Raises:
        ModelError: the description cannot be right.
    """
    check_description(meta)
    ModelConfig.from_json(meta["config"])
    return write_archive(path, meta, {ENCODER: encoder, HEAD: head})


def write_archive(path: str | Path, meta: Mapping[str, Any], graphs: Mapping[str, bytes]) -> str:
    """Write a description and some graphs as one file, at once or not at all; returns its hash."""
    text = json.dumps(meta, indent=1, sort_keys=True, ensure_ascii=False).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {DESCRIPTION: text, **graphs}.items():
            member = zipfile.ZipInfo(name, _TIMESTAMP)
            archive.writestr(member, data, zipfile.ZIP_DEFLATED)
    with writing(Path(path)) as file:
        file.write(buffer.getvalue())
    return hashlib.sha256(buffer.getvalue()).hexdigest()
