"""Single sign-on by TLS from end to end: server and provider have certificates by an authority that they and the browser alone trust."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.packages import install_packages, program
from tests.oidc.browser import Browser, parameters
from tests.oidc.conftest import FOLDER
from tests.oidc.deployment import environment
from tests.oidc.process import provider_process
from tests.support.certificates import Files
from tests.support.server import RunningServer

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files.made_in(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def provider(files: Files) -> Iterator[str]:
    """Give the issuer of the provider, by TLS."""
    install_packages(FOLDER)
    script = str(FOLDER / "provider.mjs")
    with provider_process(program("node"), script, str(files.certfile), str(files.keyfile)) as issuer:
        yield issuer


@pytest.fixture
def server(provider: str, files: Files, database: Path, tmp_path: Path) -> Iterator[RunningServer]:
    """A server by TLS that trusts the provider's authority."""
    shutil.copy(database, tmp_path)
    authorities = tmp_path / "authorities.pem"
    files.authority.cert_pem.write_to_path(authorities)
    trusting = {"SSL_CERT_FILE": str(authorities), **files.settings}
    running = RunningServer.start(
        tmp_path, environment=environment(provider, **trusting, COLLAB_OIDC_CLIENT_ID="by-tls")
    )
    yield running
    running.kill()


async def test_somebody_signs_in_and_every_address_and_cookie_is_for_tls(
    server: RunningServer, provider: str, files: Files
) -> None:
    assert (server.url.partition("://")[0], provider.partition("://")[0]) == ("https", "https")
    async with Browser(server.url, files.trusting) as browser:
        begun = await browser.start("/d/x")
        answered = await browser.come_back(await browser.log_in(begun, "bob"))
        name = await browser.name()

    assert begun.headers["Location"].startswith(f"{provider}/auth?")
    assert parameters(begun.headers["Location"])["redirect_uri"] == f"{server.url}/api/v1/oidc/callback"
    assert "; Secure" in begun.headers["Set-Cookie"]
    assert (answered.status_code, answered.headers["Location"]) == (303, "/d/x")
    session, visit = answered.headers.get_list("Set-Cookie")
    assert session.startswith("__Host-collab_session=cs_")
    assert session.endswith("; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000; Secure")
    assert visit.startswith("__Host-collab_visit=; ")
    assert name == "Bob"


async def test_a_provider_whose_authority_is_not_trusted_is_asked_nothing(
    provider: str, files: Files, database: Path, tmp_path: Path
) -> None:
    shutil.copy(database, tmp_path)
    server = RunningServer.start(tmp_path, environment=environment(provider, **files.settings))
    try:
        async with Browser(server.url, files.trusting) as browser:
            begun = await browser.start("/d/x")
    finally:
        server.kill()

    assert begun.headers["Location"] == "/d/x#sign-in-failed=unavailable"
