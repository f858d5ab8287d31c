"""What of the overview is asked for: which walks, by area and year; which measures, by partner and status.

Hides the query string. Promises that what cannot be understood asks for nothing special, that a filter holds for the page as
for its files, and that one address brings the same again.
"""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query

from app.measures.measures import STATUSES

NOBODY = "nobody"  # instead of a partner's id: nobody answers for it yet
OPEN = "open"
WHICH = (OPEN, *STATUSES)


@dataclass(frozen=True, slots=True)
class Asked:
    """ "" and None: all of them."""

    area: str = ""
    year: int | None = None
    partner: str = ""
    status: str = ""

    def __bool__(self) -> bool:
        return self != Asked()

    def takes(self, area: str, year: int) -> bool:
        """Whether a walk is asked for."""
        return self.area in ("", area) and self.year in (None, year)

    def wants(self, partner_id: str | None, status: str, is_open: bool) -> bool:
        """Whether a measure is."""
        return self.partner in ("", partner_id or NOBODY) and (
            self.status in ("", status) or (self.status == OPEN and is_open)
        )

    def query(self, **other: str) -> str:
        """As it stands in an address, `other` in place of what is asked for; without a question mark."""
        held = {"area": self.area, "year": str(self.year or ""), "partner": self.partner, "status": self.status}
        return urlencode({name: value for name, value in (held | other).items() if value})


def asked(
    area: Annotated[str, Query(max_length=200)] = "",
    year: Annotated[str, Query(max_length=10)] = "",
    partner: Annotated[str, Query(max_length=36)] = "",
    status: Annotated[str, Query(max_length=20)] = "",
) -> Asked:
    """From the address."""
    number = int(year) if year.isascii() and year.isdigit() and len(year) == 4 else None
    return Asked(area, number, partner, status if status in WHICH else "")
