"""How versions and their figures look in lists and tables."""

import re
from collections.abc import Mapping
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from registry.admin.alias import alias_badges
from registry.admin.parts import display
from registry.admin.parts.evidence import trained_on
from registry.admin.parts.figures import FEW, PARTS, Figure, figures, headline
from registry.admin.parts.levels import baselines_of
from registry.admin.parts.panels import Fact, Notice, Panel
from registry.admin.parts.validation import steered
from registry.models import Alias, ModelVersion, RegisteredModel, TrainingRun


def headline_text(version: ModelVersion) -> SafeString:
    """The first subject's figures on a line, the other subjects' folded under it."""
    lines = [_line(subject, found) for subject, found in headline(version).items()]
    if not lines:
        return display.EMPTY
    if len(lines) == 1:
        return format_html('<div class="sv-headline">{}</div>', lines[0])
    return format_html(
        '<div class="sv-headline">{}<details><summary>{} more</summary>{}</details></div>',
        lines[0], len(lines) - 1, format_html_join("", "{}", ((line,) for line in lines[1:])),
    )  # fmt: skip


def _line(subject: str, found: list[Figure]) -> SafeString:
    """Such as: Ionic conductivity  MAE 0.114 decades · R² 0.556 · n 558."""
    numbers = [
        format_html("<span>{} <b>{}</b>{}</span>", one.measure.label, one.text(), _unit(one.unit)) for one in found
    ]
    if found[0].n is not None:
        numbers.append(format_html('<span class="sv-faint">n {}</span>', f"{found[0].n:,}"))
    return format_html("<p><small>{}</small>{}</p>", subject, format_html_join("", "{}", ((one,) for one in numbers)))


def _unit(unit: str) -> SafeString:
    return format_html('<span class="sv-unit"> {}</span>', unit) if unit else SafeString("")


def version_rows(versions: list[ModelVersion]) -> list[dict[str, Any]]:
    """For the table on the page of their model, newest first; ticked: the champion and the newest, to compare."""
    crowned = [version for version in versions if any(one.name == Alias.CHAMPION for one in version.aliases.all())]
    ticked = list(dict.fromkeys([*versions[:1], *crowned, *versions[1:2]]))[:2]
    return [
        {
            "version": version,
            "ticked": version in ticked,
            "link": display.link(version, f"v{version.number}"),
            "badges": alias_badges(version.aliases.all()) if version.aliases.all() else "",
            "architecture": version.architecture,
            "data": trained_on(version),
            "headline": headline_text(version),
            "created": display.when(version.created_at),
            "by": display.person(version.created_by),
        }
        for version in versions
    ]


def gate_notice(run: TrainingRun | None) -> Notice | None:
    """Whether a scheduled training's version was promoted, and why; None where no gate has judged."""
    verdict = run.metrics.get("gate") if run is not None else None
    if not isinstance(verdict, dict):
        return None
    promoted, reason = bool(verdict.get("promoted")), verdict.get("reason", "")
    said = f"Gate: {'promoted' if promoted else 'not promoted'}. {reason}".strip()
    return Notice("green", "check_circle", said) if promoted else Notice("amber", "block", said)


def metrics_panel(version: ModelVersion) -> Panel:
    """Tables of all figures: properties down and measures across, or measures down and samples across.

    What the validation rows say is folded; what folds say has a table of its own, under a sentence that names them.
    """
    found = [one for one in figures(version) if one.n != 0]  # nothing was measured on no rows
    across = version.model.task == RegisteredModel.Task.PREDICT
    alone = [one for one in found if one.subject in ("Loss", "Other")]
    parts = {part: [one for one in found if (one.part or "test") == part and one not in alone] for part in PARTS}
    shared = {one.key: one for one in parts["folds"] if one.key in ("folds", "structures")}
    labels = {item.name: item.label for item in version.properties.all()}
    context = {
        "table": _matrix(parts["test"], across, labels),
        "folds": _matrix([one for one in parts["folds"] if one.key not in shared], across),
        "shared": {key: one.text() for key, one in shared.items()},
        "folded": _matrix(parts["valid"], across),
        "steered": steered([version.architecture]),
        "facts": [Fact(_asked(_alone(one), labels), one.text()) for one in alone],
        "few": _few([*parts["test"], *parts["folds"]]),
        "differences": sorted(set(baselines_of(version.config).values())),
    }
    return Panel("Metrics", "registry/model/metrics.html", context)


def _few(found: list[Figure]) -> str:
    """What of the tables rests on few rows; empty where nothing does."""
    few = [one for one in found if one.few]
    counts = {(one.subject, one.part): one.behind() for one in few}
    rows = "; ".join(f"{subject}, {PARTS[part]}: {behind}" for (subject, part), behind in counts.items())
    what = "rows" if all(one.structures is None for one in few) else "structures"
    return f"{rows}. Fewer than {FEW} held-out {what} say little of a model." if rows else ""


def _alone(figure: Figure) -> str:
    """The name of a figure outside the tables: how many strings a sample took is such a one."""
    if figure.part:
        return f"{figure.measure.label}, {PARTS[figure.part]}"
    sample, _, last = figure.key.removeprefix("samples.").rpartition(".")
    drawn = figure.key.startswith("samples.") and last == "drawn"
    return f"Strings drawn for samples, {sample}" if drawn else figure.measure.label


def _asked(text: str, labels: Mapping[str, str]) -> str:
    """conductivity=high as Ionic conductivity: high."""
    return re.sub(r"(\w+)=", lambda found: f"{labels[found[1]]}: " if found[1] in labels else found[0], text)


def _matrix(found: list[Figure], across: bool, labels: Mapping[str, str] | None = None) -> dict[str, Any]:
    """across: a row a subject; otherwise a column a subject. Units go with the number, since rows differ in them.

    A cell has its header with it, for screens without room for the columns.
    """
    subjects = list(dict.fromkeys(one.subject for one in found))
    measures = list(dict.fromkeys(one.measure.label for one in found))
    cells = {(one.subject, one.measure.label): format_html("{}{}", one.text(), _unit(one.unit)) for one in found}
    down, right = (subjects, measures) if across else (measures, subjects)
    headers = [_asked(name, labels or {}) for name in right]
    rows = [
        (name, [(header, cells.get((name, other) if across else (other, name), display.EMPTY))
                for header, other in zip(headers, right, strict=True)])
        for name in down
    ]  # fmt: skip
    return {"headers": headers, "rows": rows}
