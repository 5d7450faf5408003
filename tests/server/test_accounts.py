"""Accounts: tokens shown once, kept as hashes, in a file for one pair of eyes."""

from __future__ import annotations

import itertools
import json
import os
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fullcanvas.cli import app
from fullcanvas.server.accounts import LASTS_SECONDS, Accounts, Role, User
from fullcanvas.server.errors import AccountError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "accounts.json"


@pytest.fixture
def accounts(path: Path) -> Accounts:
    return Accounts(path)


def test_a_token_is_known_by_its_hash_alone(accounts: Accounts, path: Path) -> None:
    token = accounts.add("anna", Role.REVIEWER)
    assert accounts.of_token(token) == User("anna", Role.REVIEWER)
    assert accounts.of_token(token) == User("anna", Role.REVIEWER)
    kept = path.read_text()
    assert token not in kept
    assert token.rpartition(".")[2] not in kept
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_accounts_of_one_name_or_with_one_token_never_exist(accounts: Accounts) -> None:
    first, second = accounts.add("anna", Role.ADMIN), accounts.add("bob", Role.ADMIN)
    assert first.rpartition(".")[2] != second.rpartition(".")[2]
    with pytest.raises(AccountError, match="a user anna already"):
        accounts.add("anna", Role.ADMIN)
    swapped = f"bob.{first.rpartition('.')[2]}"
    assert accounts.of_token(swapped) is None


@pytest.mark.parametrize(
    "token", ["", ".", "anna", "anna.", "anna.x", "nobody.x", "\ud800.x", "anna.\0", "ANNA.x", "x" * 10_000]
)
def test_a_guessed_token_is_nobodys(accounts: Accounts, token: str) -> None:
    accounts.add("anna", Role.ADMIN)
    assert accounts.of_token(token) is None


