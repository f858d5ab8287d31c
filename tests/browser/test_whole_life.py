"""The whole life of a walk, as everybody in it lives it: two organisers, three walkers, a partner, and an outsider.

They plan it and invite, three phones join, one of them loses its network, the walk is closed, the late phone delivers, a
sheet of paper is typed in, the group looks at the wall, and the report has it all. Each step is a function of its own.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.walking import Evening, Planned
from tests.running import Server

TITLE = "Aftenvandring i Aalborg Øst"
STOPS = (("Beboerhuset Kilden", "57.0498, 9.9227"), ("Tunnelen under ringvejen", "57.0528, 9.9257"))
OURS, OTHERS = "Aalborg Kommune", "Randers Kommune"
LAPTOP = {"viewport": {"width": 1280, "height": 900}, "locale": "da-DK", "timezone_id": "Europe/Copenhagen"}


@dataclass
class Life:
    """Everybody's browser; `walk`: what the organisers have made, as soon as they have."""

    server: Server
    ida: Page  # organisers: volunteers of the samråd
    ole: Page
    tovholder: Page  # the coordinator
    partner: Page  # the police
    outsider: Page  # an organiser of another municipality
    passer_by: Page  # nobody: not signed in
    phone: Callable[[], Page]
    walkers: list[Evening] = field(default_factory=list)
    walk: dict[str, str] = field(default_factory=dict)

    def page(self, who: Page, name: str) -> Page:
        """Somebody opens one of the walk's pages."""
        who.goto(f"{self.server.url}/walks/{self.walk['walk_id']}/{name}")
        return who


@pytest.fixture
def life(server: Server, browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Life]:
    contexts = []

    def somebody(**how: Any) -> Page:
        contexts.append(browser.new_context(**how))
        return contexts[-1].new_page()

    def signed_in(email: str, role: str, organisation: str) -> Page:
        added = server.tryg("user", "add", email, "--role", role, "--organisation", organisation)
        page = somebody(**LAPTOP)
        page.goto(added["sign_in_url"])
        page.get_by_role("button", name="Log ind", exact=True).click()
        page.wait_for_url(f"{server.url}/")
        return page

    yield Life(
        server,
        ida=signed_in("ida@samraad.example", "organiser", OURS),
        ole=signed_in("ole@samraad.example", "organiser", OURS),
        tovholder=signed_in("tovholder@kommune.example", "coordinator", OURS),
        partner=signed_in("politi@politi.example", "partner", OURS),
        outsider=signed_in("fremmed@randers.example", "organiser", OTHERS),
        passer_by=somebody(**LAPTOP),
        phone=lambda: somebody(**browser_context_args),
    )
    for context in contexts:
        context.close()


def test_the_whole_life_of_a_walk(life: Life) -> None:
    ida_plans_a_walk(life)
    ida_takes_ole_along(life)
    ole_opens_the_plan_too_and_overwrites_nothing(life)
    a_passer_by_marks_a_place_weeks_before(life)
    they_open_it_and_invite(life)
    three_walkers_join(life)
    the_third_loses_the_network(life)
    each_makes_a_note(life)
    ole_follows_it_live_and_has_a_break(life)
    ole_closes_the_walk(life)
    whoever_comes_now_is_told_that_it_is_closed(life)
    ole_reads_out_who_is_missing(life)
    the_late_phone_delivers(life)
    ida_types_in_a_sheet_of_paper(life)
    the_group_looks_at_the_wall(life)
    assert len(the_report_has_it_all(life)) == 5
    the_sensitive_note_is_the_coordinators(life)
    partner_outsider_and_passer_by_are_turned_away(life)


def saved(page: Page) -> None:
    expect(page.locator("#saved")).to_contain_text("Gemt kl.")


def ida_plans_a_walk(life: Life) -> None:
    ida = life.ida
    ida.get_by_role("link", name="Planlæg en vandring").click()
    ida.get_by_label("Navn på vandringen").fill(TITLE)
    ida.get_by_role("button", name="Videre til planen").click()
    ida.get_by_label("Dato").fill("2026-11-26")
    ida.get_by_label("Begynder").fill("19:00")
    ida.get_by_label("Mødested").fill("Beboerhuset Kilden, hovedindgangen")
    for number, (name, place) in enumerate(STOPS, 1):
        ida.get_by_role("button", name="Tilføj stop").click()
        expect(ida.get_by_label("Navn", exact=True)).to_have_count(number)
        ida.get_by_label("Navn", exact=True).last.fill(name)
        ida.get_by_label("Sted på kortet").last.fill(place)
    saved(ida)
    ida.get_by_role("button", name="Gem", exact=True).click()
    expect(ida.get_by_text("Solen går ned kl.")).to_be_visible()
    life.walk["walk_id"] = ida.url.split("/walks/")[1].split("/")[0]


