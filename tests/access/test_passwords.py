import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from collab.access.passwords import MAX_LENGTH, MIN_LENGTH, NOBODYS, Passwords, is_dated
from collab.errors import UnfitPassword

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse battery"


async def test_the_password_that_was_kept_fits_and_no_other() -> None:
    passwords = Passwords()
    kept = await passwords.hash(PASSWORD)

    assert await passwords.verify(kept, PASSWORD)
    for other in ("", PASSWORD.upper(), PASSWORD + " ", "\ud800" * 10, "x" * (MAX_LENGTH + 1)):
        assert not await passwords.verify(kept, other)


async def test_it_is_kept_as_argon2id_with_a_salt_of_its_own() -> None:
    first, second = await Passwords().hash(PASSWORD), await Passwords().hash(PASSWORD)
    found = extract_parameters(first)

    assert first != second
    assert (found.type, found.memory_cost, found.time_cost, found.parallelism) == (Type.ID, 65_536, 3, 1)
    assert PASSWORD not in first


@pytest.mark.parametrize("kept", [None, "", "junk", "$argon2id$v=19$m=65536,t=3,p=1$AAAA$"])
async def test_nothing_fits_where_none_was_kept(kept: str | None) -> None:
    assert not await Passwords().verify(kept, PASSWORD)


async def test_nobodys_password_costs_as_much_as_anybodys() -> None:
    nobodys, somebodys = extract_parameters(NOBODYS), extract_parameters(await Passwords().hash(PASSWORD))
    assert (nobodys.type, nobodys.memory_cost, nobodys.time_cost, nobodys.parallelism, nobodys.hash_len) == (
        somebodys.type,
        somebodys.memory_cost,
        somebodys.time_cost,
        somebodys.parallelism,
        somebodys.hash_len,
    )


@pytest.mark.parametrize("password", ["", "x" * (MIN_LENGTH - 1), "x" * (MAX_LENGTH + 1)])
async def test_one_that_is_too_short_or_too_long_is_refused_without_repeating_it(password: str) -> None:
    with pytest.raises(UnfitPassword, match=f"{len(password)} characters came; expected {MIN_LENGTH} to") as refusal:
        await Passwords().hash(password)
    assert not password or password not in str(refusal.value)


async def test_what_was_kept_at_another_cost_is_dated() -> None:
    assert is_dated(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD))
    assert not is_dated(await Passwords().hash(PASSWORD))
