"""How values look: numbers with uncertainty, badges, drawings, links. Everything returned is escaped."""

import math
import re
from collections.abc import Iterable
from datetime import datetime
from statistics import NormalDist
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.timesince import timesince

from registry.models import Candidate, Decision, Job, Property, Structure, Tag

EMPTY = SafeString('<span class="sv-faint">–</span>')
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_REPORTED = 9  # significant digits: enough for total energies, too few to show the noise of a conversion
_HALF_WIDTH = NormalDist().inv_cdf(0.95)  # standard deviations, 1.645: models are calibrated so that these hold 90 %
_MOST_DECADES = 20

STATUS_LOOK = {
    Candidate.Status.PROPOSED: ("blue", "radio_button_unchecked"),
    Candidate.Status.ACCEPTED: ("green", "check_circle"),
    Candidate.Status.REJECTED: ("red", "cancel"),
    Candidate.Status.ON_HOLD: ("amber", "pause_circle"),
}
VERDICT_LOOK = {
    Decision.Verdict.ACCEPT: ("green", "check_circle"),
    Decision.Verdict.REJECT: ("red", "cancel"),
    Decision.Verdict.HOLD: ("amber", "pause_circle"),
    Decision.Verdict.COMMENT: ("grey", "chat"),
    Decision.Verdict.UNDO: ("grey", "undo"),
}
STATE_LOOK = {
    Job.State.QUEUED: ("grey", "hourglass_top"),
    Job.State.RUNNING: ("blue", "motion_photos_on"),
    Job.State.SUCCEEDED: ("green", "check_circle"),
    Job.State.FAILED: ("red", "error"),
    Job.State.CANCELLED: ("grey", "block"),
    Job.State.LOST: ("amber", "signal_disconnected"),
}


def number(value: float | None, digits: int = 3, padded: bool = False) -> str:
    """Three significant digits; very small and very large ones as 1.8×10⁻⁴. padded: zeros at the end are digits too."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e5:
        places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
        text = f"{value:,.{places}f}"
        return text.rstrip("0").rstrip(".") if places and not padded else text
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa}×10{str(int(exponent)).translate(_SUPERSCRIPT)}"


def correlation(value: float, digits: int = 3) -> str:
    """A number that is 1 where all is perfect, and not written so where it is only nearly."""
    text = number(value, digits)
    return f"> {1 - 10.0**-digits:.{digits}f}" if text == "1" and value < 1 else text


def change(value: float) -> str:
    """Two digits and a sign."""
    return f"{'−' if value < 0 else '+'}{number(abs(value), 2)}"


def unit_text(unit: str) -> str:
    """cm2/s as people print it: cm²/s."""
    exponent = r"(?<=[A-Za-zµΩ])(?:\^|\*\*)?(-?\d+)"
    return re.sub(exponent, lambda found: found[1].translate(_SUPERSCRIPT), unit)


def formula(text: str) -> SafeString:
    """C9H17NO4 with its counts below the line, and a charge above it; one piece, which no layout pulls apart."""
    body, charge = re.fullmatch(r"(.*?)([+-]\d*)?", text, re.DOTALL).groups(default="")  # type: ignore[union-attr]
    marked = re.sub(r"\d+", r"<sub>\g<0></sub>", escape(body))
    marked += f"<sup>{charge}</sup>" if charge else ""  # the charge is digits and a sign
    return SafeString(f"<span>{marked}</span>")


def quantity(value: float | None, property_: Property) -> SafeString:
    """A value with its unit."""
    text = number(value, _digits(value, property_), padded=_over_decades(property_))
    return format_html('<span>{}<span class="sv-unit"> {}</span></span>', text, unit_text(property_.unit))


def _digits(value: float | None, property_: Property) -> int:
    """Three; of a large one on a linear scale down to the third decimal: total energies differ in these alone."""
    if value is None or _over_decades(property_) or not 1e2 <= abs(value) < 1e5:
        return 3
    return math.floor(math.log10(abs(value))) + 4


def reported(value: float, property_: Property) -> str:
    """As it was given, without zeros at the end; over decades three digits say all."""
    if _over_decades(property_):
        return number(value, padded=True)
    if value and not 1e-3 <= abs(value) < 1e9:
        mantissa, exponent = f"{value:.{_REPORTED - 1}e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}×10{_power(int(exponent))}"
    return f"{value:,.{_REPORTED}g}"


def _over_decades(property_: Property) -> bool:
    """There 0.00100 stands beside 8.86×10⁻⁴, and its digits count as much."""
    return property_.scale == Property.Scale.LOG10


def _as_precise(value: float, deviation: float, property_: Property) -> str:
    """To the last digit of the deviation where the value is a plain decimal: 1.400 beside 0.026."""
    finest = 1e-3 if _over_decades(property_) else 1e-7
    plain = value == 0 or 1e-3 <= abs(value) < 1e9
    if not (plain and finest <= deviation < max(10, abs(value))):
        return number(value, padded=_over_decades(property_))
    return f"{value:,.{max(0, 1 - math.floor(math.log10(deviation)))}f}"


def measured(value: float, deviation: float | None, property_: Property) -> SafeString:
    """A measured value with its standard deviation, which is reported in the same unit: 2.50×10⁻⁴ ± 3.1×10⁻⁵ S/cm."""
    unit, text = unit_text(property_.unit), reported(value, property_)
    if deviation is not None:
        text = f"{_as_precise(value, deviation, property_)} ± {number(deviation, 2, padded=True)}"
    return format_html('<span>{}<span class="sv-unit"> {}</span></span>', text, unit)


def uncertain(
    value: float,
    deviation: float | None,
    property_: Property,
    mark: SafeString | str = "",
    unit: bool = True,
    with_spread: bool = True,
) -> SafeString:
    """A prediction: on a log10 scale the deviation is a factor, 1.8×10⁻⁴ ×/÷ 1.4; elsewhere ± in the same unit.

    mark: what stands beside it, such as that it is out of the domain.
    """
    text = number(value, _digits(value, property_), padded=_over_decades(property_))
    if deviation is not None and not _over_decades(property_):
        text = _as_precise(value, deviation, property_)
    return format_html(
        '<span class="sv-value"><span><b>{}</b>{}</span> {} {}</span>',
        text,
        format_html('<span class="sv-unit"> {}</span>', unit_text(property_.unit)) if unit and property_.unit else "",
        spread(value, deviation, property_) if with_spread else "",
        mark,
    )


def spread(value: float, deviation: float | None, property_: Property) -> SafeString:
    """One standard deviation of a prediction; a pointer over it tells the 90 % interval."""
    if deviation is None:
        return SafeString("")
    text = factor(deviation) if _over_decades(property_) else f"± {number(deviation, 2, padded=True)}"
    return format_html('<span class="sv-spread" title="{}">{}</span>', interval(value, deviation, property_), text)


def interval(value: float, deviation: float | None, property_: Property) -> str:
    """90 % interval: 1.02×10⁻⁴ to 3.18×10⁻⁴ S/cm. Empty without a deviation, and where it spans all that there is."""
    if deviation is None:
        return ""
    half, unit = _HALF_WIDTH * deviation, unit_text(property_.unit)
    if not _over_decades(property_):
        ends = [_as_precise(end, deviation, property_) for end in (value - half, value + half)]
    elif half < _MOST_DECADES:
        ends = [number(end, padded=True) for end in (value / 10**half, value * 10**half)]
    else:
        return ""
    return f"90 % interval: {ends[0]} to {ends[1]} {unit}".rstrip()


def factor(decades: float) -> str:
    """A deviation on a log10 scale: ×/÷ 1.4."""
    return f"×/÷ {10**decades:.2g}" if decades < 2 else f"×/÷ 10{_power(decades)}"


def _power(exponent: float) -> str:
    return str(math.ceil(exponent)).translate(_SUPERSCRIPT)


def badge(text: object, colour: str = "grey", icon: str = "", title: str = "") -> SafeString:
    symbol = format_html('<span class="material-symbols-outlined" aria-hidden="true">{}</span>', icon) if icon else ""
    return format_html('<span class="sv-badge sv-{}" title="{}">{}{}</span>', colour, title, symbol, text)


def status(candidate: Candidate) -> SafeString:
    return badge(capfirst(candidate.get_status_display()), *STATUS_LOOK[Candidate.Status(candidate.status)])


def verdict(decision: Decision) -> SafeString:
    return badge(capfirst(decision.get_verdict_display()), *VERDICT_LOOK[Decision.Verdict(decision.verdict)])


def state(job: Job | None) -> SafeString:
    if job is None:
        return badge("no job", "grey", title="It was done without a background job.")
    return badge(capfirst(job.get_state_display()), *STATE_LOOK[Job.State(job.state)], title=job.error or job.message)


def tags(rows: Iterable[Tag]) -> SafeString:
    return format_html_join(
        " ", '<span class="sv-tag"><i style="background:{}"></i>{}</span>', ((tag.colour, tag.name) for tag in rows)
    )


def url(row: Model, view: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{view}", args=[row.pk])


def link(row: Model | None, text: object = None, query: str = "") -> SafeString:
    """A link to a row's page."""
    if row is None:
        return EMPTY
    address = f"{url(row)}?{query}" if query else url(row)
    return format_html('<a class="sv-link" href="{}">{}</a>', address, row if text is None else text)