def test_a_flood_of_wrong_tokens_keeps_nobody_waiting(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight are looked at or wait; more are sent away at once, and whoever is known is not among them."""
    token = accounts.add("anna", Role.ADMIN)
    assert accounts.of_token(token) is not None
    slow = threading.Event()

    def hash_slowly(*_arguments: object) -> str:
        slow.wait(60)
        return ""

    monkeypatch.setattr("fullcanvas.server.accounts._hash", hash_slowly)
    with ThreadPoolExecutor(40) as pool:
        flood = [pool.submit(accounts.of_token, f"anna.{number}") for number in range(40)]
        refused = list(itertools.islice(as_completed(flood), 32))
        assert all("too many tokens" in str(each.exception()) for each in refused)
        assert accounts.of_token(token) is not None
        slow.set()
    assert [each.result() for each in flood if each not in refused] == [None] * 8


@pytest.mark.parametrize("name", ["", " ", "a b", "ä", "a/b", "../x", "a\n", "-x", "a" * 65, "<b>"])
def test_names_that_could_be_anything_else_are_refused(accounts: Accounts, name: str) -> None:
    with pytest.raises(AccountError, match="a name has 1 to 64"):
        accounts.add(name, Role.ANNOTATOR)


def test_a_cookie_is_its_users_until_it_expires(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts.add("a.b", Role.ANNOTATOR)
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    cookie = accounts.cookie(User("a.b", Role.ANNOTATOR))
    assert accounts.of_cookie(cookie) == User("a.b", Role.ANNOTATOR)
    monkeypatch.setattr(time, "time", lambda: 1000.0 + LASTS_SECONDS)
    assert accounts.of_cookie(cookie) is None


def test_a_forged_cookie_is_nobodys(accounts: Accounts, path: Path) -> None:
    accounts.add("anna", Role.ADMIN)
    accounts.add("bob", Role.ANNOTATOR)
    name, expires, signature = accounts.cookie(User("bob", Role.ANNOTATOR)).rsplit(".", 2)
    for forged in (
        f"anna.{expires}.{signature}",
        f"{name}.{int(expires) + 1}.{signature}",
        f"{name}.{expires}.{signature[:-1]}",
        f"{name}.{expires}.{'0' * 64}",
        f"{name}.{'9' * 100}.{signature}",
        f"{name}.{expires}.ü",
        "",
        "..",
    ):
        assert accounts.of_cookie(forged) is None


def test_roles_are_as_the_file_says_not_as_the_caller_does(accounts: Accounts) -> None:
    accounts.add("bob", Role.ANNOTATOR)
    assert accounts.of_cookie(accounts.cookie(User("bob", Role.ADMIN))) == User("bob", Role.ANNOTATOR)


def test_a_removed_user_is_out_at_once_in_every_program(accounts: Accounts, path: Path) -> None:
    token = accounts.add("anna", Role.ADMIN)
    cookie = accounts.cookie(User("anna", Role.ADMIN))
    assert accounts.of_token(token) is not None
    Accounts(path).remove("anna")
    assert accounts.of_token(token) is None
    assert accounts.of_cookie(cookie) is None
    with pytest.raises(AccountError, match="gone"):
        accounts.cookie(User("anna", Role.ADMIN))
    with pytest.raises(AccountError, match="no user 'anna'"):
        accounts.remove("anna")


def test_a_new_token_ends_what_the_old_one_began(accounts: Accounts) -> None:
    token = accounts.add("anna", Role.ADMIN)
    cookie = accounts.cookie(User("anna", Role.ADMIN))
    accounts.remove("anna")
    accounts.add("anna", Role.ADMIN)
    assert accounts.of_token(token) is None
    assert accounts.of_cookie(cookie) is None


def test_accounts_added_at_the_same_time_are_all_there(path: Path) -> None:
    names = [f"user{number}" for number in range(8)]
    threads = [
        threading.Thread(target=lambda name=name: Accounts(path).add(name, Role.ANNOTATOR)) for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [user.name for user in Accounts(path).users()] == names


def test_a_file_that_others_may_read_is_refused(accounts: Accounts, path: Path) -> None:
    accounts.add("anna", Role.ADMIN)
    path.chmod(0o640)
    with pytest.raises(AccountError, match=r"others may read it.*chmod 600"):
        Accounts(path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 1, "secret": "x", "users": []}', "\0"])
def test_a_damaged_file_lets_nobody_in(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(AccountError, match="is damaged"):
        Accounts(path)


def test_a_file_that_may_not_be_read_lets_nobody_in_and_says_so(
    accounts: Accounts, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    token = accounts.add("anna", Role.ADMIN)
    Accounts(path).add("ben", Role.ADMIN)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(AccountError, match=r"accounts\.json: cannot be read \(Permission denied\)"):
        accounts.of_token(token)
    monkeypatch.undo()
    assert accounts.of_token(token) is not None


def test_a_file_of_a_newer_version_is_refused(accounts: Accounts, path: Path) -> None:
    accounts.add("anna", Role.ADMIN)
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 2}))
    with pytest.raises(AccountError, match="newer Fullcanvas"):
        accounts.users()


def test_a_failed_change_leaves_the_old_file(
    accounts: Accounts, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.add("anna", Role.ADMIN)
    before = path.read_bytes()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AccountError, match=r"cannot be written \(No space left"):
        accounts.add("bob", Role.ADMIN)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.glob("*.partial")] == []


def test_a_place_that_is_no_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AccountError, match="cannot be read"):
        Accounts(tmp_path / "file" / "accounts.json")


def test_a_change_that_is_refused_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(AccountError, match="there is no user 'anna'"):
        Accounts(tmp_path / "mistyped" / "accounts.json").remove("anna")
    assert not (tmp_path / "mistyped").exists()


def test_roles_include_those_below() -> None:
    assert Role.ADMIN.includes(Role.REVIEWER)
    assert Role.REVIEWER.includes(Role.REVIEWER)
    assert not Role.ANNOTATOR.includes(Role.REVIEWER)


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["users", *map(str, arguments)])
    return result.exit_code, result.output


def test_users_from_the_command_line(tmp_path: Path) -> None:
    code, output = run("add", tmp_path, "anna", "--role", "reviewer")
    assert code == 0
    token = next(line for line in output.splitlines() if line.startswith("anna."))
    path = tmp_path / ".fullcanvas" / "accounts.json"
    assert Accounts(path).of_token(token) == User("anna", Role.REVIEWER)
    # Neither port nor http are guessed: serve says where it answers.
    assert f"fullcanvas serve shows: ADDRESS/login#{token}\n" in output
    assert run("list", tmp_path) == (0, "anna\treviewer\n")
    assert run("add", tmp_path, "anna") == (
        2,
        "Error: there is a user anna already; remove it first for a new token\n",
    )
    assert run("remove", tmp_path, "anna") == (0, "anna is removed.\n")
    assert run("list", tmp_path) == (0, "")
    code, output = run("add", tmp_path / "none", "anna")
    assert code == 2
    assert "no such folder" in output


def test_serve_refuses_as_every_command_does(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["serve", str(tmp_path / "none"), "--port", "0"])
    assert result.exit_code == 2
    assert "Error: " in result.output
    assert "no such folder" in result.output
