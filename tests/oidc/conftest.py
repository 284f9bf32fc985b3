"""Identity providers in processes of their own, and servers that know them."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.clients.packages import install_packages, program
from tests.gateways.serving import migrated_database, serve
from tests.oidc.process import provider_process

__all__ = ["migrated_database", "serve"]

FOLDER: Final = Path(__file__).parent


@pytest.fixture(scope="session")
def provider() -> Iterator[str]:
    """Give the issuer of a certified provider, `oidc-provider`, in Node."""
    install_packages(FOLDER)
    with provider_process(program("node"), str(FOLDER / "provider.mjs")) as issuer:
        yield issuer


@pytest.fixture(scope="session")
def hostile() -> Iterator[str]:
    """Give the issuer of a provider that behaves as it is told to."""
    with provider_process(sys.executable, str(FOLDER / "hostile.py")) as issuer:
        yield issuer
