import base64
import hmac
import json
import warnings

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from collab.access import OpenAccess, SharedSecret, TokenAccess
from collab.errors import Unauthenticated
from collab.ports import Credentials, Role

pytestmark = pytest.mark.anyio

SECRET = b"0123456789abcdef0123456789abcdef"
NOW = 1_800_000_000.0
CLAIMS: dict[str, object] = {"sub": "u1", "name": "Ada", "exp": NOW + 60, "documents": {"a": "editor"}}


@pytest.fixture
def access() -> TokenAccess:
    return TokenAccess(SharedSecret(SECRET), clock=lambda: NOW)


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def test_a_token_signed_with_the_secret_tells_who_it_is(access: TokenAccess) -> None:
    identity = await access.authenticate(jwt.encode(CLAIMS, SECRET, algorithm="HS256"))

    assert (identity.user_id, identity.role_in("a")) == ("u1", Role.EDITOR)


async def test_an_expired_token_is_refused_by_the_servers_clock(access: TokenAccess) -> None:
    token = jwt.encode({**CLAIMS, "exp": NOW - 31}, SECRET, algorithm="HS256")

    with pytest.raises(Unauthenticated, match="`exp` has passed"):
        await access.authenticate(token)


@pytest.mark.parametrize("token", [None, ""])
async def test_no_token_is_refused(access: TokenAccess, token: str | None) -> None:
    with pytest.raises(Unauthenticated, match="no token came"):
        await access.authenticate(token)


async def test_a_token_signed_with_another_secret_is_refused(access: TokenAccess) -> None:
    with pytest.raises(Unauthenticated, match="signature"):
        await access.authenticate(jwt.encode(CLAIMS, b"x" * 32, algorithm="HS256"))


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "HS384", "RS256", "", None, 7, ["HS256"]])
async def test_a_token_under_another_algorithm_is_refused(access: TokenAccess, algorithm: object) -> None:
    token = f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(CLAIMS)}."

    with pytest.raises(Unauthenticated):
        await access.authenticate(token)


async def test_an_unsigned_token_that_names_the_right_algorithm_is_refused(access: TokenAccess) -> None:
    with pytest.raises(Unauthenticated, match="signature"):
        await access.authenticate(f"{part({'alg': 'HS256'})}.{part(CLAIMS)}.")


async def test_a_token_with_changed_claims_is_refused(access: TokenAccess) -> None:
    header, _, signature = jwt.encode(CLAIMS, SECRET, algorithm="HS256").split(".")

    with pytest.raises(Unauthenticated, match="signature"):
        await access.authenticate(f"{header}.{part({**CLAIMS, 'admin': True})}.{signature}")


