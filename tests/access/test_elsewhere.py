"""A municipality's own sign-in, against a real OpenID Connect provider: who gets in, who does not, and when it is down."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest
from sqlmodel import select

from app.access import elsewhere
from app.models import Identity, User, UserSession
from app.settings import WrongSetting, load
from tests.access.conftest import Browser
from tests.cast import Stage
from tests.running import free_port

ROOT = Path(__file__).parents[2]
RETURN = "http://testserver/sign-in/elsewhere/return"
OURS = "Aalborg Kommune"
Add = Callable[..., str]


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of a provider that runs."""
    port = free_port()
    script = [str(ROOT / ".venv/bin/node"), str(Path(__file__).with_name("provider.mjs")), str(port), RETURN]
    process = subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout
    for line in process.stdout:
        if line.strip() == "ready":
            break
    else:
        raise AssertionError("the provider did not start")
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(30)
    process.stdout.close()


@pytest.fixture
def issuer(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("provider"))


@pytest.fixture
def stage_settings(issuer: str) -> dict[str, Any]:
    elsewhere._provider.cache_clear()
    given = {"oidc_issuer": issuer, "oidc_client_id": "tryg", "oidc_client_secret": "a-secret-for-tests-alone"}
    return given | {"oidc_name": "Aalborg Kommune"}


def at_the_provider(address: str, name: str) -> str:
    """Signs in as `name` there, agrees, and gives the address that leads back to us."""
    with httpx.Client(timeout=30) as there:
        reply = there.get(address)
        for _step in range(12):
            if reply.is_redirect:
                onward = urljoin(str(reply.url), reply.headers["location"])
                if onward.startswith(RETURN):
                    return onward
                reply = there.get(onward)
                continue
            form = re.search(r'<form[^>]* action="([^"]+)"', reply.text)
            assert form, reply.text
            prompt = re.search(r'name="prompt" value="(\w+)"', reply.text)
            assert prompt, reply.text
            reply = there.post(
                urljoin(str(reply.url), form[1]), data={"prompt": prompt[1], "login": name, "password": "x"}
            )
    raise AssertionError("the provider goes round in circles")


def go(browser: Browser, name: str, then: str = "/") -> Any:
    """The whole way there and back; what our page answers in the end."""
    left = browser.get("/sign-in/elsewhere", params={"next": then})
    assert left.status_code == 303, left.text
    return browser.get(at_the_provider(left.headers["location"], name))


def told(browser: Browser, reply: Any) -> str:
    """The sentence on the sign-in page to which `reply` leads."""
    assert reply.status_code == 303
    assert reply.headers["location"].startswith("/sign-in?elsewhere=")
    page = browser.get(reply.headers["location"]).text
    assert "Send en kode" in page  # the other way in still stands there
    found = re.search(r'role="alert">.*?<div>(.*?)</div>', page, re.S)
    return found[1] if found else ""


def identities(stage: Stage) -> list[Identity]:
    with stage.db.read() as tx:
        return list(tx.exec(select(Identity)).all())


def test_somebody_who_was_added_comes_in_and_is_known_from_then_on(stage: Stage, visitor: Browser, add: Add) -> None:
    add("ida@kommune.example", "coordinator", OURS)
    assert "Aalborg Kommune" in visitor.get("/sign-in").text
    there = f"/walks/{stage.walk.id}/report"
    reply = go(visitor, "ida", there)
    assert (reply.status_code, reply.headers["location"]) == (303, there)
    assert visitor.get(there).status_code == 200
    [known] = identities(stage)
    assert known.subject == "ida"
    with stage.db.write() as tx:  # even under another address
        ida = tx.get_one(User, known.user_id)
        ida.email = "ida.hansen@kommune.example"
    again = Browser(stage)
    assert go(again, "ida").headers["location"] == "/"
    assert "ida.hansen@kommune.example" in again.get("/account").text
    assert len(identities(stage)) == 1


