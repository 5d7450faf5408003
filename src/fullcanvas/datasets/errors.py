"""What can be wrong with a data set."""


class DatasetError(ValueError):
    """A data set that cannot be used; the message names the file and says what is wrong with it."""
