"""What was seen on the demo walk, in the words of its walkers. Data alone; nobody in it exists.

Places lie in Aalborg Øst, so that the map looks like a walk; what is said of them is made up.
"""

from typing import Any

TITLE = "Aftenvandring i Aalborg Øst"
PURPOSE = "Vi går samme vej, som mange går hjem efter mørkets frembrud, og ser på lys, stier og steder at mødes."
MEETING_POINT = "Beboerhuset, indgangen mod torvet"
CONTACTS = "Tovholder: samrådets formand, tlf. 00 00 00 00 (demo)"

# (name, what to ask there, lat, lon)
STOPS = [
    ("Beboerhuset", "Hvem kommer her om aftenen?", 57.0371, 9.9790),
    ("Tunnelen under vejen", "Er der en anden vej, når det er mørkt?", 57.0379, 9.9822),
    ("Stien ved skolen", "Kan du se, hvem du møder?", 57.0392, 9.9846),
    ("Legepladsen", "Hvem bruger stedet, og hvornår?", 57.0407, 9.9861),
    ("Busstoppestedet", "Vil du vente her alene?", 57.0403, 9.9902),
    ("Torvet", "Hvad får dig til at blive stående?", 57.0384, 9.9908),
]

# [lon, lat]
ROUTE = [
    [9.9790, 57.0371], [9.9799, 57.0373], [9.9808, 57.0377], [9.9822, 57.0379], [9.9830, 57.0383], [9.9836, 57.0388],
    [9.9846, 57.0392], [9.9851, 57.0399], [9.9855, 57.0404], [9.9861, 57.0407], [9.9874, 57.0409], [9.9889, 57.0406],
    [9.9902, 57.0403], [9.9907, 57.0397], [9.9910, 57.0390], [9.9908, 57.0384],
]  # fmt: skip

WALKERS: dict[str, dict[str, Any]] = {
    "beboer": {"role": "resident", "team": "Hold 1"},
    "nabo": {"role": "resident", "team": "Hold 2"},
    "ung": {"role": "resident", "team": "Hold 2"},
    "samråd": {"role": "council", "team": "Hold 1"},
    "kommune": {"role": "municipality", "team": None},
    "betjent": {"role": "police", "team": None},
    "bolig": {"role": "housing", "team": "Hold 1"},
    "lærer": {"role": "school", "team": "Hold 2"},
}

# `minute`: after the start; `at`: lat, lon, accuracy in metres; `agreed`: who sees it so too.
NOTES: list[dict[str, Any]] = [
    {
        "by": "samråd", "minute": 6, "stop": 1, "at": (57.0371, 9.9791, 6.0), "valence": "safe", "feeling": 3,
        "factors": ["people.meeting_place", "lighting.level"], "agreed": ["beboer", "bolig", "kommune"],
        "note": "Der er lys i vinduerne og folk i caféen til kl. 21. Man bliver hilst på. Det gør en forskel.",
    },
    {
        "by": "beboer", "minute": 16, "stop": 2, "at": (57.0379, 9.9821, 8.5), "valence": "unsafe", "feeling": 0,
        "factors": ["lighting.outage", "paths.underpass", "paths.no_alternative"], "photos": ["tunnel"],
        "agreed": ["nabo", "ung", "lærer", "betjent"],
        "note": "Alle tre lamper i tunnelen er slukket. Jeg kan ikke se, om der står nogen, før jeg er midtvejs.",
        "suggestion": "Lys, der ikke kan slås i stykker, og et spejl ved udgangen.",
    },
    {
        "by": "ung", "minute": 19, "stop": 2, "at": (57.0380, 9.9823, 12.0), "valence": "mixed", "feeling": 1,
        "factors": ["paths.underpass", "upkeep.graffiti"],
        "note": "Om dagen er den fin, og maleriet er flot. Om aftenen tager jeg den lange vej rundt.",
    },
    {
        "by": "lærer", "minute": 31, "stop": 3, "at": (57.0391, 9.9845, 9.0), "valence": "unsafe", "feeling": 1,
        "factors": ["visibility.vegetation", "visibility.hiding_place", "traffic.school_route"], "photos": ["hedge"],
        "agreed": ["nabo", "samråd"],
        "note": "Buskene når helt ind over stien. Børnene går på kørebanen for at komme uden om.",
        "suggestion": "Klip ned til knæhøjde på de første to meter.",
    },
    {
        "by": "kommune", "minute": 34, "stop": 3, "at": (57.0394, 9.9848, 7.0), "valence": "mixed", "feeling": 2,
        "factors": ["lighting.blocked"],
        "note": "Lamperne virker, men står bag træerne. Lyset når ikke ned på stien.",
    },
    {
        "by": "nabo", "minute": 46, "stop": 4, "at": (57.0407, 9.9860, 5.0), "valence": "safe", "feeling": 3,
        "factors": ["people.playground", "lighting.level", "visibility.overlooked"], "photos": ["playground"],
        "agreed": ["ung", "samråd", "lærer"],
        "note": "De nye lamper er bløde og jævne, og der er vinduer hele vejen rundt. Her bliver børnene gerne hængende.",
    },
    {
        "by": "betjent", "minute": 49, "stop": 4, "at": (57.0408, 9.9863, 10.0), "valence": "safe", "feeling": 3,
        "factors": ["community.presence"],
        "note": "Natteravnene går forbi hver fredag. Det kan mærkes.",
    },
    {
        "by": "ung", "minute": 58, "stop": 5, "at": (57.0403, 9.9903, 14.0), "valence": "unsafe", "feeling": 1,
        "factors": ["transport.stop", "lighting.glare"], "photos": ["bus_stop"], "agreed": ["beboer"],
        "note": "Lyset i læskuret er så skarpt, at alt udenfor bliver sort. Alle kan se mig, jeg kan ingen se.",
        "suggestion": "Svagere lys i skuret og en lampe på den anden side af vejen.",
    },
    {
        "by": "bolig", "minute": 61, "stop": 5, "at": (57.0401, 9.9906, 11.0), "valence": "mixed", "feeling": 2,
        "factors": ["transport.way_to_stop", "paths.weather"],
        "note": "Vejen hertil er kort og lige, men der står vand på fliserne, så man går ude på cykelstien.",
    },
    {
        "by": "nabo", "minute": 66, "at": (57.0394, 9.9909, 22.0), "valence": "unsafe", "feeling": 1,
        "factors": ["behaviour.substances"],
        "note": "Bænken bag garagerne bliver brugt til andet end at sidde på. Jeg går udenom efter kl. 22.",
    },
    {
        "by": "beboer", "minute": 74, "stop": 6, "at": (57.0384, 9.9908, 6.5), "valence": "safe", "feeling": 3,
        "factors": ["people.presence", "people.mix", "people.open_hours"], "photos": ["square"],
        "agreed": ["samråd", "bolig", "betjent", "kommune"],
        "note": "Pizzeriaet har åbent længe, og der er altid nogen. Her venter vi på hinanden, før vi går hjem.",
    },
    {
        "by": "lærer", "minute": 81, "valence": "mixed", "feeling": 2, "factors": ["community.reputation"],
        "note": "Mange siger, at området er farligt. De fleste, der siger det, har ikke været her om aftenen.",
        "suggestion": "Hold flere ting på torvet, når det er mørkt.",
    },
]  # fmt: skip
