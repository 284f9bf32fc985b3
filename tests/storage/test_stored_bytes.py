"""How snapshots are encoded in their rows, and how changed bytes are found."""

import random

import pytest
from zstandard import ZstdCompressor

from collab.storage.stored_bytes import (
    LARGEST_STATE,
    SMALLEST_COMPRESSED,
    Encoding,
    checksum,
    decode_state,
    encode_state,
    verify,
)


def test_state_that_compresses_well_is_stored_compressed() -> None:
    state = b"the same words again and again; " * 1000

    encoded = encode_state(state)

    assert encoded.encoding == Encoding.ZSTD
    assert len(encoded.stored) < len(state) / 10
    assert decode_state("zstd", encoded.stored) == state


@pytest.mark.parametrize(
    "state",
    [b"", b"a" * (SMALLEST_COMPRESSED - 1), random.Random(1).randbytes(10_000)],
    ids=["empty", "small", "noise"],
)
def test_state_that_would_not_shrink_is_stored_as_it_is(state: bytes) -> None:
    encoded = encode_state(state)

    assert encoded == encode_state(state)
    assert encoded.stored is state
    assert decode_state("identity", encoded.stored) == state


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"junk",
        ZstdCompressor().compress(b"x" * 5000)[:-1],
        ZstdCompressor(write_content_size=False).compress(b"x"),
    ],
    ids=["empty", "no frame", "cut short", "no size"],
)
def test_compressed_state_that_cannot_be_read_is_refused(damaged: bytes) -> None:
    with pytest.raises(ValueError, match="a compressed snapshot"):
        decode_state("zstd", damaged)


def test_frame_that_claims_more_than_a_state_may_have_is_refused_unread() -> None:
    claims = bytes.fromhex("28b52ffd") + b"\xe0" + (LARGEST_STATE + 1).to_bytes(8, "little")

    with pytest.raises(ValueError, match=f"claims {LARGEST_STATE + 1} bytes"):
        decode_state("zstd", claims)


def test_unknown_encoding_is_named() -> None:
    with pytest.raises(ValueError, match="an encoding 'br' came; expected one of identity, zstd"):
        decode_state("br", b"")


def test_changed_bytes_are_told_by_their_checksum() -> None:
    verify("the row", b"content", checksum(b"content"))
    with pytest.raises(ValueError, match=r"the row has the checksum [0-9a-f]{8}; expected [0-9a-f]{8}"):
        verify("the row", b"c0ntent", checksum(b"content"))


def test_row_of_the_time_before_checksums_is_believed() -> None:
    verify("the row", b"content", None)
