"""How the server treats its lines: a phone that keeps one must not wait longer for it."""

import statistics
import time

import httpx
import pytest

from tests.running import Server

TRIES = 15


def seconds(http: httpx.Client) -> float:
    began = time.perf_counter()
    http.get("/healthz").raise_for_status()
    return time.perf_counter() - began


@pytest.mark.alone
def test_an_answer_on_a_kept_connection_is_as_quick_as_on_a_new_one(server: Server) -> None:
    with httpx.Client(base_url=server.url) as kept, httpx.Client(
        base_url=server.url, headers={"Connection": "close"}
    ) as new:  # fmt: skip
        times = [(seconds(kept), seconds(new)) for _number in range(TRIES)]
    on_kept, on_new = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"kept {1000 * on_kept:.1f} ms, new {1000 * on_new:.1f} ms")
    assert (
        on_kept < 2 * on_new
    )  # it was 40 ms more where the server's answer came in two packets that waited for each other
