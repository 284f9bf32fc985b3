"""The settings and what is written about them."""

from dataclasses import fields
from pathlib import Path

import pytest
from pydantic import ValidationError

from collab.protocol.limits import Limits
from collab.settings import KIB, MIB, Settings, unknown_variables

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"


def documented(name: str) -> str:
    """The row that the page must hold for a setting, made from its default and its docstring."""
    field = Settings.model_fields[name]
    default = (
        "unset"
        if field.default is None
        else f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"
    )
    return f"| `COLLAB_{name.upper()}` | {default} | {' '.join((field.description or '').split())} |"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_settings_page_tells_default_and_reason(name: str) -> None:
    assert documented(name) in PAGE.read_text().splitlines()


def test_settings_page_tells_of_nothing_else() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `COLLAB_")]

    assert len(rows) == len(Settings.model_fields)


def test_settings_without_database_url_use_the_data_directory(tmp_path: Path) -> None:
    assert Settings(data_dir=tmp_path).database == f"sqlite:///{tmp_path}/collab.db"


def test_settings_cannot_be_changed() -> None:
    settings = Settings()

    with pytest.raises(ValidationError):
        settings.bind = "0.0.0.0:80"


def test_every_limit_of_a_client_is_a_setting() -> None:
    assert Settings().limits == Limits()
    bounded = {"update_nesting": 9, "document_types": 2000}  # whose defaults are the most that may be
    changed = {field.name: getattr(Limits(), field.name) + 1 for field in fields(Limits)} | bounded

    settings = Settings.model_validate({f"max_{name}": value for name, value in changed.items()})

    assert settings.limits == Limits(**changed)


def test_updates_may_not_nest_deeper_than_is_read() -> None:
    with pytest.raises(ValidationError, match="less than or equal to 400"):
        Settings(max_update_nesting=401)


def test_sums_over_all_clients_have_room_for_two_of_the_largest() -> None:
    Settings(max_message_bytes=64 * KIB, max_bodies_bytes=128 * KIB)

    with pytest.raises(ValidationError, match="at least 33554432, twice COLLAB_MAX_MESSAGE_BYTES"):
        Settings(max_bodies_bytes=32 * MIB - 1)


def test_misspelt_variables_are_told_with_what_was_meant() -> None:
    variables = ["COLLAB_DATABSE_URL", "COLLAB_SECRET", "collab_bind", "COLLAB_XYZ", "PATH"]
    assert list(unknown_variables(variables)) == [
        "COLLAB_DATABSE_URL is no setting; was COLLAB_DATABASE_URL meant?",
        "COLLAB_XYZ is no setting",
    ]
