"""What others call what we draw: tiles in the schema of OpenMapTiles or of the Danish state's Skærmkort, in our words.

Hides the two schemas (openmaptiles.org/schema; Klimadatastyrelsen's guide to the vector tiles of Skærmkort), as
static/js/elements/schemas.js does for the page's maps. Promises only the layers that the map on paper draws; what it does
not know is not there. Tiles of our own pass as they are.
"""

from typing import Any

from app.basemap.mvt import Thing

Layers = dict[str, list[Thing]]

# layer: (ours, what tells the kind, {its word: ours}); "" as the word is everything that is left
_KINDS: dict[str, list[tuple[str, str, dict[str, str]]]] = {
    # OpenMapTiles
    "landcover": [("land", "class", {"grass": "grass", "wood": "wood", "farmland": "farm", "sand": "sand"})],
    "landuse": [("land", "class", {"residential": "residential", "industrial": "industrial", "commercial": "commercial",
                                   "retail": "commercial", "cemetery": "cemetery", "playground": "playground", "pitch": "pitch"})],
    "park": [("land", "class", {"": "grass"})],
    "waterway": [("water", "class", {"": "stream"})],
    "transportation": [
        ("road", "class", {"motorway": "motorway", "trunk": "motorway", "primary": "main", "secondary": "main",
                           "tertiary": "main", "minor": "street", "service": "service", "track": "track", "path": "path",
                           "pedestrian": "pedestrian"}),
        ("rail", "class", {"rail": "rail", "transit": "tram"}),
    ],
    "transportation_name": [("street", "class", {"": "street"})],
    # Skærmkort
    "natur": [("land", "type", {"skov": "wood", "hede": "grass", "sandklit": "sand"})],
    "bebygget": [
        ("building", "type", {"bygning": "building"}),
        ("land", "type", {"rekreativtområde": "grass", "rekreativområde": "grass", "begravelsesområde": "cemetery"}),
    ],
    "industri": [("land", "type", {"": "industrial"})],
    "vand": [("water", "type", {"": "lake"})],
    "vandloeb": [("water", "type", {"": "stream"})],
    "jernbane": [("rail", "type", {"": "rail"})],
    "veje": [("road", "type", {"motorvej": "motorway", "motortrafikvej": "motorway", "primærvej": "main",
                               "sekundærvej": "main", "tertiærvej": "main", "anden vej": "street", "sti": "path"})],
}  # fmt: skip
_OURS = {
    "land",
    "water",
    "building",
    "rail",
    "road",
    "place",
}  # where OpenMapTiles has the same name, it means the same


def in_our_words(layers: Layers) -> Layers:
    """The tile's layers as app/basemap/features.py has them, and `street`: lines that only carry a name."""
    found: Layers = {name: list(things) for name, things in layers.items() if name in _OURS}
    for name, rules in _KINDS.items():
        for thing in layers.get(name, []):
            for ours, told_by, kinds in rules:
                kind = kinds.get(str(thing.about.get(told_by)), kinds.get("", ""))
                if kind:
                    found.setdefault(ours, []).append(thing._replace(about=_about(thing.about, ours, kind)))
    return found


def _about(said: dict[str, Any], ours: str, kind: str) -> dict[str, Any]:
    name = said.get("name") or said.get("name:latin") or said.get("navn")
    below = "tunnel" in (said.get("brunnel"), said.get("niveau"))
    told: dict[str, Any] = {"class" if ours == "road" else "kind": kind}
    return told | ({"name": name} if name else {}) | ({"tunnel": True} if below else {})
