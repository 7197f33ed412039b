"""Secrets of channels: given as a value, from a file, or by the environment; never both, and never shown."""

from monitor.config.document import Scalar
from monitor.config.draft import Draft
from monitor.settings import Secret


def secret_at(draft: Draft, path: tuple[str, ...], key: str, value: Secret | None, file: str | None) -> Secret | None:
    """A secret given as value or file; a value that stands in the file in clear is warned of."""
    node, file_node = draft.node(*path, key), draft.node(*path, f"{key}_file")
    shown = ".".join(path)
    if value is not None and file is not None:
        draft.fault(file_node, f"{shown}: give {key} or {key}_file, not both")
        return None
    if value is not None:
        if not (isinstance(node, Scalar) and node.origin):
            name = "__".join(part.upper().replace("-", "_").replace(".", "_") for part in (*path, key))
            message = f"a secret stands here in clear; {key}_file or MONITOR_{name} keeps it out of the file"
            draft.warn(node, f"{shown}.{key}: {message}")
        return value
    if file is None:
        return None
    content = draft.secret_file(file_node, file)
    return Secret(content) if content is not None else None
