"""Words that look as if they named a person, and those that only look like it: one table of cases."""

import json
import time
from pathlib import Path

import pytest

from app.demo import content
from app.review.personal import STRUCK, found, joined, looks_personal, struck

CASES = [
    # names
    ("Peter Hansen har ringet om det før.", ["Peter Hansen"]),
    ("Lampen er slukket. Ida har ringet om det før.", ["Ida"]),
    ("Vi mødte Mohammed og hans bror.", ["Mohammed"]),
    ("Naboen Thorvald passer hækken.", ["Thorvald"]),
    ("Familien Bjergholt bor lige ved siden af.", ["Bjergholt"]),
    ("Det er Jensens hæk, der skygger.", ["Jensens"]),
    ("Hans Christian Jørgensen klipper den.", ["Hans Christian Jørgensen"]),
    ("Viceværten hedder Bo Mikkelsen.", ["Bo Mikkelsen"]),
    ("Kirstens have er pæn.", ["Kirstens"]),
    ("Mette B. fra hold 2 så det.", ["Mette B"]),
    # numbers
    ("Ring på 98 12 34 56.", ["98 12 34 56"]),
    ("Ring på 98123456!", ["98123456"]),
    ("+45 20 30 40 50 er hans nummer", ["+45 20 30 40 50"]),
    ("tlf. 9812 3456", ["9812 3456"]),
    ("cpr 010203-1234", ["010203-1234"]),
    ("0102031234 stod på sedlen", ["0102031234"]),
    ("Skriv til ida.holm@samraad.example, tak", ["ida.holm@samraad.example"]),
    ("En sort varevogn, AB 12 345, holder der altid", ["AB 12 345"]),
    ("Nummerplade AB12345", ["AB12345"]),
    ("nummerplade ab12345", ["ab12345"]),
    # addresses
    ("Hækken ved Egevej 12 er for høj.", ["Egevej 12"]),
    ("Han bor Gammel Kongevej 113B.", ["Gammel Kongevej 113B"]),
    ("Ud for Hans Egedes Vej 3 mangler lys", ["Hans Egedes Vej 3"]),
    ("bag egevej 12", ["egevej 12"]),
    ("Skelagervangen nr. 7 har brænde stablet op", ["Skelagervangen nr. 7"]),
    # several
    ("Ida (98 12 34 56) bor på Egevej 12.", ["Ida", "98 12 34 56", "Egevej 12"]),
    # what is none
    ("Lampen ved tunnelen er slukket.", []),
    ("Mørkt på Egevej og Jens Bangs Gade.", []),
    ("Ved Peter Sabroes Plads samles de unge.", []),
    ("Skt. Peders Kirke er flot oplyst. Sankt Hans fejres ved søen.", []),
    ("Karolinelundsvej er for hurtig.", []),
    ("Karens Minde er et godt sted.", []),
    ("H.C. Andersens Boulevard larmer.", []),
    ("Hans cykel blev stjålet. Per time kører 200 biler.", []),
    ("Bo her er rart. Maj er bedst, Sol på bænken.", []),
    ("Bussen holder kl. 19.30, linje 12. Kassen er fuld.", []),
    ("Stop 4, 25 meter fra stop 5.", []),
    ("Egevej 2 lamper er slukket, og cykelvej 12 er hullet.", []),
    ("Motorvej 45 larmer. Kørte 80 km/t på Egevej 50 gange om dagen.", []),
    ("57.0488, 9.9217 og 57,04881234 9,92171234", []),
    ("20261124 og 24.11.2026 og 24-11-2026", []),
    ("Mast 12345678901 blinker, pris 1.250.000 kr", []),
    ("Ring 112 eller 114. Vi var 12 345.", []),
    ("Kvickly og Netto har åbent. Politiet kom. Aalborg Kommune ejer det.", []),
    ("Vejgaard Bymidte er god. Øst er værst. Nørresundby er langt væk.", []),
    ("note 1", []),
    ("Æble, øl og åløb. Tryg.", []),
    ("", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "personal"), CASES)
def test_what_looks_as_if_it_named_a_person(text: str, personal: list[str]) -> None:
    assert [text[span.start : span.end] for span in found(text)] == personal


def test_the_demo_walk_and_the_taxonomy_name_nobody_but_whom_they_mean_to() -> None:
    taxonomy = json.loads((Path(content.__file__).parents[1] / "taxonomy.json").read_text("utf-8"))
    said = [factor[key] for one in taxonomy["categories"] for factor in one["factors"] for key in ("da", "help_da")]
    assert not [text for text in said if looks_personal(text)]


def test_struck_words_are_gone_and_neighbours_are_one_gap() -> None:
    text = "Ida Holm har ringet til Peter."
    assert struck(text, [(0, 3), (4, 8), (24, 29)]) == f"{STRUCK} har ringet til {STRUCK}."
    assert joined(text, [(4, 8), (0, 3), (2, 2), (25, 900)]) == [(0, 8), (25, 30)]
    assert struck(text, []) == text


def test_ten_thousand_long_notes_are_judged_in_seconds() -> None:
    began = time.perf_counter()
    for number in range(10_000):
        found(
            f"{number}. Der er mørkt ved Tunnelen, og Lamperne blinker hele Aftenen. Det føles ikke rart at gå der. "
            * 2
        )
    assert time.perf_counter() - began < 8


@pytest.mark.parametrize(
    "text", ["A" * 4000, "Ab " * 1300, "1" * 4000, "a@" * 2000, "Egevej " * 600, ". " * 2000, "a-" * 2000]
)
def test_no_words_make_it_slow(text: str) -> None:
    began = time.perf_counter()
    found(text)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("piece", ["Å'", "A.", "Jens'", "Avej 1", "A vej ", "+45 ", "a-", "12-", "Hr. "])
def test_words_made_to_be_slow_are_judged_at_once(piece: str) -> None:
    """A pattern without an end would look at a note of 4,000 characters for seconds."""
    words = (piece * 4000)[:4000]
    began = time.process_time()
    found.__wrapped__(words)
    assert time.process_time() - began < 1
