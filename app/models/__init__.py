"""Every table of the product, in four files: walk.py, people.py, outcome.py, privacy.py. The walkers' words, the same as on the wire and in the report.

Times are UTC instants; `captured_at` (the phone's clock, text as sent) is never `received_at` (ours). Ids of walkers'
records are minted by their phones: UUIDs in lower case. Unique keys here are what keeps a repeat from becoming a second
record. Migrations under migrations/versions/ must give exactly this; a house test compares them.
"""

from app.models.columns import new_id, now
from app.models.outcome import (
    Decision,
    Edition,
    Ground,
    Measure,
    MeasureStep,
    Partner,
    PartnerLink,
    Review,
    Sent,
    Takedown,
    Telling,
)
from app.models.people import (
    FailedTry,
    Identity,
    Invitation,
    Membership,
    Passkey,
    ReadingKey,
    SignIn,
    User,
    UserSession,
)
from app.models.privacy import Access, Erasure
from app.models.walk import (
    Agreement,
    Leading,
    Mark,
    Observation,
    Organisation,
    Participant,
    Photo,
    Revision,
    Stop,
    Team,
    Track,
    Variant,
    Walk,
)

__all__ = [
    "Access",
    "Agreement",
    "Decision",
    "Edition",
    "Erasure",
    "FailedTry",
    "Ground",
    "Identity",
    "Invitation",
    "Leading",
    "Mark",
    "Measure",
    "MeasureStep",
    "Membership",
    "Observation",
    "Organisation",
    "Participant",
    "Partner",
    "PartnerLink",
    "Passkey",
    "Photo",
    "ReadingKey",
    "Review",
    "Revision",
    "Sent",
    "SignIn",
    "Stop",
    "Takedown",
    "Team",
    "Telling",
    "Track",
    "User",
    "UserSession",
    "Variant",
    "Walk",
    "new_id",
    "now",
]
