"""Every page and state that people see, and how one gets there: for tests and pictures that hold for all of them.

Hides the demo walk they are taken from, who is signed in, and what is done on a page before it is looked at. Finds everything
by what is the same in every language. Promises that `PLACES` has every template of a page (tests/house/test_everyone.py).
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, expect
from sqlmodel import col, select

from app import models
from app.access import people, signin
from app.db import Database
from app.report import edition, telling
from app.walks import walks
from tests.guide import HERE, demo, sign_in, with_photos
from tests.guide_shots import Scene

COORDINATOR, READER, ADMIN = "tovholder@example.org", "kommune@example.org", "admin@example.org"
PARTNER, WALKER, NOBODY = "partner", "walker", "nobody"
LOCALES = {"da": "da-DK", "en": "en-GB", "ar": "ar-SY"}
# A phone's photo is one of its memory: a page that is left before it is shown says that it was not found.
LOADED = "() => Promise.allSettled([...document.querySelectorAll('img:not([loading=lazy]), image')].map((one) => one.decode()))"
Prepare = Callable[[Page], None]


def nothing(_page: Page) -> None:
    """The page as it comes."""


@dataclass(frozen=True)
class Place:
    """A page in one state. `template`: below templates/; `address`: with the names of World.names; empty: where the walker's
    phone is; `who`: whose cookies; `prepare`: what is done on it first; `status`: of the answer."""

    name: str
    template: str
    who: str
    address: str
    prepare: Prepare = nothing
    status: int = 200


@dataclass
class World:
    """The demo walk on a server, and around it what the demo has none of."""

    scene: Scene
    names: dict[str, str]
    contexts: dict[tuple[str, str], BrowserContext] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)  # errors on any page's console
    answers: dict[Page, Response] = field(default_factory=dict)  # what each page was made of
    markup: dict[str, str] = field(
        default_factory=dict
    )  # of each place in Danish: as it was sent, a phone's as it has become

    def open(self, browser: Browser, place: Place, language: str, theme: str = "light") -> Page:
        """The place on its person's page, 1280 x 900, a walker's 390 x 844. A walker's phone stays where it was: one place after another."""
        page = self._page(browser, place.who, language)
        page.emulate_media(
            color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce", forced_colors="none"
        )
        size = {"width": 390, "height": 844} if place.who == WALKER else {"width": 1280, "height": 900}
        page.set_viewport_size(size)  # type: ignore[arg-type]
        if place.address:
            answer = page.goto(self.scene.server.url + place.address.format_map(self.names))
            assert answer is None or answer.status == place.status, (place.name, answer.status)
        place.prepare(page)
        page.wait_for_load_state("load")
        page.evaluate("() => document.fonts.ready")
        page.evaluate(LOADED)
        page.evaluate("() => { scrollTo(0, 0); document.activeElement?.blur(); }")
        if language == "da" and place.name not in self.markup:
            self.markup[place.name] = page.content() if place.who == WALKER else self.answers[page].text()
        return page

    def _page(self, browser: Browser, who: str, language: str) -> Page:
        if (who, language) not in self.contexts:
            how: dict[str, Any] = (
                {"has_touch": True, "permissions": ["geolocation"], "geolocation": HERE} if who == WALKER else {}
            )
            context = browser.new_context(
                locale=LOCALES[language], timezone_id="Europe/Copenhagen", reduced_motion="reduce", **how
            )
            context.set_default_timeout(20_000)
            self.contexts[who, language] = context
            page = context.new_page()
            page.on("console", lambda said: self._hear(page, said))
            page.on(
                "response",
                lambda answer: self.answers.update({page: answer}) if answer.request.is_navigation_request() else None,
            )
            page.on("pageerror", lambda failed: self.said.append(f"{page.url}: {failed.stack or failed}"))
            if "@" in who:
                sign_in(page, Scene(**{**vars(self.scene), "language": language}), who)
            elif who == PARTNER:
                page.goto(self.scene.server.url + self.scene.partner)
        return self.contexts[who, language].pages[0]

    def _hear(self, page: Page, said: ConsoleMessage) -> None:
        """That the page itself answers 404 or 422, or that no walk has a code, is an error to the browser alone."""
        asked = said.location["url"].partition("#")[0]
        if said.type == "error" and asked != page.url.partition("#")[0] and "/api/v1/" not in asked:
            self.said.append(f"{page.url}: {said.text} {asked}")


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """A server of its own with everything on it, in Danish."""
    with demo(folder / "var", "da") as scene:
        with_photos(scene)
        db = Database(scene.server.database)
        names = _whats_missing(db, scene)
        db.close()
        yield World(scene, names)


