"""COCO panoptic data sets, read one annotation at a time."""

from fullcanvas.datasets.check import check
from fullcanvas.datasets.errors import DatasetError
from fullcanvas.datasets.panoptic import Dataset, open_dataset
from fullcanvas.datasets.records import Record, SegmentRecord
from fullcanvas.datasets.samples import Sample, Segment, load_labels, load_sample
from fullcanvas.datasets.split import fraction

__all__ = [
    "Dataset",
    "DatasetError",
    "Record",
    "Sample",
    "Segment",
    "SegmentRecord",
    "check",
    "fraction",
    "load_labels",
    "load_sample",
    "open_dataset",
]
