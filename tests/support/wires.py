"""Wires that lead into memory, for tests of what a room writes and to whom."""

from collab.protocol.frames import Frame


class MemoryWire:
    """Keeps what was written; its client takes everything at once, until it is told to stall."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.stalled = False
        self._untaken = 0

    def write(self, frame: Frame) -> int:
        self.frames.append(frame)
        if self.stalled:
            self._untaken += len(frame.wire)
        return self._untaken

    def waiting(self) -> int:
        return self._untaken

    def drain(self) -> None:
        """Let the client take everything, and go on taking."""
        self.stalled, self._untaken = False, 0

    def take(self) -> list[bytes]:
        """Return the payloads written since the last call."""
        payloads = [frame.payload for frame in self.frames]
        self.frames.clear()
        return payloads
