"""Who is here, and who may say so. One test for each rule of `collab.rooms.presence`."""

import json
from contextlib import suppress

import pytest

from collab.errors import CollabError, LimitExceeded, ProtocolError
from collab.protocol.awareness import MAX_SAFE_INTEGER
from collab.protocol.limits import DEFAULTS, Limits
from collab.protocol.messages import GONE, AwarenessEntry, QueryAwareness
from collab.rooms.presence import MAX_REMEMBERED_DEPARTURES
from collab.rooms.session import Rights
from tests.rooms.scene import HOCUSPOCUS, Client, Scene
from tests.support.heard import States, only

ADA = Rights(user={"id": "ada", "name": "Ada"}, user_id="ada")
BOB = Rights(user={"id": "bob", "name": "Bob"}, user_id="bob")


def entry(client_id: int, clock: int, state: str = "{}") -> AwarenessEntry:
    return AwarenessEntry(client_id, clock, state)


def told(client: Client) -> list[tuple[AwarenessEntry, ...]]:
    """Return what a client was told of presence since the last call."""
    return [said.entries for said in only(States, client.heard())]


def everybody(scene: Scene, client: Client) -> dict[int, str]:
    """Return who is here, as one client is told when it asks."""
    scene.flush()
    client.wire.take()
    client.send(QueryAwareness())
    scene.flush()
    answers = only(States, client.heard())
    return answers[0].states if answers else {}


def test_announcement_reaches_everybody_in_one_frame_with_the_newest_states() -> None:
    scene = Scene()
    ada, bob, reader = scene.join(), scene.join(), scene.join()

    ada.announce(entry(1, 1, '{"at":1}'))
    ada.announce(entry(1, 2, '{"at":2}'))
    bob.announce(entry(2, 1))
    scene.flush()

    expected = [(entry(1, 2, '{"at":2}'), entry(2, 1))]
    assert (told(ada), told(bob), told(reader)) == (expected, expected, expected)


def test_older_clock_changes_nothing() -> None:
    scene = Scene()
    ada = scene.join()
    ada.announce(entry(1, 5, '{"at":5}'))

    ada.announce(entry(1, 4, '{"at":4}'))

    assert everybody(scene, ada) == {1: '{"at":5}'}


def test_same_clock_changes_nothing() -> None:
    scene = Scene()
    ada = scene.join()
    ada.announce(entry(1, 5, '{"at":5}'))

    ada.announce(entry(1, 5, '{"at":6}'))

    assert everybody(scene, ada) == {1: '{"at":5}'}


def test_null_under_the_same_clock_is_a_departure() -> None:
    scene = Scene()
    ada, reader = scene.join(), scene.join()
    ada.announce(entry(1, 5))
    scene.flush()
    told(reader)

    ada.announce(entry(1, 5, GONE))
    scene.flush()

    assert told(reader) == [(entry(1, 5, GONE),)]


def test_null_under_an_older_clock_changes_nothing() -> None:
    scene = Scene()
    ada = scene.join()
    ada.announce(entry(1, 5))

    ada.announce(entry(1, 4, GONE))

    assert everybody(scene, ada) == {1: "{}"}


def test_null_of_nobody_is_not_passed_on() -> None:
    scene = Scene()
    ada, reader = scene.join(), scene.join()

    ada.announce(entry(9, 1, GONE))
    scene.flush()

    assert told(reader) == []


def test_session_that_leaves_takes_its_presence_with_it() -> None:
    scene = Scene()
    ada, reader = scene.join(), scene.join()
    ada.announce(entry(1, 5), entry(2, 7))
    scene.flush()
    told(reader)

    ada.leave()
    scene.flush()

    assert told(reader) == [(entry(1, 5, GONE), entry(2, 7, GONE))]


def test_echo_of_anothers_state_does_not_make_it_ones_own() -> None:
    scene = Scene()
    ada, echo, reader = scene.join(), scene.join(), scene.join()
    ada.announce(entry(1, 5))
    scene.flush()

    echo.announce(entry(1, 5))
    echo.leave()

    assert everybody(scene, reader) == {1: "{}"}


def test_echo_of_a_departed_client_is_not_passed_on() -> None:
    scene = Scene()
    ada, echo, reader = scene.join(), scene.join(), scene.join()
    ada.announce(entry(1, 5))
    echo.announce(entry(2, 1))
    ada.leave()
    scene.flush()
    told(reader)

    echo.announce(entry(1, 5))
    scene.flush()

    assert told(reader) == []