def _whats_missing(db: Database, scene: Scene) -> dict[str, str]:
    """What the demo has none of: an organisation, a planned walk that takes marks, an edition that waits; the names of all."""
    with db.write() as tx:
        place = models.Organisation(name="Eksempelkommune")
        tx.add(place)
        tx.flush()
        people.add(tx, ADMIN, "admin")
        organiser = people.add(tx, "anna@example.org", "organiser", place.name)
        stops = [
            models.Stop(walk_id="", number=number, name=name, lat=60.171 + number / 1000, lon=24.94)
            for number, name in enumerate(("Beboerhuset Kilden", "Birketorvet"), 1)
        ]
        planned = walks.create(tx, "Forårsvandring", planned=True, stops=stops, marks_open=True)
        tx.add(models.Mark(id=models.new_id(), walk_id=planned.id, secret_hash="", valence="unsafe", lat=60.172, lon=24.94,
                           note="Buskene er høje her."))  # fmt: skip
        bare = walks.create(tx, "Vandring uden noget endnu", planned=True)
        gone = walks.create(tx, "Tømt vandring")
        gone.state = "archived"
        walk, writer = tx.get_one(models.Walk, scene.walk_id), people.by_email(tx, READER)
        assert writer
        draft = telling.told(tx, walk)
        draft.texts["weather"] = "let regn, 4 grader, vinden lagde sig"
        telling.save(tx, walk.id, draft, writer)
        number = edition.ask(tx, walk, writer).number
        photo = tx.exec(
            select(models.Photo).join(models.Observation).where(models.Observation.walk_id == walk.id, models.Photo.state == "ready")
            .order_by(col(models.Photo.id))
        ).first()  # fmt: skip
        assert photo
        link = signin.new_link(tx, organiser, "")
        return {"walk": walk.id, "code": walk.code, "public": scene.public, "photo": photo.id, "note": photo.observation_id, "planned": planned.id, "marks": planned.code,
                "bare": bare.id, "gone": gone.id, "edition": str(number), "user": organiser.id, "link": link}  # fmt: skip


# What is done on a page before it is looked at


def press(selector: str, then: str = "") -> Prepare:
    """Presses it; waits until `then` is there."""

    def prepare(page: Page) -> None:
        page.locator(selector).first.click()
        if then:
            expect(page.locator(then).first).to_be_visible()

    return prepare


def fill(selector: str, words: str, send: str, then: str = "") -> Prepare:
    """Types, sends the form without the browser's own checks, and waits for the page that answers."""

    def prepare(page: Page) -> None:
        page.locator(selector).first.fill(words)
        with page.expect_navigation():
            page.locator(send).first.evaluate("one => { one.form.noValidate = true; one.click(); }")
        if then:
            expect(page.locator(then).first).to_be_visible()

    return prepare


def drawn(page: Page) -> None:
    """Every map on the page is drawn."""
    for one in page.locator("tryg-map, tryg-sketch").all():
        one.evaluate("one => one.scrollIntoView({block: 'center'})")
        expect(one).to_have_attribute("state", "drawn")


def unfold(page: Page) -> None:
    page.evaluate("() => { for (const one of document.querySelectorAll('main details')) one.open = true; }")


def both(first: Prepare, then: Prepare) -> Prepare:
    def prepare(page: Page) -> None:
        first(page)
        then(page)

    return prepare


# On the phone


def screen(name: str, sign: str = "#screen h1") -> Prepare:
    def prepare(page: Page) -> None:
        page.evaluate("name => { location.hash = `#/${name}`; }", name)
        expect(page.locator(sign).first).to_be_visible()

    return prepare


def wrong_code(page: Page) -> None:
    page.locator("#code").fill("AAAA AAAA")
    page.locator("#join").evaluate("form => form.requestSubmit()")
    expect(page.locator("#problem")).to_be_visible()


def join(page: Page) -> None:
    page.locator("#join").evaluate("form => form.requestSubmit()")
    expect(page.locator("#ready[data-ok=true]")).to_be_visible(timeout=60_000)


def why(page: Page) -> None:
    page.locator("[name=valence][value=unsafe]").check(force=True)
    page.locator(".tile").nth(1).click()
    page.locator("#factors input").first.check(force=True)
    page.locator(".dock.save button").nth(1).click()
    page.locator("textarea").first.fill("Lampen ved udgangen er slukket. Ring til Bo Hansen på 20 30 40 50.")
    page.locator("textarea").first.blur()


