"""Random label maps: blocky ones, so that components and ties occur."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

LabelMap = NDArray[np.int32]


def label_maps(
    height: int = 9, width: int = 13, least: int = 0, most: int = 4
) -> st.SearchStrategy[LabelMap]:
    """int32 [height, width] with ids least..most."""
    return arrays.arrays(np.int32, (height, width), elements=st.integers(least, most))


@st.composite
def pairs(draw: st.DrawFn, least: int = 0, most: int = 4) -> tuple[LabelMap, LabelMap]:
    """A truth and a prediction that agree in places."""
    truth = draw(label_maps(least=least, most=most))
    other = draw(label_maps(most=most))
    same = draw(arrays.arrays(np.bool_, truth.shape))
    return truth, np.where(same, truth, other).astype(np.int32)


def seeds() -> st.SearchStrategy[np.random.Generator]:
    """Random generators."""
    return st.integers(0, 2**32).map(np.random.default_rng)
