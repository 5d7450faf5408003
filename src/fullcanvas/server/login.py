"""Coming in and going out, where a project is served to others; and who may do what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import BaseModel, Field

from fullcanvas.server.accounts import LASTS_SECONDS, Accounts, Role, User
from fullcanvas.server.answers import COMMON, Problem, Responses
from fullcanvas.server.errors import ForbiddenError


class Token(BaseModel):
    """What `fullcanvas users add` printed."""

    token: Annotated[str, Field(min_length=1, max_length=200)]


class SessionAnswer(BaseModel):
    """Who is logged in; without a name, whoever sits at the machine that the annotator runs on."""

    name: str | None
    role: Role

    @classmethod
    def of(cls, user: User) -> SessionAnswer:
        """The answer that describes a user."""
        return cls(name=user.name, role=user.role)


async def user_of(request: Request) -> User:  # not async, it would be called in a thread of its own
    """Who sent a request that was let in."""
    found: User = request.state.user
    return found


def at_least(role: Role) -> Callable[[Request], Awaitable[None]]:
    """A condition of a route: its caller has this role, or one that includes it."""

    async def check(request: Request) -> None:
        require(await user_of(request), role)

    return check


def require(user: User, role: Role) -> None:
    """See that a user may do what takes a role.

    Raises:
        ForbiddenError: they may not.
    """
    if not user.role.includes(role):
        raise ForbiddenError(f"this takes the role {role}, and {user.name} is {user.role}; ask an admin")


router = APIRouter(responses=COMMON)
_NOBODY: Responses = {
    401: {"model": Problem, "description": "Nobody is logged in, or the token is nobody's."}
}


@router.get("/session", responses=_NOBODY)
def session(request: Request) -> SessionAnswer:
    """Who is logged in."""
    if request.state.user is None:
        raise HTTPException(401, "nobody is logged in")
    return SessionAnswer.of(request.state.user)


@router.post("/session", responses=_NOBODY)
def log_in(request: Request, response: Response, given: Token) -> SessionAnswer:
    """Exchange a token for a cookie, which scripts cannot read and other sites' pages cannot use."""
    accounts: Accounts | None = request.app.state.accounts
    if accounts is None:
        return SessionAnswer.of(request.state.user)
    user = accounts.of_token(given.token)
    if user is None:
        raise HTTPException(401, "this token is nobody's; ask an admin for a new one")
    response.set_cookie(
        accounts.cookie_name,
        accounts.cookie(user),
        max_age=LASTS_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return SessionAnswer.of(user)


@router.delete("/session", status_code=204)
def log_out(request: Request, response: Response) -> None:
    """Forget the cookie."""
    accounts: Accounts | None = request.app.state.accounts
    if accounts is not None:
        response.delete_cookie(accounts.cookie_name, httponly=True, samesite="strict")


Reviewer = Depends(at_least(Role.REVIEWER))
Admin = Depends(at_least(Role.ADMIN))
Caller = Annotated[User, Depends(user_of)]
