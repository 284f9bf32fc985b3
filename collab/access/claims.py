"""What the claims of an access token say, once its signature is verified.

Messages name the claim, what was expected and what kind of value came, and never the value. Source of the registered claims:
RFC 7519, section 4.1.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from collab.errors import Distrust, Unauthenticated
from collab.ports import Identity, Role

LEEWAY: Final = 30.0
"""How far the clocks of the issuer and of this server may differ, in seconds."""

MAX_TEXT_LENGTH: Final = 255
MAX_URL_LENGTH: Final = 2048
_LAST_SECOND: Final = 2**53
"""What a number can hold exactly on both sides; later than this is no date."""

_ROLES: Final[Mapping[str, Role]] = {role.name.lower(): role for role in Role}
_COLOR: Final = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def identity_from(claims: Mapping[str, object], now: float) -> Identity:
    """Read the identity out of verified claims. Raises `Unauthenticated` for a claim that is missing, wrong, or not valid now."""
    expires_at = _check_times(claims, now)
    return Identity(
        user_id=_text(claims, "sub", shortest=1),
        name=_text(claims, "name", shortest=1),
        color=_color(claims.get("color")),
        picture=_picture(claims.get("picture")),
        admin=_flag(claims.get("admin"), "admin"),
        expires_at=expires_at,
        documents=_documents(claims.get("documents")),
    )


def check_destination(claims: Mapping[str, object], *, issuer: str | None, audience: str | None) -> None:
    """Raise `Unauthenticated` for a token of another issuer than this one, or for another audience; `None` is any, or none."""
    if issuer is not None and claims.get("iss") != issuer:
        raise Unauthenticated(
            f"the token's `iss` is {_kind(claims.get('iss'))}; expected the issuer this server trusts",
            Distrust.ISSUER,
        )
    if audience is None:
        return
    named = claims.get("aud")
    if named != audience and not (isinstance(named, list) and audience in named):
        raise Unauthenticated(
            f"the token's `aud` is {_kind(named)}; expected this server's audience, or an array with it",
            Distrust.AUDIENCE,
        )


def _check_times(claims: Mapping[str, object], now: float) -> float:
    expires_at = _seconds(claims, "exp")
    if expires_at is None:
        raise Unauthenticated("the token has no `exp`; expected the second it ends at")
    if expires_at <= now - LEEWAY:
        raise Unauthenticated("the token's `exp` has passed; expected one in the future", Distrust.EXPIRED)
    for claim in ("nbf", "iat"):
        since = _seconds(claims, claim)
        if since is not None and since > now + LEEWAY:
            raise Unauthenticated(
                f"the token's `{claim}` lies in the future; expected a time that has come", Distrust.NOT_YET
            )
    return expires_at


def _seconds(claims: Mapping[str, object], claim: str) -> float | None:
    value = claims.get(claim)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_SECOND:
        raise Unauthenticated(f"the token's `{claim}` is {_kind(value)}; expected a number of seconds since 1970")
    return float(value)


def _text(claims: Mapping[str, object], claim: str, *, shortest: int) -> str:
    value = claims.get(claim)
    if not isinstance(value, str):
        raise Unauthenticated(f"the token's `{claim}` is {_kind(value)}; expected a string")
    if not shortest <= len(value) <= MAX_TEXT_LENGTH:
        raise Unauthenticated(
            f"the token's `{claim}` is {len(value)} characters long; expected {shortest} to {MAX_TEXT_LENGTH}"
        )
    if _has_control_character(value):
        raise Unauthenticated(f"the token's `{claim}` has a control character; expected none")
    return value


def _has_control_character(text: str) -> bool:
    """Tell whether a text has a control character or half a surrogate pair, which no database takes."""
    return any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)


def _color(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not is_color(value):
        raise Unauthenticated(f"the token's `color` is {_kind(value)}; expected one of the form #rgb or #rrggbb")
    return value


def _picture(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not is_web_address(value):
        raise Unauthenticated(f"the token's `picture` is {_kind(value)}; expected an http or https URL")
    return value


def is_color(text: str) -> bool:
    """Tell whether this is a colour as the claims take it: `#rgb` or `#rrggbb`."""
    return _COLOR.fullmatch(text) is not None


def is_web_address(value: str) -> bool:
    """Tell whether this is an http or https URL."""
    if len(value) > MAX_URL_LENGTH or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def _flag(value: object, claim: str) -> bool:
    if value is None:
        return False
    if not isinstance(value, bool):
        raise Unauthenticated(f"the token's `{claim}` is {_kind(value)}; expected true or false")
    return value


def _documents(value: object) -> Mapping[str, Role]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unauthenticated(f"the token's `documents` is {_kind(value)}; expected an object of names to roles")
    return {_pattern(pattern): _role(role) for pattern, role in value.items()}


def _pattern(pattern: str) -> str:
    # a prefix may be as long as a name, and a star more
    if not 1 <= len(pattern) <= MAX_TEXT_LENGTH + 1:
        raise Unauthenticated(
            f"the token's `documents` has a name of {len(pattern)} characters; expected 1 to {MAX_TEXT_LENGTH} and a `*`"
        )
    if _has_control_character(pattern):
        raise Unauthenticated("the token's `documents` has a name with a control character; expected none")
    return pattern


def _role(value: object) -> Role:
    role = _ROLES.get(value) if isinstance(value, str) else None
    if role is None:
        raise Unauthenticated(
            f"a role in the token's `documents` is {_kind(value)}; expected reader, commenter, editor or owner"
        )
    return role


def _kind(value: object) -> str:
    """Say what came without repeating it."""
    match value:
        case None:
            return "missing"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number" if abs(value) <= _LAST_SECOND else "a number out of range"
        case str():
            return "another string"
        case list():
            return "an array"
        case _:
            return "an object"
