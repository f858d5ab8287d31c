"""One design system: every component has one home, every colour is a token, everything reads in both directions.

Rules that were argued about: a component is styled in one file, a screen may only say how it stands there; colours stand in
the layer of tokens alone; sides are named by the direction one reads in; nothing stands outside the cascade's layers but
what MapLibre's own styles, which are in none, would win over; and what no page shows any more is deleted.
"""

import re
from collections import defaultdict
from pathlib import Path

from tests.house.styles import CSS, Rule, parts, rules

ROOT = Path(__file__).parents[2]
DIST = ROOT / "static" / "dist"
WALKERS_STYLES_BYTES = 12_000

ONE_CLASS = re.compile(r"\.([\w-]+)(\[[^\]]*\]|::?[\w-]+(\(.*\))?)*")
TYPED = r"#[0-9a-f]{3,8}\b|\b(rgb|hsl|oklch|color)a?\(|\b(white|black|red|gr[ae]y)\b"
SIDES = re.compile(
    r"(margin|padding|border|inset|scroll-margin|scroll-padding)-(left|right|top|bottom)\b|^(left|right|top|bottom)$"
)
FOUR_SIDES = {"margin", "padding", "inset", "border-width", "border-color", "border-style"}
ALIKE_LEAST, ALIKE_SHARE = 5, 0.8

LEANING = {
    # Within `unicode-bidi: plaintext` the start is the text's own, and a Danish title would leave its Arabic screen's edge.
    "foreign.css: [dir=rtl] .note h3",
}
PRINT = {"print", "forced"}  # what paper and systems of their own colours take away again


def on_paper(rule: Rule) -> bool:
    return rule.layer in PRINT or any("print" in one for one in rule.within)


def test_no_component_is_styled_in_two_files() -> None:
    homes = defaultdict[str, set[str]](set)
    for rule in rules():
        for selector in rule.selectors:
            if (alone := ONE_CLASS.fullmatch(selector)) and not on_paper(rule):
                homes[alone[1]].add(rule.file)
    assert len(homes) > 100
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}


def test_no_two_files_say_the_same_under_two_names() -> None:
    found, all_rules = set(), [rule for rule in rules() if not on_paper(rule)]
    for at, one in enumerate(all_rules):
        for other in all_rules[at + 1 :]:
            alike = len(set(one.declarations) & set(other.declarations))
            least = min(len(one.declarations), len(other.declarations))
            if one.file != other.file and alike >= max(ALIKE_LEAST, ALIKE_SHARE * least):
                found.add((str(one), str(other)))
    assert found == set()


def test_every_colour_is_a_token() -> None:
    typed = [
        f"{rule} {{ {name}: {value} }}"
        for rule in rules()
        for name, value in rule.declarations
        if rule.layer not in {"tokens", "print"} and re.search(TYPED, value, re.IGNORECASE)
    ]
    assert typed == []


def test_sides_are_named_by_the_direction_one_reads_in() -> None:
    named = {
        str(rule)
        for rule in rules()
        for name, value in rule.declarations
        if SIDES.search(name)
        or (name in {"text-align", "float", "clear"} and value in {"left", "right"})
        or (name in FOUR_SIDES and len(sides := parts(value, " ")) == 4 and sides[1] != sides[3])
        or (name.endswith("-radius") and "start" not in name and "end" not in name and _leans(value))
    }
    assert named == LEANING


def _leans(corners: str) -> bool:
    """Whether a radius of four corners differs between its sides."""
    of = parts(corners.partition("/")[0], " ")
    of = of + of[:1] * (len(of) == 1)
    left_top, right_top, right_bottom, left_bottom = (of * 2)[:2] * 2 if len(of) == 2 else (*of, of[1])[:4]
    return (left_top, left_bottom) != (right_top, right_bottom)


def test_everything_stands_in_a_layer_but_what_lies_within_a_map() -> None:
    sheets = [(CSS / name).read_text("utf-8") for name in ("tokens.css", "walker.css", "desk.css")]
    order = {one for sheet in sheets for one in re.findall(r"^@layer (.+);$", sheet, re.MULTILINE)}
    assert len(order) == 1, "the layers have one order"
    known = set(order.pop().split(", "))
    outside = [str(rule) for rule in rules() if rule.layer not in known and not _within_a_map(rule)]
    assert outside == []


def _within_a_map(rule: Rule) -> bool:
    if rule.selectors[0].startswith(("@font-face", "@page")):
        return True
    return all(re.search(r"\.(map-|maplibregl-|map\b)[^ ]*|\[data-printing=map\]", one) for one in rule.selectors)


def test_every_name_in_the_styles_stands_on_a_page() -> None:
    pages = [file for folder in ("templates", "static/js", "app") for file in (ROOT / folder).rglob("*")]
    said = "\n".join(file.read_text("utf-8") for file in pages if file.suffix in {".html", ".js", ".py"})
    on_pages = set(re.findall(r"[\w-]+", said))
    named = {
        (rule.file, name)
        for rule in rules()
        for selector in rule.selectors
        for name in re.findall(r"[.#]([A-Za-z][\w-]*)", re.sub(r"\[[^\]]*\]", "", selector))
    }
    assert len(named) > 300
    assert sorted(one for one in named if one[1] not in on_pages and not one[1].startswith("maplibregl-")) == []


def test_every_token_is_used() -> None:
    said = "\n".join(
        file.read_text("utf-8") for folder in ("css", "js") for file in (ROOT / "static" / folder).rglob("*.?s*")
    )
    given = {name for rule in rules() for name, _ in rule.declarations if name.startswith("--")}
    assert len(given) > 80
    assert sorted(name for name in given if f"var({name}" not in said and not name.startswith("--map-")) == []


def test_the_walkers_styles_fit_in_12_kilobytes() -> None:
    release = re.search(r"self\.RELEASE = (.+);", (DIST / "sw.js").read_text("utf-8"))
    assert release, "static/dist/sw.js does not begin with its release: make build"
    sheets = {name for name in re.findall(r"assets/[\w.-]+\.css", release[1]) if not name.startswith("assets/drawing")}
    size = sum((DIST / f"{name}.br").stat().st_size for name in sheets)
    print(f"walker's styles: {size} of {WALKERS_STYLES_BYTES} bytes, in {len(sheets)} files")
    assert 4_000 < size <= WALKERS_STYLES_BYTES
