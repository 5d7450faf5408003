"""Average the weights of two trainings, as one checkpoint to export.

    python benchmarks/average_weights.py ONE OTHER [--share 0.5] --out AVERAGE.pt
    fullcanvas export-model AVERAGE.pt --out AVERAGE.zip

Each is a checkpoint (.pt) or a model file (a path, or the name of an embedded one). Both began from the same
weights, or one of them where the other ended: else their average means nothing. An average can be averaged
further. Name, licence and sources are the other's, whose terms are the narrower; it was trained on the photos
of both. The record says of what it is an average.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fullcanvas.inference.model_file import ModelError
from fullcanvas.learning import checkpoint
from fullcanvas.learning.averaging import average
from fullcanvas.learning.errors import LearningError


def main() -> None:
    """Average and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("one")
    parser.add_argument("other")
    parser.add_argument("--share", type=float, default=0.5, help="of the other, 0 to 1")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    try:
        run = average(asked.one, asked.other, asked.share)
    except (LearningError, ModelError) as error:
        parser.error(str(error))
    checkpoint.save(asked.out, run.state())


if __name__ == "__main__":
    main()