def test_client_that_comes_back_with_its_clock_is_news_to_those_who_saw_it_leave() -> None:
    scene = Scene()
    ada, reader = scene.join(), scene.join()
    ada.announce(entry(1, 5))
    ada.leave()

    scene.join().announce(entry(1, 5))

    assert everybody(scene, reader) == {1: "{}"}


def test_client_that_comes_back_with_its_clock_is_news_to_those_who_stayed_and_to_itself() -> None:
    scene = Scene()
    ada, reader = scene.join(), scene.join()
    ada.announce(entry(1, 5))
    ada.leave()
    scene.flush()
    assert told(reader)[-1] == (entry(1, 5, GONE),)

    returned = scene.join()
    returned.announce(entry(1, 5))
    scene.flush()

    assert (told(reader), told(returned)) == ([(entry(1, 6),)], [(entry(1, 6),)])


def test_largest_clock_is_not_counted_beyond_what_javascript_can() -> None:
    scene = Scene()
    ada, reader = scene.join(), scene.join()
    ada.announce(entry(1, MAX_SAFE_INTEGER))
    ada.leave()
    scene.flush()
    told(reader)

    scene.join().announce(entry(1, MAX_SAFE_INTEGER))
    scene.flush()

    assert told(reader) == [(entry(1, MAX_SAFE_INTEGER),)]


def test_client_that_comes_back_with_an_older_clock_is_not() -> None:
    scene = Scene()
    ada, reader = scene.join(), scene.join()
    ada.announce(entry(1, 5))
    ada.leave()

    scene.join().announce(entry(1, 4))

    assert everybody(scene, reader) == {}


def test_same_user_on_a_new_connection_takes_its_id_over() -> None:
    scene = Scene()
    old, new, reader = scene.join(rights=ADA), scene.join(rights=ADA), scene.join()
    old.announce(entry(1, 5))

    new.announce(entry(1, 6))
    old.leave()

    assert list(everybody(scene, reader)) == [1]


def test_other_user_cannot_take_an_id_over() -> None:
    scene = Scene()
    ada, bob, reader = scene.join(rights=ADA), scene.join(rights=BOB), scene.join()
    ada.announce(entry(1, 5))

    bob.announce(entry(1, 6, '{"user":{"name":"not Ada"}}'))

    assert json.loads(everybody(scene, reader)[1])["user"]["name"] == "Ada"


def test_null_for_anothers_id_is_passed_over() -> None:
    scene = Scene()
    ada, bob, reader = scene.join(rights=ADA), scene.join(rights=BOB), scene.join()
    ada.announce(entry(1, 5))

    bob.announce(entry(1, 6, GONE))

    assert list(everybody(scene, reader)) == [1]


def test_null_for_the_id_of_ones_own_other_connection_is_passed_over() -> None:
    scene = Scene()
    old, new, reader = scene.join(rights=ADA), scene.join(rights=ADA), scene.join()
    old.announce(entry(1, 5))

    new.announce(entry(1, 6, GONE))

    assert list(everybody(scene, reader)) == [1]


def test_user_is_written_by_the_server_whatever_the_client_claims() -> None:
    scene = Scene()
    bob, reader = scene.join(rights=BOB), scene.join()

    bob.announce(entry(1, 1, '{"user":{"id":"ada","name":"Ada"},"cursor":3}'))

    assert json.loads(everybody(scene, reader)[1]) == {"user": {"id": "bob", "name": "Bob"}, "cursor": 3}


def test_second_user_under_the_same_key_does_not_get_through() -> None:
    scene = Scene()
    bob, reader = scene.join(rights=BOB), scene.join()

    bob.announce(entry(1, 1, '{"user":1,"user":{"name":"Ada"}}'))

    assert everybody(scene, reader)[1] == '{"user":{"id":"bob","name":"Bob"}}'


def test_user_is_the_clients_own_where_the_server_knows_none() -> None:
    scene = Scene()
    guest = scene.join()
    state = '{"user": {"name": "Gästin"}}'

    guest.announce(entry(1, 1, state))

    assert everybody(scene, guest) == {1: state}


HOSTILE_STATES = {
    "NaN": '{"a":NaN}',
    "infinity": '{"a":-Infinity}',
    "a number that overflows": '{"a":1e999}',
    "a number of 5,000 digits": '{"a":' + "9" * 5000 + "}",
    "an array": "[]",
    "a string": '"here"',
    "null with a space": " null",
    "no JSON": "{",
    "nothing": "",
    "deep nesting": '{"a":' + "[" * 20_000 + "]" * 20_000 + "}",
    "more nesting than the writer bears": '{"a":' * 980 + "1" + "}" * 980,
}


