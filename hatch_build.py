"""Puts the built editor and the database migrations into the wheel, so that `pip install` alone is enough to serve."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface[Any]):
    """Adds `web/dist` and `migrations` to a real wheel; an editable install finds both in the checkout."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files, or say what is missing."""
        if version == "editable":
            return
        root = Path(self.root)
        if not (root / "web/dist/index.html").is_file():
            message = "web/dist holds no built editor: run `make build`, which builds it first"
            raise FileNotFoundError(message)
        build_data["force_include"][str(root / "web/dist")] = "collab/_web"
        build_data["force_include"][str(root / "migrations")] = "collab/_migrations"
