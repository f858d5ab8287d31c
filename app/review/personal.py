"""Words that look as if they name a person: names, CPR numbers, number plates, addresses, phone numbers, e-mail.

Hides the patterns. Computed from the words each time, stored nowhere: better patterns judge old notes, too. Promises only
a suspicion, for a reviewer to judge; a street, a place or a saint is not taken for a person where the words beside it say
so. Danish, because that is what walkers write; what it cannot know it leaves alone. Imports nothing of ours.
"""

import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import NamedTuple

STRUCK = "[…]"  # stands where words were struck out: in every font and file, and read aloud as an omission


class Span(NamedTuple):
    """Characters from `start` to before `end`; `kind`: name cpr plate address phone email."""

    start: int
    end: int
    kind: str


_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_CPR = re.compile(r"(?<![\d.,/-])(\d{2})(\d{2})\d{2}\s?[-–]?\s?\d{4}(?![\d.,/-]*\d)")
_PHONE = re.compile(
    r"(?<![\w.,/+-])(?:(?:\+|00)45[\s.-]?)?[2-9]\d(?:\d{6}|\d{2}[ .-]\d{4}|(?:[ .-]\d{2}){3})(?![\w/-]|[.,]?\d)"
)
_PLATE = re.compile(r"(?<!\w)(?:[A-ZÆØÅ]{2} ?\d{2} ?\d{3}|(?!nr|st|kr)[a-zæøå]{2}\d{5})(?!\w|[.,]\d)")

# No name is longer: without an end, a note of nothing but Å'Å'Å' would be looked at for seconds.
_WORD = r"[A-ZÆØÅÉ][\w.'’-]{0,40}"
# A street's name and the number of a house in it. Ways of a kind ("cykelvej 12") are no names.
_STREET = (
    r"(?:vej|gade|all[eé]|stræde|vænget?|torvet?|pladsen|plads|boulevarden?|bakken|parken|vangen|lunden|toften?|haven)"
)
_KINDS = (
    "adgangs|af|brand|cykel|gang|gen|gå|hoved|ind|kørsels|indkørsels|lande|motor|om|over|ring|sand|side|skole|sti|stik|til|"
    "træk|ud|villa|grus|skov|mark|ud|park|p-|parkerings|lege|bus|bold|op|oplags"
)
_ADDRESS = re.compile(
    rf"(?<!\w)(?:(?:{_WORD}\s){{0,3}}(?:(?!(?i:{_KINDS})(?:{_STREET})\b)[A-ZÆØÅ][\w'’-]{{0,40}}{_STREET}|V[eæ]j|Gade|All[eé]|Plads|Boulevard|Torv|Stræde)|"
    rf"(?!(?:{_KINDS})(?:{_STREET})\b)[a-zæøå]{{2,40}}(?:vej|gade|allé|stræde))"
    r"\s(?:nr\.?\s?)?\d{1,3}(?:\s?[A-Za-z](?!\w))?(?![\w:]|[.,]\d|\s?(?:m|km|meter|min|minutter|timer?|%|kr|lamper?|lygter?|"
    r"bænke?|unge|børn|personer|mænd|biler?|cykler|gange|steder?|stop|træer|huller?|hunde|skilte|spande|"
    r"og\s\d{1,3}\s(?:lamper|bænke))\b)"
)

