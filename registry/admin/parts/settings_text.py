"""A run's settings in words: what a person chose or left to its default, without the keys of the configuration."""

from collections.abc import Iterator, Mapping
from typing import Any

from mlcore import catalog
from registry.admin.forms.config import SECTION_TITLES, sections
from registry.admin.parts import display
from registry.admin.parts.panels import Panel

SAMPLING = {
    "temperature": "Sampling temperature",
    "top_k": "Likeliest tokens drawn from",
    "guidance": "Guidance",
    "calls": "Network calls",
    "grammar": "Only tokens that may lead to a valid string",
}
WORDS = {"ema": "EMA", "beta1": "β₁", "beta2": "β₂", "vocab": "vocabulary"}
ELSEWHERE = {"architecture", "seed"}  # among the facts


def settings_panel(config: Mapping[str, Any]) -> Panel:
    """Every setting by its section and name."""
    context = {"pairs": list(readable(config)), "empty": "All settings were left to their defaults."}
    return Panel("Settings", "registry/parts/values.html", context, wide=False)


def readable(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """{"model": {"layers": 3}} as ("Network: layers", "3")."""
    known = catalog.ARCHITECTURES.get(str(config.get("architecture")))
    used = sections(known) if known else SECTION_TITLES
    for name, value in config.items():
        if name in SECTION_TITLES and name not in used:
            continue  # written out with its defaults, but not for this architecture
        if name == "data":  # its columns and what they hold are among the facts
            value = {"split": value.get("split")} if isinstance(value, Mapping) and value.get("split") else {}
        if isinstance(value, Mapping):
            yield from _section(SECTION_TITLES.get(name, phrase(name)), value)
        elif name not in ELSEWHERE:
            yield SAMPLING.get(name, phrase(name)), _text(value)


def phrase(name: str) -> str:
    """final_learning_rate as Final learning rate."""
    words = " ".join(WORDS.get(word, word) for word in name.split("_"))
    return words[:1].upper() + words[1:] if words[:1].isascii() else words


def _section(title: str, content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in content.items():
        label = f"{title}: {'' if name == 'split' else _lower(phrase(name))}".removesuffix(": ")
        if isinstance(value, Mapping):
            inner = ", ".join(f"{phrase(key).lower()} {_text(one)}" for key, one in value.items())
            yield label, inner or "–"
        else:
            yield label, _text(value)


def _lower(text: str) -> str:
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def _text(value: Any) -> str:
    return display.pairs({"": value})[0][1]