def ida_takes_ole_along(life: Life) -> None:
    """Whoever makes a walk leads it; other organisers do not see it until they do."""
    assert life.ole.request.get(f"{life.server.url}/walks/{life.walk['walk_id']}/plan").status == 404
    leaders = life.page(life.ida, "leaders")
    leaders.get_by_label("Personens e-mail").fill("ole@samraad.example")
    leaders.get_by_role("button", name="Tilføj", exact=True).click()
    expect(leaders.get_by_role("list", name="De leder vandringen").get_by_text("ole@samraad.example")).to_be_visible()
    life.page(life.ida, "plan")


def ole_opens_the_plan_too_and_overwrites_nothing(life: Life) -> None:
    life.page(life.ole, "plan")
    life.ida.get_by_label("Mødested").fill("Kilden, bagindgangen")
    saved(life.ida)
    life.ole.get_by_label("Hvorfor denne vandring?").fill("Vi ser på lys og stier.")
    expect(life.ole.locator("#saved")).to_contain_text("En anden har ændret planen")
    life.ole.get_by_role("button", name="Gem", exact=True).click()
    expect(life.ole.get_by_text("Mødested: Kilden, bagindgangen")).to_be_visible()
    life.page(life.ole, "plan")
    life.ole.get_by_label("Hvorfor denne vandring?").fill("Vi ser på lys og stier.")
    saved(life.ole)
    expect(life.ole.get_by_label("Mødested")).to_have_value("Kilden, bagindgangen")


def a_passer_by_marks_a_place_weeks_before(life: Life) -> None:
    marks = life.page(life.ida, "marks")
    marks.get_by_role("button", name="Lad beboerne sætte mærker").click()
    resident = life.passer_by
    resident.goto(marks.get_by_label("Link", exact=True).input_value())
    resident.get_by_role("radio", name="Utryg", exact=True).check()
    resident.get_by_label("Ved et af stoppene").select_option(index=2)
    resident.get_by_role("button", name="Sæt mærket").click()
    expect(resident.get_by_role("status").filter(has_text="Dit mærke er på kortet")).to_be_visible()
    marks.reload()
    expect(marks.get_by_text("1 mærke", exact=True).first).to_be_visible()


def they_open_it_and_invite(life: Life) -> None:
    life.page(life.ida, "plan").get_by_role("button", name="Åbn vandringen").click()
    expect(life.ida.get_by_text("Åben", exact=True)).to_be_visible()
    life.walk["join_url"] = life.ida.get_by_label("Link", exact=True).input_value()
    life.walk["code"] = life.ida.locator(".codeword.big").inner_text()
    expect(life.ida.get_by_role("img", name="QR-kode")).to_be_visible()
    invitation = life.ida.locator("#words").input_value()
    assert TITLE in invitation
    assert life.walk["code"] in invitation


def three_walkers_join(life: Life) -> None:
    plan = Planned(life.server, life.walk, key="")
    life.walkers = [Evening(plan, life.phone()) for _ in range(3)]
    by_link, by_code, late = life.walkers
    by_link.join()
    by_code.page.goto(by_code.url)
    by_code.page.get_by_role("textbox", name="Kode", exact=True).fill(life.walk["code"].lower())
    by_code.button("Gå med").click()
    expect(by_code.page.get_by_role("heading", level=1)).to_contain_text(TITLE)
    late.join().ready()


def the_third_loses_the_network(life: Life) -> None:
    life.walkers[2].offline()


def each_makes_a_note(life: Life) -> None:
    by_link, by_code, late = life.walkers
    by_link.begin("Utryg").write("Lampen i tunnelen er slukket.").save()
    by_code.begin("Tryg").write("Ved Kilden hilser folk på hinanden.").save()
    late.begin("Både-og").write("God om dagen, mørk om aftenen.").save()
    for one in (by_link, by_code):
        one.notes()
        expect(one.page.locator("[data-phase=sent], [data-state=sent]")).to_have_count(1)
    late.notes()
    expect(late.page.get_by_text("Venter på net").first).to_be_visible()


def ole_follows_it_live_and_has_a_break(life: Life) -> None:
    live = life.page(life.ole, "live")
    figure = live.locator("#part-figures .figures > div")
    expect(figure.filter(has_text="telefoner er med")).to_contain_text("3")
    expect(figure.filter(has_text="noter er nået frem")).to_contain_text("2")
    live.get_by_role("button", name="Hold pause").click()
    expect(live.get_by_text("Pause siden")).to_be_visible()
    phone = life.walkers[0].page
    phone.get_by_role("link", name="Tilbage til vandringen").click()
    life.walkers[0].page.reload()
    expect(phone.get_by_text("Vandringen holder pause.")).to_be_visible()
    live.get_by_role("button", name="Gå videre").click()
    expect(live.get_by_text("I gang", exact=True)).to_be_visible()


def ole_reads_out_who_is_missing(life: Life) -> None:
    """The phone that lost its network said nothing after the end; the page says so as soon as it can know."""
    live = life.page(life.ole, "live")
    expect(live.get_by_role("heading", name="Hvem mangler?")).to_be_visible()