@pytest.mark.parametrize("state", HOSTILE_STATES.values(), ids=HOSTILE_STATES.keys())
def test_state_that_is_no_json_object_of_any_client_is_refused_or_passed_on_as_json(state: str) -> None:
    scene = Scene()
    hostile, reader = scene.join(rights=BOB), scene.join()

    with suppress(ProtocolError):
        hostile.announce(entry(1, 1, state))
    scene.flush()

    for states in told(reader):
        json.loads(states[0].state, parse_constant=pytest.fail)


def test_state_that_is_too_large_is_refused() -> None:
    scene = Scene()
    ada, reader = scene.join(), scene.join()
    state = json.dumps({"a": "x" * DEFAULTS.awareness_bytes})

    with pytest.raises(LimitExceeded, match="65536 are allowed"):
        ada.announce(entry(1, 1, state))

    assert everybody(scene, reader) == {}


def test_state_is_measured_in_bytes() -> None:
    scene = Scene(limits=Limits(awareness_bytes=100))
    ada = scene.join()

    ada.announce(entry(1, 1, json.dumps({"a": "ä" * 40}, ensure_ascii=False)))
    with pytest.raises(LimitExceeded, match="100 are allowed"):
        ada.announce(entry(1, 2, json.dumps({"a": "ä" * 60}, ensure_ascii=False)))


def test_state_that_nests_too_deep_is_refused_and_one_with_much_beside_is_not() -> None:
    scene = Scene(limits=Limits(awareness_nesting=4))
    ada, reader = scene.join(), scene.join()
    wide = json.dumps({"a": [{"b": [number]} for number in range(10)]})

    ada.announce(entry(1, 1, wide))
    with pytest.raises(LimitExceeded, match="nests more than 4 deep"):
        ada.announce(entry(1, 2, json.dumps({"a": [{"b": [[]]}]})))

    assert everybody(scene, reader) == {1: wide}


def test_ids_of_a_session_are_as_many_as_the_settings_say() -> None:
    ada = Scene(limits=Limits(awareness_ids=2)).join()

    ada.announce(entry(1, 1), entry(2, 1))
    with pytest.raises(LimitExceeded, match="more than 2"):
        ada.announce(entry(3, 1))


def test_session_with_too_many_ids_is_refused_and_the_others_stay() -> None:
    scene = Scene()
    ada, hostile = scene.join(rights=ADA), scene.join(rights=BOB)
    ada.announce(entry(1, 1))

    with pytest.raises(LimitExceeded):
        hostile.announce(*(entry(100 + number, 1) for number in range(DEFAULTS.awareness_ids + 1)))
    hostile.leave()

    assert list(everybody(scene, ada)) == [1]


def test_session_that_comes_and_goes_under_new_ids_is_not_refused() -> None:
    scene = Scene()
    ada = scene.join()

    for number in range(2 * DEFAULTS.awareness_ids):
        ada.announce(entry(number, 1), entry(number, 2, GONE))

    assert everybody(scene, ada) == {}


def test_departures_remembered_are_bounded() -> None:
    scene = Scene()
    ada = scene.join()
    for number in range(MAX_REMEMBERED_DEPARTURES + 5):
        ada.announce(entry(number, 1), entry(number, 1, GONE))
    late = scene.join(outbox_bytes=0)
    late.wire.stalled = True
    ada.announce(entry(1_000_000, 1))
    scene.flush()
    late.wire.drain()
    late.wire.take()

    scene.tick()

    (everything,) = told(late)
    assert len(everything) == MAX_REMEMBERED_DEPARTURES + 1


def test_readers_are_seen_as_writers_are() -> None:
    scene = Scene()
    reader, other = scene.join(HOCUSPOCUS, Rights(may_write=False)), scene.join()

    reader.announce(entry(1, 1))

    assert everybody(scene, other) == {1: "{}"}


def test_nobody_is_disturbed_by_a_session_refused_for_its_presence() -> None:
    scene = Scene()
    hostile, ada = scene.join(), scene.join()
    ada.announce(entry(1, 1))

    with pytest.raises(CollabError):
        hostile.announce(entry(2, 1, "[]"))

    assert everybody(scene, ada) == {1: "{}"}
