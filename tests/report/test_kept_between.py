"""A public report in the caches that lie between: one copy for everybody, and never in the wrong language."""

from typing import Any

import pytest

from tests.cast import Stage
from tests.measures.pages import Paper
from tests.report.evening import Evening


@pytest.fixture
def evening(stage: Stage) -> Evening:
    return Evening(stage)


@pytest.mark.parametrize("ending", ["", "/report.pdf"])
def test_what_lies_between_may_keep_one_copy_for_all_and_never_shows_it_in_the_wrong_language(
    evening: Evening, ending: str
) -> None:
    evening.note()
    evening.published()
    chooser = evening.plan.browser()
    chooser.http.cookies.set("tryg_language", "da")

    def asked(who: Paper, etag: str = "") -> Any:
        """Every visitor's browser speaks English, and what lies between asks with the copy it holds."""
        return who.http.get(evening.public + ending, headers={"Accept": "*/*", "If-None-Match": etag})

    anybody = asked(evening.reader)
    assert "accept-language" in anybody.headers["vary"].lower()
    assert "cookie" not in anybody.headers["vary"].lower()
    assert "set-cookie" not in anybody.headers
    signed_in = asked(evening.bo)
    assert (signed_in.content, signed_in.headers["etag"]) == (anybody.content, anybody.headers["etag"])
    assert asked(evening.bo, anybody.headers["etag"]).status_code == 304
    danish = asked(chooser, anybody.headers["etag"])
    assert danish.status_code == 200, "who has chosen another language is not told that this one is theirs"
    assert danish.content != anybody.content
    assert asked(evening.reader, danish.headers["etag"]).status_code == 200
