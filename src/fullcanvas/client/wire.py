"""Requests to the server, and its binary patches."""

from __future__ import annotations

import http.client
import json
import struct
import time
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import numpy as np
from numpy.typing import NDArray

PREFIX = "/api/v1"
_STRANGE = "what answers there is no Fullcanvas, or of another version"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_PAUSE_SECONDS = 0.1


class ClientError(Exception):
    """The server refused, or did not answer; the message says why.

    Attributes:
        status: of the answer, or None if there was none.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ConflictError(ClientError):
    """The photo has changed since it was seen, or a label is in the way or in use; nothing was done."""


class _SupersededError(ClientError):
    """Somebody's change came first; it can be asked again."""


class Wire:
    """Sends requests to one server.

    Args:
        address: of the server, `http://HOST:PORT`.
        token: of an account, where the server asks for one.
        timeout: seconds to wait for an answer, and to ask again where changes go first.

    Raises:
        ValueError: the address is not of the form http://HOST:PORT.
    """

    def __init__(self, address: str, token: str | None, timeout: float) -> None:
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"an address is http://HOST:PORT, not {address!r}")
        self._address = address.rstrip("/")
        self._token = token and token.strip()  # read from a file, it ends in a new line
        self._timeout = timeout
        # A proxy of the environment would be asked for its own loopback, not for ours.
        self._opener = build_opener(*([ProxyHandler({})] if parts.hostname in _LOOPBACK else []))

    def get(self, path: str, **query: Any) -> Any:
        """The JSON answer to a GET."""
        content = self.read(path, **query)
        try:
            return json.loads(content)
        except ValueError as error:
            raise ClientError(f"{self._address}: {_STRANGE}") from error

    def read(self, path: str, **query: Any) -> bytes:
        """The answer to a GET, as bytes."""
        return self._send("GET", f"{path}?{urlencode(query)}" if query else path, None)

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> bytes:
        """The answer to a request that changes something, with JSON, as bytes.

        A request that has a `key` is sent once more if the connection fails: the server does not apply it
        twice.
        """
        content = json.dumps(body, default=_plain).encode()
        try:
            return self._send(method, path, content)
        except ClientError as error:
            if error.status is not None or "key" not in body:
                raise
        return self._send(method, path, content)

    def _send(self, method: str, path: str, content: bytes | None) -> bytes:
        """The answer, asked for again where changes go first, as long as the timeout lasts.

        Raises:
            ClientError: the server does not answer, or refuses.
        """
        end = time.monotonic() + self._timeout
        while True:
            try:
                return self._answer(method, path, content)
            except _SupersededError:
                if time.monotonic() >= end:
                    raise
            time.sleep(_PAUSE_SECONDS)

    def _answer(self, method: str, path: str, content: bytes | None) -> bytes:
        """The answer; errors as in `_send`."""
        request = Request(f"{self._address}{PREFIX}{path}", content, method=method)  # noqa: S310 (checked)
        request.add_header("Content-Type", "application/json")
        if self._token is not None:
            request.add_header("Authorization", f"Bearer {self._token}")
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                answer: bytes = response.read()
                return answer
        except HTTPError as error:
            with error:
                raise _refusal(error) from None
        except (OSError, http.client.HTTPException) as error:  # a URLError is an OSError
            reason = getattr(error, "reason", None) or error
            raise ClientError(f"{self._address} does not answer: {reason}") from error


def _refusal(error: HTTPError) -> ClientError:
    kind = ConflictError if error.code == http.client.CONFLICT else ClientError
    if error.code == http.client.SERVICE_UNAVAILABLE and error.headers.get("Retry-After") == "0":
        kind = _SupersededError
    return kind(_reason(error), error.code)


def _reason(error: HTTPError) -> str:
    try:
        return str(json.loads(error.read())["detail"])
    except (ValueError, KeyError, TypeError, OSError):
        return f"the server answered {error.code} {error.reason}"


def read_patch(content: bytes) -> tuple[Mapping[str, Any], NDArray[np.int32]]:
    """The header of a patch, and its region ids, int32 [h, w].

    Raises:
        ClientError: the content is not a patch.
    """
    try:
        (length,) = struct.unpack_from("<I", content)
        header: Mapping[str, Any] = json.loads(content[4 : 4 + length])
        labels = np.frombuffer(zlib.decompress(content[4 + length :]), "<u2").astype(np.int32)
        return header, labels.reshape(header["y1"] - header["y0"], header["x1"] - header["x0"])
    except (struct.error, zlib.error, ValueError, KeyError, TypeError) as error:
        raise ClientError(_STRANGE) from error


def _plain(value: object) -> Any:
    """NumPy's numbers and arrays as Python's: ids are read from label maps, colours from palettes."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{value!r:.80} is nothing that can be sent")
