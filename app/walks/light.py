"""When it gets dark at a walk's place, and what that makes of the walk: daylight, dusk or dark.

Hides the sun (astral). Promises None wherever there is no answer: no place, no time, or a sun that does not set.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from astral import Observer
from astral.sun import dusk, sunset

Place = tuple[float, float]  # latitude, longitude in degrees


def sets_at(moment: datetime, place: Place, timezone: str) -> datetime | None:
    """When the sun sets on the day of `moment`, as clocks show it there."""
    return _on_the_day(sunset, moment, place, timezone)


def light_at(moment: datetime, place: Place, timezone: str) -> str | None:
    """ "daylight" until the sun has set, "dusk" while one can still do without lamps (the sun at most 6° below the
    horizon: civil twilight), then "dark"."""
    down, dark = sets_at(moment, place, timezone), _on_the_day(dusk, moment, place, timezone)
    if down is None or dark is None:
        return None
    return "daylight" if moment < down else "dusk" if moment < dark else "dark"


def _on_the_day(event: object, moment: datetime, place: Place, timezone: str) -> datetime | None:
    zone = ZoneInfo(timezone)
    try:
        return event(Observer(*place), date=moment.astimezone(zone).date(), tzinfo=zone)  # type: ignore[operator,no-any-return]
    except ValueError:  # it does not set on that day, that far north
        return None
