"""The built wheel alone is enough: no checkout, no Node."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.support.server import RunningServer

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "build", "--wheel", "--outdir", str(directory), str(ROOT)], check=True)
    (built,) = directory.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean environment with the wheel and what it asks for, and nothing else."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / "bin" / "python"
    subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", "--constraint", str(ROOT / "constraints.txt"), str(wheel)],
        check=True,
    )
    return python


def test_wheel_carries_editor_and_migrations(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert "collab/_web/index.html" in names
    assert any(name.startswith("collab/_web/assets/") and name.endswith(".js.br") for name in names)
    assert "collab/_migrations/env.py" in names
    assert not any(name.startswith(("tests/", "web/", "benchmarks/")) for name in names)


def test_installed_wheel_serves_the_editor_without_node(installed_python: Path, tmp_path: Path) -> None:
    without_node = {"PATH": str(installed_python.parent), "HOME": str(tmp_path)}
    server = RunningServer.start(tmp_path, environment=without_node, python=installed_python)
    try:
        page = httpx.get(server.url + "/")
        script = page.text.partition('src="/assets/')[2].partition('"')[0]
        asset = httpx.get(f"{server.url}/assets/{script}")
        created = httpx.post(server.url + "/api/v1/documents", json={"title": "From a wheel"})

        assert page.status_code == 200
        assert asset.status_code == 200
        assert "immutable" in asset.headers["cache-control"]
        assert created.status_code == 201
    finally:
        server.kill()


def test_installed_command_names_its_commands(installed_python: Path) -> None:
    command = installed_python.with_name("collab")

    shown = subprocess.run(
        [str(command), "--help"], check=True, capture_output=True, text=True, env={**os.environ, "COLUMNS": "100"}
    )

    assert {"serve", "migrate", "token"} <= set(shown.stdout.replace("│", " ").split())
