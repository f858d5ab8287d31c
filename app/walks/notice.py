"""The words a walker reads about their data before joining, where a walk brings none of its own.

In plain language, from the Danish rules as `docs/` tells them; not legal advice. Said once in each language.
"""

NOTICES = {
    "da": (
        "Du skriver om steder, ikke om personer. De andre på turen ser dine noter uden navn. Følsomme noter ser kun du "
        "og kommunens tovholder, til de er gennemset. Intet bliver offentligt, før to personer har læst det igennem. "
        "Andre kan bede om aktindsigt, så det du skriver kan blive offentligt. Dit navn er valgfrit, bruges kun, hvis "
        "tovholderen har et spørgsmål, og slettes, når vandringen er gjort op. Du kan rette og slette dine egne noter "
        "i appen. Kommunen er ansvarlig for oplysningerne; du kan klage til Datatilsynet."
    ),
    "en": (
        "You write about places, not about people. The others on the walk see your notes without your name. Sensitive "
        "notes are seen only by you and the municipality's coordinator until they are reviewed. Nothing becomes public "
        "before two people have read it. Others may ask for access to files, so what you write can become public. Your "
        "name is optional, is used only if the coordinator has a question, and is deleted when the walk is finished. "
        "You can edit and delete your own notes in the app. The municipality is responsible for the data; you can "
        "complain to the Danish Data Protection Agency."
    ),
}


def privacy_notice(language: str) -> str:
    """The default notice in "da" or "en"; Danish for any other."""
    return NOTICES.get(language, NOTICES["da"])