_FIRST_WORDS = """
Ada Agnes Agnete Ahmad Ahmed Aisha Alberte Albert Alexander Alfred Ali Allan Alma Amalie Amina Amir Anders Andrea
Andreas Ane Anette Anita Anja Anker Ann Anna Anne Annelise Annette Anni Anton Arne Arthur Asger Astrid August Axel
Ayse Bent Bente Benjamin Berit Birger Birgit Birgitte Birte Birthe Bjarne Bodil Brian Britt Britta Camilla Carina Carl
Carsten Caroline Casper Cecilie Charlotte Christian Christina Christine Christoffer Claus Clara Connie Dagmar Daniel
David Dennis Ditte Dorte Dorthe Ebba Edith Egon Eigil Einar Elin Elisabeth Ella Ellen Elsebeth Emil Emilie Emma Erik
Erling Esben Esther Eva Fatima Filip Finn Flemming Frank Freja Frederik Frida Frode Gerda Gert Gitte Grete Grethe
Gudrun Gunnar Gustav Hanne Hannah Harald Hassan Helen Helena Helga Helle Henning Henriette Henrik Henry Herdis Herman
Holger Hussein Ib Ibrahim Ida Inga Inge Ingeborg Inger Ingrid Isabella Ivan Jack Jacob Jakob Jan Janne Jean Jeanette
Jens Jeppe Jesper Jette Jim Joachim Johan Johanne Johannes John Johnny Jonas Jonathan Josefine Jørgen Jørn Judith Julie
Jytte Kaj Karen Karin Karina Karl Karoline Kasper Kathrine Katrine Keld Kenneth Kent Khaled Kirsten Kirstine Kjeld Klaus
Knud Kristian Kristina Kristine Kristoffer Kurt Lars Lasse Laura Lauritz Leif Lena Lene Leo Lilli Lilly Lillian Lina
Linda Line Lis Lisa Lisbet Lisbeth Lise Lissi Lizzi Lone Lotte Louise Lucas Ludvig Luna Mads Magnus Maja Malene Malthe
Maren Margit Margrethe Maria Marianne Marie Marius Martin Mathias Mathilde Mehmet Merete Mette Michael Mia Mikael
Mikkel Minna Mogens Mohamad Mohamed Mohammad Mohammed Monika Morten Muhammad Muhammed Mustafa Nadia Nanna Nicolai
Niels Nikolaj Nina Noah Ole Olga Oliver Oluf Omar Orla Oscar Oskar Otto Palle Patrick Paul Per Pernille Peter Pia Poul
Preben Rasmus Rebecca Regitze Rikke Rita Robert Rolf Ruth Said Sabine Sander Sandra Sara Sarah Signe Sigrid Silas Simon
Simone Sofia Sofie Sonja Stig Stine Susanne Svend Sven Søren Tanja Thea Theodor Theis Thomas Thor Thorkild Tim Tina Tine
Tobias Tom Tommy Tonny Torben Tove Troels Trine Troels Ulla Ulrik Valdemar Vagn Vera Verner Vibeke Victor Viggo Viktor
Villy Viola Vivi Willy William Yasmin Yusuf Yvonne Zahra Zainab Aage Åge Åse
"""
_FIRST = frozenset(_FIRST_WORDS.split())
# These are also words, months or trees: only together with a surname.
_AMBIGUOUS_WORDS = """
Bo Bjørn Birk Ask Dan Else Eskild Falk Gry Hans Iben Kai Kim Liv Lykke Maj Mark Max Mai May Sten Steen Storm Sol
Sommer Tage Thyra Tyra Rose Vinter Mille Laust Marcus Nora Per August Ib Said Tim Tom Tine Line Lise Luna Nina Frank Lis Stig Vera Rita
"""
_AMBIGUOUS = frozenset(_AMBIGUOUS_WORDS.split())
_LAST_WORDS = """
Abdi Ahmed Ali Andersen Andreasen Andreassen Bach Bak Bang Bech Berg Bertelsen Bjerregaard Bonde Brandt Bruun Christensen
Christiansen Christoffersen Clausen Dahl Dam Danielsen Eriksen Frandsen Frederiksen Friis Gregersen Hansen Hassan Hedegaard
Henriksen Hermansen Holm Hussein Iversen Jacobsen Jakobsen Jensen Jeppesen Jespersen Jessen Johannsen Johansen Johnsen
Juhl Justesen Juul Jørgensen Kjeldsen Kjær Knudsen Koch Kofoed Kragh Kristensen Kristiansen Kristoffersen Kruse Larsen
Lassen Laursen Lauridsen Lauritsen Lind Lorentzen Lorenzen Lund Madsen Markussen Mathiasen Mathiesen Michaelsen Mikkelsen
Mogensen Mohamed Mohammed Mortensen Møller Nguyen Nielsen Nissen Nygaard Nørgaard Olesen Olsen Overgaard Paulsen
Pedersen Petersen Poulsen Rasmussen Ravn Schmidt Schou Schultz Simonsen Skov Svendsen Svensson Sørensen Thomsen
Thomassen Thorsen Thygesen Toft Torp Vestergaard Villadsen Villumsen Winther Yilmaz Østergaard Aagaard Ågård
"""
_LAST = frozenset(_LAST_WORDS.split())
_ALONE = frozenset(name for name in _LAST if name.endswith("sen") and name not in {"Lassen"})
# What makes a street, a place or a feast of the name before it.
_PLACE = re.compile(
    r"(?i)(?:\w*(?:vej|vejen|gade|gaden|all[eé]|plads|pladsen|torv|torvet|stræde|strædet|park|parken|skole|skolen|kirke|"
    r"kirken|bro|broen|have|haven|bakke|bakken|vænge|vænget|minde|gård|gården|gaard|hus|huset|hal|hallen|center|centret|"
    r"centeret|stien|sti|bæk|sø|søen|toft|toften|kollegiet|kollegium|station|stenhus|bøfhus|aften|dag|boulevard|lund|"
    r"lunden|vang|vangen|fabrik|butik|kiosk|grill|pizza|pizzaria|bageri|café|cafe|bodega|bar|marked|passage|plæne|"
    r"børnehave|institut|hospital|monument|statue|springvand))[.,;:!?)»”\"]*$"
)
_SAINT = re.compile(r"(?i)(?:sankt|sct\.?|skt\.?|st\.?|h\.?\s?c\.?|dronning|kong|prins|prinsesse|kronprins|pastor)\s$")
_CAPITAL = re.compile(_WORD)
_NEXT = re.compile(r"\s([\w.'’-]+)")
# The word before says that a name follows, whatever it is.
_CUES = frozenset(
    [
        "hedder",
        "kaldet",
        "kaldes",
        "navn",
        "navnet",
        "naboen",
        "genboen",
        "viceværten",
        "familien",
        "hr",
        "hr.",
        "fru",
        "frøken",
        "manden",
        "kvinden",
        "drengen",
        "pigen",
    ]
)
_CUED = re.compile(r"[A-ZÆØÅ][a-zæøåé]+(?:\s[A-ZÆØÅ][a-zæøåé]+){0,2}")
_DIGIT = re.compile(r"\d")


