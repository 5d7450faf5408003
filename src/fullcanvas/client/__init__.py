"""A client of the annotator's interface: a script does with it what the page does."""

from fullcanvas.client.client import Client
from fullcanvas.client.records import (
    Changes,
    Entry,
    History,
    Label,
    Person,
    PhotoItem,
    Pin,
    ProjectInfo,
    RegionInfo,
    Review,
    User,
)
from fullcanvas.client.remote_photo import RemotePhoto
from fullcanvas.client.wire import ClientError, ConflictError

__all__ = [
    "Changes",
    "Client",
    "ClientError",
    "ConflictError",
    "Entry",
    "History",
    "Label",
    "Person",
    "PhotoItem",
    "Pin",
    "ProjectInfo",
    "RegionInfo",
    "RemotePhoto",
    "Review",
    "User",
]
