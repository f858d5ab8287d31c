"""An evening that is walked twice: its report released, then the walk that goes back to it."""

import json
import re
from typing import Any

from app.models import Measure, Photo, Stop, Walk
from tests.phone import Picture, jpeg
from tests.photos.pictures import until
from tests.report.evening import Evening
from tests.report.printed import Paper

COLOURS = iter((n * 7 % 250, n * 13 % 250, n * 29 % 250) for n in range(1, 10_000))


class Again(Evening):
    """An evening, and after back() the walk that goes back to it, with stops of the same names."""

    earlier: Walk

    def back(self, kind: str = "return", stops: tuple[str, ...] = ("Kilden", "Tunnelen"), **given: Any) -> None:
        self.earlier = self.walk
        given = {"code": "CCCCDDDD", "title": "Anden gang", "organisation_id": self.earlier.organisation_id} | given
        with self.stage.db.write() as tx:
            tx.add(later := Walk(follows_id=self.earlier.id, follows_as=kind, **given))
            tx.flush()
            made = [Stop(walk_id=later.id, number=n, name=name) for n, name in enumerate(stops, 1)]
            tx.add_all(made)
        self.stage.walk, self.stage.stops = later, made
        self.plan.phone = self.stage.phone()

    def shown(self, stop: int = 2, **content: Any) -> tuple[str, str]:
        """A released note with an approved photo: (its id, the photo's)."""
        picture = Picture(jpeg(640, 480, next(COLOURS)))
        note_id = self.note(picture, stop=stop, **content)
        until(lambda: self.state_of(picture.id) == "ready")
        self.photo(picture.id, review="approved")
        return note_id, picture.id

    def state_of(self, photo_id: str) -> str:
        with self.stage.db.read() as tx:
            return str(tx.get_one(Photo, photo_id).state)

    def photo(self, photo_id: str, **fields: Any) -> None:
        with self.stage.db.write() as tx:
            photo = tx.get_one(Photo, photo_id)
            for name, value in fields.items():
                setattr(photo, name, value)

    def measure(self, note_id: str, **fields: Any) -> str:
        told = self.plan.make(self.anna, note_id)
        given = {"place": "Tunnelen", "problem": "Mørkt", "measure": "Lampen skiftes", "kind": "upkeep", **fields}
        with self.stage.db.write() as tx:
            held = tx.get_one(Measure, told.id)
            for name, value in given.items():
                setattr(held, name, value)
        return str(told.id)

    def write(self, **typed: Any) -> None:
        path = f"{self.at}/report/write"
        self.anna.open(path).press(path, **typed)
        assert self.anna.status == 200, self.anna.words

    def page(self) -> str:
        return self.reader.open(self.public).words

    def data(self) -> dict[str, Any]:
        answer = self.stage.http.get(f"{self.public}/edition.json")
        assert answer.status_code == 200
        return dict(json.loads(answer.content))

    def row(self, name: str) -> str:
        """The words of a place's row in the table."""
        return self.row_of(self.reader.open(self.public).page, name)

    def row_of(self, page: str, name: str) -> str:
        rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", page.partition("compare since")[2], re.S)
        plain = [" ".join(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", row, flags=re.S).split()) for row in rows]
        return next(row for row in plain if name in row)

    def printed(self) -> int:
        """How many photos are in the PDF, each once."""
        return len({photo["object"] for photo in self.pdf().photos})

    def pdf(self) -> Paper:
        answer = self.stage.http.get(f"{self.public}/report.pdf", headers={"Accept-Language": "en"})
        assert answer.status_code == 200, answer.text
        return Paper(answer.content)
