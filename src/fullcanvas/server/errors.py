"""What can go wrong between a person's photos and the annotator; every message is a sentence to be shown."""

from __future__ import annotations


class ServerError(Exception):
    """The base of this room's errors."""


class PhotoError(ServerError):
    """A photo that cannot be opened."""


class LabelsError(ServerError):
    """A file of labels, or a label, that cannot be used."""


class ConflictError(ServerError):
    """Something of this name is there already."""


class StoreError(ServerError):
    """A project's database that cannot be used."""


class AccountError(ServerError):
    """A file of accounts, or an account, that cannot be used."""


class ForbiddenError(ServerError):
    """Something that a person's role does not allow."""


class NotFoundError(ServerError):
    """A photo that the project does not have."""


class RefusedError(ServerError):
    """A change that makes no sense, or to a photo that is closed to changes."""


class SupersededError(ServerError):
    """A preview that was given up for a change, its own photo's or another's."""

    def __init__(self) -> None:
        super().__init__("a change came first; ask again")


class StaleError(ServerError):
    """A change to a photo that has changed meanwhile.

    Args:
        path: of the photo.
        version: the photo's, as stored.
    """

    def __init__(self, path: str, version: int) -> None:
        super().__init__(f"{path} was changed elsewhere meanwhile; load it again")
        self.version = version