def ole_closes_the_walk(life: Life) -> None:
    plan = life.page(life.ole, "plan")
    plan.get_by_text("Luk vandringen").click()
    plan.get_by_role("button", name="Luk nu").click()
    expect(plan.get_by_role("button", name="Åbn igen")).to_be_visible()


def whoever_comes_now_is_told_that_it_is_closed(life: Life) -> None:
    newcomer = life.phone()
    newcomer.goto(life.walk["join_url"])
    newcomer.get_by_role("button", name="Gå med", exact=True).click()
    expect(newcomer.get_by_role("alert")).to_contain_text("Vandringen er lukket")


def the_late_phone_delivers(life: Life) -> None:
    late = life.walkers[2].offline(False)
    late.button("Send nu").click()
    expect(late.page.locator("[data-phase=sent], [data-state=sent]")).to_have_count(1)


def ida_types_in_a_sheet_of_paper(life: Life) -> None:
    life.page(life.ida, "plan").get_by_role("link", name="Papirnoter").click()
    expect(life.ida.get_by_role("radio", name="Et andet sted")).to_be_focused()  # then its keys are there
    keys = life.ida.keyboard
    keys.press("2")
    keys.press("u")
    keys.type("lampe")
    keys.press("Enter")
    life.ida.get_by_label("Note", exact=True).fill("Jeg går udenom tunnelen.")
    keys.press("Control+Enter")
    expect(life.ida.get_by_role("status")).to_contain_text("Gemt")
    keys.press("u")
    keys.type("larm")
    keys.press("Enter")
    life.ida.get_by_label("Note", exact=True).fill("Larm om natten.")
    keys.press("Control+Enter")
    expect(life.ida.get_by_text("1 til om et følsomt emne")).to_be_visible()


def the_group_looks_at_the_wall(life: Life) -> None:
    wall = life.page(life.ole, "table")
    wall.keyboard.press("ArrowRight")
    expect(wall.get_by_role("heading", level=1)).to_have_text("Tunnelen under ringvejen")
    wall.get_by_role("button", name="Gruppen er enig i: Jeg går udenom tunnelen.").first.click()
    expect(wall.get_by_role("button", name="Gruppen er enig. Fortryd: Jeg går").first).to_be_visible()
    wall.get_by_text("Tilføj det, der mangler").click()
    wall.get_by_label("Det siger gruppen").fill("Et spejl ved svinget.")
    wall.get_by_role("button", name="Gem gruppens note").click()
    expect(wall.get_by_text("Gruppens egen note").first).to_be_visible()
    expect(wall.get_by_text("1 følsom note venter på tovholderen")).to_be_visible()
    expect(wall.get_by_text("Larm om natten.")).to_have_count(0)


def the_report_has_it_all(life: Life) -> list[dict[str, str]]:
    """Its rows, as a file has them."""
    report = life.page(life.ida, "report")
    for words in (
        "Lampen i tunnelen er slukket.", "Ved Kilden hilser folk på hinanden.", "God om dagen, mørk om aftenen.",
        "Jeg går udenom tunnelen.", "Et spejl ved svinget.",
    ):  # fmt: skip
        expect(report.locator("#notes").get_by_text(words, exact=True)).to_be_visible()
    answer = report.request.get(f"{life.server.url}/walks/{life.walk['walk_id']}/report.csv")
    rows = list(csv.DictReader(io.StringIO(answer.body().decode("utf-8-sig"))))
    by_words = {row["note"]: row for row in rows}
    assert by_words["Jeg går udenom tunnelen."]["agreements"] == "1"
    assert by_words["God om dagen, mørk om aftenen."]["flags"] == "late"
    return rows


def the_sensitive_note_is_the_coordinators(life: Life) -> None:
    expect(life.page(life.ida, "report").get_by_text("Larm om natten.")).to_have_count(0)
    report = life.page(life.tovholder, "report")
    expect(report.locator("#notes").get_by_text("Larm om natten.", exact=True)).to_be_visible()


def partner_outsider_and_passer_by_are_turned_away(life: Life) -> None:
    pages = ("plan", "report", "report.csv", "paper", "table")
    walk = f"{life.server.url}/walks/{life.walk['walk_id']}"
    life.partner.goto(life.server.url)
    expect(life.partner.get_by_text("Der er ikke sendt noget videre til dig endnu.").first).to_be_visible()
    life.outsider.goto(life.server.url)
    expect(life.outsider.get_by_text(TITLE)).to_have_count(0)
    for name in pages:
        assert life.partner.request.get(f"{walk}/{name}").status == 403, name
        assert life.outsider.request.get(f"{walk}/{name}").status == 404, name
        assert life.passer_by.request.get(f"{walk}/{name}", headers={"Accept": "*/*"}).status == 401, name
    life.page(life.passer_by, "table")
    expect(life.passer_by.get_by_role("heading", name="Log ind")).to_be_visible()
