"""Settings and rules: YAML files and the environment, judged together, as frozen values.

`load` is what the daemon and the commands call. Every mistake of every file is told at once, with file, line and
column, and a set with a mistake is refused whole: whoever reloads keeps what is running. This floor reads files and the
mapping that it is given as environment, and writes nothing but images of compiled rules.
"""

from collections.abc import Mapping as Map
from collections.abc import Sequence as Seq
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from monitor.config.build import build_settings
from monitor.config.bundle import pack, unpack
from monitor.config.canary import add_canary_rule
from monitor.config.document import Mapping, Scalar, Sequence, read_document
from monitor.config.draft import Draft, begin
from monitor.config.environment import override
from monitor.config.images import Images, user_images
from monitor.config.rule_build import RuleCache
from monitor.config.rule_files import RuleSet, compile_set, contents_of, read_rules
from monitor.config.scope import check_rule_scope, name_outlets
from monitor.config.subscriber_build import check_rule_names
from monitor.errors import ConfigError, Fault
from monitor.matching import RuleIndex
from monitor.model import Rule
from monitor.settings import Settings

__all__ = [
    "Images",
    "Loaded",
    "RuleCache",
    "example_fault",
    "listed_feeds",
    "load",
    "load_index",
    "load_over",
    "load_published",
    "load_rules",
    "load_settings",
    "pack",
    "user_images",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Settings and rules without a mistake."""

    settings: Settings
    rules: tuple[Rule, ...]
    """In the order of the files, which is that of their names."""
    index: RuleIndex
    """Of these rules, and of the canary's."""
    warnings: tuple[str, ...] = ()
    """What works but is not wise, one sentence each."""


def load(path: Path, environ: Map[str, str], cache: RuleCache | None = None, *, base: Path | None = None) -> Loaded:
    """Read the settings file, the environment's `MONITOR_…` variables and all rule files.

    Whoever loads again and again keeps a cache: then only the rule files that were changed are read anew, and only rules
    that differ are compiled. `base`: the files were published by another worker, see `load_published`. Raises ConfigError
    with every mistake of all of them.
    """
    draft, settings = _read_settings(path, environ, base)
    found = read_rules(settings.rules, cache)
    _check_together(draft, settings, found)
    name_outlets(settings, found)
    written = tuple(found.rules)
    if settings.canary is not None:
        add_canary_rule(settings, draft, found)
    images = Images(settings.store.path.parent / "cache") if cache is not None else None
    index = compile_set(found, cache.index if cache is not None else None, images)
    draft.watch(*found.watched)
    _raise((*sorted(draft.faults, key=_in_order), *sorted(found.faults, key=_in_order)))
    if cache is not None:
        cache.index = index
    warnings = (*draft.warnings, *found.warnings, *_quiet(settings, found))
    settings = replace(settings, watched=tuple(draft.watched), content=_content(draft, settings))
    return Loaded(settings=settings, rules=written, index=index, warnings=warnings)


def _content(draft: Draft, settings: Settings) -> tuple[Path, ...]:
    """The files that may be published: those in the folder of the settings or below."""
    folder = draft.document.file.parent
    files = {one for one in draft.watched if one not in draft.private and one.is_file()}
    if settings.templates is not None and draft.model.templates:
        files.update(draft.content_path(draft.model.templates).glob("*.j2"))
    return tuple(sorted(one for one in files if one.is_relative_to(folder)))


def load_published(path: Path, environ: Map[str, str], files: bytes, cache: RuleCache | None = None) -> Loaded:
    """As `load`, from files that `bundle.pack` packed on another machine. What they do not have (secrets, folders that
    are polled, mailboxes) is looked for beside the own settings file `path`. Raises ConfigError.
    """
    with TemporaryDirectory(prefix="monitor-published-") as folder:
        return load(unpack(files, Path(folder)), environ, cache, base=path.absolute().parent)


def load_settings(path: Path, environ: Map[str, str]) -> Settings:
    """The settings alone, without reading the rules: for commands that must be quick or need no rules.

    Raises ConfigError with every mistake of the settings.
    """
    draft, settings = _read_settings(path, environ)
    _raise(sorted(draft.faults, key=_in_order))
    return settings


def _read_settings(path: Path, environ: Map[str, str], base: Path | None = None) -> tuple[Draft, Settings]:
    """The settings as far as they hold; the faults are in the draft. Raises ConfigError for what is no YAML."""
    document = read_document(path.absolute())
    if document.root is None and document.faults:
        raise ConfigError(tuple(document.faults))
    override(document, environ)
    draft = begin(document, base)
    draft.watch(document.file)
    return draft, build_settings(draft)


def load_rules(paths: Seq[Path]) -> tuple[Rule, ...]:
    """Read and compile rule files alone, without settings. Raises ConfigError with every mistake."""
    return tuple(load_index(paths).rules.values())


def load_index(paths: Seq[Path], images: Images | None = None) -> RuleIndex:
    """The same, for those who need the compiled rules as well: `RuleIndex.rules` has them in the order of the files.

    With `images`, files that were loaded before are neither read as YAML nor compiled again.
    """
    places = [path.absolute() for path in paths]
    contents = contents_of(places) if images is not None else []
    if images is not None and contents:
        known = images.load(("files", *contents))
        if known is not None:
            return known
    found = read_rules(places)
    index = compile_set(found)
    _raise(sorted(found.faults, key=_in_order))
    if images is not None and contents:
        images.save(("files", *contents), index)
    return index


def load_over(rules: Seq[Rule], paths: Seq[Path], settings: Settings | None = None) -> RuleIndex:
    """These rules, with those of some files in place of the ones that have the same ids, or beside them.

    With the settings, rules may name outlets by their ids. Raises ConfigError with every mistake of the files.
    """
    found = read_rules(path.absolute() for path in paths)
    if settings is not None:
        name_outlets(settings, found)
    found.rules[:0] = [rule for rule in rules if rule.id not in found.places]
    index = compile_set(found)
    _raise(sorted(found.faults, key=_in_order))
    return index


def _check_together(draft: Draft, settings: Settings, found: RuleSet) -> None:
    """What settings and rules say of each other."""
    ids = [rule.id for rule in found.rules]
    draft.spoilt.update(("rules", name) for name in found.spoilt)
    check_rule_names(draft, ids)
    check_rule_scope(draft, settings, found)


def _in_order(fault: Fault) -> tuple[str, int, int]:
    """Faults are told in the order of the files; those of the environment come first."""
    return str(fault.file or ""), fault.line or 0, fault.column or 0


def _raise(faults: Seq[Fault]) -> None:
    if faults:
        raise ConfigError(tuple(faults))


def _quiet(settings: Settings, found: RuleSet) -> tuple[str, ...]:
    """What is missing for anything to happen."""
    lacks = (
        (not settings.feeds, "there are no feeds: nothing is polled"),
        (not found.rules, "there are no rules: nothing can hit"),
        (not settings.subscribers, "there are no subscribers: nobody is told"),
    )
    return tuple(f"{settings.file}: {message}" for lacking, message in lacks if lacking)


def example_fault(rule: Rule, kind: str, position: int, message: str) -> Fault:
    """The place of an example (`kind` is `match` or `ignore`) in the file of its rule, with a message."""
    found = read_rules([Path(rule.file)] if rule.file else [])
    if rule.id not in found.places:
        return Fault(message=message, file=Path(rule.file) if rule.file else None, line=rule.line, rule=rule.id)
    return found.fault(rule.id, ("examples", kind, position), None, message)


def listed_feeds(path: Path) -> tuple[tuple[Path, ...], frozenset[str]]:
    """What a settings file says of feeds, without judging the rest: its OPML places, and the addresses it lists.

    For the import of feeds, which must work before the folder that the settings name is there. Raises ConfigError
    when the file cannot be read as YAML.
    """
    document = read_document(path.absolute())
    if document.faults:
        raise ConfigError(tuple(document.faults))
    feeds = document.root.get("feeds") if isinstance(document.root, Mapping) else None
    places: list[Path] = []
    urls: set[str] = set()
    for item in feeds.items if isinstance(feeds, Sequence) else ():
        texts = {"url": item.text} if isinstance(item, Scalar) else {}
        if isinstance(item, Mapping):
            texts = {key: node.text for key, (_, node) in item.entries.items() if isinstance(node, Scalar)}
        if "opml" in texts:
            places.append(Draft(document=document, base=document.file.parent).path(texts["opml"]))
        urls |= {texts["url"]} if "://" in texts.get("url", "") else set()
    return tuple(places), frozenset(urls)
