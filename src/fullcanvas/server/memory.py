"""How much memory the photos that are kept ready may take, and what each of them takes."""

from __future__ import annotations

from fullcanvas.canvas.resolution import display_size
from fullcanvas.inference.model_file import ModelConfig
from fullcanvas.inference.session import Session

MEMORY = 2_000_000_000
"""How many bytes of photos are kept ready, unless somebody says otherwise."""
_POINT_BYTES = 200  # of a scribble in force: what is drawn of it


def size_of(session: Session, config: ModelConfig) -> int:
    """How many bytes a session takes, near enough."""
    regions, embedding = session.annotation.regions.values(), session.embedding
    cells = config.channels * config.roi_size**2 + config.mask_size**2
    points = sum(len(scribble.points) for region in regions for scribble in region.scribbles)
    width, height = display_size(session.annotation.width, session.annotation.height)
    shown = width * height * 12 + session.kept_bytes  # label maps, uncertainty, what they are made of
    said = session.annotation.size + points * _POINT_BYTES
    drawn = session.planes * embedding.working_width * embedding.working_height * 2
    return shown + len(regions) * cells * 4 + said + drawn + embedding.array.nbytes
