"""The options of the commands that work on a folder of photos, each described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Photos = Annotated[Path, typer.Argument(help="The folder of photos; sub-folders count.")]
Place = Annotated[
    Path | None,
    typer.Option("--project", help="Where the work is stored; else in `.fullcanvas` beside the photos."),
]
Database = Annotated[
    str | None,
    typer.Option(envvar="FULLCANVAS_DATABASE", help="`postgresql://USER@HOST/NAME`, instead of a file."),
]
_MOST = 1_000_000  # infinity is no number of bytes
Port = Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one.")]
Labels = Annotated[
    Path | None,
    typer.Option(help='A file of class names, one a line; or JSON: `[{"id", "name", "isthing", "color"}]`.'),
]
Model = Annotated[
    str, typer.Option(help="An embedded model, such as `default`, or the path of a model file.")
]
Memory = Annotated[
    float,
    typer.Option(
        min=0, max=_MOST, help="Gigabytes for photos that are kept ready; others take a moment to open."
    ),
]
Cache = Annotated[
    float,
    typer.Option(min=0, max=_MOST, help="Gigabytes on disk for embeddings, so that photos open at once."),
]
MaxMegapixels = Annotated[float, typer.Option(min=0.001, max=_MOST, help="The largest photo that is opened.")]

# Of `import` alone.
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Delete (it can be undone) the regions that photos have.")
]
Source = Annotated[
    Path, typer.Option("--from", help="The folder that holds the work, or its json or yaml file.")
]
SourceFormat = Annotated[
    Literal["coco-panoptic", "coco-instances", "label-png", "yolo", "labelme"],
    typer.Option(help="What is read."),
]
SourceLabels = Annotated[
    Path | None, typer.Option(help="Labels to take over; for label-png, the classes of its values.")
]

# Of `export` alone.
Out = Annotated[Path, typer.Option(help="The folder to make; an earlier export there is replaced.")]
OutFormat = Annotated[
    Literal["coco-panoptic", "coco-instances", "label-png", "yolo"],
    typer.Option(
        help="All regions (coco-panoptic); things alone, as run lengths (coco-instances) or outlines (yolo); "
        "or maps of classes (label-png)."
    ),
]
Unlabelled = Annotated[
    Literal["error", "void", "region"],
    typer.Option(help="What becomes of regions without a label: no export, void, or a class `region`."),
]
Status = Annotated[
    Literal["reviewed", "complete", "all"],
    typer.Option(
        help="Photos that are complete (reviewed or not), or `all` that have regions, as the model answers "
        "them now."
    ),
]
Images = Annotated[
    Literal["copy", "link", "none"],
    typer.Option(
        help="How the photos go with the export. `link` takes no room, but each is one file with two names "
        "then: whoever edits the exported photo has edited yours."
    ),
]

# Of `users` alone.
Name = Annotated[str, typer.Argument(help="Letters, digits and . _ @ -")]
UserRole = Annotated[
    Literal["annotator", "reviewer", "admin"],
    typer.Option(help="Reviewers also reopen complete photos and export; admins also add labels."),
]
