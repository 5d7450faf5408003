"""The page's types state what the server answers: the same fields, null where they may be."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from pydantic import BaseModel

from fullcanvas.server import answers, downloads, history, team
from fullcanvas.server.app import WEB

TYPES: dict[str, type[BaseModel]] = {
    "Region": answers.RegionAnswer,
    "Pin": answers.PinAnswer,
    "Review": answers.ReviewAnswer,
    "Photo": answers.PhotoAnswer,
    "PhotoItem": answers.PhotoItem,
    "PhotoPage": answers.PhotoList,
    "Changes": team.ChangesAnswer,
    "Label": answers.LabelAnswer,
    "Project": answers.ProjectAnswer,
    "HistoryEntry": history.EntryAnswer,
    "History": history.HistoryAnswer,
    "ExportProgress": downloads.Progress,
    "PatchHeader": answers.PatchHeader,
}
UNREAD = {"Region": {"isthing"}}
"""What is there for scripts alone."""


def of_the_page(name: str) -> dict[str, bool]:
    """The properties of a type in `types.js`, and whether they may be null."""
    text = (WEB / "types.js").read_text()
    (body,) = re.findall(rf"@typedef {{object}} {name}\b.*\n((?: \* @property .*\n)+)", text)
    found = re.findall(r"@property {(.+?)} (\w+)(?:  |\n)", body)
    return {field: bool(re.search(r"\bnull\b", kind)) for kind, field in found}


@pytest.mark.parametrize("name", TYPES)
def test_a_type_of_the_page_has_the_fields_of_the_answer(name):
    fields = TYPES[name].model_fields
    answered = {field: type(None) in get_args(info.annotation) for field, info in fields.items()}
    for field in UNREAD.get(name, ()):
        del answered[field]
    assert of_the_page(name) == answered
