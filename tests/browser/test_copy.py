"""The last resort: what cannot be sent is saved as one file, taken in from there, and only then may the walk be left."""

import hashlib
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Route, expect

from tests.browser.walking import Evening, Planned

OBSERVATIONS = re.compile("/api/v1/observations/[^/]+$")
PHOTOS = "**/api/v1/observations/*/photos/*"


@pytest.fixture
def photo(tmp_path: Path) -> Callable[[int], Path]:
    def make(number: int) -> Path:
        path = tmp_path / f"{number}.jpg"
        Image.new("RGB", (640, 480), (30 * number, 90, 60)).save(path)
        return path

    return make


def saved(night: Evening, folder: Path) -> Path:
    """Presses the button, and gives the file that came."""
    with night.page.expect_download() as download:
        night.button("Gem en kopi").click()
    expect(night.said).to_contain_text("Kopien er gemt")
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def stored(night: Evening, script: str) -> Any:
    """What a script sees of the phone's database, as `kept`: the store with the walk and the settings."""
    return night.page.evaluate(
        """(script) => new Promise((resolve, reject) => {
            const opening = indexedDB.open("tryghedsvandring");
            opening.onerror = reject;
            opening.onsuccess = () => {
                const kept = opening.result.transaction("kept", "readonly").objectStore("kept");
                const asked = kept.get(script);
                asked.onsuccess = () => { opening.result.close(); resolve(asked.result ?? null); };
            };
        })""",
        script,
    )


def test_three_notes_written_offline_reach_the_report_by_the_file_and_then_by_the_phone_once(
    night: Evening, photo: Callable[[int], Path], tmp_path: Path
) -> None:
    night.join().ready().offline()
    night.begin("Utryg").write("Vejen hjem er mørk").add_photos(photo(1), photo(2)).save()
    night.begin("Tryg").write("Vejen hjem er åben").add_photos(photo(3)).save()
    night.begin("Både-og").write("Vejen hjem er lang").save().notes()
    path = saved(night, tmp_path)
    assert re.fullmatch(rf"tryghedsvandring-{night.walk['code']}-\d{{4}}-\d\d-\d\d-\d{{4}}\.zip", path.name)

    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        told = json.loads(archive.read("copy.json"))
        read_me = archive.read("LÆS-MIG.txt").decode()
        assert len(archive.namelist()) == 2 + 3
        for body in told["observations"]:
            for declared in body["photos"]:
                data = archive.read(f"photos/{declared['id']}")
                assert (hashlib.sha256(data).hexdigest(), len(data)) == (declared["sha256"], declared["bytes"])
    for words in ("tovholder", "3 noter, 3 billeder", "1. Utryg", "Vejen hjem er mørk", "Vejen hjem er åben"):
        assert words in read_me
    secret = stored(night, "joined")["secret"]
    assert secret not in json.dumps(told) + read_me
    assert told["participant"]["secret_sha256"] == hashlib.sha256(secret.encode()).hexdigest()

    once = night.server.tryg("import", str(path))
    assert (once["notes"]["new"], once["photos"]["new"], once["refusals"]) == (3, 3, [])
    again = night.server.tryg("import", str(path))
    assert (again["notes"], again["photos"]["known"]) == ({"new": 0, "known": 3, "refused": 0}, 3)
    before = night.received("Vejen hjem")
    assert sorted(len(feature["properties"]["photos"]) for feature in before) == [0, 1, 2]
    night.offline(False)
    night.button("Send nu").click()
    expect(night.page.get_by_text("Alle er fremme")).to_be_visible()
    after = night.received("Vejen hjem")
    assert [feature["id"] for feature in after] == [feature["id"] for feature in before]
    expect(night.button("Gem en kopi")).to_have_count(0)


def test_what_the_server_refuses_and_what_it_lacks_a_photo_of_are_in_the_copy_and_what_arrived_is_not(
    night: Evening, photo: Callable[[int], Path], tmp_path: Path
) -> None:
    problem = '{"type": "/problems/invalid", "title": "", "status": 422, "detail": "Noget passer ikke."}'

    def refuse(route: Route) -> None:
        if "afvist" in (route.request.post_data or ""):
            route.fulfill(status=422, body=problem, content_type="application/problem+json")
        else:
            route.continue_()

    night.page.context.route(OBSERVATIONS, refuse)
    night.join().begin("Utryg").write("Nået frem").save()
    night.page.context.route(PHOTOS, lambda route: route.abort())
    night.begin("Utryg").write("Uden sit billede").add_photos(photo(1)).save()
    night.begin("Utryg").write("Den bliver afvist").save().notes()
    expect(night.page.locator(".state[data-state=failed]", has_text="Kunne ikke sendes")).not_to_have_count(0)
    expect(night.page.locator(".state", has_text="0 af 1 billede")).to_have_count(1)
    path = saved(night, tmp_path)
    with zipfile.ZipFile(path) as archive:
        notes = json.loads(archive.read("copy.json"))["observations"]
        assert [note["note"] for note in notes] == ["Uden sit billede", "Den bliver afvist"]
        assert [name for name in archive.namelist() if name.startswith("photos/")] == [
            f"photos/{notes[0]['photos'][0]['id']}"
        ]
    done = night.server.tryg("import", str(path))
    assert done["notes"] == {"new": 1, "known": 1, "refused": 0}
    assert done["photos"]["new"] == 1


