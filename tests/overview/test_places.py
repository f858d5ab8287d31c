"""Places that several walks have named: what is one place, and what is not."""

from app.overview.places import NEAR_M, Named, Spot, felt, repeated

HOME = ("org", "aalborg øst")
LAT, LON = 57.04, 9.98
METRE = 1 / 111_195  # degrees of latitude


def stop(walk: str, name: str, north_m: float | None = 0.0, home: tuple[str | None, str] = HOME) -> Spot:
    lat, lon = (LAT + north_m * METRE, LON) if north_m is not None else (None, None)
    return Spot(walk, int(walk), home, f"{walk}-{name}", name, lat, lon)


def at(spot: Spot, valence: str = "unsafe", number: int = 1) -> tuple[Spot, str, int]:
    return Spot(spot.walk_id, spot.order, spot.home, spot.stop_id, "", None, None), valence, number


def between(walk: str, north_m: float) -> tuple[Spot, str, int]:
    """A note that names no stop."""
    return Spot(walk, int(walk), HOME, "", "", LAT + north_m * METRE, LON), "safe", 1


def told(found: list[Named]) -> list[tuple[str, list[str]]]:
    return [(one.name, [visit.walk_id for visit in one.visits]) for one in found]


def test_a_stop_of_the_same_name_nearby_is_the_same_place() -> None:
    old, new = stop("1", "Tunnelen"), stop("2", "tunnelen ", 120)
    [place] = repeated([old, new], [at(old), at(new, "safe", 3)])
    assert [(visit.walk_id, felt(visit.notes)) for visit in place.visits] == [
        ("1", [("unsafe", 1)]), ("2", [("safe", 3)])]  # fmt: skip
    assert place.notes == 4


def test_a_stop_of_another_name_within_forty_metres_is_the_same_place_by_its_newest_name() -> None:
    old, new = stop("1", "Gangbroen"), stop("2", "Broen", NEAR_M - 1)
    assert told(repeated([old, new], [at(old), at(new)])) == [("Broen", ["1", "2"])]
    far = stop("2", "Broen", NEAR_M + 2)
    assert repeated([old, far], [at(old), at(far)]) == []


def test_a_name_alone_joins_nothing_across_town() -> None:
    here, there = stop("1", "Parkeringspladsen"), stop("2", "Parkeringspladsen", 5_000)
    assert repeated([here, there], [at(here), at(there)]) == []


def test_stops_without_a_place_are_the_same_by_name_within_one_area_only() -> None:
    old, new = stop("1", "Kilden", None), stop("2", "Kilden")
    assert told(repeated([old, new], [at(old), at(new)])) == [("Kilden", ["1", "2"])]
    elsewhere = stop("2", "Kilden", None, ("org", "gug"))
    assert repeated([old, elsewhere], [at(old), at(elsewhere)]) == []
    nowhere = [stop(walk, "Kilden", None, (None, "")) for walk in ("1", "2")]
    assert repeated(nowhere, [at(one) for one in nowhere]) == [], "without an area nobody knows"


def test_notes_between_the_stops_belong_to_what_is_within_forty_metres() -> None:
    tunnel = stop("1", "Tunnelen")
    assert told(repeated([tunnel], [at(tunnel), between("2", 30)])) == [("Tunnelen", ["1", "2"])]
    assert repeated([tunnel], [at(tunnel), between("2", 60)]) == []
    [place] = repeated([], [between("1", 500), between("2", 520)])
    assert (place.name, round(place.lat or 0, 4)) == ("", round(LAT + 500 * METRE, 4))


def test_a_row_of_notes_along_a_path_is_not_one_place() -> None:
    """Each lies within 40 m of the next, and the first and the last are 300 m apart."""
    found = repeated([], [between(str(1 + number % 2), 30 * number) for number in range(11)])
    assert len(found) >= 3
    assert all(one.notes <= 4 for one in found)


def test_one_walk_that_names_a_place_twice_has_not_come_back_to_it() -> None:
    tunnel = stop("1", "Tunnelen")
    assert repeated([tunnel], [at(tunnel), at(tunnel), between("1", 5)]) == []


def test_places_stand_by_the_alphabet_whatever_was_felt_there() -> None:
    stops = [
        stop(walk, name, north) for walk in ("1", "2") for name, north in (("Å", 0), ("Broen", 900), ("alléen", 1800))
    ]
    notes = [at(one, "unsafe", 9 if one.name == "Å" else 1) for one in stops]
    assert [name for name, _walks in told(repeated(stops, notes))] == ["alléen", "Broen", "Å"]