def test_nobody_gets_in_who_was_not_added_and_no_account_is_made(stage: Stage, visitor: Browser, add: Add) -> None:
    add("ida@kommune.example", "coordinator", OURS)
    assert "ingen har inviteret dig" in told(visitor, go(visitor, "bo"))
    with stage.db.read() as tx:
        assert [user.email for user in tx.exec(select(User)).all()] == ["ida@kommune.example"]
        assert not tx.exec(select(UserSession)).all()
    assert identities(stage) == []


@pytest.mark.parametrize("name", ["ida-unverified", "without"])
def test_an_address_that_the_provider_has_not_verified_is_nobodys(
    stage: Stage, visitor: Browser, add: Add, name: str
) -> None:
    add("ida@kommune.example", "coordinator", OURS)
    assert "ingen har inviteret dig" in told(visitor, go(visitor, name))
    assert identities(stage) == []


def test_an_address_that_has_passed_to_another_person_lets_the_other_in_nowhere(
    stage: Stage, visitor: Browser, add: Add
) -> None:
    add("ida@kommune.example", "coordinator", OURS)
    assert go(visitor, "ida").headers["location"] == "/"
    assert "ingen har inviteret dig" in told(Browser(stage), go(visitor, "ida-the-second"))
    assert [one.subject for one in identities(stage)] == ["ida"]


def test_somebody_whose_last_role_was_taken_away_is_not_linked(stage: Stage, visitor: Browser, add: Add) -> None:
    add("ida@kommune.example", "coordinator", OURS)
    with stage.db.write() as tx:
        for role in tx.exec(select(elsewhere.Membership)).all():
            tx.delete(role)
    assert "ingen har inviteret dig" in told(visitor, go(visitor, "ida"))


def test_the_way_there_carries_pkce_state_and_nonce(stage: Stage, visitor: Browser) -> None:
    address = visitor.get("/sign-in/elsewhere").headers["location"]
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["redirect_uri"] == RETURN
    assert min(len(asked["state"]), len(asked["nonce"]), len(asked["code_challenge"])) >= 16
    again = parse_qs(urlsplit(visitor.get("/sign-in/elsewhere").headers["location"]).query)
    assert again["state"][0] != asked["state"]
    assert again["nonce"][0] != asked["nonce"]


def test_what_another_browser_began_brings_nobody_in(stage: Stage, visitor: Browser, add: Add) -> None:
    add("ida@kommune.example", "coordinator", OURS)
    address = at_the_provider(visitor.get("/sign-in/elsewhere").headers["location"], "ida")
    victim = Browser(stage)
    assert "en gang til" in told(victim, victim.get(address))  # without a note
    victim.get("/sign-in/elsewhere")
    assert "en gang til" in told(victim, victim.get(address))  # with a note of another state
    assert identities(stage) == []
    assert visitor.get(address).headers["location"] == "/"
    late = Browser(stage)
    assert "en gang til" in told(late, late.get(address))  # and it does so once


def test_a_token_for_another_sign_in_is_not_believed(stage: Stage, visitor: Browser, add: Add) -> None:
    add("ida@kommune.example", "coordinator", OURS)
    settings = stage.app.state.settings
    going = elsewhere.depart(settings)
    back = {name: values[0] for name, values in parse_qs(urlsplit(at_the_provider(going.address, "ida")).query).items()}
    asked = {"state": going.state, "nonce": "of-another-sign-in", "verifier": going.verifier}
    with pytest.raises(elsewhere.NotBelieved):
        elsewhere.arrive(settings, asked, back)
    going = elsewhere.depart(settings)
    back = {name: values[0] for name, values in parse_qs(urlsplit(at_the_provider(going.address, "ida")).query).items()}
    asked = {"state": going.state, "nonce": going.nonce, "verifier": "x" * 64}
    with pytest.raises(elsewhere.NotBelieved):
        elsewhere.arrive(settings, asked, back)


def test_one_who_turns_back_at_the_provider_reads_so(stage: Stage, visitor: Browser) -> None:
    state = parse_qs(urlsplit(visitor.get("/sign-in/elsewhere").headers["location"]).query)["state"][0]
    reply = visitor.get("/sign-in/elsewhere/return", params={"error": "access_denied", "state": state})
    assert "Du blev ikke logget ind hos Aalborg Kommune." in told(visitor, reply)


