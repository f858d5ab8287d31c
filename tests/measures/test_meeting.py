"""The follow-up meeting goes through what is open, one after another, and its minutes are there without anybody writing them."""

from app.measures import measures
from app.models import now
from tests.measures.conftest import Plan
from tests.measures.pages import Paper


def three(plan: Plan, desk: Paper) -> None:
    for place in ("Tunnelen", "Stien", "Torvet"):
        plan.make(desk, plan.note(note=f"Mørkt: {place}"), place=place)


def test_a_meeting_goes_from_one_open_measure_to_the_next_and_ends_with_the_minutes(plan: Plan, desk: Paper) -> None:
    three(plan, desk)
    desk.open(f"{plan.at}/2").press(f"{plan.at}/2", status="done")
    desk.open(f"{plan.at}/meeting")
    assert "1. Tunnelen" in desk.words
    assert "1 of 2 open measures" in desk.words
    desk.press(f"{plan.at}/1/meeting", status="accepted", answer="Vi skifter lampen.", said="Vej og Park har pæren.")
    assert "3. Torvet" in desk.words  # the one in between is done
    desk.press(f"{plan.at}/3/meeting", status="refused", reason="Torvet er privat.")
    assert desk.address == f"{plan.at}/minutes"
    words = desk.words
    assert "1. Tunnelen" in words
    assert "Vej og Park har pæren." in words
    assert "Status Proposed → Accepted" in words
    assert "Public answer Vi skifter lampen." in words
    assert "Torvet er privat." in words
    assert "Stien" not in words  # nothing was said of it

    text = desk.http.get(f"{plan.at}/minutes.txt").text
    assert "– Vej og Park har pæren." in text
    assert "Status: Proposed → Refused" in text
    assert measures.today_of(plan.stage.walk, now()).strftime("%Y") in text


def test_what_is_only_said_stands_in_the_minutes_and_changes_nothing(plan: Plan, desk: Paper) -> None:
    three(plan, desk)
    desk.open(f"{plan.at}/meeting?at=2").press(f"{plan.at}/2/meeting", said="Vi venter på varmeværket.")
    assert "3. Torvet" in desk.words
    assert "Vi venter på varmeværket." in desk.open(f"{plan.at}/minutes").words
    assert plan.told()[1].status == "proposed"
    steps = len(plan.told()[2].steps)
    desk.open(f"{plan.at}/meeting?at=3").press(f"{plan.at}/3/meeting")  # nothing said, nothing decided: nothing kept
    assert len(plan.told()[2].steps) == steps


def test_a_partner_who_answers_during_the_meeting_is_not_overwritten(plan: Plan, desk: Paper) -> None:
    vej = plan.partner()
    plan.make(desk, partner=vej.id)
    desk.open(f"{plan.at}/meeting")
    theirs = plan.browser().open(plan.link(vej))
    at = f"/partner/measures/{plan.told()[0].id}"
    theirs.open(at).press(at, status="doing", answer="Vi er i gang.")
    desk.press(f"{plan.at}/1/meeting", status="accepted", answer="De ser på det.", said="Vej og Park kom ikke.")
    assert desk.status == 409
    assert "Vej og Park, by their link has changed this meanwhile." in desk.words
    assert "Vej og Park kom ikke." in desk.page  # what was typed is still there
    assert (plan.told()[0].status, plan.told()[0].answer) == ("doing", "Vi er i gang.")


def test_a_refusal_at_the_meeting_needs_its_reason_too(plan: Plan, desk: Paper) -> None:
    three(plan, desk)
    desk.open(f"{plan.at}/meeting").press(f"{plan.at}/1/meeting", status="refused", said="Nej.")
    assert desk.status == 422
    assert "Write why it is not possible" in desk.words
    assert "Nej." in desk.page


def test_a_meeting_about_nothing_says_so(plan: Plan, desk: Paper) -> None:
    assert "Nothing is open" in desk.open(f"{plan.at}/meeting").words
    assert "There has been no meeting yet." in desk.open(f"{plan.at}/minutes").words


def test_a_button_pressed_twice_says_it_once(plan: Plan, desk: Paper) -> None:
    three(plan, desk)
    typed = desk.open(f"{plan.at}/meeting").form(f"{plan.at}/1/meeting") | {
        "said": ["Pæren er bestilt."],
        "status": ["doing"],
    }
    for _twice in range(2):
        assert desk.post(f"{plan.at}/1/meeting", typed).status == 200
        assert "3. Torvet" in desk.words or "2. Stien" in desk.words
    assert [step.changes["said"][1] for step in plan.told()[0].steps if "said" in step.changes] == ["Pæren er bestilt."]
    assert desk.post(f"{plan.at}/1/meeting", typed | {"said": ["Noget andet."]}).status == 409
