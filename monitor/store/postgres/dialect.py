"""The shared statements in PostgreSQL's words. Pure.

    ?  :name                         %s  %(name)s
    /* skip locked */                FOR UPDATE SKIP LOCKED: a claim passes over what another worker is claiming
    json_each(?)                     the values of a JSON array
    json_group_object, …_array       aggregates, as text
    instr                            strpos
    INDEXED BY …                     nothing: PostgreSQL chooses its indexes itself

Everything else in `store/sql/` is read the same by both.
"""

import re
from functools import lru_cache

_PARTS = re.compile(
    r"'(?:[^']|'')*'"  # text that stands for itself
    r"|/\* skip locked \*/"
    r"|json_each\((?:\?|CAST\(:[a-z]+ AS TEXT\))\)"
    r"|json_group_(?:object|array)\([^()]*\)"
    r"|\binstr\("
    r"|\bINDEXED BY \w+"
    r"|\?|%|(?<!:):[a-z_]+"
)
_FIXED = {
    "/* skip locked */": "FOR UPDATE SKIP LOCKED",
    "json_each(?)": "jsonb_array_elements_text(%s::jsonb) AS each(value)",
    "instr(": "strpos(",
    "?": "%s",
    "%": "%%",
}


@lru_cache(maxsize=1_000)
def translated(sql: str) -> str:
    """The statement for PostgreSQL."""
    return _PARTS.sub(_one, sql)


def _one(found: re.Match[str]) -> str:
    part = found[0]
    if part in _FIXED:
        return _FIXED[part]
    if part.startswith("json_each"):  # a named value, which PostgreSQL is told the type of
        return f"jsonb_array_elements_text(%({part[16:-10]})s::jsonb) AS each(value)"
    if part.startswith("'"):
        return part.replace("%", "%%")
    if part.startswith("json_group_object"):
        return f"coalesce(json_object_agg({part[18:-1]})::text, '{{}}')"
    if part.startswith("json_group_array"):
        return f"coalesce(json_agg({part[17:-1]})::text, '[]')"
    return "" if part.startswith("INDEXED") else f"%({part[1:]})s"
