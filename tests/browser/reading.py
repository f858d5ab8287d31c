"""Whether a page can be read and used by everybody: by axe's rules, on a narrow screen, with text twice as large, by keyboard, in
forced colours. Each answer names what is wrong, as short as a person needs to find it."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Page

# CSS pixels wide, size of the text: WCAG 2.2, 1.4.4 and 1.4.10
NARROW = ((320, "100%"), (390, "200%"))
# axe leaves some rules out unless they are asked for; these two ask for more than AA: AAA contrast is asked of the capture
# screen alone (test_screens.py), and links of one name are told apart by their row's heading.
BEYOND = ("color-contrast-enhanced", "identical-links-same-purpose")
EVERY_RULE = "beyond => Object.fromEntries(axe._audit.rules.filter((one) => !beyond.includes(one.id)).map((one) => [one.id, {enabled: true}]))"
# Half a megabyte, so sent and read once a page; and only what is wrong comes back, not all that was looked at.
_RUN = "options => axe.run(options).then(({violations}) => ({violations}))"


def assert_readable(page: Page, where: object) -> None:
    """Fails, naming `where`, where axe finds anything or the page needs sideways scrolling. Leaves the page narrow."""
    _bring_axe(page)
    _assert_none(page, where, {})
    for width, size in NARROW:
        _become(page, width, size)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (where, width)
    page.evaluate("document.documentElement.style.removeProperty('font-size')")


def assert_no_barrier(page: Page, where: str) -> None:
    """Every rule that axe has, best practice and those it is still trying out too."""
    _bring_axe(page)
    _assert_none(page, where, {"rules": page.evaluate(EVERY_RULE, BEYOND)})


def _bring_axe(page: Page) -> None:
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate(AXE_SCRIPT)


def _assert_none(page: Page, where: object, options: dict[str, Any]) -> None:
    found = AxeResults(page.evaluate(_RUN, {"resultTypes": ["violations"], **options}))
    assert found.violations_count == 0, f"{where}: {found.generate_report()}"


def assert_no_barrier_in_any_light(page: Page, where: str) -> None:
    """In the colours that are shown, then in the others, which it leaves: each change draws a page's maps anew."""
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert_no_barrier(page, f"{where}, {'dark' if dark else 'light'}")
    page.emulate_media(color_scheme="light" if dark else "dark")
    assert_no_barrier(page, f"{where}, {'light' if dark else 'dark'}")


def assert_fits(page: Page, where: str) -> None:
    """No sideways scrolling and no words cut off, narrow or with text twice as large. Leaves the page wide, its text as it was."""
    before = page.viewport_size
    for width, size in (*NARROW, (1280, "200%")):
        _become(page, width, size)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (where, width, size, page.evaluate(WIDE))
        assert page.evaluate(CUT_OFF) == [], (where, width, size)
    page.evaluate("document.documentElement.style.removeProperty('font-size')")
    page.set_viewport_size(before)  # type: ignore[arg-type]


def _become(page: Page, width: int, size: str) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.evaluate("size => document.documentElement.style.setProperty('font-size', size)", size)


# Short for a person who looks for it.
_NAME = """const name = (one) => `${one.tagName.toLowerCase()}${one.id && `#${one.id}`}${one.className && one.className.split ? `.${one.className}` : ""} ${(one.textContent || one.value || "").trim().replace(/\\s+/g, " ").slice(0, 40)}`;
const seen = (one) => one.checkVisibility({ visibilityProperty: true }) && one.getClientRects().length > 0;
"""
WIDE = f"""() => {{ {_NAME} return [...document.querySelectorAll("body *")].filter((one) => seen(one) && (one.getBoundingClientRect().right > innerWidth + 1 || one.getBoundingClientRect().left < -1)).slice(0, 5).map(name); }}"""
# But for .few: three lines of a note whose whole is one press away.
CUT_OFF = f"""() => {{ {_NAME}
  return [...document.querySelectorAll("h1, h2, h3, p, a, button, label, summary, th, td, dt, dd, li, legend, strong, small, .tag, .chip, .tile")]
    .filter((one) => seen(one) && one.textContent.trim() && !one.closest(".hidden, .few, .maplibregl-map, [popover], svg"))
    .filter((one) => {{
      const style = getComputedStyle(one), box = one.getBoundingClientRect();
      let sideways = one.parentElement; // what one scrolls in, as tables and rows of links may
      while (sideways && !/auto|scroll/.test(getComputedStyle(sideways).overflowX)) sideways = sideways.parentElement;
      const hides = /hidden|clip/.test(style.overflowX) && one.scrollWidth > one.clientWidth + 1 || /hidden|clip/.test(style.overflowY) && one.scrollHeight > one.clientHeight + 1;
      return hides || (!sideways && (box.right > innerWidth + 1 || (box.left < -1 && box.right > 0)));
    }}).map(name);
}}"""
MOVING = f"""() => {{ {_NAME} return document.getAnimations()
  .filter((one) => one.playState === "running" && one.effect.getComputedTiming().activeDuration > 10)
  .map((one) => `${{one.animationName || one.transitionProperty}} on ${{name(one.effect.target)}}`); }}"""
