"""A page as somebody without scripts has it: its words, and its forms with what stands in them."""

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

from fastapi.testclient import TestClient

Fields = dict[str, list[str]]


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, Fields] = {}
        self._form: Fields | None = None
        self._area = self._select = ""
        self._first: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = self.forms.setdefault(given.get("action", ""), {})
        if self._form is None:
            return
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag == "input" and name and kind != "file" and (kind not in ("checkbox", "radio") or "checked" in given):
            self._form.setdefault(name, []).append(given.get("value", ""))
        elif tag == "textarea":
            self._area = name
            self._form[name] = [""]
        elif tag == "select":
            self._select, self._first = name, None
        elif tag == "option" and self._select and (self._first is None or "selected" in given):
            self._first = given["value"]
            self._form[self._select] = [self._first]

    def handle_data(self, data: str) -> None:
        if self._area and self._form is not None:
            self._form[self._area][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._select = ""
        elif tag == "form":
            self._form = None


class Paper:
    """Somebody's browser without scripts, in English: opens pages, fills in the forms that stand there, presses buttons."""

    def __init__(self, http: TestClient) -> None:
        self.http = http
        http.headers.update({"Accept-Language": "en"})
        http.follow_redirects = True
        self.page, self.status, self.address = "", 0, ""

    def open(self, path: str) -> "Paper":
        return self._take(self.http.get(path))

    def form(self, action: str) -> Fields:
        forms = _Forms()
        forms.feed(self.page)
        assert action in forms.forms, sorted(forms.forms)
        return forms.forms[action]

    def press(self, action: str, files: Any = None, **typed: Any) -> "Paper":
        """Post the open page's form for `action`, with `typed` in place of what stands there."""
        return self.post(action, self.form(action) | typed, files)

    def post(self, action: str, fields: Any, files: Any = None) -> "Paper":
        return self._take(self.http.post(action, data=fields, files=files))

    def _take(self, reply: Any) -> "Paper":
        self.page, self.status, self.address = reply.text, reply.status_code, reply.url.path
        return self

    @property
    def words(self) -> str:
        """What the page says, without its tags."""
        return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", self.page)))
