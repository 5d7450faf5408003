"""What comes over the wire that no browser sends: attacks below the interface, on real sockets."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import uvicorn

from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.server import connections, security
from fullcanvas.server.app import create_app
from fullcanvas.server.project import open_project
from fullcanvas.server.serve import listen
from tests.server.process import Server

GET = b"GET /api/v1/project HTTP/1.1\r\n"
POST = b"POST /api/v1/labels HTTP/1.1\r\nContent-Type: application/json\r\n"
HOST = b"Host: 127.0.0.1\r\n"
LAST = HOST + b"Connection: close\r\n"
NEXT = GET + LAST + b"X-Secret: of somebody else\r\n\r\n"


def statuses(port: int, content: bytes, cut: bool = False) -> list[int]:
    """Send bytes, and perhaps cut the line; the statuses of all answers, once the server has closed it."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(content)
        if cut:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        # Closed with something still unread, which throws away an answer that is under way.
        with suppress(ConnectionResetError):
            while part := connection.recv(2**16):
                answer += part
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d+) ", answer)]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[int]:
    """Of a server as the command starts it."""
    server = Server(tmp_path_factory.mktemp("empty"), model)
    yield int(server.address.rpartition(":")[2])
    said = server.stop()
    assert "Traceback" not in said
    assert "somebody else" not in said


def test_request_smuggling(port: int) -> None:
    """A body whose end can be seen in two places is refused, and what comes after it is not answered."""
    both = POST + HOST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert statuses(port, both + NEXT) == [400]
    assert statuses(port, POST + HOST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}" + NEXT) == [400]
    for coding in (b"xchunked", b"chunked, identity", b"\x0bchunked"):
        smuggled = POST + HOST + b"Transfer-Encoding: " + coding + b"\r\n\r\n0\r\n\r\n"
        assert statuses(port, smuggled + NEXT) == [400]
    # Where only one end can be seen, what comes next is a request like any other.
    assert statuses(port, POST + HOST + b"Content-Length: 2\r\n\r\n{}" + NEXT) == [422, 200]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (GET + LAST + b"Host: evil.example\r\n\r\n", 400),
        (GET + b"Host: evil.example\r\n" + LAST + b"\r\n", 400),
        (b"GET /api/v1/project HTTP/1.0\r\n\r\n", 403),
        (b"GET http://evil.example/api/v1/project HTTP/1.1\r\n" + LAST + b"\r\n", 404),
        (GET + "Connection: close\r\nHost: 127.0.0.1\u3002evil.example\r\n\r\n".encode(), 403),
        (GET + LAST + b"Origin: http://[::1\r\n\r\n", 403),
        (GET + LAST + b"Origin: http://127.0.0.1@evil.example\r\n\r\n", 403),
        (GET + LAST + b"Origin: \xff\r\n\r\n", 403),
    ],
)
def test_tricks_with_host_and_origin(port: int, content: bytes, status: int) -> None:
    assert statuses(port, content) == [status]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"PRI * HTTP/2.0\r\nConnection: close\r\n\r\nSM\r\n\r\n", 403),
        (b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n" + LAST + b"\r\n", 400),
        (GET + LAST + b"X: " + b"a" * 200_000 + b"\r\n\r\n", 400),
        (GET + LAST + b"Content-Length : 2\r\n\r\n", 400),
        (POST + LAST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (POST + LAST + b"Content-Length: 99999999999\r\n\r\n", 413),
        (b"G\x00T / HTTP/1.1\r\n" + LAST + b"\r\n", 400),
        (b"TRACE / HTTP/1.1\r\n" + LAST + b"\r\n", 405),
        (b"CONNECT evil.example:80 HTTP/1.1\r\n" + LAST + b"\r\n", 404),
        (b"GET /static/%ff%fe HTTP/1.1\r\n" + LAST + b"\r\n", 404),
        (b"GET /static/x HTTP/1.1\r\n" + LAST + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
         b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", 404),
    ],
)  # fmt: skip
def test_what_is_hardly_http_is_refused(port: int, content: bytes, status: int) -> None:
    assert statuses(port, content) in ([status], [])


@pytest.mark.parametrize(
    "content", [b"", GET, GET + b"Host", POST + LAST + b"Content-Length: 9\r\n\r\n{", b"\r\n" * 100]
)
def test_half_a_request_is_not_answered(port: int, content: bytes) -> None:
    assert statuses(port, content, cut=True) in ([], [400])


@pytest.fixture
def impatient(
    tmp_path: Path, segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], socket.socket]]:
    """Opens connections to a server that waits for hardly anything."""
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.2)
    monkeypatch.setattr(security, "BODY_SECONDS", 0.2)
    project = open_project(tmp_path)
    config = uvicorn.Config(
        create_app(project, segmenter), http=connections.Impatient, ws="none", log_level="critical"
    )
    server, opened = uvicorn.Server(config), []
    with listen("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()

        def connect() -> socket.socket:
            opened.append(socket.create_connection(listening.getsockname(), timeout=60))
            return opened[-1]

        yield connect
        for connection in opened:
            connection.close()
        server.should_exit = True
        thread.join()
    project.store.close()


def test_slowloris(impatient: Callable[[], socket.socket]) -> None:
    """Whoever never ends the head of a request, the first or a later one, loses the connection."""
    slow = [impatient() for _ in range(20)]
    for number, connection in enumerate(slow):
        connection.sendall([b"", b"GET", GET + b"Host:", GET + HOST][number % 4])
    later = impatient()
    later.sendall(GET + HOST + b"\r\n")
    assert later.recv(2**16).startswith(b"HTTP/1.1 200")
    later.sendall(GET)
    for connection in (*slow, later):
        while connection.recv(2**16):
            pass


def test_a_body_that_never_ends(impatient: Callable[[], socket.socket]) -> None:
    for length in (b"Content-Length: 9\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n9\r\n{"):
        connection = impatient()
        connection.sendall(POST + HOST + length)
        answer = connection.recv(2**16)
        assert answer.startswith(b"HTTP/1.1 408")
        while connection.recv(2**16):
            pass
