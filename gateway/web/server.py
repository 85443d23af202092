"""Serves the application over HTTP in the running event loop.

Rules: the socket is bound before anything starts, so that a taken port is told at once; signals
belong to whoever runs the process; a stop ends the streams first, else it would wait for them.
"""

import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from gateway.web.hub import Hub

# Streams end by themselves; this is for a client that does not read its last answer.
GRACE_SECONDS = 1


class BindError(Exception):
    """The address cannot be listened on; the message says why and what to do."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises BindError."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=512)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BindError(
            f"cannot listen on {host}:{port}: {reason}: stop what uses the port, "
            f"or choose another with --http {host}:PORT"
        ) from error


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """One HTTP server on a bound socket."""

    def __init__(self, app: FastAPI, sock: socket.socket) -> None:
        self._hub: Hub = app.state.hub
        self._socket = sock
        self._server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,  # addresses hold the tokens of tickets
                timeout_graceful_shutdown=GRACE_SECONDS,
                ws="none",
            )
        )

    @property
    def address(self) -> str:
        """The address of the pages, http://127.0.0.1:8080."""
        host, port = self._socket.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{port}"

    async def run(self) -> None:
        """Serve until `stop`."""
        await self._server.serve(sockets=[self._socket])

    def stop(self) -> None:
        """Let `run` end: streams at once, running calls within GRACE_SECONDS."""
        self._hub.close()
        self._server.should_exit = True
