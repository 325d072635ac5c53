"""What the evaluation of a generation run reports, line by line: which measure, of what, and which way is better.

The report is mlcore's (`python -m mlcore evaluate`); what it does not say is left out.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from registry.admin.parts import display
from registry.admin.parts.figures import HIGHER, LOWER, NEITHER, OF_SAMPLES, Measure
from registry.models import GenerationRun, Property

AS_PUBLISHED, BY_STRUCTURE, DISTANCES = "As published", "By structure", "Distance to the data"
GROUPS = {
    AS_PUBLISHED: ("uniqueness", "novelty", "validity", "synthesizability", "similarity", "diversity"),
    BY_STRUCTURE: ("by_key.uniqueness", "by_key.novelty", "by_key.novelty_lineage"),
    "Valid, unique and new": ("vun", "by_key.vun", "by_key.vun_lineage"),
    DISTANCES: (
        "distances.descriptors.reference",
        "distances.descriptors.above",
        "distances.fcd.reference",
        "distances.fcd.above",
    ),
}
MEANING = {
    "uniqueness": "strings that are the first of their text",
    "novelty": "strings that do not stand in the reference, letter by letter",
    "validity": "strings that are a polymer with two ends, or a molecule",
    "synthesizability": "of valid, unique and novel strings, those with an SA score below 5",
    "similarity": "mean Tanimoto similarity of the same to the reference, 0 to 1",
    "diversity": "mean Tanimoto distance among the same, 0 to 1",
    "by_key.uniqueness": "valid strings that are the first of their structure, however written",
    "by_key.novelty": "valid strings whose structure is not in the reference",
    "by_key.novelty_lineage": "the same against all that the model and its parents learned from",
    "vun": "as texts, of all strings",
    "by_key.vun": "as structures, of all strings",
    "by_key.vun_lineage": "the same against all that the model and its parents learned from",
    "distances.descriptors.reference": "Fréchet distance of descriptors to the whole reference",
    "distances.descriptors.above": "the same to its structures above the threshold",
    "distances.fcd.reference": "Fréchet ChemNet distance to the whole reference",
    "distances.fcd.above": "the same to its structures above the threshold",
}
SPELLING = (
    "Novelty and VUN by string depend on how the reference is written: here each structure once, in the registry’s own "
    "spelling, where publications take their data as they found them. By structure they do not."
)
BLIND = ("uniqueness", "validity", "by_key.uniqueness")  # measures that do not look at the reference


class Line(NamedTuple):
    """One measure of a comparison. key: "judge.…" for a judge's share; what: in words."""

    group: str
    key: str
    measure: Measure
    what: str = ""

    def text(self, value: float, digits: int = 3) -> str:
        return f"{100 * value:.1f}\u00a0%" if self.measure.kind == "share" else display.number(value, digits)


@dataclass(frozen=True)
class Report:
    """The evaluation of one run; empty where there is none."""

    run: GenerationRun
    content: Mapping[str, Any]

    @classmethod
    def of(cls, run: GenerationRun) -> "Report":
        found = run.metrics.get("evaluation")
        return cls(run, found if isinstance(found, Mapping) else {})

    @property
    def n(self) -> int | None:
        """Strings that were evaluated."""
        return int(n) if _is_number(n := self.content.get("n")) else None

    @property
    def population(self) -> str:
        """drawn: all strings, repeats included; distinct: the different ones."""
        return str(self.content.get("population", "drawn"))

    @property
    def reference(self) -> Mapping[str, Any]:
        """name, rows, sha256."""
        return _mapping(self.content.get("reference"))

    @property
    def why_not(self) -> str:
        """Why there is no report."""
        why = self.run.metrics.get("not_evaluated")
        if why:
            return f"not evaluated: {why}"
        return "drawn before runs were evaluated" if self.run.metrics.get("n") else "not finished"

    @cached_property
    def values(self) -> dict[str, float]:
        """By the key of the line."""
        plain = {key: _at(self.content, key) for keys in GROUPS.values() for key in keys}
        return {key: value for key, value in (plain | dict(self._shares())).items() if value is not None}

    def _shares(self) -> Iterator[tuple[str, float]]:
        for judge, name, share in self._judged():
            yield _judge_key(judge, name, self._threshold(name)), share

    def _judged(self) -> Iterator[tuple[Mapping[str, Any], str, float]]:
        judges = self.content.get("judges")
        for judge in judges if isinstance(judges, list) else []:
            for name, share in _mapping(_mapping(judge).get("above_threshold")).items():
                if _is_number(share):
                    yield judge, name, share

    def _threshold(self, name: str) -> float | None:
        value = _mapping(self.content.get("thresholds")).get(name)
        return float(value) if _is_number(value) else None

    def judge_lines(self) -> Iterator[Line]:
        """One a judge and property. Asked for low, fewer above the threshold are better."""
        known = {item.name: item for item in self.run.model_version.properties.all()}
        for judge, name, _ in self._judged():
            edge, wish = self._threshold(name), self.run.condition.get(name)
            better = {"high": HIGHER, "low": LOWER}.get(str(wish), NEITHER)
            label = f"{judge.get('name', 'a predictor')}"
            what = f"{judge.get('architecture', 'predictor')}; its share of the valid strings"
            yield Line(_above(known.get(name), name, edge), _judge_key(judge, name, edge),
                       Measure(label, better, "share"), what)  # fmt: skip


def lines(reports: Sequence[Report]) -> list[Line]:
    """Every line that any of them has a value for, judges before the distances."""
    seen = {key for report in reports for key in report.values}
    judged = {line.key: line for report in reports for line in report.judge_lines()}
    plain = [Line(group, key, _measure(key, reports), MEANING[key]) for group, keys in GROUPS.items() for key in keys]
    far = [line for line in plain if line.group == DISTANCES]
    order = [*(line for line in plain if line.group != DISTANCES), *judged.values(), *far]
    return [line for line in order if line.key in seen]


def _measure(key: str, reports: Iterable[Report]) -> Measure:
    """A sample asked for high should be near to the high part of the data, and not to all of it."""
    measure = OF_SAMPLES[key]
    if not key.startswith("distances."):
        return measure
    asked = {str(wish) for report in reports for wish in report.run.condition.values()}
    aims = {"above": asked == {"high"}, "reference": not asked}
    return measure._replace(better=LOWER if aims[key.rpartition(".")[2]] else NEITHER)


def _above(item: Property | None, name: str, edge: float | None) -> str:
    label = item.label if item else name
    limit = f" {display.number(edge)} {display.unit_text(item.unit) if item else ''}".rstrip() if edge else ""
    return f"Predicted {label[:1].lower() + label[1:]} above{limit or ' the threshold'}"


def _judge_key(judge: Mapping[str, Any], name: str, edge: float | None) -> str:
    return f"judge.{judge.get('digest') or judge.get('version') or judge.get('name')}.{name}.{edge}"


def _at(content: Mapping[str, Any], path: str) -> float | None:
    value: Any = content
    for step in path.split("."):
        value = _mapping(value).get(step)
    return float(value) if _is_number(value) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
