"""An update taken apart without the CRDT: where its structs begin and end, and what is refused before the CRDT sees it."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from collab.errors import ProtocolError
from collab.protocol.limits import MAX_NESTING, Limits
from collab.protocol.structs import MAX_CLOCK, NO_DELETIONS, Run, read_structs, write_structs
from collab.protocol.updates import decode_state_vector


def rich_document() -> Doc[Any]:
    """Return a document of client 7 with every kind of content that its clients write."""
    doc: Doc[Any] = Doc(client_id=7)
    text: Text = doc.get("t", type=Text)
    entries: Map[Any] = doc.get("m", type=Map)
    fragment: XmlFragment = doc.get("x", type=XmlFragment)
    text += "hello 😀 語"
    text.format(0, 5, {"bold": True})
    text.insert_embed(0, {"image": "url"})
    entries.update(
        {"number": 1.5, "integer": -(2**40), "string": "ä", "none": None, "flag": True, "bytes": b"\x00\x01"}
    )
    entries.update(
        {"list": [1, [2, {"three": 3}]], "array": Array([1.0]), "map": Map({"k": Text("v")}), "document": Doc()}
    )
    paragraph = fragment.children.append(XmlElement("p", {"level": "1"}))
    paragraph.children.append(XmlText("inner"))
    del text[1:3]
    del entries["number"]
    return doc


RICH = rich_document()
STATE = RICH.get_update()
TEN = Limits(update_entries=10, update_values=10, update_nesting=10)


def test_state_is_one_run_of_each_client_up_to_its_clock() -> None:
    structs = read_structs(STATE)

    assert {run.client: run.end for run in structs.runs} == decode_state_vector(RICH.get_state())
    assert [run.start for run in structs.runs] == [0]


def test_update_written_again_is_the_same() -> None:
    structs = read_structs(STATE)

    assert write_structs(structs.runs, structs.deletions) == STATE


@pytest.mark.parametrize("length", range(len(STATE)))
def test_every_truncation_is_refused(length: int) -> None:
    with pytest.raises(ProtocolError):
        read_structs(STATE[:length])


@given(st.data())
def test_mutated_update_is_read_or_refused(data: st.DataObject) -> None:
    mutated = bytearray(STATE)
    for _ in range(data.draw(st.integers(1, 4))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))

    try:
        structs = read_structs(bytes(mutated))
    except ProtocolError:
        return
    assert all(run.start < run.end <= MAX_CLOCK for run in structs.runs)


@given(st.binary(max_size=60))
def test_random_bytes_are_read_or_refused(update: bytes) -> None:
    with suppress(ProtocolError):
        assert read_structs(update).deletions


def letters(client: int, start: int, text: str) -> Run:
    """Return a run of one struct: a text in the root `t`."""
    encoded = text.encode()
    return Run(client, start, start + len(text), 1, b"\x04\x01\x01t" + bytes((len(encoded),)) + encoded)


def test_gap_parts_two_runs() -> None:
    runs = (letters(5, 2, "ab"), letters(5, 9, "c"))

    written = write_structs(runs, NO_DELETIONS)

    assert read_structs(written).runs == runs


def test_gaps_at_both_ends_belong_to_no_run() -> None:
    gap = b"\x0a\x03"
    update = b"\x01\x03\x05\x00" + gap + b"\x04\x01\x01t\x01a" + gap + NO_DELETIONS

    assert read_structs(update).runs == (letters(5, 3, "a"),)


def test_runs_of_several_clients_are_read() -> None:
    runs = (letters(9, 0, "ab"), letters(5, 4, "c"))

    assert read_structs(write_structs(runs, NO_DELETIONS)).runs == runs


def test_run_is_ready_that_begins_where_the_replica_ends_or_before() -> None:
    structs = read_structs(write_structs([letters(5, 2, "ab")], NO_DELETIONS))

    assert structs.ready({5: 2}) == structs.ready({5: 3}) == (structs.runs, ())
    assert structs.ready({}) == structs.ready({5: 1}) == ((), structs.runs)


def test_run_is_ready_behind_one_that_is() -> None:
    structs = read_structs(write_structs([letters(5, 0, "ab"), letters(5, 3, "c")], NO_DELETIONS))

    assert structs.ready({5: 3}) == (structs.runs, ())
    assert structs.ready({5: 2}) == (structs.runs[:1], structs.runs[1:])


def test_length_of_a_text_is_in_utf_16_units() -> None:
    doc: Doc[Any] = Doc(client_id=1)
    text: Text = doc.get("t", type=Text)
    text.insert(0, "ä😀語")

    (run,) = read_structs(doc.get_update()).runs

    assert run.end == 4


def nested(depth: int) -> bytes:
    return b"\x01\x01\x05\x00\x08\x01\x01t\x01" + b"\x75\x01" * depth + b"\x7e" + NO_DELETIONS


def test_value_that_nests_as_deep_as_may_be_is_read() -> None:
    assert len(read_structs(nested(MAX_NESTING)).runs) == 1


def test_value_that_nests_deeper_than_the_setting_is_refused() -> None:
    assert read_structs(nested(10), Limits(update_nesting=10)).runs
    with pytest.raises(ProtocolError, match="nests more than 10 deep"):
        read_structs(nested(11), Limits(update_nesting=10))
    assert read_structs(nested(11)).runs


@pytest.mark.parametrize("depth", [MAX_NESTING + 1, 40_000])
def test_value_that_nests_deeper_is_refused(depth: int) -> None:
    """At 40,000 the CRDT would overflow its stack and end the process."""
    with pytest.raises(ProtocolError, match=f"nests more than {MAX_NESTING} deep"):
        read_structs(nested(depth))


@pytest.mark.parametrize(
    ("update", "says"),
    [
        (b"\x01\x01\x05\x00\x00\x80\x80\x80\x80\x10" + NO_DELETIONS, "a struct of length 4294967296 came"),
        (b"\x01\x01\x05\x00\x0a\xff\xff\xff\xff\x0f" + NO_DELETIONS, "a struct of length 4294967295 came"),
        (b"\x01\x01\x05\x00\x01\x01\x01t\x00" + NO_DELETIONS, "a struct of length 0 came"),
        (
            b"\x01\x01\x05\xff\xff\xff\xff\x0f\x04\x01\x01t\x01a" + NO_DELETIONS,
            "a struct of length 1 came at clock 4294967295",
        ),
        (b"\x01\x01\x05\x00\x0b\x01\x01t\x01" + NO_DELETIONS, "content of kind 11 came"),
        (b"\x01\x01\x05\x00\x8a\x01" + NO_DELETIONS, "came"),
        (b"\x01\x01\x05\x00\x07\x01\x01t\x07" + NO_DELETIONS, "a type of kind 7 came"),
        (b"\x01\x01\x05\x00\x07\x01\x01t\x05\x01h" + NO_DELETIONS, "a type of kind 5 came"),
        (b"\x01\x01\x05\x00\x02\x01\x01t\x01\x011" + NO_DELETIONS, "content of kind 2 came"),
        (b"\x01\x01\x05\x00\x08\x01\x01t\x01\x50" + NO_DELETIONS, "a value of kind 80 came"),
        (b"\x01\x01\x05\x00\x04\x01\x01t\x02\xff\xfe" + NO_DELETIONS, "expected UTF-8"),
        (b"\xff\xff\xff\xff\x0f", "came"),
        (b"\x01\xff\xff\xff\xff\x0f\x05\x00", "came"),
        (b"\x00\x00\x00", "came after a complete message"),
        (b"\x02" + b"\x01\x05\x00\x04\x01\x01t\x01a" * 2 + NO_DELETIONS, "client 5 came twice"),
    ],
    ids=[
        "GC",
        "gap",
        "empty",
        "clock",
        "content",
        "skip with origin",
        "type",
        "hook",
        "JSON",
        "value",
        "text",
        "clients",
        "structs",
        "rest",
        "client twice",
    ],
)
def test_what_no_client_writes_is_refused(update: bytes, says: str) -> None:
    with pytest.raises(ProtocolError, match=says):
        read_structs(update)


@pytest.mark.parametrize(
    ("update", "says"),
    [
        pytest.param(b"\x0b", "clients and structs", id="clients"),
        pytest.param(b"\x01\x0a\x05\x00", "clients and structs", id="structs"),
        pytest.param(b"\x02\x05\x05\x00" + b"\x00\x01" * 5 + b"\x05\x06\x00", "clients and structs", id="in all"),
        pytest.param(b"\x00\x0b" + b"\x01\x00" * 11, "clients and deleted ranges", id="deleting clients"),
        pytest.param(b"\x00\x01\x05\x0a" + b"\x01\x01" * 10, "clients and deleted ranges", id="ranges"),
    ],
)
def test_update_that_declares_more_entries_than_allowed_is_refused(update: bytes, says: str) -> None:
    with pytest.raises(ProtocolError, match=f"more than 10 {says}"):
        read_structs(update, TEN)


def test_update_of_as_many_entries_as_allowed_is_read() -> None:
    update = b"\x01\x09\x05\x00" + b"\x00\x01" * 9 + b"\x01\x05\x09" + b"\x01\x01" * 9

    assert read_structs(update, TEN).runs[0].end == 9


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\x0b" + b"\x7e" * 11, id="flat"),
        pytest.param(b"\x01\x75\x0a" + b"\x7e" * 10, id="array"),
        pytest.param(b"\x01\x76\x0a" + b"\x01k\x7e" * 10, id="object"),
    ],
)
def test_update_that_declares_more_values_than_allowed_is_refused(
    content: bytes,
) -> None:
    update = b"\x01\x01\x05\x00\x08\x01\x01t" + content + NO_DELETIONS

    with pytest.raises(ProtocolError, match="more than 10 values"):
        read_structs(update, TEN)
    assert read_structs(update).runs
