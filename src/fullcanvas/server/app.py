"""The web application: the page, and its interface under /api/v1."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from fullcanvas import __version__
from fullcanvas.annotation import AnnotationError
from fullcanvas.formats.errors import ExportError
from fullcanvas.inference.embedding_cache import EmbeddingCache
from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.server import downloads, history, login, review, routes, team, thumbnails
from fullcanvas.server.accounts import Accounts
from fullcanvas.server.arrivals import Arrivals
from fullcanvas.server.errors import (
    AccountError,
    ConflictError,
    ForbiddenError,
    LabelsError,
    NotFoundError,
    PhotoError,
    RefusedError,
    StaleError,
    StoreError,
    SupersededError,
)
from fullcanvas.server.head import HeadAsGet
from fullcanvas.server.memory import MEMORY
from fullcanvas.server.presence import Presence
from fullcanvas.server.project import Project
from fullcanvas.server.security import LOGIN, Guard
from fullcanvas.server.workbench import Workbench

WEB = Path(__file__).parent / "web"
_STATUS: dict[type[Exception], int] = {
    AccountError: 503,
    AnnotationError: 422,
    ExportError: 422,
    ForbiddenError: 403,
    ConflictError: 409,
    LabelsError: 422,
    NotFoundError: 404,
    PhotoError: 422,
    RefusedError: 422,
    StaleError: 409,
    StoreError: 503,
    SupersededError: 503,
}


def create_app(
    project: Project,
    segmenter: Segmenter,
    memory: int = MEMORY,
    accounts: Accounts | None = None,
    *,
    disk: EmbeddingCache | None = None,
    quiet: Callable[[], Segmenter] | None = None,
) -> FastAPI:
    """The application for one project.

    Args:
        project: whose photos are annotated; closed by whoever opened it.
        segmenter: the model that answers.
        memory: how many bytes of photos are kept ready.
        accounts: of those who may come in from anywhere; if None, whoever is on this machine may.
        disk: keeps embeddings for the next start.
        quiet: makes the same model on one thread, for what is done in the background.
    """
    workbench = Workbench(project, segmenter, memory, disk=disk, quiet=quiet)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        workbench.embeddings.close()
        app.state.thumbnails.close()

    app = FastAPI(
        title="Fullcanvas",
        version=__version__,
        lifespan=lifespan,
        openapi_url=f"{routes.PREFIX}/openapi.json",
        docs_url=None,  # its scripts would come from elsewhere, which the page's policy forbids
        redoc_url=None,
    )
    app.state.workbench = workbench
    app.state.downloads = downloads.Downloads()
    app.state.accounts = accounts
    app.state.presence = Presence()
    app.state.arrivals = Arrivals(project)
    app.state.thumbnails = thumbnails.Thumbnails(project, workbench.room)
    for each in (routes, history, thumbnails, review, downloads, team, login):
        app.include_router(each.router, prefix=routes.PREFIX)
    app.include_router(_page())
    app.mount("/static", _Static(directory=WEB))
    app.add_middleware(HeadAsGet)
    app.add_middleware(Guard, accounts=accounts)
    for error in (*_STATUS, RequestValidationError):
        app.add_exception_handler(error, _explain)
    app.add_exception_handler(Exception, _apologise)
    return app


def _page() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def page() -> FileResponse:
        return FileResponse(WEB / "index.html", headers={"Cache-Control": "no-cache"})

    @router.get(routes.PREFIX)
    def interface_page() -> FileResponse:
        return FileResponse(WEB / "interface.html", headers={"Cache-Control": "no-cache"})

    @router.get(LOGIN)
    def login_page() -> FileResponse:
        return FileResponse(WEB / "login.html", headers={"Cache-Control": "no-cache"})

    return router


class _Static(StaticFiles):
    """The page's files, which a browser asks for anew each time, so that an upgrade is seen at once."""

    async def get_response(self, path: str, scope: Scope) -> Any:
        """The file, or 404."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def _explain(_request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, RequestValidationError):
        return JSONResponse({"detail": _sentence(error.errors())}, 422)
    status = next(status for cls, status in _STATUS.items() if isinstance(error, cls))
    version = {"version": error.version} if isinstance(error, StaleError) else {}
    headers = {"Retry-After": "0"} if isinstance(error, SupersededError) else None
    return JSONResponse({"detail": str(error), **version}, status, headers)


def _apologise(_request: Request, _error: Exception) -> JSONResponse:
    """The answer to what should never happen; the server's log says what did."""
    return JSONResponse(
        {"detail": "the annotator failed; what was stored before is safe, its log says more"}, 500
    )


def _sentence(problems: Sequence[Any]) -> str:
    """The first few problems of a request in one sentence; what was sent is not repeated."""
    told = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in problems[:3]]
    return "the request makes no sense: " + "; ".join(told)
