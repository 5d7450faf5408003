"""Section 5 of the paper: which models each table and figure compares, and what was printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from fullcanvas.simulation.annotators import Allocation

Name = Literal["table1", "table2", "figure5", "figure6"]

MOST_ROUNDS = 9
"""Rounds of scribbles in figure 5; figure 6 shows the result after the last of them."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table, or a curve of a figure.

    Attributes:
        key: what its files are called.
        label: what the paper calls it.
        model: the configuration of the model that answers.
        first_model: that of the one that answers the extreme points alone; None is the same.
        allocation: how scribbles are spent.
        printed: mean IoU in percent by scribbles per region, where the paper states it.
    """

    key: str
    label: str
    model: str
    printed: Mapping[int, float]
    first_model: str | None = None
    allocation: Allocation = Allocation.ONE_PER_REGION


@dataclass(frozen=True, slots=True)
class Claim:
    """What the paper says of two rows.

    Attributes:
        text: in words.
        better, worse: the keys of the rows.
        least: by how much the one is better at least, as a fraction of IoU; may be negative.
        first_round: from which number of scribbles per region on.
        last_round: up to which; None is all that were drawn.
    """

    text: str
    better: str
    worse: str
    least: float = 0.0
    first_round: int = 0
    last_round: int | None = None

    @property
    def budgets(self) -> slice:
        """Those that it is about, of all."""
        return slice(self.first_round, None if self.last_round is None else self.last_round + 1)


@dataclass(frozen=True, slots=True)
class Effort:
    """What the paper says of the scribbles that a quality takes.

    Attributes:
        text: in words.
        row: its key.
        quality: mean IoU, as a fraction.
        most: scribbles per region that it takes at most; as a share of what `other` takes, if that is named.
        other: the key of the row that it is compared with.
    """

    text: str
    row: str
    quality: float
    most: float
    other: str | None = None


@dataclass(frozen=True, slots=True)
class Experiment:
    """A table or a figure.

    Attributes:
        name: of it.
        title: what it shows.
        rows: in the paper's order.
        claims: what the paper concludes from it.
        group: of regions whose mean is taken; None is all of them.
        rounds: whether there are scribbles.
        only_printed: rows of the paper that nothing here can be in the place of: mean IoU in percent, by what
            the paper calls them.
    """

    name: Name
    title: str
    rows: tuple[Row, ...]
    claims: tuple[Claim | Effort, ...] = ()
    group: str | None = None
    rounds: bool = False
    only_printed: Mapping[str, float] = field(default_factory=dict)

    def models(self) -> tuple[str, ...]:
        """The configurations that it needs, each once, those that others learn from first."""
        rows = self.rows
        firsts = [row.first_model for row in rows if row.first_model is not None]
        return tuple(dict.fromkeys([*firsts, *(row.model for row in rows)]))

    def sibling(self, model: str) -> str | None:
        """The model on whose errors a model learns (section 5.3): the one that answers before it."""
        return next((row.first_model for row in self.rows if row.model == model), None)


TABLE_1 = Experiment(
    "table1",
    "Table 1: objects alone, from extreme points",
    (
        Row("dextr", "DEXTR", "dextr", {0: 82.1}),
        Row("single-region", "single region", "single-region-objects", {0: 81.6}),
    ),
    (
        Claim(
            "single region is comparable to DEXTR: less than a point below", "single-region", "dextr", -0.01
        ),
    ),
    group="things",
    only_printed={"DEXTR (released model)": 81.9},
)

TABLE_2 = Experiment(
    "table2",
    "Table 2: all regions, from extreme points",
    (
        Row("single-region", "mask-wise loss, not shared (single region)", "single-region", {0: 75.8}),
        Row("mask-wise-shared", "mask-wise loss, shared", "mask-wise-shared", {0: 76.0}),
        Row("pixel-wise-not-shared", "pixel-wise loss, not shared", "pixel-wise-not-shared", {0: 78.4}),
        Row("full-image", "pixel-wise loss, shared (full image)", "full-image", {0: 79.1}),
    ),
    (
        Claim("shared is above not shared with the mask-wise loss", "mask-wise-shared", "single-region"),
        Claim(
            "not shared, the pixel-wise loss is above the mask-wise", "pixel-wise-not-shared", "single-region"
        ),
        Claim("shared, the pixel-wise loss is above the mask-wise", "full-image", "mask-wise-shared"),
        Claim("shared is above not shared with the pixel-wise loss", "full-image", "pixel-wise-not-shared"),
    ),
)

_SINGLE = Row(
    "single-region-scribble",
    "single region scribble, one per region",
    "single-region-scribble",
    {0: 75.8, 4: 85.0, 8: 88.0},
    "single-region",
)
_ONE_PER_REGION = Row(
    "full-image-scribble-one-per-region",
    "full image scribble, one per region",
    "full-image-scribble",
    {0: 79.1, 2: 85.0, 4: 88.0},
    "full-image",
)
_FREE = Row(
    "full-image-scribble-free",
    "full image scribble, free",
    "full-image-scribble",
    {0: 79.1, 4: 90.0},
    "full-image",
    Allocation.FREE,
)

FIGURE_5 = Experiment(
    "figure5",
    "Figure 5: scribbles per region against quality",
    (_SINGLE, _ONE_PER_REGION, _FREE),
    (
        Claim("full image is above single region at every budget", _ONE_PER_REGION.key, _SINGLE.key),
        Effort(
            "one per region, full image takes half the scribbles of single region to reach 85 %",
            *(_ONE_PER_REGION.key, 0.85, 0.5, _SINGLE.key),
        ),
        Effort(
            "one per region, full image takes half the scribbles of single region to reach 88 %",
            *(_ONE_PER_REGION.key, 0.88, 0.5, _SINGLE.key),
        ),
        Claim("free is above one per region at every budget", _FREE.key, _ONE_PER_REGION.key, first_round=1),
        Claim("free is 5 points above single region at four scribbles", _FREE.key, _SINGLE.key, 0.05, 4, 4),
        Effort("free reaches 90 % with four scribbles", _FREE.key, 0.9, 4),
    ),
    rounds=True,
)

FIGURE_6 = Experiment("figure6", "Figure 6: examples, scribbles freely allocated", (_FREE,), rounds=True)

EXPERIMENTS: Mapping[Name, Experiment] = {one.name: one for one in (TABLE_1, TABLE_2, FIGURE_5, FIGURE_6)}
