"""What of OpenStreetMap becomes part of our map, and as what: the one place where its tags are read.

Hides the tags (wiki.openstreetmap.org/wiki/Map_features). Promises only what helps to find one's way on foot and to judge a
place after dark: ways with their class, and whether they are lit, in a tunnel or on a bridge; water and what covers the
land; houses and their numbers; names; what stands in the street. What is indoors, planned or gone is not there.
Layers: land, water, building, rail, road, place, number, poi. Never looks at a shape.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

MIN_ZOOM, MAX_ZOOM = 10, 16

# The fields of each layer, as the archive's metadata names them.
LAYERS: dict[str, dict[str, str]] = {
    "land": {"kind": "String"},
    "water": {"kind": "String"},
    "building": {},
    "rail": {"kind": "String", "tunnel": "Boolean"},
    "road": {
        "class": "String",
        "name": "String",
        "lit": "String",
        "tunnel": "Boolean",
        "bridge": "Boolean",
        "surface": "String",
    },
    "place": {"kind": "String", "name": "String"},
    "number": {"number": "String"},
    "poi": {"kind": "String", "name": "String"},
}


class Feature(NamedTuple):
    """A part of the map. `zoom`: the first at which it is drawn; `about`: its properties."""

    layer: str
    zoom: int
    about: dict[str, Any]


Tags = Mapping[str, str]

# tag → {value: (kind, first zoom)}
_LAND = {
    "landuse": {
        **dict.fromkeys(("grass", "meadow", "village_green", "recreation_ground", "flowerbed"), ("grass", 12)),
        "forest": ("wood", 10),
        **dict.fromkeys(("farmland", "farmyard", "orchard", "allotments", "plant_nursery", "vineyard"), ("farm", 11)),
        "residential": ("residential", 10),
        **dict.fromkeys(("industrial", "railway", "port", "quarry", "landfill", "depot"), ("industrial", 10)),
        **dict.fromkeys(("commercial", "retail"), ("commercial", 11)),
        "cemetery": ("cemetery", 12),
    },
    "natural": {
        "wood": ("wood", 10),
        **dict.fromkeys(("grassland", "heath", "scrub", "wetland"), ("grass", 12)),
        **dict.fromkeys(("sand", "beach", "shingle"), ("sand", 12)),
    },
    "leisure": {
        **dict.fromkeys(("park", "garden", "golf_course", "dog_park", "common"), ("grass", 12)),
        "playground": ("playground", 14),
        **dict.fromkeys(("pitch", "track", "schoolyard"), ("pitch", 14)),
    },
    "amenity": {"grave_yard": ("cemetery", 13), "parking": ("parking", 14)},
}
_WATER_AREAS = {
    "natural": {"water": ("lake", 10), "bay": ("sea", 10)},
    "waterway": dict.fromkeys(("riverbank", "dock"), ("river", 11)),
    "landuse": dict.fromkeys(("basin", "reservoir"), ("lake", 12)),
    "leisure": {"swimming_pool": ("pool", 15)},
}
_WATERWAYS = {"river": 10, "canal": 11, "stream": 13, "ditch": 14, "drain": 14}
_RAILS = {"rail": 10, "light_rail": 12, "subway": 12, "narrow_gauge": 12, "tram": 14}
# highway → (class, first zoom)
_ROADS = {
    **dict.fromkeys(("motorway", "motorway_link", "trunk", "trunk_link"), ("motorway", 10)),
    **dict.fromkeys(("primary", "primary_link", "secondary", "secondary_link"), ("main", 10)),
    **dict.fromkeys(("tertiary", "tertiary_link"), ("main", 11)),
    **dict.fromkeys(("unclassified", "residential", "living_street", "road", "busway"), ("street", 12)),
    "service": ("service", 13),
    "pedestrian": ("pedestrian", 13),
    **dict.fromkeys(("path", "footway", "bridleway"), ("path", 13)),
    "cycleway": ("cycleway", 13),
    "track": ("track", 13),
    "steps": ("steps", 14),
}
_PLACES = {"city": 10, "town": 10, "village": 11, "suburb": 12, "borough": 11, "hamlet": 13, "quarter": 13,
           "neighbourhood": 14, "locality": 14, "square": 15}  # fmt: skip
# tag → {value: (kind, first zoom)}: what stands in the street
_STANDING = {
    "amenity": {"bench": ("bench", 15), "toilets": ("toilets", 14)},
    "highway": {"street_lamp": ("lamp", 15), "bus_stop": ("bus_stop", 14)},
    "emergency": {"defibrillator": ("defibrillator", 14), "fire_hydrant": ("hydrant", 15)},
}
_LIT = {"yes": "yes", "24/7": "yes", "automatic": "yes", "sunset-sunrise": "yes", "no": "no", "disused": "no"}
WANTED = ("aeroway", "amenity", "building", "emergency", "highway", "landuse", "leisure", "natural", "place", "railway",
          "waterway", "addr:housenumber")  # fmt: skip  # what has none of these tags is not looked at


def of_point(tags: Tags) -> Iterator[Feature]:
    """What a node is."""
    yield from _standing(tags)
    yield from _number(tags)
    kind, name = tags.get("place", ""), tags.get("name", "")
    if name and kind in _PLACES:
        yield Feature("place", _PLACES[kind], {"kind": kind, "name": name})
    elif name and tags.get("railway") in {"station", "halt"}:
        yield Feature("place", 13, {"kind": "station", "name": name})


def of_line(tags: Tags) -> Iterator[Feature]:
    """What a way is, as a line."""
    if is_road(tags) and tags.get("area") != "yes":
        yield _road(tags)
    elif (kind := tags.get("waterway", "")) in _WATERWAYS and not _below(tags):
        yield Feature("water", _WATERWAYS[kind], {"kind": kind})
    if (kind := tags.get("railway", "")) in _RAILS:
        hidden = {"tunnel": True} if _below(tags) else {}
        zoom = max(_RAILS[kind], 14 if tags.get("service") else 0)
        yield Feature("rail", zoom, {"kind": kind} | hidden)


def of_area(tags: Tags) -> Iterator[Feature]:
    """What a closed way or a multipolygon is, as an area."""
    if tags.get("building", "no") != "no":
        yield Feature("building", 13, {})
    if (kind := _of(_WATER_AREAS, tags)) and not _below(tags):
        yield Feature("water", kind[1], {"kind": kind[0]})
    elif kind := _of(_LAND, tags):
        underground = kind[0] == "parking" and tags.get("parking", "surface") not in {"surface", "street_side", "lane"}
        if not underground:
            yield Feature("land", kind[1], {"kind": kind[0]})
    if is_road(tags) and tags.get("area") == "yes":
        yield _road(tags)


def at_centre_of_area(tags: Tags) -> Iterator[Feature]:
    """What is said in the middle of an area: its name, its number, what stands there."""
    yield from _number(tags)
    yield from _standing(tags)
    name = tags.get("name", "")
    if name and tags.get("leisure") in {"park", "garden"}:
        yield Feature("place", 14, {"kind": "park", "name": name})
    elif name and tags.get("place") == "square":
        yield Feature("place", _PLACES["square"], {"kind": "square", "name": name})


def is_road(tags: Tags) -> bool:
    """Whether one can go there: a way of a kind we know, not inside a house."""
    return tags.get("highway", "") in _ROADS and tags.get("indoor", "no") == "no"


def _road(tags: Tags) -> Feature:
    kind, zoom = _ROADS[tags["highway"]]
    about: dict[str, Any] = {"class": kind}
    for name in ("name", "surface"):
        if tags.get(name):
            about[name] = tags[name]
    if lit := _LIT.get(tags.get("lit", "")):
        about["lit"] = lit
    if _below(tags):
        about["tunnel"] = True
    if tags.get("bridge", "no") != "no":
        about["bridge"] = True
    return Feature("road", zoom, about)


def _below(tags: Tags) -> bool:
    """In a tunnel or a passage through a house."""
    return tags.get("tunnel", "no") != "no"


def _number(tags: Tags) -> Iterator[Feature]:
    if number := tags.get("addr:housenumber"):
        yield Feature("number", 16, {"number": number[:12]})


def _standing(tags: Tags) -> Iterator[Feature]:
    if kind := _of(_STANDING, tags):
        name = {"name": tags["name"]} if tags.get("name") else {}
        yield Feature("poi", kind[1], {"kind": kind[0]} | name)


def _of(known: Mapping[str, Mapping[str, tuple[str, int]]], tags: Tags) -> tuple[str, int] | None:
    found = (kinds.get(tags.get(key, "")) for key, kinds in known.items())
    return next((kind for kind in found if kind), None)
