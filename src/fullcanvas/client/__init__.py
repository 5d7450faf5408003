"""A client of the annotator's interface: a script does with it what the page does."""

from fullcanvas.client.client import Client
from fullcanvas.client.records import Entry, History, Label, PhotoItem, ProjectInfo, RegionInfo, User
from fullcanvas.client.remote_photo import RemotePhoto
from fullcanvas.client.wire import ClientError, ConflictError

__all__ = [
    "Client",
    "ClientError",
    "ConflictError",
    "Entry",
    "History",
    "Label",
    "PhotoItem",
    "ProjectInfo",
    "RegionInfo",
    "RemotePhoto",
    "User",
]
