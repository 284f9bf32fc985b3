"""Which of several forms a client prefers. Source: RFC 9110, sections 12.4.2, 12.5.1 and 12.5.3."""

from collections.abc import Sequence
from typing import NamedTuple


class _Preference(NamedTuple):
    value: str
    quality: float


def preferred_type(accept: str | None, offers: Sequence[str]) -> str | None:
    """Return the offered media type that an `Accept` header prefers, the first of equals; `None` where it takes none of them."""
    if accept is None or not accept.strip():
        return offers[0]
    preferences = _preferences(accept)
    rated = [(_type_quality(offer, preferences), -index, offer) for index, offer in enumerate(offers)]
    quality, _, offer = max(rated)
    return offer if quality > 0 else None


def accepted_codings(accept_encoding: str | None, offers: Sequence[str]) -> list[str]:
    """Return the offered codings that an `Accept-Encoding` header takes, the preferred one first, equals as they are offered.

    `identity` is not among them: it is what remains.
    """
    preferences = dict(_preferences(accept_encoding or ""))
    rated = [(preferences.get(offer, preferences.get("*", 0.0)), -index, offer) for index, offer in enumerate(offers)]
    identity = preferences.get("identity", 0.0)
    return [offer for quality, _, offer in sorted(rated, reverse=True) if quality > 0 and quality >= identity]


def _preferences(header: str) -> list[_Preference]:
    return [_preference(element) for element in header.split(",") if element.strip()]


def _preference(element: str) -> _Preference:
    value, *parameters = [part.strip().lower() for part in element.split(";")]
    weights = [parameter[2:].strip() for parameter in parameters if parameter.startswith("q=")]
    return _Preference(value, _quality(weights[0]) if weights else 1.0)


def _quality(weight: str) -> float:
    try:
        quality = float(weight)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0


def _type_quality(offer: str, preferences: Sequence[_Preference]) -> float:
    """Return the quality of the most specific range that covers a type."""
    for media_range in (offer, f"{offer.partition('/')[0]}/*", "*/*"):
        qualities = [quality for value, quality in preferences if value == media_range]
        if qualities:
            return max(qualities)
    return 0.0
