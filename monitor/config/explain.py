"""What pydantic found wrong, said in our own words at the place in the file.

Nothing of pydantic's wording or of the input itself gets through: a message is made from the kind of error, the keys
on the way to it, and the spelling in the file where that is no secret.
"""

from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from monitor.config.document import Document, Mapping, Node, Odd, Scalar, Sequence, quoted
from monitor.config.secrecy import secretive
from monitor.config.values import NotTextError, did_you_mean
from monitor.errors import Fault

_EXPECTED = {
    "tuple_type": "expected a list, such as [one, two]",
    "dict_type": "expected keys with values",
    "model_type": "expected keys with values",
    "model_attributes_type": "expected keys with values",
    "int_type": "expected a whole number",
    "float_type": "expected a number",
    "bool_type": "expected true or false",
    "finite_number": "expected a finite number",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must have at least one entry",
    "union_tag_not_found": "is missing its kind",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a tree a path of keys ends, and what the models want there."""

    node: Node | None
    keys: tuple[str, ...]
    """The keys on the way, with list places as `feeds[2]`."""
    model: type[BaseModel] | None


def faults_of(
    error: ValidationError, document: Document, model: type[BaseModel], root: Node, *, rule: str | None = None
) -> tuple[Fault, ...]:
    """Each error of pydantic as a fault of the file, except those that were reported when the file was read."""
    errors = error.errors(include_url=False, include_input=False)
    above = {details["loc"][:depth] for details in errors for depth in range(len(details["loc"]))}
    # A list is called too short when its only entry is spoilt; that entry's own fault says it all.
    true = [details for details in errors if details["type"] != "too_short" or details["loc"] not in above]
    found = (_fault(details, document, model, root) for details in true)
    return tuple(replace(fault, rule=rule) for fault in found if fault)


def _fault(details: ErrorDetails, document: Document, model: type[BaseModel], root: Node) -> Fault | None:
    loc, kind = details["loc"], details["type"]
    on_key = bool(loc) and loc[-1] == "[key]"
    steps = loc[:-1] if on_key or kind in {"missing", "extra_forbidden"} else loc
    place = locate(root, model, steps)
    where: Node | None = place.node
    if kind == "extra_forbidden":
        parent = place.node
        key = str(loc[-1])
        where = (parent.key(key) if isinstance(parent, Mapping) else None) or parent
        value = parent.get(key) if isinstance(parent, Mapping) else None
        where = value if isinstance(value, Scalar) and value.origin else where
        return document.fault(where, _unknown_key(key, place))
    if kind == "missing":
        return document.fault(where, _named(place.keys, f"the key {quoted(str(loc[-1]))} is missing"))
    if on_key:
        parent = locate(root, model, steps[:-1]).node
        where = (parent.key(str(steps[-1])) if isinstance(parent, Mapping) else None) or parent
    if kind == "union_tag_invalid" and isinstance(where, Mapping):
        place = replace(place, node=where.get("kind"), keys=(*place.keys, "kind"))
        where = place.node
    if isinstance(where, Scalar) and where.broken:
        return None
    return document.fault(where, _named(place.keys, _sentence(details, place)))


def _named(keys: tuple[str, ...], sentence: str) -> str:
    """The sentence after the path of keys that it is about."""
    return f"{'.'.join(keys)}: {sentence}" if keys else sentence


def _unknown_key(key: str, place: Place) -> str:
    known = keys_of(place.model) if place.model else {}
    near = get_close_matches(key.lower(), list(known), 1, 0.6)
    hint = did_you_mean(near[0]) if near else (f"; known are {', '.join(known)}" if known else "")
    return _named(place.keys, f"unknown key {quoted(key)}{hint}")


def _sentence(details: ErrorDetails, place: Place) -> str:
    kind, context = details["type"], details.get("ctx", {})
    node = place.node
    if isinstance(node, Scalar) and node.value is None and not node.style:
        return "has no value; write one, or leave the key out"
    if kind == "value_error":
        cause = context["error"]
        return _quote_it(place) if isinstance(cause, NotTextError) else str(cause)
    if kind == "literal_error":
        return _choice(place, str(context["expected"]).replace("'", "").replace(" or ", ", ").split(", "))
    if kind == "union_tag_invalid":
        return _choice(place, [one.strip("'") for one in str(context["expected_tags"]).split(", ")])
    if kind == "union_tag_not_found":
        return _no_kind(node)
    return _EXPECTED.get(kind, "is not what is expected here").format(**context)


def _no_kind(node: Node | None) -> str:
    """Nothing says which of several shapes a mapping has; perhaps because of a slip of the fingers."""
    if not isinstance(node, Mapping):
        return _EXPECTED["model_type"]
    near = get_close_matches("kind", list(node.entries), 1, 0.6)
    return _EXPECTED["union_tag_not_found"] + (f'; did you mean "kind" where {quoted(near[0])} stands?' if near else "")


def _choice(place: Place, options: list[str]) -> str:
    """One of a few words was expected."""
    written = place.node.text if isinstance(place.node, Scalar) else ""
    near = get_close_matches(written.lower(), options, 1, 0.6)
    instead = f", not {quoted(written)}" if written else ""
    return f"expected one of {', '.join(options)}{instead}{did_you_mean(near[0] if near else None)}"


def _quote_it(place: Place) -> str:
    """Something that YAML takes for another type stands where text is meant."""
    node = place.node
    if not isinstance(node, Scalar):
        return "expected text, not a list or mapping"
    kind = "a yes-or-no value" if isinstance(node.value, bool) else "a number"
    kind = node.value.kind if isinstance(node.value, Odd) else kind
    if place.keys and secretive(tuple(key.partition("[")[0] for key in place.keys)):
        return f"YAML reads this as {kind}; put it in quotes"
    return f"YAML reads {node.text} as {kind}; quote it: {quoted(node.text)}"


# ── Walking the models and the tree together ──────────────────────────────────────────────────────────────────────────


def locate(root: Node, model: type[BaseModel], loc: tuple[int | str, ...]) -> Place:
    """Follow a location of pydantic. Steps that stand for a member of a union, or for what is not there, are skipped."""
    node: Node = root
    wanted: Any = model
    keys: list[str] = []
    for step in loc:
        if isinstance(step, int):
            if not isinstance(node, Sequence) or step >= len(node.items):
                continue
            keys[-1:] = [f"{keys[-1]}[{step}]"] if keys else [f"[{step}]"]
            wanted, node = below(wanted, node, step), node.items[step]
            continue
        child = node.get(step) if isinstance(node, Mapping) else None
        if child is not None:
            keys.append(step)
            wanted, node = below(wanted, node, step), child
    return Place(node, tuple(keys), model_of(wanted, node))


def keys_of(model: type[BaseModel]) -> dict[str, Any]:
    """The keys of a model as they stand in the file, with what each wants."""
    return {info.alias or name: info.annotation for name, info in model.model_fields.items()}


def below(wanted: Any, node: Node | None, step: int | str) -> Any:
    """What is wanted one step below."""
    model = model_of(wanted, node)
    if model is not None:
        return keys_of(model).get(str(step))
    for option in options_of(wanted):
        arguments = get_args(option)
        if get_origin(option) is dict:
            return arguments[1]
        if get_origin(option) is tuple:
            return arguments[0]
    return None


def model_of(wanted: Any, node: Node | None) -> type[BaseModel] | None:
    """The model that is wanted; of several, the one that the mapping looks most like."""
    models = [one for one in options_of(wanted) if isinstance(one, type) and issubclass(one, BaseModel)]
    present: Map[str, object] = node.entries if isinstance(node, Mapping) else {}
    kind = node.get("kind") if isinstance(node, Mapping) else None

    def likeness(model: type[BaseModel]) -> tuple[bool, int]:
        keys = keys_of(model)
        named = isinstance(kind, Scalar) and kind.value in get_args(keys.get("kind"))
        return named, len(present.keys() & keys.keys())

    return max(models, key=likeness) if models else None


def options_of(wanted: Any) -> tuple[Any, ...]:
    """The members of a union, without their annotations; a plain type is its only member."""
    if get_origin(wanted) is Annotated:
        return options_of(get_args(wanted)[0])
    if get_origin(wanted) in {Union, UnionType}:
        return tuple(option for member in get_args(wanted) for option in options_of(member))
    return (wanted,)
