"""Who may work on a project that is served to others: accounts, their tokens, and what each role may do.

An account has no password that a person would choose. It has a token of 256 random bits, which is shown once;
what is kept is its scrypt hash, in a file that its owner alone may read. A browser exchanges the token for a
signed cookie, which holds until it expires, the account goes, or its token is renewed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from fullcanvas.files import alone, writing
from fullcanvas.server.errors import AccountError

FILE = "accounts.json"
LASTS_SECONDS = 14 * 24 * 3600
"""How long a browser stays logged in."""
_FORMAT = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_COST = {"n": 2**14, "r": 8, "p": 1}  # 16 MiB and some 50 ms
_NOBODY = "00" * 16
_MOST_WAITING = 8
"""How many tokens are looked at, or wait for it, at a time."""


class Role(StrEnum):
    """What a person may do; each role may also do what those before it may."""

    ANNOTATOR = "annotator"
    REVIEWER = "reviewer"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Whether this role may do whatever the other may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class User:
    """A person at work.

    Attributes:
        name: None for whoever sits at the machine that the annotator runs on.
        role: what they may do.
    """

    name: str | None
    role: Role


LOCAL = User(None, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class _Account:
    name: str
    role: Role
    salt: str
    hash: str

    @property
    def user(self) -> User:
        return User(self.name, self.role)


class Accounts:
    """The accounts of a project. Its methods may be called from any thread, and by several programs at once.

    Args:
        path: the file of accounts; it need not be there.

    Raises:
        AccountError: the file cannot be used, or others may read it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._secret = b""
        self._accounts: Mapping[str, _Account] = {}
        self._lock = threading.Lock()
        self._hashing = threading.Lock()  # one at a time: many wrong tokens cost no memory
        # Nor do they keep all the threads that answer others waiting.
        self._waiting = threading.BoundedSemaphore(_MOST_WAITING)
        self._known: dict[bytes, _Account] = {}
        self._refresh()

    def users(self) -> tuple[User, ...]:
        """Everybody with an account, by name."""
        self._refresh()
        return tuple(self._accounts[name].user for name in sorted(self._accounts))

    def add(self, name: str, role: Role) -> str:
        """Add an account and return its token, which is kept nowhere.

        Raises:
            AccountError: the name is taken or cannot be one, or the file cannot be written.
        """
        if not _NAME.fullmatch(name):
            raise AccountError(f"{name!a:.100}: a name has 1 to 64 letters, digits and . _ @ - in it")
        token = f"{name}.{secrets.token_urlsafe(32)}"
        salt = secrets.token_hex(16)
        made = _Account(name, role, salt, _hash(token, salt))

        def change(accounts: dict[str, _Account]) -> None:
            if name in accounts:
                raise AccountError(f"there is a user {name} already; remove it first for a new token")
            accounts[name] = made

        self._change(change)
        return token

    def remove(self, name: str) -> None:
        """Take an account away; its browsers are logged out at once.

        Raises:
            AccountError: there is none of this name, or the file cannot be written.
        """

        def change(accounts: dict[str, _Account]) -> None:
            if accounts.pop(name, None) is None:
                raise AccountError(f"there is no user {name!a:.100}")

        self._change(change)

    def of_token(self, token: str) -> User | None:
        """Whose token this is, or None. Takes a moment at first, on purpose."""
        self._refresh()
        digest = hashlib.sha256(token.encode(errors="replace")).digest()
        account = self._accounts.get(token.rpartition(".")[0])
        if account is not None and self._known.get(digest) == account:
            return account.user
        if not self._waiting.acquire(blocking=False):
            raise AccountError("too many tokens are being looked at; try again in a moment")
        try:
            with self._hashing:
                # A name that nobody has takes as long as one that somebody has.
                found = _hash(token, account.salt if account else _NOBODY)
        finally:
            self._waiting.release()
        if account is None or not hmac.compare_digest(found, account.hash):
            return None
        self._known[digest] = account
        return account.user

    def cookie(self, user: User) -> str:
        """What a browser of this user is to send.

        Raises:
            AccountError: the account has gone.
        """
        account = self._accounts.get(user.name or "")
        if account is None:
            raise AccountError("the account has gone")
        told = f"{account.name}.{int(time.time()) + LASTS_SECONDS}"
        return f"{told}.{self._sign(account, told)}"

    def of_cookie(self, cookie: str) -> User | None:
        """Who was given this cookie, or None if it is nobody's, or too old."""
        self._refresh()
        told, _, signature = cookie.rpartition(".")
        name, _, expires = told.rpartition(".")
        account = self._accounts.get(name)
        if account is None or not re.fullmatch(r"[0-9]{1,12}", expires):
            return None
        genuine = hmac.compare_digest(signature.encode(errors="replace"), self._sign(account, told).encode())
        return account.user if genuine and int(expires) > time.time() else None

    @property
    def cookie_name(self) -> str:
        """A name of the project's own: cookies of one machine know no ports."""
        return f"fullcanvas-{hashlib.sha256(b'name' + self._secret).hexdigest()[:12]}"

    def _sign(self, account: _Account, told: str) -> str:
        """Made with the account's hash too: a new token ends what the old one began."""
        key = self._secret + account.hash.encode()
        return hmac.new(key, told.encode(), hashlib.sha256).hexdigest()

    def _refresh(self) -> None:
        """Read the file again if it has changed."""
        with self._lock:
            try:
                found = self._path.stat()
                stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
                if stamp != self._stamp:
                    _check_mode(self._path, found.st_mode)
                    self._secret, self._accounts = _read(self._path)
                    self._stamp = stamp
            except FileNotFoundError:
                self._stamp, self._accounts = None, {}
            except OSError as error:
                raise AccountError(f"{self._path}: cannot be read ({error.strerror})") from error

    def _change(self, change: Any) -> None:
        self._refresh()
        change(dict(self._accounts))  # what is refused makes no folder
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with alone(self._path.with_name(f".{self._path.name}.lock")):
                self._refresh()
                accounts = dict(self._accounts)
                change(accounts)
                secret = self._secret or secrets.token_bytes(32)
                with writing(self._path, 0o600) as file:
                    file.write(_dump(secret, list(accounts.values())))
        except OSError as error:
            raise AccountError(f"{self._path}: cannot be written ({error.strerror})") from error
        self._refresh()


def _hash(token: str, salt: str) -> str:
    return hashlib.scrypt(token.encode(errors="replace"), salt=bytes.fromhex(salt), dklen=32, **_COST).hex()


def _check_mode(path: Path, mode: int) -> None:
    if os.name == "posix" and mode & 0o077:
        raise AccountError(f"{path}: others may read it; make it yours alone with: chmod 600 '{path}'")


def _dump(secret: bytes, accounts: Sequence[_Account]) -> bytes:
    users = [asdict(account) for account in accounts]
    return json.dumps({"format": _FORMAT, "secret": secret.hex(), "users": users}, indent=1).encode()


def _read(path: Path) -> tuple[bytes, dict[str, _Account]]:
    try:
        data = json.loads(path.read_bytes())
        if data["format"] != _FORMAT:
            raise AccountError(f"{path}: was written by a newer Fullcanvas; update Fullcanvas to use it")
        users = [_Account(**{**item, "role": Role(item["role"])}) for item in data["users"]]
        return bytes.fromhex(data["secret"]), {user.name: user for user in users}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise AccountError(f"{path}: is damaged; restore it, or remove it and add the users again") from error