@pytest.mark.parametrize("query", [{}, {"code": "x"}, {"state": ""}, {"code": "x", "state": "y", "iss": "z"}])
def test_nonsense_on_the_way_back_is_told_in_a_sentence(stage: Stage, visitor: Browser, query: dict[str, str]) -> None:
    assert "en gang til" in told(visitor, visitor.get("/sign-in/elsewhere/return", params=query))


class TestDown:
    """Nobody listens where the provider should be."""

    @pytest.fixture
    def issuer(self) -> str:
        return f"http://127.0.0.1:{free_port()}"

    def test_a_provider_that_is_down_is_told_and_the_other_ways_in_work(
        self, stage: Stage, visitor: Browser, add: Add
    ) -> None:
        reply = visitor.get("/sign-in/elsewhere", params={"next": "/walks/x/report"})
        assert "Login hos Aalborg Kommune svarer ikke lige nu." in told(visitor, reply)
        assert "next=%2Fwalks%2Fx%2Freport" in reply.headers["location"]
        assert visitor.open_link(add("ida@kommune.example", "coordinator")) == "/"


class TestNone:
    """No provider is set."""

    @pytest.fixture
    def stage_settings(self) -> dict[str, Any]:
        return {}

    def test_without_one_there_is_neither_button_nor_door(self, stage: Stage, visitor: Browser) -> None:
        assert "/sign-in/elsewhere" not in visitor.get("/sign-in").text
        assert visitor.get("/sign-in/elsewhere").status_code == 404
        assert visitor.get("/sign-in/elsewhere/return").status_code == 404


WHOLE = {
    "oidc_issuer": "https://login.kommune.example",
    "oidc_client_id": "tryg",
    "oidc_client_secret": "s",
    "oidc_name": "A",
}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"oidc_issuer": "login.kommune.example"}, "TRYG_OIDC_ISSUER"),
        ({"oidc_issuer": "http://login.kommune.example"}, "TRYG_OIDC_ISSUER"),
        ({"oidc_client_id": ""}, "TRYG_OIDC_CLIENT_ID"),
        ({"oidc_client_secret": ""}, "TRYG_OIDC_CLIENT_SECRET"),
        ({"oidc_name": " "}, "TRYG_OIDC_NAME"),
        ({"oidc_issuer": ""}, "TRYG_OIDC_CLIENT_ID"),
    ],
)
def test_half_a_provider_stops_the_start_with_one_sentence(changed: dict[str, str], named: str) -> None:
    assert load(**WHOLE).oidc_name == "A"
    with pytest.raises(WrongSetting, match=named) as wrong:
        load(**(WHOLE | changed))
    assert "\n" not in str(wrong.value)


def test_once_more_asks_who_it_is_even_of_somebody_the_provider_knows(stage: Stage, visitor: Browser, add: Add) -> None:
    add("ida@kommune.example", "coordinator", OURS)
    address = visitor.get("/sign-in/elsewhere", params={"next": "/people", "fresh": "yes"}).headers["location"]
    asked = parse_qs(urlsplit(address).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["600"])
    assert "prompt" not in parse_qs(urlsplit(visitor.get("/sign-in/elsewhere").headers["location"]).query)
    address = visitor.get("/sign-in/elsewhere", params={"next": "/people", "fresh": "yes"}).headers["location"]
    assert visitor.get(at_the_provider(address, "ida")).headers["location"] == "/people"


def test_a_provider_that_asked_long_ago_is_not_believed_where_it_was_to_ask_now(
    stage: Stage, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    add("ida@kommune.example", "coordinator", OURS)
    monkeypatch.setattr(elsewhere, "_OLDEST_S", -5.0)
    for fresh, believed in (("", True), ("yes", False)):
        browser = Browser(stage)
        address = browser.get("/sign-in/elsewhere", params={"fresh": fresh}).headers["location"]
        reply = browser.get(at_the_provider(address, "ida"))
        assert (reply.headers["location"] == "/") is believed
