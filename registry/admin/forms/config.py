"""Form fields made from mlcore's catalog, so that a new setting needs no form code."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django import forms

from mlcore import catalog
from mlcore import config as run_config

Entry = Mapping[str, Any]

SECTION_TITLES = {
    "model": "Network",
    "training": "Training",
    "condition": "Prompts",
    "data": "Held-out shares",
    "evaluation": "Figures over folds",
}


def sections(architecture: catalog.Architecture) -> dict[str, list[Entry]]:
    """The settings a person may change, by section of the run configuration; a section without any is left out."""
    shared = run_config.sections()
    described = catalog.describe(architecture)
    defaults = described["training_defaults"]
    chosen = {
        "model": described["model"],
        "training": [
            {**entry, "default": defaults.get(entry["name"], entry["default"])}
            for entry in shared["training"]
            if architecture.loop is None or entry["name"] in architecture.loop
        ],
        "condition": shared["condition"] if architecture.task == "generate" else [],
        "data": [{**inner, "name": f"split.{inner['name']}"} for inner in _split(shared["data"])],
        "evaluation": shared["evaluation"] if architecture.task == "predict" else [],
    }
    return {name: entries for name, entries in chosen.items() if entries}


def _split(entries: list[Entry]) -> list[Entry]:
    found = next((entry for entry in entries if entry["name"] == "split"), None)
    return list(found["fields"] or []) if found else []


def fields(architecture: catalog.Architecture) -> Iterator[tuple[str, str, forms.Field]]:
    """(section, path, field) of every setting; an empty box keeps the default, shown in grey."""
    for section, entries in sections(architecture).items():
        for entry in entries:
            yield section, f"{section}.{entry['name']}", _field(entry)


def _field(entry: Entry) -> forms.Field:
    label = str(entry["name"]).replace("split.", "").replace("_", " ").capitalize()
    default = entry["default"]
    common: dict[str, Any] = {"required": False, "label": label, "help_text": entry["help"]}
    match entry["type"]:
        case "integer" | "number":
            kind = forms.IntegerField if entry["type"] == "integer" else forms.FloatField
            field = kind(min_value=entry["minimum"], max_value=entry["maximum"], **common)
            field.widget.attrs["placeholder"] = str(default)
            return field
        case "choice":
            choices = [("", f"default: {default}"), *((item, item) for item in entry["choices"])]
            return forms.ChoiceField(choices=choices, **common)
        case "boolean":
            choices = [("", f"default: {'yes' if default else 'no'}"), ("true", "yes"), ("false", "no")]
            return forms.TypedChoiceField(choices=choices, coerce=_is_true, empty_value=None, **common)
        case "string":
            field = forms.CharField(**common)
            field.widget.attrs["placeholder"] = str(default or "")
            return field
        case "list" if entry["items"] == "integer":
            field = NumbersField(**common)
            field.widget.attrs["placeholder"] = ", ".join(map(str, default)) or "none"
            return field
        case _:  # lists and objects, as JSON
            box = forms.Textarea(attrs={"rows": 1, "placeholder": str(default)})
            return forms.JSONField(**common, widget=box)


class NumbersField(forms.CharField):
    """Whole numbers with commas between them: 300, 1000."""

    def clean(self, value: Any) -> list[int]:
        parts = re.split(r"[\s,;]+", super().clean(value).strip("[] "))
        if strange := [part for part in parts if part and not (part.isdecimal() and len(part) < 10)]:
            raise forms.ValidationError(f"{strange[0]!r} is no whole number; write them like 300, 1000.")
        return [int(part) for part in parts if part]


def _is_true(text: str) -> bool:
    return text == "true"


def collect(cleaned: Mapping[str, Any], paths: list[str]) -> dict[str, Any]:
    """The nested configuration of everything that was filled in."""
    config: dict[str, Any] = {}
    for path in paths:
        value = cleaned.get(path)
        if value is None or value in ("", []):
            continue
        *parents, name = path.split(".")
        place = config
        for parent in parents:
            place = place.setdefault(parent, {})
        place[name] = value
    return config