@lru_cache(20_000)
def found(text: str) -> tuple[Span, ...]:
    """What in `text` looks as if it named a person, in order, none overlapping another."""
    if len(text) < 2:
        return ()
    spans = _names(text)
    if "@" in text:
        spans += _each(_EMAIL, text, "email")
    if _DIGIT.search(text):  # most notes have none
        spans += [Span(*one.span(), "cpr") for one in _CPR.finditer(text) if _is_day(int(one[1]), int(one[2]))]
        spans += [span for span in _each(_PHONE, text, "phone") if not _is_date(text[span.start : span.end])]
        spans += _each(_PLATE, text, "plate") + _each(_ADDRESS, text, "address")
    kept: list[Span] = []
    for span in sorted(spans):
        if kept and span.start < kept[-1].end:
            kept[-1] = Span(kept[-1].start, max(kept[-1].end, span.end), kept[-1].kind)
        else:
            kept.append(span)
    return tuple(kept)


def looks_personal(*texts: str, addresses: bool = True) -> bool:
    """Whether something in them does. `addresses`: a house's, too, which a walker may mean as the place; what is made public
    or routed must not have one unseen."""
    return any(addresses or span.kind != "address" for text in texts for span in found(text))


def struck(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """`text` with STRUCK in place of each of `spans`; those that only white space parts are one."""
    told, at = "", 0
    for start, end in joined(text, spans):
        told, at = told + text[at:start] + STRUCK, end
    return told + text[at:]


def joined(text: str, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """`spans` within `text`, in order, those that touch or have only white space between them made one."""
    kept: list[tuple[int, int]] = []
    for start, end in sorted((max(0, start), min(len(text), end)) for start, end in spans):
        if start >= end:
            continue
        if kept and not text[kept[-1][1] : start].strip():
            kept[-1] = (kept[-1][0], max(kept[-1][1], end))
        else:
            kept.append((start, end))
    return kept


def _each(pattern: re.Pattern[str], text: str, kind: str) -> list[Span]:
    return [Span(*one.span(), kind) for one in pattern.finditer(text)]


def _is_day(day: int, month: int) -> bool:
    return 1 <= day <= 31 and 1 <= month <= 12


def _is_date(digits: str) -> bool:
    """Whether eight digits are a day as programs write it, 20261124."""
    try:
        return digits.isdigit() and 1990 <= date.fromisoformat(digits).year < 2100
    except ValueError:
        return False


def _names(text: str) -> list[Span]:
    spans: list[Span] = []
    at = 0
    while one := _CAPITAL.search(text, at):
        at = one.end()
        start, end = one.start(), one.start() + len(one[0].rstrip(".'’-"))
        word = text[start:end]
        if start and (text[start - 1].isalnum() or text[start - 1] in "-_"):
            continue
        before = text[max(0, start - 24) : start].split()
        cued = _CUED.match(text, start) if before and text[start - 1] == " " and before[-1].lower() in _CUES else None
        if cued and not _is_place(text, start, cued.end()):
            spans.append(Span(start, cued.end(), "name"))
        first = _of(word, _FIRST) or _of(word, _AMBIGUOUS)
        end, surname = _with_surname(text, end) if first else (end, False)
        at = max(at, end)
        alone = _of(word, _FIRST) and not _of(word, _AMBIGUOUS)
        if (surname or alone or _of(word, _ALONE)) and not _is_place(text, start, end):
            spans.append(Span(start, end, "name"))
    return spans


def _of(word: str, names: frozenset[str]) -> bool:
    """Whether `word` is one of `names`, or its genitive."""
    return word in names or (word.endswith("s") and word.rstrip("s'’") in names)


def _with_surname(text: str, end: int) -> tuple[int, bool]:
    """Where a first name and up to two capitalised words after it end, and whether they are a surname."""
    surname = False
    for _number in range(2):
        after = _NEXT.match(text, end)
        word = after[1].rstrip(".,'’-") if after else ""
        if not after or text[end] == "\n" or not word[:1].isupper() or not (_of(word, _LAST) or _of(word, _FIRST)
                                                                          or re.fullmatch(r"[A-ZÆØÅ][a-zæøå]+(?:sen|gaard|gård)s?", word)
                                                                          or re.fullmatch(r"[A-ZÆØÅ]", word)):  # fmt: skip
            break
        end, surname = after.start(1) + len(word), True
    return end, surname


def _is_place(text: str, start: int, end: int) -> bool:
    """Whether the words around say that this names a place: "Jens Bangs Gade", "Sankt Hans", "Skt. Peders Kirke"."""
    if _SAINT.search(text[max(0, start - 14) : start]):
        return True
    at = end
    for _number in range(2):  # the word after, or the one after that: "Peter Sabroes Store Plads"
        after = _NEXT.match(text, at)
        if not after or not after[1][:1].isupper():
            break
        if _PLACE.match(after[1]):
            return True
        at = after.end()
    return bool(_PLACE.match(text[start:end].split()[-1])) if " " in text[start:end] else False