SHARING = """
    globalThis.shared = [];
    navigator.canShare = ({ files }) => files.every((file) => file.name.endsWith(".zip") && file.size > 0);
    navigator.share = async ({ files }) => {
        const refusal = globalThis.shared.length < 2 && ["AbortError", "NotAllowedError"][globalThis.shared.length];
        globalThis.shared.push(files[0].name);
        if (refusal) throw new DOMException("", refusal);
    };
"""


def test_a_phone_that_can_share_shares_and_counts_it_only_once_it_has(night: Evening) -> None:
    night.page.add_init_script(SHARING)
    night.join().ready().offline().begin("Utryg").save().notes()
    night.button("Gem en kopi").click()
    expect(night.said).to_contain_text("Kopien blev ikke delt")
    night.button("Del").click()
    expect(night.said).to_contain_text("Kopien er klar")
    assert stored(night, "setting:copied") is None
    night.button("Del").click()
    expect(night.said).to_contain_text("Kopien er delt")
    assert len(stored(night, "setting:copied")["notes"]) == 1
    assert len(set(night.page.evaluate("shared"))) == 1


def test_a_walk_is_left_with_a_copy_of_everything_in_a_second_step_and_never_with_less(
    night: Evening, photo: Callable[[int], Path], tmp_path: Path
) -> None:
    step = night.button("Forlad: Jeg har kopien")
    night.join().ready().offline().begin("Utryg").write("Først").add_photos(photo(1)).save()
    night.page.get_by_role("link", name="Hjælp", exact=True).click()
    night.button("Forlad vandringen").click()
    expect(night.page.get_by_text("1 note er kun på telefonen. 1 billede er kun på telefonen.")).to_be_visible()
    expect(step).to_have_count(0)
    saved(night, tmp_path)
    expect(step).to_be_visible()
    expect(night.page.get_by_text("Alt er i den kopi, du gemte.")).to_be_visible()

    night.page.get_by_role("link", name="Tilbage", exact=True).click()  # a note the copy does not hold
    night.begin("Tryg").write("Efter kopien").save()
    night.page.get_by_role("link", name="Hjælp", exact=True).click()
    night.button("Forlad vandringen").click()
    expect(night.page.get_by_text("2 noter er kun på telefonen.")).to_be_visible()
    expect(step).to_have_count(0)
    path = saved(night, tmp_path)
    expect(step).to_be_visible()
    step.click()
    expect(night.page.get_by_role("textbox", name="Kode", exact=True)).to_be_visible()
    assert stored(night, "joined") is None
    assert stored(night, "setting:copied") is None
    assert night.server.tryg("import", str(path))["notes"]["new"] == 2


def test_another_walk_is_joined_with_a_copy_and_a_draft_holds_the_walker_back(
    night: Evening, planned: Planned, tmp_path: Path
) -> None:
    other = planned.server.tryg("walk", "create", "--title", "Den næste vandring")
    step = night.button("Gå med: Jeg har kopien")
    night.join().page.context.route(OBSERVATIONS, lambda route: route.abort())
    night.begin("Utryg").write("Kommer ikke af sted").save()
    night.begin("Utryg").write("En kladde")

    night.page.goto(other["join_url"])
    night.button("Gå med").click()
    expect(night.page.get_by_text("1 note er kun på telefonen. 1 kladde er ikke færdig.")).to_be_visible()
    saved(night, tmp_path)
    expect(night.page.get_by_text("Gør den færdig, eller smid den væk")).to_be_visible()
    expect(step).to_have_count(0)

    night.page.goto(night.url + "#/note/new")
    night.button("Smid kladden væk").click()
    expect(night.page.get_by_role("link", name="Ny note", exact=True)).to_be_visible()  # it is gone from the phone
    night.page.goto(other["join_url"])
    night.button("Gå med").click()
    step.click()
    expect(night.page.get_by_text("Den næste vandring")).to_be_visible()
    assert stored(night, "joined")["code"] == other["code"]


def test_a_note_that_was_handed_over_in_a_copy_and_then_deleted_on_the_phone_leaves_the_report(
    night: Evening, tmp_path: Path
) -> None:
    night.join().ready().offline().begin("Utryg").write("Fortrudt efter kopien").save().notes()
    night.server.tryg("import", str(saved(night, tmp_path)))
    assert len(night.received("Fortrudt efter kopien")) == 1
    night.page.get_by_role("link", name="Ret eller slet", exact=True).click()
    night.button("Slet").click()
    expect(night.said).to_contain_text("Slettet")
    night.offline(False)
    night.received_at_last("Fortrudt efter kopien", 0)


def test_a_copy_of_an_older_revision_or_without_a_photo_is_none(phone: Any) -> None:
    """The store itself asks, in the transaction that forgets."""
    script = """
        const draft = store.freshDraft();
        await store.addDraftPhoto(draft.key, { buffer: new ArrayBuffer(8), type: "image/jpeg" });
        const note = await store.saveNote({ ...draft, content: { ...draft.content, valence: "safe" } });
        const [photo] = note.photos;
        const tries = [];
        for (const [rev, photos] of given[0]) {
            await store.setSetting("copied", { made_at: "", notes: { [note.id]: rev }, photos: photos ? [photo.id] : [] });
            tries.push(await store.leave({ withCopy: true }).then(() => "left", (reason) => reason.name));
        }
        return tries;
    """
    assert phone.run(script, [[2, True], [0, True], [1, False], [1, True]]) == ["Unsent", "Unsent", "Unsent", "left"]
