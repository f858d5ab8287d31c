"""An object store that has its moods: a proxy before the real one, as real as any between two machines.

`mood`: fine; slow (no answer before the asking side gives up); refusing (503); full (507); late (what was asked is done,
and the answer comes when nobody listens any more). `only`: the methods it is about. `asked`: how many requests came; after `hangs_after` of them it is slow
for good. `put`: the names that were put.
"""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.objects import Store

ANSWERS = {"refusing": (503, "SlowDown"), "full": (507, "QuotaExceeded")}


class MoodyStore(Store):
    """The same store through the proxy."""

    def __init__(self, behind: Store) -> None:
        self.mood, self.only, self.asked = "fine", ("GET", "HEAD", "PUT", "POST", "DELETE"), 0
        self.hangs_after = 10**9
        self.put: list[str] = []
        self.over = threading.Event()
        address, moody = urlsplit(behind.endpoint), self

        class Line(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                with suppress(ConnectionError):
                    super().handle_one_request()

            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                moody.asked += 1
                if self.command == "PUT":
                    moody.put.append(self.path)
                mood = moody.mood if self.command in moody.only else "fine"
                if mood in ANSWERS:
                    status, code = ANSWERS[mood]
                    return self.reply(status, f"<Error><Code>{code}</Code></Error>".encode(), [])
                if mood == "slow" or moody.asked > moody.hangs_after:
                    moody.over.wait(30)
                    self.close_connection = True
                    return None
                line = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
                line.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    line.putheader(name, value)
                line.endheaders(body)
                answer = line.getresponse()
                content = answer.read()
                line.close()
                if mood == "late":
                    moody.over.wait(30)
                return self.reply(answer.status, content, answer.getheaders())

            def reply(self, status: int, content: bytes, headers: list[tuple[str, str]]) -> None:
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in {"transfer-encoding", "connection"} | (
                        {"content-length"} if content else set()
                    ):
                        self.send_header(name, value)
                if content or not headers:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = pass_on

            def log_message(self, *_given: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Line)
        self.server.daemon_threads = True
        super().__init__(f"http://127.0.0.1:{self.server.server_port}")

    @contextmanager
    def being(self, mood: str, *only: str) -> Iterator[None]:
        """While in here it is in that mood, to these methods or to all."""
        before = self.only
        self.over.clear()
        self.mood, self.only = mood, only or before
        try:
            yield
        finally:
            self.mood, self.only = "fine", before
            self.over.set()


@contextmanager
def moody(behind: Store) -> Iterator[MoodyStore]:
    store = MoodyStore(behind)
    thread = threading.Thread(target=store.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield store
    finally:
        store.over.set()
        store.server.shutdown()
        store.server.server_close()
        thread.join()
