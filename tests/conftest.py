"""What every suite shares."""

import pytest
from hypothesis import settings

# No deadline: how long an example takes is no property of the code on a machine that others use too.
settings.register_profile("collab", deadline=None)
settings.load_profile("collab")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The one event loop that the server runs on; uvloop comes into play in the suites that start a real server."""
    return "asyncio"
