"""Whether a page can be read by everybody: by axe's rules, on a narrow screen, and with text twice as large."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

NARROW = ((320, "100%"), (390, "200%"))  # CSS pixels wide, size of the text: WCAG 2.2, 1.4.4 and 1.4.10


def assert_readable(page: Page, where: object) -> None:
    """Fails, naming `where`, where axe finds anything or the page needs sideways scrolling. Leaves the page narrow."""
    found = Axe().run(page)
    assert found.violations_count == 0, f"{where}: {found.generate_report()}"
    for width, size in NARROW:
        page.set_viewport_size({"width": width, "height": 844})
        page.evaluate("size => document.documentElement.style.setProperty('font-size', size)", size)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (where, width)
    page.evaluate("document.documentElement.style.removeProperty('font-size')")
