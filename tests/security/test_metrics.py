"""/metrics tells how the server is to whoever has the operator's key, and to nobody else that it is there."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.phone import Phone, Picture, jpeg
from tests.running import Server

KEY = "et-langt-ord-til-maalere"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("metrics") / "var", TRYG_METRICS_KEY=KEY).start()
    yield server
    server.stop()


def read(server: Server) -> dict[tuple[str, str, str, str], float]:
    """Each number by name, method, route and status."""
    answer = httpx.get(f"{server.url}/metrics", headers={"Authorization": f"Bearer {KEY}"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    found = {}
    for family in text_string_to_metric_families(answer.text):
        for one in family.samples:
            if "le" not in one.labels:
                found[one.name, *(one.labels.get(name, "") for name in ("method", "route", "status"))] = one.value
    return found


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong-key-of-some-length", f"Basic {KEY}", f"Bearer {KEY}x"])
def test_without_the_key_the_address_looks_like_one_that_never_was(served: Server, given: str) -> None:
    headers = {"Authorization": given} if given else {}
    with httpx.Client(base_url=served.url, headers={"Accept": "application/json"} | headers) as http:
        metrics, nowhere = http.get("/metrics"), http.get("/nowhere")
    assert metrics.status_code == nowhere.status_code == 404
    assert metrics.json() | {"request_id": ""} == nowhere.json() | {"request_id": ""}


def test_without_a_key_in_the_settings_there_is_no_such_page(start_server: Callable[..., Server]) -> None:
    server = start_server()
    for given in ("Bearer", "Bearer x"):
        assert httpx.get(f"{server.url}/metrics", headers={"Authorization": given}).status_code == 404


def test_requests_are_counted_by_their_routes_and_by_nothing_that_anybody_sent(served: Server) -> None:
    code = served.tryg("walk", "create", "--title", "Aftenvandring")["code"]
    with httpx.Client(base_url=served.url) as http:
        phone = Phone(http, code).join()
        phone.note(Picture(jpeg()))
        phone.sync()
        http.get("/r/et-hemmeligt-navn")
        http.request("SNIF", "/healthz")
    told = read(served)
    assert told["tryg_request_seconds_count", "PUT", "/api/v1/observations/{observation_id}", "201"] == 1
    assert told["tryg_request_seconds_count", "GET", "/r/{slug}", "404"] == 1
    assert told["tryg_database_answers", "", "", ""] == 1
    assert ("tryg_photos_waiting", "", "", "") in told
    assert told["process_resident_memory_bytes", "", "", ""] > 0
    sent = (phone.id, code, "hemmeligt", "SNIF", *phone.made)
    assert not [label for name in told for label in name if any(word in label for word in sent)]
