"""`fullcanvas annotate`: starting, stopping, and what it says when it cannot start."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
from pathlib import Path
from time import sleep
from typing import get_args

import httpx
import pytest
from rich.console import Console
from typer.testing import CliRunner

from fullcanvas.annotation import Annotation
from fullcanvas.cli import app
from fullcanvas.formats.write import OutFormat
from fullcanvas.server import options
from fullcanvas.server.app import WEB
from fullcanvas.server.project import open_project
from fullcanvas.server.serve import Service, address_of, listen
from fullcanvas.server.take_in import FORMATS
from tests.server.conftest import LEFT
from tests.server.process import Server
from tests.server.test_migrations import restore


def refused(*arguments: object) -> str:
    """What the command says as it refuses to start."""
    result = CliRunner().invoke(app, ["annotate", "--no-browser", *map(str, arguments)])
    assert result.exit_code == 2, result.output
    assert "Error: " in result.output
    return result.output


def test_it_starts_answers_and_stops(folder: Path, model: Path) -> None:
    server = Server(folder, model)
    assert httpx.get(f"{server.address}/api/v1/project").json()["photos"] == 3
    assert "everything is stored" in server.stop(signal.SIGINT)
    assert server.process.returncode == 0


def test_a_missing_folder(model: Path, tmp_path: Path) -> None:
    assert "no such folder" in refused(tmp_path / "none", "--port", 0, "--model", model)


@pytest.mark.parametrize("option", ["--memory", "--cache", "--max-megapixels"])
@pytest.mark.parametrize("value", ["inf", "nan", "-1"])
def test_a_bound_that_is_none_is_refused(folder: Path, option: str, value: str) -> None:
    result = CliRunner().invoke(app, ["annotate", str(folder), option, value])
    assert (result.exit_code, "Invalid value for" in result.output) == (2, True)


def test_a_port_that_is_taken(folder: Path, model: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        output = refused(folder, "--port", holder.getsockname()[1], "--model", model)
    assert "the port is taken" in output
    assert "--port 0" in output


def test_who_presses_ctrl_c_twice_sees_no_traceback(folder: Path, model: Path) -> None:
    server = Server(folder, model)
    assert httpx.get(server.address).status_code == 200
    server.process.send_signal(signal.SIGINT)
    sleep(0.02)  # else the two could arrive as one
    words = server.stop(signal.SIGINT)
    assert "Traceback" not in words
    assert "everything is stored" in words


WORKING: dict[str, tuple[str, list[str], str]] = {
    "import": (
        "take_in.import_project",
        ["--format", "yolo", "--from", "x"],
        "what was done is kept; the same command",
    ),
    "export": ("take_home.export_project", ["--out", "x"], "nothing was exported; what was there before has"),
    "encode": ("encode.encode_photos", [], "what was done is kept; the same command goes on with"),
    "summary": ("summary.summarise_folder", [], "everything that was done is stored"),
}


@pytest.mark.parametrize("command", WORKING)
def test_what_ends_a_command_is_told_in_a_line(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, given, interrupted = WORKING[command]

    def ends(error: BaseException) -> str:
        def end(*_arguments: object, **_options: object) -> None:
            raise error

        monkeypatch.setattr(f"fullcanvas.server.{where}", end)
        result = CliRunner().invoke(app, [command, str(folder), *given])
        assert result.exit_code == (130 if isinstance(error, KeyboardInterrupt) else 2)
        return result.output

    assert f"Interrupted: {interrupted}" in ends(KeyboardInterrupt())
    full = OSError(28, "No space left on device", "x/y")
    assert ends(full) == "Error: x/y: cannot be read or written (No space left on device)\n"


def test_an_address_that_others_reach(folder: Path, model: Path) -> None:
    output = refused(folder, "--host", "0.0.0.0", "--model", model)
    assert "this machine only" in output
    assert "ssh -L" in output
    assert "lets in all users of its machine" in output


def test_the_help_says_who_else_can_open_the_page() -> None:
    shown = CliRunner().invoke(app, ["annotate", "--help"]).output
    assert "Every user of this machine can open the page" in " ".join(shown.replace("│", " ").split())


def test_labels_that_cannot_be_used(folder: Path, model: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.json"
    labels.write_text('["cat",\n"cat"]')
    output = refused(folder, "--port", 0, "--labels", labels, "--model", model)
    assert "labels.json: label number 2: the name 'cat' was there before" in output


def test_a_model_that_is_not_there(folder: Path, tmp_path: Path) -> None:
    assert "none.zip" in refused(folder, "--port", 0, "--model", tmp_path / "none.zip")


def test_a_place_that_cannot_be_written(folder: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    output = refused(folder, "--port", 0, "--model", model, "--project", tmp_path / "file" / "x")
    assert "--project DIR" in output


def test_labels_are_taken_over_and_kept(folder: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("cat\nsky")
    open_project(folder, labels=labels).store.close()
    labels.write_text('[{"name": "sky", "isthing": false}, {"name": "dog"}]')
    project = open_project(folder, labels=labels)
    found = [(label.id, label.name, label.isthing) for label in project.store.labels()]
    project.store.close()
    assert found == [(1, "cat", True), (2, "sky", False), (3, "dog", True)]


def test_addresses_are_written_as_browsers_read_them() -> None:
    with listen("127.0.0.1", 0) as four:
        assert address_of(four) == f"http://127.0.0.1:{four.getsockname()[1]}"
    if socket.has_ipv6:
        with listen("::1", 0) as six:
            assert address_of(six) == f"http://[::1]:{six.getsockname()[1]}"


def test_the_parts_of_an_answer_do_not_wait_for_each_other() -> None:
    async def delayed(listening: socket.socket) -> bool:
        told: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def accepted(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            told.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(accepted, sock=listening):
            with socket.create_connection(listening.getsockname()):
                return not await told

    with listen("127.0.0.1", 0) as listening:
        assert not asyncio.run(delayed(listening))


def test_the_browser_is_opened_and_the_greeting_tells_what_is_there(
    folder: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fullcanvas.server import serve

    (folder / "out.png").symlink_to("/etc/hostname")
    opened: list[str] = []
    monkeypatch.setattr(
        "fullcanvas.server.serve.threading.Thread", lambda target, args, daemon: _Now(target, args)
    )
    monkeypatch.setattr("fullcanvas.server.serve.webbrowser.open", opened.append)
    monkeypatch.setattr(serve, "_run", lambda *_arguments: None)
    console = Console(record=True, width=200)
    serve.annotate(service(folder, model), True, console)
    text = console.export_text()
    assert "photos: 3 photos, 0 complete; model tiny" in text
    assert "out.png: leads out of the folder" in text
    assert opened[0] in text


@pytest.mark.parametrize("command", ["annotate", "serve"])
def test_an_address_that_looks_like_markup_is_shown_as_it_is(
    command: str, folder: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fullcanvas.server import serve

    monkeypatch.setattr(serve, "_run", lambda *_arguments: None)
    monkeypatch.setattr(serve, "address_of", lambda *_arguments: "http://[fe80::1]:8000")
    console = Console(record=True, width=200)
    if command == "annotate":
        serve.annotate(service(folder, model), False, console)
    else:
        serve.serve(service(folder, model), console)
        assert "http://[fe80::1]:8000/login#admin." in console.export_text(clear=False)
    assert "Annotate at http://[fe80::1]:8000; " in console.export_text()


def test_an_empty_folder_is_said(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fullcanvas.server import serve

    (tmp_path / "none").mkdir()
    monkeypatch.setattr(serve, "_run", lambda *_arguments: None)
    console = Console(record=True, width=200)
    serve.annotate(service(tmp_path / "none", model), False, console)
    assert "There is no photo in" in console.export_text()


def test_an_update_of_the_database_is_told(
    folder: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fullcanvas.server import serve

    (folder / ".fullcanvas").mkdir()
    restore(5, folder / ".fullcanvas" / "fullcanvas.db")
    monkeypatch.setattr(serve, "_run", lambda *_arguments: None)
    console = Console(record=True, width=200)
    serve.annotate(service(folder, model), False, console)
    assert "fullcanvas.db: is of version 5; copied, and brought to version" in console.export_text()


def test_work_whose_photo_has_another_name_now_is_said(
    folder: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fullcanvas.server import serve

    store = open_project(folder).store
    store.save(store.photo(1), "hash", None, Annotation(96, 80).add_region(LEFT))
    store.close()
    monkeypatch.setattr(serve, "_run", lambda *_arguments: None)
    console = Console(record=True, width=200)
    serve.annotate(service(folder, model), False, console)
    assert "Missing" not in console.export_text()
    (folder / "a.jpg").rename(folder / "[red].jpg")
    serve.annotate(service(folder, model), False, console)
    assert "Missing: a.jpg; worked on, but not in the folder any more; " in console.export_text()


def service(folder: Path, model: Path) -> Service:
    options = {"labels": None, "place": None, "max_pixels": 10**6}
    return Service(folder=folder, host="127.0.0.1", port=0, model=str(model), **options)  # type: ignore[arg-type]


class _Now:
    """A thread that runs at once."""

    def __init__(self, target: object, args: tuple[object, ...]) -> None:
        self.start = lambda: target(*args)  # type: ignore[operator]


def test_the_command_and_the_page_offer_every_format() -> None:
    offered, read = (get_args(get_args(option)[0]) for option in (options.OutFormat, options.SourceFormat))
    assert list(offered) == list(OutFormat)
    assert list(read) == list(FORMATS)
    page = (WEB / "index.html").read_text()
    assert set(re.findall(r'name="format" value="([a-z-]+)"', page)) == set(OutFormat)