async def test_a_public_key_is_no_shared_secret() -> None:
    public = rsa.generate_private_key(65537, 2048).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    class PublishedRsa:
        algorithms = ("RS256", "ES256")

        async def key_for(self, key_id: str | None) -> jwt.PyJWK:
            return jwt.PyJWK.from_dict(json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(public)) | {"alg": "RS256"})

    signing = f"{part({'alg': 'HS256', 'kid': 'k'})}.{part(CLAIMS)}"
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(signing.encode(), pem)
    token = f"{signing}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    with pytest.raises(Unauthenticated, match="another algorithm"):
        await TokenAccess(PublishedRsa(), clock=lambda: NOW).authenticate(token)


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "a.b",
        "a.b.c",
        "..",
        "\ud800.a.b",
        "ä.ö.ü",
        f"{part([])}.{part(CLAIMS)}.AA",
        f"{base64.urlsafe_b64encode(b'[' * 6000).decode()}.{part({})}.AA",
        f"{base64.urlsafe_b64encode(b'9' * 6000).decode()}.{part({})}.AA",
        f"{part({'alg': 'HS256', 'crit': ['x'], 'x': 1})}.{part(CLAIMS)}.AA",
        f"{part({'alg': 'HS256', 'kid': {}})}.{part(CLAIMS)}.AA",
        f"{part({'alg': 'HS256', 'b64': False, 'crit': ['b64']})}..AA",
    ],
)
async def test_what_is_no_token_is_refused(access: TokenAccess, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await access.authenticate(token)


@pytest.mark.parametrize("claims", [b"[]", b"7", b"{", b"[" * 6000, b'{"exp": ' + b"9" * 6000 + b"}", b"\xff"])
async def test_signed_claims_that_are_no_object_are_refused(access: TokenAccess, claims: bytes) -> None:
    token = jwt.PyJWS().encode(claims, SECRET, algorithm="HS256")

    with pytest.raises(Unauthenticated):
        await access.authenticate(token)


async def test_a_token_over_the_limit_is_refused_unread(access: TokenAccess) -> None:
    with pytest.raises(Unauthenticated, match="at most 16384"):
        await access.authenticate("x" * 16_385)


async def test_a_refusal_never_repeats_the_token(access: TokenAccess) -> None:
    token = jwt.encode({**CLAIMS, "sub": 7, "name": "a-very-secret-name"}, SECRET, algorithm="HS256")

    with pytest.raises(Unauthenticated) as refusal:
        await access.authenticate(token)

    told = [str(refusal.value), *map(str, refusal.value.args)]
    assert not any("a-very-secret-name" in text or token in text for text in told)


async def test_every_claim_is_checked_here_and_no_warning_is_given(access: TokenAccess) -> None:
    token = jwt.encode({**CLAIMS, "aud": "x", "iss": "y", "jti": 7}, SECRET, algorithm="HS256")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (await access.authenticate(token)).user_id == "u1"


@pytest.mark.parametrize("token", [None, "", "anything"])
async def test_in_open_mode_everybody_is_a_guest_who_owns_everything(token: str | None) -> None:
    access = OpenAccess()

    identity = await access.authenticate(Credentials(token))

    assert access.open
    assert (identity.user_id, identity.admin, identity.role_in("any/name")) == ("", False, Role.OWNER)


TWICE = [
    b'{"sub": "u1", "name": "Ada", "exp": 1800000060, "sub": "root"}',
    b'{"sub": "u1", "name": "Ada", "exp": 1800000060, "documents": {"a": "reader", "a": "owner"}}',
    b'{"sub": "u1", "name": "Ada", "exp": 1, "exp": 1800000060}',
]


@pytest.mark.parametrize("claims", TWICE)
async def test_a_claim_that_comes_twice_is_refused_whichever_would_count(access: TokenAccess, claims: bytes) -> None:
    with pytest.raises(Unauthenticated, match="each named once"):
        await access.authenticate(jwt.PyJWS().encode(claims, SECRET, algorithm="HS256"))


async def test_a_header_that_names_its_algorithm_twice_is_refused(access: TokenAccess) -> None:
    header = base64.urlsafe_b64encode(b'{"alg": "none", "alg": "HS256"}').rstrip(b"=").decode()
    signed = f"{header}.{part(CLAIMS)}"
    signature = base64.urlsafe_b64encode(hmac.digest(SECRET, signed.encode(), "sha256")).rstrip(b"=").decode()

    with pytest.raises(Unauthenticated, match="no JSON Web Token"):
        await access.authenticate(f"{signed}.{signature}")


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
async def test_a_time_that_is_no_number_is_refused(access: TokenAccess, number: bytes) -> None:
    claims = b'{"sub": "u1", "name": "Ada", "exp": ' + number + b"}"

    with pytest.raises(Unauthenticated):
        await access.authenticate(jwt.PyJWS().encode(claims, SECRET, algorithm="HS256"))


@pytest.mark.parametrize(
    "issuer", ["login.example.org", "https://login.example.org/", "", None, 7, ["https://login.example.org"]]
)
async def test_a_token_of_another_issuer_is_refused(issuer: object) -> None:
    access = TokenAccess(SharedSecret(SECRET), issuer="https://login.example.org", clock=lambda: NOW)

    with pytest.raises(Unauthenticated, match="`iss`"):
        await access.authenticate(signed(iss=issuer))
    assert (await access.authenticate(signed(iss="https://login.example.org"))).user_id == "u1"


@pytest.mark.parametrize("audience", ["another", "", None, 7, {"collab": 1}, [], ["another"], [["collab"]]])
async def test_a_token_for_another_audience_is_refused(audience: object) -> None:
    access = TokenAccess(SharedSecret(SECRET), audience="collab", clock=lambda: NOW)

    with pytest.raises(Unauthenticated, match="`aud`"):
        await access.authenticate(signed(aud=audience))


@pytest.mark.parametrize("audience", ["collab", ["collab"], ["another", "collab"]])
async def test_a_token_for_this_audience_is_taken(audience: object) -> None:
    access = TokenAccess(SharedSecret(SECRET), audience="collab", clock=lambda: NOW)

    assert (await access.authenticate(signed(aud=audience))).user_id == "u1"


def signed(**claims: object) -> str:
    """Return a token with these claims beside the good ones, whatever the library thinks of them."""
    return jwt.PyJWS().encode(json.dumps({**CLAIMS, **claims}).encode(), SECRET, algorithm="HS256")
