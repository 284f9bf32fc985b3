"""Addresses that stand in rich text: links, and where pictures and films lie.

A client may write any, and some run code in the page of whoever follows them (`javascript:`), or show a page that somebody else wrote as
one of the document's site. So what the server tells of a document has none but those of safe schemes; the document keeps what was written.
A browser passes over control characters and blanks around an address, and tabs and line breaks in it; so does this.
Sources: https://url.spec.whatwg.org/#concept-basic-url-parser; https://owasp.org/www-community/xss-filter-evasion-cheatsheet.
"""

import re
from typing import Final

from collab.content.values import Json

UNSAFE: Final = ""
"""What is told in place of an address that is not safe: an empty one leads nowhere."""

_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel", "sms", "ftp", "ftps", "xmpp", "callto", "cid"})
"""Those that BlockNote's editor lets people link to."""

_HOLDERS: Final = frozenset({"href", "src", "url", "poster", "formaction", "xlink:href"})
"""Attributes that browsers, or editors, take for addresses."""

_PICTURE: Final = re.compile(r"data:image/(?:png|jpeg|gif|webp|avif)[;,]", re.IGNORECASE | re.ASCII)
"""Pictures in the document itself; SVG is not among them, for it may hold scripts."""

_PASSED_OVER: Final = re.compile(r"[\t\n\r]")
_AROUND: Final = "".join(map(chr, range(0x21)))
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE | re.ASCII)


def is_safe_address(address: str) -> bool:
    """Tell whether a browser that follows the address, or shows it as a picture, runs nothing that it brings."""
    read = _PASSED_OVER.sub("", address.strip(_AROUND))
    scheme = _SCHEME.match(read)
    return scheme is None or scheme[1].lower() in _SCHEMES or _PICTURE.match(read) is not None


def told(name: str, value: Json) -> Json:
    """Return an attribute's value as it is told: an address that is not safe is `UNSAFE`."""
    if name.lower() in _HOLDERS and isinstance(value, str) and not is_safe_address(value):
        return UNSAFE
    return value
