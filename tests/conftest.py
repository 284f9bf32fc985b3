"""What every suite shares."""

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The one event loop that the server runs on; uvloop comes into play in the suites that start a real server."""
    return "asyncio"
