"""JSON Schemas of the settings and rule files, for editors, made from the models: `python -m monitor.config.schema`.

They ship with the package; a test proves that they are what the models say.
"""

import json
import sys
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from monitor.config.rules_file import RulesFile
from monitor.config.settings_file import SettingsFile
from monitor.config.values import shown_duration

MODELS: dict[str, type[BaseModel]] = {"settings": SettingsFile, "rules": RulesFile}


class _Generator(GenerateJsonSchema):
    """Writes defaults as they are written in the files, and no titles, which only repeat the keys."""

    def encode_default(self, dft: Any) -> Any:
        """As it would stand in the file."""
        if isinstance(dft, timedelta):
            return shown_duration(dft)
        if isinstance(dft, tuple) and dft and isinstance(dft[0], str) and isinstance(dft[-1], int):  # listen
            return f"{dft[0]}:{dft[1]}"
        if isinstance(dft, BaseModel):
            return {}
        return super().encode_default(dft)

    def nullable_schema(self, schema: Any) -> Any:
        """A key that may be left out may not be null."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> Any:
        """No default is told where leaving the key out means that there is none."""
        return (
            super().default_schema(schema)
            if schema.get("default") is not None
            else self.generate_inner(schema["schema"])
        )

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never."""
        del schema
        return False


def schema_text(name: str) -> str:
    """The schema of `settings` or `rules`, made now."""
    made = MODELS[name].model_json_schema(schema_generator=_Generator)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def shipped_schema(name: str) -> str:
    """The schema of `settings` or `rules` that came with the package."""
    return resources.files("monitor.config").joinpath("schemas", f"{name}.schema.json").read_text("utf-8")


def main() -> None:
    """Write both beside this module."""
    folder = Path(__file__).parent / "schemas"
    folder.mkdir(exist_ok=True)
    for name in MODELS:
        (folder / f"{name}.schema.json").write_text(schema_text(name), encoding="utf-8")
        sys.stderr.write(f"{folder / name}.schema.json\n")


if __name__ == "__main__":
    main()
