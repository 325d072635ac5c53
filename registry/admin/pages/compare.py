"""Two to five versions of one task side by side: figures, differing settings, loss curves, where each came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from registry.admin.alias import alias_badges
from registry.admin.pages.compare_figures import Group, baseline, groups
from registry.admin.pages.compare_shared import Together
from registry.admin.pages.compare_training import curves, settings
from registry.admin.pages.predictor_plots import compared
from registry.admin.parts import display
from registry.admin.parts.evidence import trained_on
from registry.admin.parts.figures import FEW, figures, property_order
from registry.admin.parts.held_out import Footing
from registry.admin.parts.validation import steered
from registry.models import ModelVersion, RegisteredModel
from registry.search.sentence import counted

FEWEST, MOST = 2, 5
OFFERED = 100  # versions in the dropdown that adds one


class Incomparable(ValueError):
    """The versions asked for cannot be set side by side; the message says what to do."""


def asked_ids(request: HttpRequest, name: str, fewest: int, most: int) -> list[int]:
    """Different numbers in the address by that name, so many.

    Raises: Incomparable.
    """
    texts = [text for given in request.GET.getlist(name) for text in given.split(",") if text.strip()]
    if any(not text.strip().isdecimal() or len(text) > 18 for text in texts):
        raise Incomparable(f"A {name} is named by its number in the address, such as ?{name}=1&{name}=4.")
    ids = list(dict.fromkeys(int(text) for text in texts))
    if not fewest <= len(ids) <= most:
        raise Incomparable(f"Choose {fewest} to {most} different {name}s; {len(ids) or 'none'} came.")
    return ids


def chosen(request: HttpRequest) -> list[ModelVersion]:
    """The versions in the address, `?version=1&version=4` or `?version=1,4`, in that order.

    Raises: Incomparable.
    """
    ids = asked_ids(request, "version", FEWEST, MOST)
    rows = ModelVersion.objects.select_related(
        "model", "dataset_version__dataset", "parent__model", "training_run", "created_by"
    ).prefetch_related("properties", "aliases")
    found = rows.in_bulk(ids)
    if missing := [str(one) for one in ids if one not in found]:
        raise Incomparable(f"There is no version with the id {', '.join(missing)}.")
    versions = [found[one] for one in ids]
    if len({version.model.task for version in versions}) > 1:
        tasks = "; ".join(f"{version} can {version.model.task}" for version in versions)
        raise Incomparable(f"Only versions of one task have common figures: {tasks}.")
    return versions


@dataclass(frozen=True)
class Comparison:
    """What the page shows."""

    versions: Sequence[ModelVersion]
    footing: Footing

    @classmethod
    def of(cls, versions: Sequence[ModelVersion]) -> "Comparison":
        return cls(versions, Footing.of(versions))

    @property
    def predictors(self) -> bool:
        return self.versions[0].model.task == RegisteredModel.Task.PREDICT

    def heads(self) -> list[dict[str, Any]]:
        """Each version, and the address of the page without it."""
        ids = [version.pk for version in self.versions]
        removable = len(ids) > FEWEST
        return [
            {
                "version": version,
                "link": display.link(version),
                "badges": alias_badges(version.aliases.all()) if version.aliases.all() else "",
                "without": "&".join(f"version={one}" for one in ids if one != version.pk) if removable else "",
            }
            for version in self.versions
        ]

    def others(self) -> list[tuple[int, str]]:
        """Versions that could be added."""
        if len(self.versions) >= MOST:
            return []
        rows = ModelVersion.objects.filter(model__task=self.versions[0].model.task).select_related("model")
        rows = rows.exclude(pk__in=[version.pk for version in self.versions]).order_by("model__name", "-number")
        return [(row.pk, str(row)) for row in rows[:OFFERED]]

    def facts(self) -> list[tuple[str, list[Any]]]:
        letters, sets = self.footing.letters(), self.footing.sets
        held = [
            f"set {letter}" + (f", {one.test:,} test rows" if one.test is not None else "") if letter else "not known"
            for letter, one in zip(letters, sets, strict=True)
        ]
        return [
            ("Architecture", [v.architecture for v in self.versions]),
            ("Properties", [_properties(v) for v in self.versions]),
            ("Data", [trained_on(v) for v in self.versions]),
            ("Origin", [v.get_origin_display() for v in self.versions]),
            ("Held out", held),
            ("Fine-tuned from", [display.link(v.parent) for v in self.versions]),
            ("Training", [display.link(v.training_run) for v in self.versions]),
            ("Created", [display.stacked(display.when(v.created_at), display.person(v.created_by))
                         for v in self.versions]),
        ]  # fmt: skip

    def verdict(self) -> tuple[str, str]:
        """Whether the figures can be compared: a colour, and the sentence that says so."""
        footing, sets = self.footing, self.footing.sets
        few = self._few()
        if footing.same_rows and few:
            return "amber", (
                f"All were measured on the same {few}. Fewer than {FEW} say little of a model, so none is marked as "
                "better."
            )
        if footing.same_rows:
            rows = f"the same {sets[0].test:,} test rows" if sets[0].test is not None else "the same test rows"
            return (
                "green",
                f"All were measured on {rows} (split {sets[0].digest[:12]}…), so their figures can be compared.",
            )
        what = "test figures" if self.predictors else "losses"
        if not footing.known:
            return "amber", (
                f"Which rows were held out is not known of every version, so their {what} cannot be compared and none "
                "is marked as better."
            )
        known = "; ".join(
            f"{version}: set {letter}" for version, letter in zip(self.versions, footing.letters(), strict=True)
        )
        return "amber", (
            f"These versions were measured on different held-out rows (their split digests differ: {known}). Their "
            f"{what} are not comparable, and none is marked as better."
            + (" What they share is under “On the same held-out structures”." if self.predictors else "")
        )  # fmt: skip

    def _few(self) -> str:
        """What the figures rest on, where that is little: 4 test rows; 136 test rows of 5 structures."""
        test = self.footing.sets[0].test
        known = [one.structures for one in figures(self.versions[0]) if one.part == "test"]
        structures = max((count for count in known if count is not None), default=FEW)
        rows = "test rows" if test is None else f"{test:,} test rows"
        if structures < FEW:
            return f"{rows} of {counted(structures, 'structure')}"
        return rows if test is not None and test < FEW else ""

    def note(self) -> str:
        """What else stands between samples; or what can be compared of predictors all the same."""
        if self.predictors:
            alike = self.footing.same_folds and not self.footing.same_rows
            return "Figures over folds can be compared: the same structures were held out together." if alike else ""
        if self.footing.same_reference:
            return ""
        return (
            "Each generator’s novelty, VUN, similarity and Fréchet distance were counted against its own training "
            "table, and these tables differ."
        )

    def against(self, rows: Sequence[Group]) -> str:
        """Whom changes are told against, where any is told."""
        told = any(cell.change for group in rows for row in group.rows for cell in row.cells)
        return str(self.versions[baseline(self.versions)]) if told else ""

    def context(self) -> dict[str, Any]:
        colour, verdict = self.verdict()
        differing, same = settings(self.versions)
        rows = groups(self.versions, self.footing)
        return {
            "heads": self.heads(),
            "ids": [version.pk for version in self.versions],
            "others": self.others(),
            "facts": self.facts(),
            "colour": colour,
            "verdict": verdict,
            "note": self.note(),
            "against": self.against(rows),
            "groups": [group for group in rows if not group.folded],
            "folded": [group for group in rows if group.folded],
            "steered": steered(version.architecture for version in self.versions),
            "together": Together.of(self.versions) if self.predictors else None,
            "plots": compared(self.versions) if self.predictors else [],
            "settings": differing,
            "same_settings": same,
            "curves": curves(self.versions),
        }


def _properties(version: ModelVersion) -> str:
    labels = {item.name: item.label for item in version.properties.all()}
    return ", ".join(labels[name] for name in property_order(version)) or "–"
