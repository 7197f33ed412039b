"""A row of the table of names: one entity with its spellings by script. For `build_names.py`."""

import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field

from monitor.text.scripts import scripts_in

SCRIPTS = ("Latn", "Cyrl", "Arab", "Hebr", "Grek", "Hani", "Jpan", "Kore", "Armn", "Geor", "Deva", "Thai")
FORMS = 8  # of a script
LATIN_FORMS = 30  # of a country or a place: its names in other languages


@dataclass
class Row:
    """One entity. `kind` is c (country or territory), l (language), p (place) or n (part of a person's name)."""

    kind: str
    note: str
    """The country's code, and the inhabitants, of a place."""
    forms: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, text: str) -> None:
        """A form, unless it is there or mixes scripts."""
        text = unicodedata.normalize("NFC", "".join(char for char in text if unicodedata.category(char) != "Cf")).strip(
            " .·"
        )
        found = scripts_in(text)
        script = (
            "Jpan" if "Jpan" in found and found <= {"Jpan", "Hani"} else next(iter(found)) if len(found) == 1 else ""
        )
        if script in SCRIPTS and text not in self.forms[script]:
            self.forms[script].append(text)

    def line(self) -> str:
        """The row as it is shipped."""
        most = {"Latn": LATIN_FORMS} if self.kind != "n" else {}
        kept = [
            f"{script}={'|'.join(forms[: most.get(script, FORMS)])}"
            for script in SCRIPTS
            if (forms := self.forms.get(script))
        ]
        return "\t".join([self.kind, self.note, *kept])
