"""`collab --version`."""

from importlib.metadata import version

from tests.commands.conftest import Collab


def test_version_is_said(collab: Collab) -> None:
    assert collab("--version").stdout == f"collab {version('collab')}\n"
