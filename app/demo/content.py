"""What was seen on the demo walk, in the words of its walkers. Data alone; nobody in it exists.

Places lie in the middle of Helsinki, because its map may be given to everybody with the program (app/demo/ground.py); what
is said of them is made up, and the words are those of a Danish evening.
"""

from typing import Any

TITLE = "Aftenvandring i Helsinki"
PURPOSE = "Vi går samme vej, som mange går hjem efter mørkets frembrud, og ser på lys, stier og steder at mødes."
MEETING_POINT = "Beboerhuset, indgangen mod torvet"
CONTACTS = "Tovholder: samrådets formand, tlf. 00 00 00 00 (demo)"

# (name, what to ask there, lat, lon)
STOPS = [
    ("Beboerhuset", "Hvem kommer her om aftenen?", 60.17312, 24.94940),
    ("Tunnelen under sporene", "Er der en anden vej, når det er mørkt?", 60.17301, 24.94317),
    ("Stien ved skolen", "Kan du se, hvem du møder?", 60.17437, 24.94270),
    ("Legepladsen", "Hvem bruger stedet, og hvornår?", 60.17442, 24.94420),
    ("Busstoppestedet", "Vil du vente her alene?", 60.17211, 24.94573),
    ("Torvet", "Hvad får dig til at blive stående?", 60.17146, 24.94495),
]

