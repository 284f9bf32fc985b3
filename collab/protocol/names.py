"""Which strings name a document, at every door alike."""

import unicodedata
from typing import Final

from collab.errors import InvalidName

MAX_NAME_LENGTH: Final = 255


def check_document_name(raw: str) -> str:
    """Return the name as it came, or raise `InvalidName`: 1 to 255 characters, no control character, no half of a surrogate pair.

    Nothing is normalised or trimmed: two names that differ in a byte are two documents.
    """
    if not 1 <= len(raw) <= MAX_NAME_LENGTH:
        raise InvalidName(f"a document's name of {len(raw)} characters came; expected 1 to {MAX_NAME_LENGTH}")
    for position, character in enumerate(raw):
        category = unicodedata.category(character)
        if category == "Cc":
            raise InvalidName(f"the document's name has the control character U+{ord(character):04X} at {position}")
        if category == "Cs":
            raise InvalidName(f"the document's name has half a surrogate pair, U+{ord(character):04X}, at {position}")
    return raw
