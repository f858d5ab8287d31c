"""The whole path, as people go it: notes are reviewed, become a measure, are answered, read by a second person and released; then
everybody reads what came of them, the walkers too, and the next walk asks whether it has become better.

What was hidden, struck out, sensitive or never read is looked for in everything that somebody without an account can have.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.test_measures import partners_link
from tests.browser.test_plan import sign_in
from tests.browser.walking import STOPS, Evening, Planned, plan
from tests.phone import Phone, Picture, jpeg
from tests.photos.pictures import until
from tests.report.printed import Paper

DESK = {"width": 1280, "height": 900}
EXACT = ("57.052834", "9.925716")  # where the phone measured it: never public
LEAD, VOICE, GOOD = (
    "Alle tre lamper i tunnelen er slukket.",
    "Man kan intet se herinde.",
    "Her hilser folk på hinanden.",
)
STRUCK = "[…] har meldt lampen tre gange."
ANSWER, LATER = "Vi skifter lamperne inden 10. december.", "Lamperne er skiftet, og de lyser."
NEVER = ("Ham i stuen", "Kirsten", "Holm", "bag garagerne", "Bussen kommer", "VB-2026-3310", "@kommune.example", *EXACT)


@dataclass
class Path:
    """The walk on its way. `open`: a browser of somebody's own, signed in where they have an address; `secrets`: ids that nobody
    outside may learn."""

    walked: Planned
    open: Callable[..., Page]
    secrets: list[str] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)  # id by words

    @property
    def at(self) -> str:
        return f"{self.walked.server.url}/walks/{self.walked.walk['walk_id']}"

    def walk_it(self) -> None:
        """Two residents have written eight notes, one with a photo that is fit to show and one with a photo that is not."""
        with httpx.Client(base_url=self.walked.server.url, timeout=30) as http:
            anna, bent = (Phone(http, self.walked.walk["code"]).join() for _ in range(2))
            stops = {stop["name"]: stop["id"] for stop in anna.walk["stops"]}
            there = {"lat": float(EXACT[0]), "lon": float(EXACT[1]), "accuracy_m": 6.0, "source": "gps",
                     "fixed_at": "2026-11-24T19:32:08+01:00"}  # fmt: skip
            dark = {"stop_id": stops["Tunnelen under ringvejen"], "fix": there, "factors": ["lighting.outage"]}
            shots = [Picture(jpeg(640, 480, colour)) for colour in ((30, 60, 90), (200, 10, 10))]
            notes = [
                anna.note(shots[0], note=LEAD, **dark),
                bent.note(note=VOICE, **{**dark, "valence": "mixed"}),
                anna.note(note="Ham i stuen glor altid, når man går forbi.", factors=["community.neighbours"], fix=None),
                bent.note(note="Kirsten Holm har meldt lampen tre gange.", factors=["lighting.hours"], stop_id=stops["Beboerhuset Kilden"], fix=None),
                bent.note(note="Der sælges noget bag garagerne.", factors=["behaviour.substances"], fix=None),
                anna.note(note=GOOD, valence="safe", factors=["people.meeting_place"], stop_id=stops["Birketorvet"], fix=None),
                anna.note(shots[1], note="Bussen kommer næsten aldrig.", factors=["transport.service"], fix=None),
            ]  # fmt: skip
            for phone in (anna, bent):
                phone.sync()
            for shot in anna.pictures:
                until(lambda shot=shot: anna.get(f"/photos/{shot}").status_code == 200)
            self.notes = {phone.made[one]["note"]: one for phone in (anna, bent) for one in phone.made}
            self.secrets = [*notes, *(shot.id for shot in shots), anna.id, bent.id]

    def everything_public(self, slug: str) -> dict[str, bytes]:
        """All that somebody without an account can have of it."""
        with httpx.Client(base_url=self.walked.server.url, timeout=120, headers={"Accept-Language": "da"}) as http:
            found = {"page": http.get(slug), **{name: http.get(f"{slug}/{name}") for name in (
                "edition.json", "answers.atom", "map-wide.svg", "map-tall.svg", "takedown", "report.pdf")}}  # fmt: skip
            assert {name: answer.status_code for name, answer in found.items()} == dict.fromkeys(found, 200)
            for photo in self.secrets:
                assert http.get(f"/api/v1/photos/{photo}").status_code in (401, 404)
            return {name: answer.content for name, answer in found.items()}


@pytest.fixture
def path(
    browser: Browser, browser_context_args: dict[str, Any], shared_server: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    walked, contexts = plan(shared_server, tmp_path_factory.mktemp("path")), list[BrowserContext]()

    def open_one(email: str = "", **more: Any) -> Page:
        contexts.append(
            browser.new_context(**{**browser_context_args, **({"viewport": DESK} if email else {}), **more})
        )
        page = contexts[-1].new_page()
        if email:
            sign_in(page, walked.server, email)
        return page

    yield Path(walked, open_one)
    for context in contexts:
        context.close()


def choose(path: Path, page: Page, words: str) -> None:
    """Opens the note with these words from the review's list."""
    [note_id] = [key for said, key in path.notes.items() if words in said]
    page.locator("#note").evaluate("one => one.classList.add('before')")
    page.locator(f"#queue a[href*='{note_id}']").click()
    expect(page.locator("#note:not(.before) .words").first).to_contain_text(words)


