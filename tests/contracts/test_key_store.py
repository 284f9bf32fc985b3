"""What every store of API keys must do, in each database."""

from datetime import timedelta

import pytest

from collab.errors import AccountNotFound, TooManyKeys
from collab.ports import Account, AccountChanges, ApiKey, NewKey, Role, program_id
from collab.storage import Storage, keys
from collab.storage.records import utc_now

SCOPE = {"team/*": Role.EDITOR, "plan": Role.READER}


@pytest.fixture
async def ada(storage: Storage) -> Account:
    return await storage.accounts.create(email="ada@example.org", name="Ada", password_hash=None, admin=False)


async def made(
    storage: Storage, user_id: str | None, secret: bytes = b"secret", *, by: str = "boss", seconds: float | None = None
) -> ApiKey:
    expires_at = None if seconds is None else utc_now() + timedelta(seconds=seconds)
    return await storage.keys.create(
        NewKey("backend", user_id, SCOPE, admin=False, created_by=by, expires_at=expires_at), secret
    )


async def test_a_key_is_found_by_its_secret(storage: Storage, ada: Account) -> None:
    key = await made(storage, ada.user_id)

    assert (key.name, key.account, key.scope, key.admin, key.created_by) == ("backend", ada, SCOPE, False, "boss")
    assert key.user_id == ada.user_id
    assert key.used_at is None
    assert await storage.keys.find(b"secret") == key == await storage.keys.get(key.number)
    assert await storage.keys.find(b"another") is None


async def test_a_program_is_a_user_of_its_own(storage: Storage) -> None:
    key = await made(storage, None)

    assert key.account is None
    assert key.user_id == program_id(key.number)


async def test_a_key_that_has_expired_is_listed_and_lets_nobody_in(storage: Storage) -> None:
    key = await made(storage, None, seconds=-1)

    assert await storage.keys.find(b"secret") is None
    assert await storage.keys.get(key.number) is None
    assert await storage.keys.list() == [key]


async def test_the_key_of_a_disabled_account_lets_nobody_in(storage: Storage, ada: Account) -> None:
    key = await made(storage, ada.user_id)
    await storage.accounts.change(ada.user_id, AccountChanges(disabled=True))
    assert await storage.keys.find(b"secret") is None

    await storage.accounts.change(ada.user_id, AccountChanges(disabled=False))
    found = await storage.keys.find(b"secret")
    assert found is not None
    assert found.number == key.number


async def test_no_key_acts_as_nobody(storage: Storage) -> None:
    with pytest.raises(AccountNotFound):
        await made(storage, "u_nobody")


async def test_use_is_noted(storage: Storage) -> None:
    before = utc_now()
    key = await made(storage, None)
    assert key.is_unused_for(60)

    await storage.keys.used(key.number)

    found = await storage.keys.get(key.number)
    assert found is not None
    assert found.used_at is not None
    assert before <= found.used_at <= utc_now()
    assert not found.is_unused_for(60)


async def test_keys_are_listed_for_who_made_them_and_for_whom_they_act_as(storage: Storage, ada: Account) -> None:
    first = await made(storage, ada.user_id, b"1")
    second = await made(storage, None, b"2", by=ada.user_id)
    third = await made(storage, None, b"3")

    assert await storage.keys.list(ada.user_id) == [second, first]
    assert await storage.keys.list("boss") == [third, first]
    assert await storage.keys.list() == [third, second, first]


async def test_a_key_ends_for_whose_it_is_and_that_is_told(storage: Storage, ada: Account) -> None:
    key, program = await made(storage, ada.user_id, b"1", by=ada.user_id), await made(storage, None, b"2")
    before = await storage.shares.latest_change()

    assert not await storage.keys.end(key.number, user_id="eve")
    assert await storage.shares.changed_since(before) == (before, frozenset())
    assert await storage.keys.end(key.number, user_id=ada.user_id)
    assert await storage.keys.end(program.number)

    assert await storage.keys.list() == []
    assert (await storage.shares.changed_since(before))[1] == {ada.user_id, program_id(program.number)}
    assert not await storage.keys.end(key.number)


async def test_nobody_makes_more_keys_than_may_be(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MAX_KEYS", 2)
    for secret in (b"1", b"2"):
        await made(storage, None, secret)

    with pytest.raises(TooManyKeys, match="2 keys"):
        await made(storage, None, b"3")
    await made(storage, None, b"3", by="another")
