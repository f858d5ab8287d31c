"""Somebody is invited to answer for a partner, on the page where people are invited."""

from sqlmodel import select

from app.models import Membership, User
from tests.measures.conftest import Plan
from tests.measures.pages import Paper

NEW = "lene@vej.example"


def membership(plan: Plan) -> list[tuple[str, str | None]]:
    with plan.stage.db.read() as tx:
        held = select(Membership).join(User).where(User.email == NEW)
        return sorted((one.role, one.partner_id) for one in tx.exec(held).all())


def test_who_is_invited_as_a_partner_answers_for_the_one_that_was_chosen(plan: Plan, desk: Paper) -> None:
    vej, politi = plan.partner("Vej og Park"), plan.partner("Politi", "politi")
    desk.open("/people").press("/people/invitations", email=NEW, role="partner", partner=vej.id)
    assert desk.status == 200, desk.words
    assert membership(plan) == [("partner", vej.id)]
    assert "Partner Vej og Park" in desk.words
    desk.press("/people/invitations", email=NEW, role="partner", partner=politi.id)
    assert membership(plan) == sorted([("partner", vej.id), ("partner", politi.id)])


def test_a_partner_who_answered_for_nobody_is_given_one(plan: Plan, desk: Paper) -> None:
    vej = plan.partner("Vej og Park")
    desk.open("/people").press("/people/invitations", email=NEW, role="partner", partner="")
    assert membership(plan) == [("partner", None)]
    assert "answers for nobody yet" in desk.words
    desk.press("/people/invitations", email=NEW, role="partner", partner=vej.id)
    assert membership(plan) == [("partner", vej.id)]


def test_nobody_is_invited_for_a_partner_that_was_ended_or_is_elsewhere(plan: Plan, desk: Paper) -> None:
    vej = plan.partner("Vej og Park")
    desk.open("/partners").press(f"/partners/{vej.id}/ending")
    desk.open("/people").press("/people/invitations", email=NEW, role="partner", partner=vej.id)
    assert desk.status == 422
    assert "Choose a partner of this organisation." in desk.words
    assert membership(plan) == []


def test_a_role_taken_away_comes_back_with_its_partner(plan: Plan, desk: Paper) -> None:
    vej = plan.partner("Vej og Park")
    desk.open("/people").press("/people/invitations", email=NEW, role="partner", partner=vej.id)
    with plan.stage.db.read() as tx:
        role = tx.exec(select(Membership).where(Membership.partner_id == vej.id)).one()
    desk.press(f"/people/roles/{role.id}/removal")
    assert membership(plan) == []
    desk.press("/people/roles")
    assert membership(plan) == [("partner", vej.id)]
