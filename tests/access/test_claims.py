import pytest

from collab.access.claims import identity_from
from collab.errors import Unauthenticated
from collab.ports import Role

NOW = 1_800_000_000.0
GOOD: dict[str, object] = {"sub": "u1", "name": "Ada", "exp": NOW + 60}


def test_the_least_a_token_says_is_who_and_until_when() -> None:
    identity = identity_from(GOOD, NOW)

    assert (identity.user_id, identity.name, identity.expires_at) == ("u1", "Ada", NOW + 60)
    assert (identity.color, identity.picture, identity.admin, identity.documents) == (None, None, False, {})


def test_everything_a_token_may_say_is_read() -> None:
    identity = identity_from(
        {
            **GOOD,
            "color": "#aB0",
            "picture": "https://example.org/a.png?s=1",
            "admin": True,
            "documents": {"a": "reader", "b/*": "commenter", "c": "editor", "*": "owner"},
            "iss": "elsewhere",
            "aud": "anything",
        },
        NOW,
    )

    assert (identity.color, identity.picture, identity.admin) == ("#aB0", "https://example.org/a.png?s=1", True)
    assert identity.documents == {"a": Role.READER, "b/*": Role.COMMENTER, "c": Role.EDITOR, "*": Role.OWNER}


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("sub", None),
        ("sub", ""),
        ("sub", 7),
        ("sub", "x" * 256),
        ("sub", "a\x00b"),
        ("sub", "\ud800"),
        ("name", None),
        ("name", ""),
        ("name", ["Ada"]),
        ("name", "x" * 256),
        ("exp", None),
        ("exp", "tomorrow"),
        ("exp", True),
        ("exp", float("inf")),
        ("exp", float("nan")),
        ("exp", 10**400),
        ("exp", -1),
        ("exp", NOW - 30),
        ("nbf", NOW + 31),
        ("nbf", "now"),
        ("iat", NOW + 31),
        ("iat", []),
        ("color", "red"),
        ("color", "#12345"),
        ("color", "#12345g"),
        ("color", "#fff;background:url(//x)"),
        ("color", "#fff\n"),
        ("color", 7),
        ("picture", "javascript:alert(1)"),
        ("picture", "data:image/png;base64,AA"),
        ("picture", "//example.org/a.png"),
        ("picture", "https://"),
        ("picture", "https://[bad"),
        ("picture", "https://example.org/a b"),
        ("picture", "https://example.org/\n"),
        ("picture", "https://example.org/" + "x" * 2048),
        ("picture", 7),
        ("admin", "true"),
        ("admin", 1),
        ("documents", ["a"]),
        ("documents", "a"),
        ("documents", {"a": "admin"}),
        ("documents", {"a": "Owner"}),
        ("documents", {"a": 4}),
        ("documents", {"a": None}),
        ("documents", {"": "owner"}),
        ("documents", {"a\x00*": "owner"}),
        ("documents", {"\udc00": "owner"}),
        ("documents", {"x" * 257: "owner"}),
    ],
)
def test_a_wrong_claim_is_named_and_not_repeated(claim: str, value: object) -> None:
    with pytest.raises(Unauthenticated) as refusal:
        identity_from({**GOOD, claim: value}, NOW)

    message = str(refusal.value)
    assert f"`{claim}`" in message
    assert not isinstance(value, str) or len(value) < 5 or value not in message


@pytest.mark.parametrize(("claim", "value"), [("exp", NOW - 29), ("nbf", NOW + 30), ("iat", NOW + 30), ("iat", NOW)])
def test_clocks_may_differ_by_half_a_minute(claim: str, value: float) -> None:
    assert identity_from({**GOOD, claim: value}, NOW).user_id == "u1"


def test_a_name_of_the_longest_kind_may_be_a_prefix() -> None:
    assert identity_from({**GOOD, "documents": {"x" * 255 + "*": "reader"}}, NOW).role_in("x" * 255) is Role.READER
