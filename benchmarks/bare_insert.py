"""What the door is measured against: Starlette and asyncpg put a body into a table and check nothing."""

import contextlib
import os
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

DATABASE = "bare"
TABLE = "CREATE TABLE bare (id bigserial PRIMARY KEY, body bytea NOT NULL)"
INSERT = "INSERT INTO bare (body) VALUES ($1)"
CONNECTIONS = int(os.environ.get("BARE_CONNECTIONS", "4"))


@contextlib.asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[dict[str, Any]]:
    """Hold a pool of connections while the server lives."""
    address = {"dsn": os.environ["DATABASE_URL"], "database": DATABASE}
    async with asyncpg.create_pool(**address, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
        yield {"pool": pool}


async def insert(request: Request) -> Response:
    """Insert one row for one body; the answer comes when it is committed."""
    await request.state.pool.execute(INSERT, await request.body())
    return Response(status_code=202)


app = Starlette(routes=[Route("/", insert, methods=["POST"])], lifespan=lifespan)