def review(path: Path, page: Page) -> None:
    """Release with a photo and a voice, hide, release, strike out; one note waits, one stays sensitive."""
    page.goto(f"{path.at}/review")
    choose(path, page, LEAD)
    page.keyboard.press("g")
    expect(page.get_by_text("Billedet er godkendt").first).to_be_visible()
    page.keyboard.press("m")
    expect(page.get_by_role("heading", name="2 stemmer")).to_be_visible()
    page.keyboard.press("f")
    expect(page.get_by_role("status").first).to_contain_text("Frigivet")
    choose(path, page, "Ham i stuen")
    page.keyboard.press("h")
    expect(page.get_by_role("radio", name="Den handler om en person")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Skjult")
    choose(path, page, GOOD)
    page.keyboard.press("f")
    expect(page.locator(f"#queue a[href*='{path.notes[GOOD]}']")).to_have_count(0)
    page.goto(f"{path.at}/review?lane=sensitive")
    choose(path, page, "har meldt lampen")
    page.get_by_role("button", name="Streg over og frigiv", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("Frigivet")


def make_a_measure(path: Path, page: Page) -> None:
    """From the note, in two taps."""
    page.goto(f"{path.at}/review?lane=done")
    choose(path, page, LEAD)
    page.get_by_role("link", name="Gør det til et tiltag").click()
    expect(page.get_by_role("heading", name="Det bygger på 2 noter")).to_be_visible()
    page.get_by_role("button", name="Gem tiltaget").click()
    expect(page.get_by_role("status")).to_contain_text("Tiltaget er lavet.")


def answer(path: Path, page: Page, status: str, words: str) -> None:
    """The partner's, in a browser without an account."""
    page.goto(f"{path.walked.server.url}/partner?show=all")
    page.get_by_role("link", name=re.compile("^1\\. ")).click()
    for never in ("Kirsten", "Ham i stuen", "bag garagerne", "anna"):
        assert never not in page.content()
    page.get_by_label("Status").select_option(status)
    page.get_by_label("Svar til borgerne").fill(words)
    page.get_by_label("Jeres sagsnr.").fill("VB-2026-3310")
    page.get_by_role("button", name="Gem svar").click()
    expect(page.get_by_role("status")).to_contain_text("Jeres svar er gemt.")


def write(path: Path, page: Page) -> None:
    page.goto(f"{path.at}/report/write")
    page.get_by_label("Kort fortalt").fill("Tunnelen er det sted, flest går uden om.")
    expect(page.locator("#saved")).to_contain_text("Gemt kl.")
    page.goto(f"{path.at}/release")
    page.get_by_role("button", name="Bed om frigivelse").click()
    page.get_by_role("link", name="Åbn udgave 1").click()
    expect(page.get_by_text("Du har skrevet udgaven, så en anden læser og frigiver den.")).to_be_visible()
    expect(page.get_by_role("button", name="Frigiv udgave 1")).to_have_count(0)


def release(path: Path, page: Page) -> str:
    """The second person reads each change, and lets it out; where it is read."""
    page.goto(f"{path.at}/release/1")
    changes = page.locator(".changes")
    for said in (LEAD, VOICE, GOOD, STRUCK, "Tiltag 1", "Tunnelen er det sted, flest går uden om."):
        expect(changes).to_contain_text(said)
    for never in ("Ham i stuen", "Kirsten", "bag garagerne", "Bussen kommer"):
        assert never not in page.content(), never
    for box in page.locator("#reading [type=checkbox]").all():
        box.check(force=True)
    page.get_by_role("button", name="Frigiv udgave 1").click()
    expect(page.get_by_text("Alle kan læse den", exact=True)).to_be_visible()
    return page.locator("aside a[href^='/r/']").get_attribute("href") or ""


def read_it(path: Path, slug: str) -> Page:
    """On a phone, without scripts."""
    page = path.open(java_script_enabled=False)
    page.goto(path.walked.server.url + slug)
    expect(page.get_by_role("heading", level=1)).to_have_text("Aftenvandring i Aalborg Øst")
    tunnel = page.get_by_role("region", name="Tunnelen under ringvejen")
    for said in (LEAD, VOICE):
        expect(tunnel).to_contain_text(said)
    expect(page.get_by_role("region", name="Beboerhuset Kilden")).to_contain_text(STRUCK)
    expect(tunnel.get_by_role("img")).to_have_count(1)
    assert page.request.get(path.walked.server.url + str(tunnel.get_by_role("img").get_attribute("src"))).ok
    expect(page.get_by_role("region", name="Her føles det trygt")).to_contain_text(GOOD)
    measure = page.get_by_role("row").filter(has_text=ANSWER)
    for said in ("Tunnelen under ringvejen", "Kommune: vej, trafik og belysning", "Accepteret"):
        expect(measure).to_contain_text(said)
    return page


def assert_nothing_slips_out(path: Path, slug: str) -> None:
    for name, content in path.everything_public(slug).items():
        said = Paper(content).words if name == "report.pdf" else content.decode()
        for never in (*NEVER, *path.secrets):
            assert never not in said, (name, never)
            assert never.encode() not in content, (name, never)
        if name in ("page", "edition.json", "report.pdf"):
            assert all(words in said for words in (LEAD, VOICE, STRUCK, GOOD, ANSWER)), name
        if name == "report.pdf":
            assert len(Paper(content).photos) == 1, "the one that somebody approved"


def test_from_a_walkers_note_to_an_answer_that_everybody_reads_and_a_walk_that_looks_again(path: Path) -> None:
    walker = Evening(path.walked, path.open()).join()
    path.walk_it()
    ida, bo, partner = path.open("ida@kommune.example"), path.open("bo@kommune.example"), path.open()
    review(path, ida)
    make_a_measure(path, ida)
    partner.goto(partners_link(ida, path.walked))
    assert "/p/" not in partner.url
    answer(path, partner, "Accepteret", ANSWER)
    write(path, ida)
    guessed = f"{path.walked.server.url}/r/aftenvandring-i-aalborg-oest"
    assert httpx.get(guessed).status_code == 404, "nothing is public yet"
    slug = release(path, bo)

    page = read_it(path, slug)
    assert_nothing_slips_out(path, slug)

    answer(path, partner, "Udført", LATER)
    page.reload()
    expect(page.get_by_role("row").filter(has_text=LATER)).to_contain_text("Udført")
    assert LATER in httpx.get(f"{path.walked.server.url}{slug}/answers.atom").text

    phone = walker.page
    until(lambda: _came(phone))
    phone.get_by_role("link", name="Det kom der ud af det").click()
    phone.wait_for_url(path.walked.server.url + slug)
    expect(phone.get_by_text(LATER).first).to_be_visible()

    ida.goto(f"{path.at}/plan")
    ida.get_by_text("Gå her igen").click()
    ida.get_by_role("button", name="En genvandring").click()
    expect(ida.get_by_text("Denne vandring går tilbage til en tidligere.")).to_be_visible()
    assert path.at not in ida.url
    expect(ida.get_by_label("Navn", exact=True).filter(visible=True)).to_have_count(len(STOPS))


def _came(phone: Page) -> bool:
    """Whether the walker's phone has heard that the report is out."""
    phone.reload()
    expect(phone.get_by_role("link", name="Ny note", exact=True)).to_be_visible()
    return phone.get_by_role("link", name="Det kom der ud af det").count() > 0
