"""The documentation, the schemas and the shipped files say what the program does."""

import base64
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from monitor.config import load, load_rules, load_settings
from monitor.config.explain import options_of
from monitor.config.rules_file import RulesFile
from monitor.config.schema import MODELS, schema_text, shipped_schema
from monitor.config.settings_file import SettingsFile
from monitor.config.values import shown_duration
from monitor.settings import EmailSettings, SlackSettings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "settings.md"


def models_of(wanted):
    """Every model that a type leads to, with the models inside it."""
    for option in options_of(wanted):
        if isinstance(option, type) and issubclass(option, BaseModel):
            yield option
            for info in option.model_fields.values():
                yield from models_of(info.annotation)
        elif get_origin(option) in {tuple, dict}:
            for inner in get_args(option):
                yield from models_of(inner)


def default_of(info: Any) -> str:
    """A default as it is written in the file."""
    value = info.default
    if value is PydanticUndefined:
        return "" if info.default_factory else "required"
    if isinstance(value, timedelta):
        return f"`{shown_duration(value)}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple) and value and isinstance(value[0], str) and isinstance(value[-1], int):
        return f"`{value[0]}:{value[1]}`"
    if isinstance(value, tuple) and value:
        return f"`[{', '.join(map(str, value))}]`"
    return "" if value in (None, ()) or isinstance(value, BaseModel) else f"`{value}`"


def rows():
    """What the tables of the document must say: key, default and meaning, by model."""
    return {
        model.__name__: [
            f"| `{info.alias or name}` | {{}} | {default_of(info)} | {' '.join(info.description.split())} |"
            for name, info in model.model_fields.items()
        ]
        for model in dict.fromkeys(models_of(SettingsFile))
    }


def test_every_key_is_documented_with_its_type_default_and_meaning():
    text = DOCS.read_text("utf-8")
    for model, lines in rows().items():
        for line in lines:
            pattern = re.escape(line).replace(r"\{\}", "[^|]*[^| ][^|]*")
            assert re.search(f"^{pattern}$", text, re.MULTILINE), f"{model}: {line}"


def test_nothing_is_documented_that_is_not_there():
    known = {line.split("|")[1].strip() for lines in rows().values() for line in lines}
    documented = re.findall(r"^\| (`[a-z_]+`) \|", DOCS.read_text("utf-8"), re.MULTILINE)
    assert documented
    assert set(documented) <= known


def test_every_example_of_the_document_loads(tmp_path):
    blocks = re.findall(r"```yaml\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert blocks
    for name in ("seeds", "feeds", "secrets"):
        (tmp_path / name).mkdir()
    for name in ("mail-password", "slack-url"):
        (tmp_path / "secrets" / name).write_text("https://example.org/secret")
    for block in blocks:
        (tmp_path / "monitor.yaml").write_text(block)
        load_settings(tmp_path / "monitor.yaml", {})


@pytest.mark.parametrize("name", MODELS)
def test_the_shipped_schema_is_what_the_models_say(name):
    assert shipped_schema(name) == schema_text(name), "run: python -m monitor.config.schema"


def test_every_key_has_a_description_in_the_schemas():
    for name in MODELS:
        schema = json.loads(shipped_schema(name))
        for part in (schema, *schema["$defs"].values()):
            assert part["additionalProperties"] is False
            for key, wanted in part["properties"].items():
                assert wanted.get("description") or "$ref" in wanted, f"{name}: {key}"
    assert RulesFile.model_fields.keys() == {"rules"}


# ── What is shipped ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_shipped_settings_and_rules_hold():
    loaded = load(ROOT / "monitor.yaml", {})
    assert [feed.url for feed in loaded.settings.feeds] == [str(ROOT / "seeds")]
    assert loaded.settings.store.path == ROOT / "var" / "monitor.db"
    (desk,) = loaded.settings.subscribers
    assert (desk.rules, desk.kinds, desk.labels) == ((), (), ())
    assert loaded.settings.operator == ("desk",)
    assert load_rules([ROOT / "rules"]) == loaded.rules


def test_the_comments_of_the_shipped_settings_hold_when_they_are_uncommented(tmp_path):
    for name in ("seeds", "feeds", "secrets", "rules"):
        (tmp_path / name).mkdir()
    (tmp_path / "secrets" / "mail-password").write_text("secret\n")
    (tmp_path / "secrets" / "slack-url").write_text("https://hooks.slack.com/services/T/B/x\n")
    (tmp_path / "secrets" / "webhook").write_text(f"whsec_{base64.b64encode(b'x' * 32).decode()}\n")
    (tmp_path / "secrets" / "ntfy").write_text("ntfy://topic\n")
    (tmp_path / "secrets" / "heartbeat-url").write_text("https://ping.example.org/x\n")
    text = (ROOT / "monitor.yaml").read_text("utf-8")
    uncommented = re.sub(r"^( *)#(?=[a-z-])", r"\1", text, flags=re.MULTILINE)
    assert uncommented.count("#") < text.count("#") - 15
    (tmp_path / "monitor.yaml").write_text(uncommented)
    settings = load_settings(tmp_path / "monitor.yaml", {})
    assert [feed.outlet for feed in settings.feeds] == [None, None, "example", None]  # the last is the canary
    mail = next(one for one in settings.channels if isinstance(one, EmailSettings))
    slack = next(one for one in settings.channels if isinstance(one, SlackSettings))
    assert (mail.password.reveal(), mail.security) == ("secret", "starttls")
    assert slack.url.reveal().startswith("https://hooks.slack.com/")
    desk, mena = settings.subscribers
    assert {one.channel for one in desk.recipients} == {"mailbox", "mail", "slack"}
    assert len(desk.recipients) == 4
    assert mena.labels == (("desk", "mena"),)
