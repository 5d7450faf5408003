"""What stands between a browser and the annotator: whom it answers, how much it reads, what the page may do.

The annotator listens on this machine only, but every page that the person visits can send requests there.
So a request must name this machine (a DNS name that was made to point here does not), and one sent by
another site's page is refused.

Served to others it answers to any name, but only people with an account: they send a token, or the cookie
that they got for it. A browser sends that cookie to the host that set it, from its own pages alone, so
neither a name made to point here nor another site's page can use it.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fullcanvas.server.accounts import LOCAL, Accounts, User
from fullcanvas.server.errors import AccountError

MAX_BODY = 4 * 2**20
MAX_COMMAS = 50_000
"""In a body; the longest stroke has two for each point. Reading more would keep everybody else waiting."""
BODY_SECONDS = 60
"""How long the body of a request may take."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
LOGIN = "/login"
SESSION = "/api/v1/session"
_FOREIGN = "this request comes from the page of another site"
_LONGEST_TOKEN = 200
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """The outermost layer of the application: refuses what no honest page sends, and sets safe headers.

    The user who sent a request is its `state.user`; None only for those who are on their way in.

    Args:
        app: what is guarded.
        accounts: of those who may come in from anywhere; if None, whoever is on this machine may.
        max_body: the longest body that is read, in bytes.
    """

    def __init__(self, app: ASGIApp, accounts: Accounts | None = None, max_body: int = MAX_BODY) -> None:
        self._app = app
        self._accounts = accounts
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _with_headers(send)
        headers = Headers(scope=scope)
        if refusal := refusal_of(scope["method"], scope["path"], headers, self._accounts is None):
            await _refuse(403, refusal, scope, receive, send)
            return
        if not await self._let_in(scope, receive, send):
            return
        body = await self._body(scope, receive, send)
        if body is not None:
            await self._app(scope, _replay(body, receive), send)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Find out who asks; whoever may not is answered here."""
        try:
            user = await run_in_threadpool(identify, self._accounts, scope) if self._accounts else LOCAL
        except AccountError as error:
            await _refuse(503, str(error), scope, receive, send)
            return False
        scope.setdefault("state", {})["user"] = user
        path: str = scope["path"]
        if user is not None or path in (LOGIN, SESSION) or path.startswith("/static/"):
            return True
        if path == "/":
            await RedirectResponse(LOGIN, 303)(scope, receive, send)
        else:
            await _refuse(401, f"log in first, at {LOGIN}", scope, receive, send)
        return False

    async def _body(self, scope: Scope, receive: Receive, send: Send) -> bytes | None:
        """The whole body; None if it cannot be had, which is answered here."""
        headers = Headers(scope=scope)
        if "transfer-encoding" in headers and "content-length" in headers:
            # A proxy might see its end elsewhere, and take the rest for somebody else's request.
            await _refuse(400, "a request says its length once", scope, receive, send, last=True)
            return None
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await self._read(receive, headers.get("content-length", "0"))
        except ClientDisconnect:
            return None  # half a request is no request
        except TimeoutError:
            await _refuse(408, f"a request takes at most {BODY_SECONDS} seconds", scope, receive, send)
            return None
        if body is None:
            await _refuse(413, f"a request holds at most {self._max_body} bytes", scope, receive, send)
        elif body.count(b",") > MAX_COMMAS:
            await _refuse(413, f"a request holds at most {MAX_COMMAS} values", scope, receive, send)
            return None
        return body

    async def _read(self, receive: Receive, length: str) -> bytes | None:
        """The whole body, or None if it is too long."""
        if not (length.isascii() and length.isdecimal()) or int(length) > self._max_body:
            return None
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            body += message.get("body", b"")
            if len(body) > self._max_body:
                return None
            if not message.get("more_body", False):
                return bytes(body)


def identify(accounts: Accounts, scope: Scope) -> User | None:
    """Who sent a request: the bearer of a token, or of a cookie; None if nobody who is known.

    Raises:
        AccountError: the file of accounts cannot be used.
    """
    connection = HTTPConnection(scope)
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return accounts.of_token(token) if len(token) <= _LONGEST_TOKEN else None
    return accounts.of_cookie(connection.cookies.get(accounts.cookie_name, ""))


def refusal_of(method: str, path: str, headers: Headers, local: bool = True) -> str | None:
    """Why a request must not be answered, or None; `local` if only this machine may ask."""
    host = headers.get("host", "")
    name = _host_name(host)
    if name is None:
        return "the request does not say whom it is for"
    if local and name not in LOOPBACK:
        return f"the annotator answers on this machine only, not as {host!a:.100}; use http://127.0.0.1"
    origin = headers.get("origin")
    if origin is not None and origin.lower().partition("://")[2] != host.lower():
        if local:
            return _FOREIGN
        return (
            f"{_FOREIGN}: of {origin!a:.100}, and it is for {host!a:.100}; "
            "if a proxy stands between them, it has to pass the Host header on"
        )
    foreign = headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
    if foreign and (method not in _SAFE or path.startswith("/api/")):
        return _FOREIGN
    return None


def _host_name(host: str) -> str | None:
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises if there is one that is none
    except ValueError:
        return None
    return parts.hostname if "@" not in host and not parts.path else None


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sending


def _replay(body: bytes, receive: Receive) -> Receive:
    first = True

    async def receiving() -> Message:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return receiving


async def _refuse(
    status: int, detail: str, scope: Scope, receive: Receive, send: Send, *, last: bool = False
) -> None:
    """Say why a request is not answered; after the last one nothing is read from the connection."""
    headers = {"Connection": "close"} if last else None
    await JSONResponse({"detail": detail}, status, headers)(scope, receive, send)
