"""`tryg serve`: one web process on one set of files.

Hides uvicorn, the port, the log and the lock. Promises that a second server on the same SQLite database is refused with a
sentence, and that SIGTERM lets what has begun finish. Never imports the web framework before it serves.
"""

import fcntl
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from app import i18n
from app.settings import Settings

GRACE_S = 8  # for requests that have begun, once the server is told to end
KEEP_ALIVE_S = 20  # how long an idle connection is held


class CannotServe(Exception):
    """Something is in the way; the text is the sentence."""


@contextmanager
def listening(settings: Settings, host: str, port: int) -> Iterator[tuple[Settings, socket.socket]]:
    """Settings with the address people reach the server at, and the socket it listens on; alone with the database where
    that is SQLite. Raises CannotServe."""
    settings.data.mkdir(parents=True, exist_ok=True)
    lock = _lock(settings)
    try:
        with _listen(host, port) as listener:
            if not settings.base_url:
                settings = settings.model_copy(update={"base_url": f"http://127.0.0.1:{listener.getsockname()[1]}"})
            if lock is not None:
                os.truncate(lock, 0)
                os.pwrite(lock, settings.base_url.encode(), 0)
            yield settings, listener
    finally:
        if lock is not None:
            os.close(lock)


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """No server serves from this SQLite database while inside; of PostgreSQL nobody can say. Raises CannotServe."""
    lock = _lock(settings)
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


def address_in_use(settings: Settings) -> str:
    """The address at which a server serves this SQLite database, or last did; empty where none is known."""
    try:
        return _lock_file(settings).read_text("utf-8") if settings.database.startswith("sqlite") else ""
    except OSError:
        return ""


def run(settings: Settings, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve on `listener` until SIGTERM or SIGINT; calls `ready` once requests are answered."""
    import uvicorn
    from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

    from app import logs
    from app.connections import Patient, room
    from app.main import create_app

    logs.configure(settings.log_format, settings.log_level)
    room()
    app = create_app(settings)
    served: Any = app
    if settings.trusted_proxies:
        served = logs.from_a_proxy(ProxyHeadersMiddleware(app, settings.trusted_proxies))  # type: ignore[arg-type]

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                ready()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.state.followers.end()  # streams that would never end by themselves
            await super().shutdown(sockets)

    config = uvicorn.Config(
        served, loop="uvloop", http=Patient, ws="none", lifespan="on", log_config=None, access_log=False, server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S, timeout_graceful_shutdown=GRACE_S,
    )  # fmt: skip
    server = Server(config)

    def end(_signal: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    # uvicorn raises the signal again when it has ended; to be asked to end, and to end, is no failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    with i18n.use(i18n.DEFAULT):
        server.run([listener])
    if not server.started:
        raise CannotServe("The server could not start; the log says why.")


def _lock_file(settings: Settings) -> Path:
    return Path(settings.database.removeprefix("sqlite:///").partition("?")[0] + ".lock")


def _lock(settings: Settings) -> int | None:
    """The lock's descriptor, held until it is closed or the process ends; PostgreSQL needs none."""
    if not settings.database.startswith("sqlite"):
        return None
    lock = os.open(_lock_file(settings), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise CannotServe(
            f"Another server is serving {settings.data} already: stop it first, or choose another --data."
        ) from None
    return lock


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _kind, _protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=2048)
        # asyncio does so itself only for sockets it has made: else each answer on a kept connection waits 40 ms for the
        # phone's delayed acknowledgement of its head.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as trouble:
        raise CannotServe(f"Cannot listen on {host}, port {port}: {trouble.strerror}. Choose another --port.") from None
