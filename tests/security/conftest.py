"""The people of tests/access/, and every route's names filled."""

from tests.access.conftest import add, hurry, key_of, signed_in, visitor
from tests.security.everything import filled

__all__ = ["add", "filled", "hurry", "key_of", "signed_in", "visitor"]
