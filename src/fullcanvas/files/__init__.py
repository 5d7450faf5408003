"""Files that are there whole or not at all, and locks that other programs respect."""

from fullcanvas.files.locks import alone
from fullcanvas.files.whole import make_room, sync_folder, told, writing

__all__ = ["alone", "make_room", "sync_folder", "told", "writing"]
