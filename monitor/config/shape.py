"""Pydantic pieces that the settings and rule files share: strict models and types whose faults are our own sentences.

Only `config` knows pydantic; what leaves this floor are the frozen values of `model` and `settings`.
"""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Tag,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

from monitor.config import values
from monitor.settings import Network, Secret


class Strict(BaseModel):
    """A mapping in a file: no unknown keys, nothing converted behind the author's back."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )


def _listed(value: object) -> object:
    """One value stands for a list of one."""
    return (value,) if isinstance(value, str) else value


def _text_schema(**more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "minLength": 1, **more})


_DURATION = r"^([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"

Text = Annotated[str, BeforeValidator(values.text), _text_schema()]
Line = Annotated[str, BeforeValidator(values.one_line), _text_schema()]
Slug = Annotated[str, BeforeValidator(values.slug), _text_schema(pattern="^[a-z0-9][a-z0-9._-]{0,99}$")]
Lang = Annotated[str, BeforeValidator(values.lang), _text_schema(pattern="^[a-z]{2,3}$")]
Script = Annotated[str, BeforeValidator(values.script), _text_schema(pattern="^[A-Z][a-z]{3}$")]
Country = Annotated[str, BeforeValidator(values.country), _text_schema(pattern="^[A-Z]{2}$")]
Timezone = Annotated[str, BeforeValidator(values.timezone), _text_schema()]
WebUrl = Annotated[str, BeforeValidator(values.web_url), _text_schema(pattern="^https?://")]
Mail = Annotated[str, BeforeValidator(values.mail_address), _text_schema(format="email")]
Sender = Annotated[str, BeforeValidator(values.sender), _text_schema()]
Host = Annotated[str, BeforeValidator(values.host), _text_schema()]
Listen = Annotated[
    tuple[str, int],
    BeforeValidator(lambda value: value if isinstance(value, tuple) else values.listen(value)),
    _text_schema(pattern=":[0-9]{1,5}$"),
]
StoreUrl = Annotated[str, BeforeValidator(values.store_url), _text_schema(pattern="^(sqlite:///.|postgres(ql)?://.)")]
Category = Annotated[str, BeforeValidator(values.category), _text_schema()]
CadenceText = Annotated[str, BeforeValidator(values.cadence), _text_schema()]
QuietText = Annotated[
    str, BeforeValidator(values.quiet_hours), _text_schema(pattern="[0-9]{1,2}:[0-9]{2} ?- ?[0-9]{1,2}:[0-9]{2}$")
]
SeverityText = Annotated[str, BeforeValidator(values.severity), _text_schema(pattern="(flash|urgent|routine)$")]
SecretText = Annotated[Secret, BeforeValidator(values.secret), _text_schema(writeOnly=True)]
Duration = Annotated[timedelta, BeforeValidator(values.duration), _text_schema(pattern=_DURATION)]
Pause = Annotated[timedelta, BeforeValidator(values.pause), _text_schema(pattern=_DURATION)]
Size = Annotated[
    int,
    BeforeValidator(values.size),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^[0-9.]+ ?[kKMG]?i?B?$"}]}
    ),
]
Cidr = Annotated[Network, BeforeValidator(values.network), _text_schema()]


class _OneOrMore:
    """Beside a tuple type: a single text may stand where a list is meant."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_listed, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        made = dict(handler(core))
        return {"anyOf": [made["items"], made]}


OneOrMore = _OneOrMore()

Kind = Literal["person", "base", "place", "organisation", "vessel", "topic"]
SeverityName = Literal["flash", "urgent", "routine"]
Labels = dict[Text, Text]
Slugs = Annotated[tuple[Slug, ...], OneOrMore]

AS_TEXT = Tag("<text>")
AS_MAPPING = Tag("<mapping>")


def text_or_mapping(value: object) -> str:
    """Tells the two forms of an entry apart; whatever is neither is judged as a mapping."""
    return "<text>" if isinstance(value, str) else "<mapping>"


Count = Annotated[int, Field(ge=1, le=100_000)]
Rate = Annotated[float, Field(gt=0, le=10_000)]
