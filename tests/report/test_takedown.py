"""What somebody asked to be taken down out of a public report, and what those who lead the walk answer."""

from tests.cast import Stage
from tests.report.evening import Evening


def test_of_two_who_answer_it_the_second_is_told_what_the_first_wrote(stage: Stage) -> None:
    evening = Evening(stage)
    evening.note()
    evening.published()
    path = f"{evening.public}/takedown"
    evening.reader.open(path).press(path, text="Det er mit hus.")
    [asked] = evening.takedowns()
    answering = f"{evening.at}/takedowns/{asked.id}"
    for desk in (evening.bo, evening.anna):
        desk.open(f"{evening.at}/release")
    evening.anna.press(answering, outcome="Huset kan ses fra vejen")
    evening.bo.press(answering, outcome="Billedet er taget ud")
    assert evening.bo.status == 409
    assert "Huset kan ses fra vejen" in evening.bo.words
    assert [one.outcome for one in evening.takedowns()] == ["Huset kan ses fra vejen"]