def blur_a_photo(page: Page) -> None:
    file = io.BytesIO()
    Image.effect_noise((640, 480), 60).convert("RGB").save(file, "JPEG")
    page.locator("#library").set_input_files({"name": "gade.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()})
    page.locator(".shots button").first.click()
    expect(page.locator(".photo image")).to_be_visible()


def save(page: Page) -> None:
    screen("note/new", ".dock.save")(page)
    page.evaluate(LOADED)
    page.locator(".dock.save .lamp").click()
    expect(page.locator(".dock .lamp").first).to_be_visible()


WALK, PLANNED, REPORT = "/walks/{walk}", "/walks/{planned}", "report/report.html"
PLACES = (
    Place("sign-in", "access/signin.html", NOBODY, "/sign-in"),
    Place(
        "sign-in-wrong",
        "access/signin.html",
        NOBODY,
        "/sign-in",
        fill("#email", "ida", "form:has(#email) button", "#email-error"),
    ),
    Place(
        "sign-in-code",
        "access/signin.html",
        NOBODY,
        "/sign-in",
        fill("#email", "ida@example.org", "form:has(#email) button", "#code"),
    ),
    Place("sign-in-invited", "access/signin.html", NOBODY, "/sign-in?invited=yes"),
    Place("sign-in-link", "access/link.html", NOBODY, "{link}"),
    Place("link-used", "problem.html", NOBODY, "/sign-in/link?key=x", status=410),
    Place("privacy", "privacy/paper.html", NOBODY, "/privacy"),
    Place("privacy-ar", "privacy/paper.html", NOBODY, "/privacy?lang=ar"),
    Place("accessibility", "privacy/paper.html", NOBODY, "/accessibility"),
    Place("storage", "privacy/paper.html", NOBODY, "/storage"),
    Place("nowhere", "problem.html", NOBODY, "/nowhere", status=404),
    Place("no-marks", "problem.html", NOBODY, "/marks/AAAAAAAA", status=404),
    Place("public", "report/public.html", NOBODY, "{public}"),
    Place("takedown", "report/takedown.html", NOBODY, "{public}/takedown"),
    Place("mark", "walks/mark.html", NOBODY, "/marks/{marks}", drawn),
    Place("guide", "guide.html", COORDINATOR, "/guide", unfold),
    Place("walks", "walks/list.html", COORDINATOR, "/", unfold),
    Place("new", "walks/new.html", COORDINATOR, "/walks/new", unfold),
    Place(
        "new-wrong",
        "walks/new.html",
        COORDINATOR,
        "/walks/new",
        fill("#title", "", "form:has(#title) button.primary", "[aria-invalid=true]"),
    ),
    Place(
        "plan", "walks/plan.html", COORDINATOR, WALK + "/plan", both(unfold, both(drawn, press("[data-tool=route]")))
    ),
    Place("plan-bare", "walks/plan.html", COORDINATOR, "/walks/{bare}/plan", drawn),
    Place("plan-planned", "walks/plan.html", COORDINATOR, PLANNED + "/plan", both(unfold, drawn)),
    Place("marks", "walks/marks.html", COORDINATOR, PLANNED + "/marks", drawn),
    Place("marks-closed", "walks/marks.html", COORDINATOR, WALK + "/marks", drawn),
    Place("teams", "walks/teams.html", COORDINATOR, WALK + "/teams"),
    Place("leaders", "walks/leaders.html", COORDINATOR, WALK + "/leaders"),
    Place("live", "walks/live.html", COORDINATOR, WALK + "/live", drawn),
    Place("live-bare", "walks/live.html", COORDINATOR, "/walks/{bare}/live"),
    Place("paper", "gathering/paper.html", COORDINATOR, WALK + "/paper", unfold),
    Place("table", "gathering/table.html", COORDINATOR, WALK + "/table?stop=2"),
    Place("table-other", "gathering/table.html", COORDINATOR, WALK + "/table?stop=other"),
    Place("table-bare", "gathering/table.html", COORDINATOR, "/walks/{bare}/table"),
    Place("review", "review/review.html", COORDINATOR, WALK + "/review", drawn),
    Place("review-all", "review/review.html", COORDINATOR, WALK + "/review?lane=all", unfold),
    Place("review-bare", "review/review.html", COORDINATOR, "/walks/{bare}/review"),
    Place("review-photo", "review/photo.html", COORDINATOR, WALK + "/review/photos/{photo}"),
    Place("measures", "measures/list.html", COORDINATOR, WALK + "/measures", unfold),
    Place("measures-bare", "measures/list.html", COORDINATOR, "/walks/{bare}/measures"),
    Place("measure", "measures/measure.html", COORDINATOR, WALK + "/measures/1", unfold),
    Place("measure-choose", "measures/choose.html", COORDINATOR, WALK + "/measures/new", unfold),
    Place("measure-new", "measures/new.html", COORDINATOR, WALK + "/measures/new?note={note}", unfold),
    Place("meeting", "measures/meeting.html", COORDINATOR, WALK + "/measures/meeting", unfold),
    Place("minutes", "measures/minutes.html", COORDINATOR, WALK + "/measures/minutes"),
    Place("calendar", "measures/calendar.html", COORDINATOR, WALK + "/measures/calendar", unfold),
    Place("partners", "measures/partners.html", COORDINATOR, "/partners", unfold),
    Place("report", REPORT, COORDINATOR, WALK + "/report", drawn),
    Place("report-bare", REPORT, COORDINATOR, "/walks/{bare}/report"),
    Place("report-gone", REPORT, COORDINATOR, "/walks/{gone}/report"),
    Place("comparison", "report/comparison.html", COORDINATOR, WALK + "/report/comparison", drawn),
    Place("write", "report/write.html", COORDINATOR, WALK + "/report/write", unfold),
    Place("editions", "report/editions.html", COORDINATOR, WALK + "/release", unfold),
    Place("release", "report/release.html", COORDINATOR, WALK + "/release/{edition}"),
    Place("release-mine", "report/release.html", READER, WALK + "/release/{edition}"),
    Place("release-page", "report/public.html", COORDINATOR, WALK + "/release/{edition}/page"),
    Place("overview", "overview/overview.html", COORDINATOR, "/overview", drawn),
    Place("account", "access/account.html", COORDINATOR, "/account"),
    Place("not-allowed", "problem.html", COORDINATOR, "/log", status=403),
    Place("people", "access/people.html", ADMIN, "/people", unfold),
    Place(
        "people-wrong",
        "access/people.html",
        ADMIN,
        "/people",
        fill("#email", "ida", "form:has(#email) button.primary", "[aria-invalid=true]"),
    ),
    Place("sessions", "access/sessions.html", ADMIN, "/people/{user}/sessions"),
    Place("search", "privacy/search.html", ADMIN, "/people/search"),
    Place(
        "search-found",
        "privacy/search.html",
        ADMIN,
        "/people/search",
        fill("#query", "anna@example.org", "form:has(#query) button", "main [type=checkbox]"),
    ),
    Place("keeping", "privacy/keeping.html", ADMIN, "/keeping"),
    Place("log", "privacy/log.html", ADMIN, "/log"),
    Place("records", "privacy/paper.html", ADMIN, "/privacy/records"),
    Place("dpia", "privacy/paper.html", ADMIN, "/privacy/dpia"),
    Place("partner", "measures/partner.html", PARTNER, "/partner"),
    Place("partner-open", "measures/partner.html", PARTNER, "/partner", press("table.plan th a", "#an")),
    Place("partner-all", "measures/partner.html", PARTNER, "/partner?show=all", unfold),
    Place("partner-calendar", "measures/partner_calendar.html", PARTNER, "/partner/calendar"),
    Place("app-join", "walker/shell.html", WALKER, "/app/", screen("join", "#code")),
    Place("app-wrong-code", "walker/shell.html", WALKER, "", wrong_code),
    Place("app-walk", "walker/shell.html", WALKER, "/app/?walk={code}", join),
    Place("app-question", "walker/shell.html", WALKER, "", screen("note/new", ".dock.save")),
    Place("app-why", "walker/shell.html", WALKER, "", why),
    Place("app-pin", "walker/shell.html", WALKER, "", screen("note/new/place", ".map[data-state=drawn]")),
    Place("app-blur", "walker/shell.html", WALKER, "", both(screen("note/new", ".dock.save"), blur_a_photo)),
    Place("app-saved", "walker/shell.html", WALKER, "", save),
    Place("app-notes", "walker/shell.html", WALKER, "", screen("notes")),
    Place("app-others", "walker/shell.html", WALKER, "", screen("others")),
    Place("app-map", "walker/shell.html", WALKER, "", screen("map", ".map[data-state=drawn]")),
    Place("app-help", "walker/shell.html", WALKER, "", screen("help", "#screen main section")),
    Place("app-data", "walker/shell.html", WALKER, "", screen("data", "#main h2, #main button")),
)
