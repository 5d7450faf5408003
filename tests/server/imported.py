"""What a server imports for its start and its first photo; servers are forked from where that is done."""

# ruff: noqa: F401
import anyio._backends._asyncio
import rich.status
import uvicorn.lifespan.on
import uvicorn.loops.asyncio
import uvicorn.protocols.http.h11_impl
from PIL import Image

import fullcanvas.server.serve

Image.init()