_TO_PRESS = """const pressed = () => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0'], [role=button], [contenteditable]")]
  .filter((one) => seen(one) && !one.matches(":disabled, [tabindex='-1'], [inert] *, [type=file][hidden]"))
  .filter((one) => one.type !== "radio" || one.checked || !document.querySelector(`[type=radio][name="${one.name}"]:checked`) && one === document.querySelector(`[type=radio][name="${one.name}"]`));
"""
_LISTEN = f"""() => {{ {_NAME} {_TO_PRESS}
  globalThis.reached = new Set();
  document.addEventListener("focusin", (event) => reached.add(event.target));
  document.activeElement?.blur();
  scrollTo(0, 0);
  // A date or a time is a field with several stops.
  return pressed().reduce((sum, one) => sum + (/date|time/.test(one.type) ? 8 : 1), 0); }}"""
_MISSED = f"""() => {{ {_NAME} {_TO_PRESS} return pressed().filter((one) => !reached.has(one)).map(name); }}"""


def unreached(page: Page) -> list[str]:
    """What can be pressed or filled in and is not come to by the Tab key, from the page's beginning."""
    count = page.evaluate(_LISTEN)
    for _press in range(count + 3):
        page.keyboard.press("Tab")
    found: list[str] = page.evaluate(_MISSED)
    return found


# Focus is seen as an outline of the element or of what stands for it; and not all of it lies under something else (WCAG 2.2, 2.4.11).
_FOCUS = f"""() => {{ {_NAME} {_TO_PRESS}
  const wrong = [];
  for (const one of pressed()) {{
    one.focus({{ focusVisible: true }});
    if (document.activeElement !== one) continue;
    const stands = [one, one.parentElement, one.closest("label"), ...(one.labels ?? []), one.nextElementSibling].filter(Boolean);
    const outlined = stands.some((it) => {{ const style = getComputedStyle(it); return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1; }});
    if (!outlined) wrong.push(`no outline: ${{name(one)}}`);
    const places = stands.slice(0, 3).flatMap((it) => [...it.getClientRects()]).flatMap((box) => [[0.5, 0.5], [0.1, 0.2], [0.9, 0.8], [0.1, 0.8], [0.9, 0.2]]
      .map(([x, y]) => document.elementFromPoint(box.left + box.width * x, box.top + box.height * y)));
    if (!places.some((it) => it && (stands.includes(it) || one.contains(it)))) wrong.push(`under something: ${{name(one)}}`);
  }}
  document.activeElement?.blur();
  scrollTo(0, 0);
  return wrong; }}"""


def unseen_focus(page: Page) -> list[str]:
    """What has the focus without showing it, or under something that hides it."""
    found: list[str] = page.evaluate(_FOCUS)
    return found


# What is chosen looks unlike its like that is not, by more than a colour that forced colours take away.
_STATE = f"""() => {{ {_NAME}
  const drawn = (one) => [one, ...one.querySelectorAll("*")].flatMap((it) => [null, "::before", "::after"].map((part) => {{
    const style = getComputedStyle(it, part);
    return [style.borderTopWidth, style.borderBottomWidth, style.borderTopStyle, style.borderTopColor, style.borderBottomColor, style.outlineStyle, style.backgroundColor,
      style.color, style.fontWeight, style.textDecorationLine, part && style.content, part && style.display].join(); }})).slice(0, 3).join("|");
  const whole = (one) => one.matches("input") ? (getComputedStyle(one).appearance === "none" || getComputedStyle(one).opacity === "0" || one.closest(".hidden") || one.getBoundingClientRect().width < 4 ? one.closest("label") ?? one.labels[0] : null) : one;
  const like = (one) => one.matches("input") ? [...document.querySelectorAll(`input[name="${{one.name}}"]`)].filter((it) => !it.checked)
    : [...(one.closest("nav, ul, ol, [role=group], .chips, .row") ?? one.parentElement).querySelectorAll(one.tagName)].filter((it) => !it.matches("[aria-current], [aria-pressed=true], [aria-selected=true]") && it.className === one.className);
  return [...document.querySelectorAll("[aria-current]:not([aria-current=false]), [aria-pressed=true], [aria-selected=true], input:checked")]
    .filter((one) => whole(one) && seen(whole(one)))
    .filter((one) => {{ const other = like(one).map(whole).find((it) => it && seen(it)); return other && drawn(whole(one)) === drawn(other); }}).map(name);
}}"""


def unseen_state(page: Page) -> list[str]:
    """What is chosen, pressed or current and looks like its neighbour that is not."""
    found: list[str] = page.evaluate(_STATE)
    return found
