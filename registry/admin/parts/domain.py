"""What "in domain" means, which each architecture decides in a way of its own (docs/models.md)."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from registry.admin.parts.display import badge, stacked
from registry.models import ModelVersion, Prediction

_UNLIKE = "by its model's measure the training data hold nothing like this"
_KINDS = (
    "an element, a charge or a kind of atom or bond that no training structure has, or fingerprints unlike all theirs"
)
_STRANGE = "its networks see far from all they saw in training"
_IN_SPACE = "; and for a guessed geometry where it learned from given ones, or more than twice as many atoms"
OUTSIDE: dict[str, str] = {
    "polymer-gnn": f"for a structure with {_KINDS}, or one that {_STRANGE}",
    "trees": f"for a structure with {_KINDS}",
    "schnet": f"for a structure with {_KINDS}, or one with an atom that {_STRANGE}{_IN_SPACE}",
    "polymer-arrhenius": f"for a structure with {_KINDS}, or one that {_STRANGE}; and for a temperature, a "
    "concentration or another condition beyond those of the training rows",
    "gaussian-process": f"for a structure with {_KINDS}, or one about which the process has learned less than about "
    "nearly all it was trained on",
    "stack": f"for a structure with {_KINDS}, or one about which the Gaussian process has learned less than about "
    "nearly all it was trained on",
    "fchl": "for a molecule with an atom whose surroundings are unlike those of all atoms in the training molecules, "
    f"or with a charge that none of them has{_IN_SPACE}",
}
"""By architecture, when a prediction is out of domain."""


def mark(row: Prediction) -> SafeString | str:
    """Beside a value: that its structure is out of the model's domain, and on hover why; else nothing."""
    if row.in_domain is not False:
        return ""
    return format_html(
        '<span class="sv-outside" title="{}">'
        '<span class="material-symbols-outlined" aria-hidden="true">explore_off</span>out of domain</span>',
        _why(row),
    )


def flag(row: Prediction) -> SafeString | str:
    """In or out of the domain, and on hover what the model means by it; nothing where it does not say."""
    if row.in_domain is None:
        return ""
    rule = judged(row.model_version)
    if row.in_domain:
        return badge("in domain", title=f"In domain: by its model's measure the training data hold the like. {rule}")
    return badge("out of domain", "amber", title=f"{_why(row)} {rule}".rstrip())


def _why(row: Prediction) -> str:
    return f"Out of domain: {row.out_of_domain or _UNLIKE}."


class Reasons:
    """Why predictions on one page are out: what a model says of a structure stands once, by the first of its values."""

    def __init__(self) -> None:
        self._told: set[tuple[int, int, str]] = set()

    def of(self, row: Prediction) -> str:
        """The reason, or nothing where it stands already."""
        said = (row.structure_id, row.model_version_id, row.out_of_domain)
        new = said not in self._told
        self._told.add(said)
        return row.out_of_domain if new else ""


def told(row: Prediction, reasons: Reasons | None = None) -> SafeString | str:
    """In or out of the domain, and below it why a structure is out."""
    why = (reasons or Reasons()).of(row)
    return stacked(format_html("<span>{}</span>", flag(row)), why) if why else flag(row)


def judged(version: ModelVersion) -> str:
    """What the version's flag stands for."""
    rule = OUTSIDE.get(version.architecture)
    return f"{version.architecture} says out of domain {rule}." if rule else ""
