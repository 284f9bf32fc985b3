"""One try to open a room, which everybody who asks for the room meanwhile waits for."""

import anyio


class Opening:
    """Tells those who wait how a try went; the first that is said of it stands. It is the task status of what opens the room."""

    def __init__(self) -> None:
        self._over = anyio.Event()
        self._error: Exception | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has come to an end, good or bad."""
        return self._over.is_set()

    def started(self, _value: None = None) -> None:
        """Let those who wait go on."""
        self._over.set()

    def fail(self, error: Exception) -> None:
        """Raise this for all who wait."""
        if not self.is_over:
            self._error = error
            self._over.set()

    async def wait(self) -> None:
        """Return when the room is open. Raises what `fail` was given."""
        await self._over.wait()
        if self._error is not None:
            raise self._error
