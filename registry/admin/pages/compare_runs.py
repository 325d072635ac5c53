"""Two to six generation runs side by side: what was asked, how good the strings are, and what was published."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html

from registry.admin.pages.compare import Incomparable, asked_ids
from registry.admin.pages.compare_runs_figures import as_csv, comparable, groups, one_reference, pictures
from registry.admin.parts import display
from registry.admin.parts.evaluation import SPELLING, Report
from registry.admin.parts.report_histograms import OUTER, histograms
from registry.admin.parts.sampling import sampling
from registry.admin.parts.settings_text import readable
from registry.admin.parts.wishes import wishes
from registry.catalogue.published import Published, closest
from registry.models import GenerationRun

FEWEST, MOST = 2, 6
OFFERED = 100  # runs in the dropdown that adds one


def chosen(request: HttpRequest) -> "RunComparison":
    """The runs in the address, `?run=1&run=4`, in that order; `published=0` leaves the published ones out.

    Raises: Incomparable.
    """
    ids = asked_ids(request, "run", FEWEST, MOST)
    rows = GenerationRun.objects.select_related("job__created_by", "model_version__model")
    found = rows.prefetch_related("model_version__properties").in_bulk(ids)
    if missing := [str(one) for one in ids if one not in found]:
        raise Incomparable(f"There is no run with the id {', '.join(missing)}.")
    return RunComparison([Report.of(found[one]) for one in ids], request.GET.get("published") != "0")


@dataclass(frozen=True)
class RunComparison:
    """What the page and the file show."""

    reports: Sequence[Report]
    published: bool

    @property
    def runs(self) -> list[GenerationRun]:
        return [report.run for report in self.reports]

    @property
    def others(self) -> list[Published]:
        """Published generators at the number of strings nearest to the runs'."""
        return closest(max((report.n or 0 for report in self.reports), default=0)) if self.published else []

    def query(self, without: int = 0, published: bool | None = None) -> str:
        shown = self.published if published is None else published
        ids = [f"run={run.pk}" for run in self.runs if run.pk != without]
        return "&".join([*ids, *([] if shown else ["published=0"])])

    def heads(self) -> list[dict[str, Any]]:
        """Each run with its colour and the address of the page without it; then the published ones."""
        removable = len(self.runs) > FEWEST
        own = [
            {
                "version": f"run {run.pk}",
                "link": format_html('<i class="sv-key sv-key-{}"></i>{}', place, display.link(run, f"run {run.pk}")),
                "badges": run.model_version,
                "without": self.query(without=run.pk) if removable else "",
            }
            for place, run in enumerate(self.runs)
        ]
        return own + [{"link": row.name, "badges": "published"} for row in self.others]

    def addable(self) -> list[tuple[int, str]]:
        if len(self.runs) >= MOST:
            return []
        rows = GenerationRun.objects.filter(metrics__has_key="evaluation").exclude(pk__in=[run.pk for run in self.runs])
        rows = rows.select_related("model_version__model").defer("metrics").order_by("-pk")
        return [(row.pk, f"run {row.pk}, {row.model_version}, {_wish(row)}") for row in rows[:OFFERED]]

    def facts(self) -> list[tuple[str, list[str]]]:
        """What a figure depends on, as text; of published ones, what is known. The first stands in the page's head."""
        cited = len(self.others)
        return [
            ("Model version", [str(run.model_version) for run in self.runs] + ["–"] * cited),
            ("Architecture", [run.model_version.architecture for run in self.runs]
             + [f"like {row.architecture}" for row in self.others]),
            ("Asked for", [_condition(run) for run in self.runs] + ["conductivity: high"] * cited),
            ("Sampling", [sampling(run) for run in self.runs] + ["with replacement: repeats count"] * cited),
            ("Settings", [_settings(run) for run in self.runs] + ["–"] * cited),
            ("N", [f"{report.n:,}" if report.n else report.why_not for report in self.reports]
             + [f"{row.n:,}" for row in self.others]),
            ("Seed", [str(run.seed) for run in self.runs] + ["–"] * cited),
            ("Reference", [_reference(report) for report in self.reports] + ["HTP-MD (6,024)"] * cited),
        ]  # fmt: skip

    def verdict(self) -> tuple[str, str]:
        """Whether the figures can be compared: a colour, and the sentence that says so."""
        if without := [str(report.run.pk) for report in self.reports if not report.values]:
            return "amber", f"Without an evaluation: run {', '.join(without)}. None is marked as best."
        if not comparable(self.reports):
            return "amber", " ".join([*self._differences(), "So none is marked as best."])
        first = self.reports[0]
        kind = "different strings" if first.population == "distinct" else "strings, repeats counted"
        same = "" if one_reference(self.reports) else (
            " Their references differ, so only what does not look at the reference has a best one."
        )  # fmt: skip
        return "green" if not same else "amber", (
            f"All are of N = {first.n:,} {kind}, asked for {_condition(first.run)}, so they can be compared.{same}"
        )

    def _differences(self) -> list[str]:
        numbers = list(dict.fromkeys(f"{report.n:,}" for report in self.reports))
        found = []
        if len(numbers) > 1:
            found.append(f"N differs ({', '.join(numbers)}), and uniqueness, novelty and VUN fall as N grows.")
        if len({report.population for report in self.reports}) > 1:
            found.append("Some are of all strings with their repeats, others of different strings only.")
        if len({_condition(run) for run in self.runs}) > 1:
            found.append("They were asked for different things.")
        return found

    def csv(self) -> str:
        names = [f"run {run.pk}" for run in self.runs] + [f"{row.name}, published" for row in self.others]
        return as_csv(names, self.facts(), self.reports, self.others)

    def context(self) -> dict[str, Any]:
        colour, verdict = self.verdict()
        return {
            "heads": self.heads(),
            "ids": [run.pk for run in self.runs],
            "addable": self.addable(),
            "facts": self.facts()[1:],
            "colour": colour,
            "verdict": verdict,
            "groups": groups(self.reports, self.others),
            "pictures": list(pictures(self.reports, self.others)),
            "histograms": histograms(self.reports, [f"run {run.pk}" for run in self.runs]),
            "spelling": SPELLING,
            "outer": OUTER,
            "sources": {row.name: f"{row.source}, N = {row.n:,}" for row in self.others},
            "published": self.published,
            "query": self.query(),
            "toggle": self.query(published=not self.published),
        }


def _condition(run: GenerationRun) -> str:
    asked = [f"{wish.property.label}: {wish.brief}" for wish in wishes(run, ranges=False)]
    return ", ".join(asked) or "nothing in particular"


def _wish(run: GenerationRun) -> str:
    """The same by the properties' names, without looking them up."""
    return ", ".join(f"{name} {asked}" for name, asked in run.condition.items()) or "no wish"


def _settings(run: GenerationRun) -> str:
    return ", ".join(f"{name.lower()} {value}" for name, value in readable(run.config)) or "the model’s own"


def _reference(report: Report) -> str:
    name, rows = report.reference.get("name", "–"), report.reference.get("rows")
    return f"{name} ({rows:,})" if rows else str(name)
