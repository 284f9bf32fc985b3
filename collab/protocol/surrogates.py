"""Characters beyond 16 bits in the texts of an update, and where an update parts what it builds upon.

Yjs counts text in UTF-16 code units, in which such a character is a pair of surrogates. A client may part the two: it puts something
between them, or deletes one. In Yjs each half becomes U+FFFD then. The CRDT, which keeps UTF-8, would lose text (yrs 0.28).
Source: https://github.com/yjs/yjs (src/structs/ContentString.js, `splice`).
"""

import re
from collections.abc import Container, Iterable, Iterator
from typing import Final, NamedTuple

from collab.protocol.lib0 import Reader, var_string
from collab.protocol.struct_reader import GC, HAS_ORIGIN, HAS_RIGHT_ORIGIN, KIND, SKIP, TEXT, StructReader
from collab.protocol.updates import decode_delete_set

Seam = tuple[int, int]
"""A client, and the clock of the second of two units that stand beside each other."""

_HALF: Final = "\N{REPLACEMENT CHARACTER}"

may_hold_pairs: Final = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{3}").search
"""Finds bytes that look like such a character; where it finds none, there is none."""


class PairedText(NamedTuple):
    """A text with characters beyond 16 bits, as an update holds it."""

    client: int
    clock: int
    start: int
    """Where it begins in the update, at its length in bytes."""

    end: int
    """Where in the update it has ended."""

    text: str

    def seams(self) -> Iterator[Seam]:
        """Return the clocks of the second halves, in their order."""
        clock = self.clock
        for character in self.text:
            if character > "\uffff":
                clock += 1
                yield self.client, clock
            clock += 1

    def parted(self, seams: Container[Seam]) -> bytes:
        """Return the text as it is encoded when its pairs are parted at these seams."""
        clock, characters = self.clock, []
        for character in self.text:
            is_pair = character > "\uffff"
            characters.append(_HALF * 2 if is_pair and (self.client, clock + 1) in seams else character)
            clock += 1 + is_pair
        return var_string("".join(characters))


def read_seams(update: bytes) -> tuple[set[Seam], list[PairedText]]:
    """Return the seams at which an update parts what it builds upon, and its texts with pairs. The update is one that can be read."""
    reader = StructReader(update)
    parted: set[Seam] = set()
    texts: list[PairedText] = []
    for _ in range(reader.var_uint()):
        count, client, clock = reader.var_uint(), reader.var_uint(), reader.var_uint()
        for _ in range(count):
            info = reader.byte()
            if info in (SKIP, GC):
                clock += reader.var_uint()
                continue
            _read_neighbours(info, reader, parted)
            start = reader.position
            length = reader.content(info & KIND)
            if info & KIND == TEXT and may_hold_pairs(update, start, reader.position):
                text = Reader(update[start : reader.position]).var_bytes().decode()
                texts.append(PairedText(client, clock, start, reader.position, text))
            clock += length
    for client, ranges in decode_delete_set(update[reader.position :]).items():
        parted.update((client, border) for deleted in ranges for border in deleted)
    return parted, texts


def _read_neighbours(info: int, reader: StructReader, parted: set[Seam]) -> None:
    if info & HAS_ORIGIN:
        parted.add((reader.var_uint(), reader.var_uint() + 1))
    if info & HAS_RIGHT_ORIGIN:
        parted.add((reader.var_uint(), reader.var_uint()))
    if not info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN):
        reader.place(info)


def part_texts(update: bytes, texts: Iterable[PairedText], seams: Container[Seam]) -> bytes:
    """Return an update whose texts, in their order, are parted at these seams."""
    pieces: list[bytes] = []
    end = 0
    for text in texts:
        pieces += (update[end : text.start], text.parted(seams))
        end = text.end
    return b"".join((*pieces, update[end:]))
