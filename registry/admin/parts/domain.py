"""What "in domain" means, which each architecture decides in a way of its own (docs/models.md)."""

from registry.models import ModelVersion

_KINDS = "an atom or bond of a kind that no training structure has, or fingerprints unlike those of all of them"
OUTSIDE: dict[str, str] = {
    "polymer-gnn": f"for a structure with {_KINDS}",
    "trees": f"for a structure with {_KINDS}",
    "schnet": f"for a structure with {_KINDS}",
    "polymer-arrhenius": f"for a structure with {_KINDS}; and for a temperature, a concentration or another condition "
    "beyond those of the training rows",
    "gaussian-process": f"for a structure with {_KINDS}, or one about which the process has learned less than about "
    "nearly all it was trained on",
    "stack": f"for a structure with {_KINDS}, or one about which the Gaussian process has learned less than about "
    "nearly all it was trained on",
    "fchl": "for a molecule with an atom whose surroundings are unlike those of all atoms in the training molecules",
}
"""By architecture, when a prediction is out of domain."""


def judged(version: ModelVersion) -> str:
    """What the version's flag stands for: the rule, since no prediction says which part of it was broken."""
    rule = OUTSIDE.get(version.architecture)
    return f"{version.architecture} says out of domain {rule}." if rule else ""