# [lon, lat]
ROUTE = [
    [24.94940, 60.17312], [24.94885, 60.17328], [24.94877, 60.17343], [24.94652, 60.17339], [24.94532, 60.17298],
    [24.94422, 60.17298], [24.94331, 60.17295], [24.94317, 60.17301], [24.94304, 60.17382], [24.94307, 60.17404],
    [24.94270, 60.17437], [24.94307, 60.17404], [24.94313, 60.17382], [24.94424, 60.17385], [24.94420, 60.17442],
    [24.94425, 60.17375], [24.94491, 60.17345], [24.94500, 60.17336], [24.94505, 60.17298], [24.94513, 60.17277],
    [24.94531, 60.17209], [24.94573, 60.17211], [24.94534, 60.17199], [24.94504, 60.17183], [24.94508, 60.17147],
    [24.94495, 60.17146],
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
        "by": "samråd", "minute": 6, "stop": 1, "at": (60.17313, 24.94930, 6.0), "valence": "safe", "feeling": 3,
        "factors": ["people.meeting_place", "lighting.level"], "agreed": ["beboer", "bolig", "kommune"],
        "note": "Der er lys i vinduerne og folk i caféen til kl. 21. Man bliver hilst på. Det gør en forskel.",
    },
    {
        "by": "beboer", "minute": 16, "stop": 2, "at": (60.17300, 24.94305, 8.5), "valence": "unsafe", "feeling": 0,
        "factors": ["lighting.outage", "paths.underpass", "paths.no_alternative"], "photos": ["tunnel"],
        "agreed": ["nabo", "ung", "lærer", "betjent"],
        "note": "Alle tre lamper i tunnelen er slukket. Jeg kan ikke se, om der står nogen, før jeg er midtvejs.",
        "suggestion": "Lys, der ikke kan slås i stykker, og et spejl ved udgangen.",
    },
    {
        "by": "ung", "minute": 19, "stop": 2, "at": (60.17308, 24.94318, 12.0), "valence": "mixed", "feeling": 1,
        "factors": ["paths.underpass", "upkeep.graffiti"],
        "note": "Om dagen er den fin, og maleriet er flot. Om aftenen tager jeg den lange vej rundt.",
    },
    {
        "by": "lærer", "minute": 31, "stop": 3, "at": (60.17432, 24.94276, 9.0), "valence": "unsafe", "feeling": 1,
        "factors": ["visibility.vegetation", "visibility.hiding_place", "traffic.school_route"], "photos": ["hedge"],
        "agreed": ["nabo", "samråd"],
        "note": "Buskene når helt ind over stien. Børnene går på kørebanen for at komme uden om.",
        "suggestion": "Klip ned til knæhøjde på de første to meter.",
    },
    {
        "by": "kommune", "minute": 34, "stop": 3, "at": (60.17446, 24.94262, 7.0), "valence": "mixed", "feeling": 2,
        "factors": ["lighting.blocked"],
        "note": "Lamperne virker, men står bag træerne. Lyset når ikke ned på stien.",
    },
    {
        "by": "nabo", "minute": 46, "stop": 4, "at": (60.17441, 24.94412, 5.0), "valence": "safe", "feeling": 3,
        "factors": ["people.playground", "lighting.level", "visibility.overlooked"], "photos": ["playground"],
        "agreed": ["ung", "samråd", "lærer"],
        "note": "De nye lamper er bløde og jævne, og der er vinduer hele vejen rundt. Her bliver børnene gerne hængende.",
    },
    {
        "by": "betjent", "minute": 49, "stop": 4, "at": (60.17436, 24.94428, 10.0), "valence": "safe", "feeling": 3,
        "factors": ["community.presence"],
        "note": "Natteravnene går forbi hver fredag. Det kan mærkes.",
    },
    {
        "by": "ung", "minute": 58, "stop": 5, "at": (60.17214, 24.94570, 14.0), "valence": "unsafe", "feeling": 1,
        "factors": ["transport.stop", "lighting.glare"], "photos": ["bus_stop"], "agreed": ["beboer"],
        "note": "Lyset i læskuret er så skarpt, at alt udenfor bliver sort. Alle kan se mig, jeg kan ingen se.",
        "suggestion": "Svagere lys i skuret og en lampe på den anden side af vejen.",
    },
    {
        "by": "bolig", "minute": 61, "stop": 5, "at": (60.17205, 24.94540, 11.0), "valence": "mixed", "feeling": 2,
        "factors": ["transport.way_to_stop", "paths.weather"], "photos": ["puddle"],
        "note": "Vejen hertil er kort og lige, men der står vand på fliserne, så man går ude på cykelstien.",
    },
    {
        "by": "nabo", "minute": 66, "at": (60.17196, 24.94520, 22.0), "valence": "unsafe", "feeling": 1,
        "factors": ["behaviour.substances"],
        "note": "Bænken bag garagerne bliver brugt til andet end at sidde på. Jeg går udenom efter kl. 22.",
    },
    {
        "by": "beboer", "minute": 74, "stop": 6, "at": (60.17148, 24.94490, 6.5), "valence": "safe", "feeling": 3,
        "factors": ["people.presence", "people.mix", "people.open_hours"], "photos": ["square"],
        "agreed": ["samråd", "bolig", "betjent", "kommune"],
        "note": "Pizzeriaet har åbent længe, og der er altid nogen. Her venter vi på hinanden, før vi går hjem.",
    },
    {
        "by": "lærer", "minute": 81, "valence": "mixed", "feeling": 2, "factors": ["community.reputation"],
        "note": "Mange siger, at området er farligt. De fleste, der siger det, har ikke været her om aftenen.",
        "suggestion": "Hold flere ting på torvet, når det er mørkt.",
    },
    {
        "by": "nabo", "minute": 59, "stop": 5, "at": (60.17210, 24.94577, 9.0), "valence": "mixed", "feeling": 2,
        "factors": ["community.neighbours"],
        "note": "Ham i stueetagen over for stoppestedet står altid i vinduet og holder øje med, hvem der venter.",
    },
    {
        "by": "bolig", "minute": 77, "stop": 6, "at": (60.17150, 24.94501, 7.5), "valence": "unsafe", "feeling": 1,
        "factors": ["buildings.entrance"],
        "note": "Døren til opgangen ved siden af pizzeriaet smækker ikke. Kirsten Holm har meldt det tre gange.",
        "suggestion": "En ny dørpumpe.",
    },
    {
        "by": "samråd", "minute": 37, "stop": 3, "at": (60.17440, 24.94268, 8.0), "valence": "unsafe", "feeling": 1,
        "factors": ["traffic.parking"],
        "note": "Varevognen AB 12 345 holder på tværs af stien hver aften, så man skal ud på vejen med barnevogn.",
    },
]  # fmt: skip
