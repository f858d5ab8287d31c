"""The pages' policies in a real browser: nothing of a stranger's is taken. That nothing of ours is refused is heard in every
browser test (conftest.py). Trusted Types are enforced by Chromium alone among the browsers of these tests."""

import pytest
from playwright.sync_api import Page

from tests.running import Server

TRIES = """async () => {
  const told = {};
  const tries = {
    markup: () => (document.createElement("div").innerHTML = "<b onclick='x()'>x</b>"),
    parsed: () => new DOMParser().parseFromString("<b>x</b>", "text/html"),
    fragment: () => document.createRange().createContextualFragment("<b>x</b>"),
    framed: () => (document.createElement("iframe").srcdoc = "<b>x</b>"),
    worker: () => new Worker("/api/v1/photos/1"),
    elsewhere: () => new Worker("https://evil.example/static/dist/assets/a.js"),
    data: () => new Worker("data:text/javascript,1"),
    policy: () => trustedTypes.createPolicy("mine", { createHTML: (html) => html }),
    code: () => {
      const script = document.createElement("script");
      script.textContent = "globalThis.hurt = 1";
      document.body.append(script);
    },
    address: () => {
      const script = document.createElement("script");
      script.src = "/api/v1/photos/1";
      document.body.append(script);
    },
    timer: () => setTimeout("globalThis.hurt = 1"),
  };
  for (const [name, does] of Object.entries(tries))
    try {
      does();
      told[name] = "taken";
    } catch (error) {
      told[name] = error.name;
    }
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return { told, hurt: globalThis.hurt ?? null };
}"""


@pytest.mark.parametrize("path", ["/sign-in", "/app/"])
@pytest.mark.usefixtures("deaf")
def test_a_strangers_script_and_markup_are_not_taken(shared_server: Server, page: Page, path: str) -> None:
    page.goto(shared_server.url + path)
    page.wait_for_load_state("load")
    tried = page.evaluate(TRIES)
    assert tried["hurt"] is None
    assert [name for name, told in tried["told"].items() if told == "taken"] == []