def person(user: AbstractBaseUser | None) -> str:
    return user.get_username() if user is not None else "the system"


def when(moment: datetime | None) -> SafeString:
    """How long ago, with the exact time on hover."""
    if moment is None:
        return EMPTY
    seconds = (timezone.now() - moment).total_seconds()
    if -60 < seconds < 0:
        words = "within a minute"
    elif seconds < 0:
        words = f"in {timesince(timezone.now(), moment, depth=1)}"
    else:
        words = "just now" if seconds < 60 else f"{timesince(moment, depth=1)} ago"
    exact = f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, words)


def drawing(structure: Structure, width: int = 260, height: int = 88, css: str = "") -> SafeString:
    """The structure's picture, fetched when it scrolls into view; its text is the SMILES.

    In lists it is wide and low, as chains are.
    """
    source = reverse("admin:registry_structure_drawing", args=[structure.pk])
    return format_html(
        '<img class="sv-drawing {}" src="{}?size={}x{}" width="{}" height="{}" loading="lazy" alt="{}" title="{}">',
        css, source, width, height, width, height, structure.smiles, structure.smiles,
    )  # fmt: skip


def smiles(structure: Structure) -> SafeString:
    return format_html('<code class="sv-smiles">{}</code>', structure.smiles)


def stacked(first: object, second: object) -> SafeString:
    """A line, and a fainter one under it."""
    return format_html('<span class="sv-stack">{}<small>{}</small></span>', first, second)


def pairs(values: dict[str, Any]) -> list[tuple[str, str]]:
    """Nested settings or metrics as dotted names and readable values."""
    flat: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, dict) and value:
            flat.extend((f"{name}.{inner}", text) for inner, text in pairs(value))
        else:
            flat.append((name, number(value, 4) if isinstance(value, float) else _plain(value)))
    return flat


def _plain(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(number(item, 4) if isinstance(item, float) else str(item) for item in value) or "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value is None or value == "" or isinstance(value, dict) else str(value)
