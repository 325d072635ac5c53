"""All that can be said of generated strings, in one report."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore.chem.identity import Identity, Kind
from mlcore.evaluation import chemnet, frechet, generative
from mlcore.evaluation.generative import Judged, Reference, Sample
from mlcore.evaluation.histograms import histogram
from mlcore.evaluation.judges import Answers, Judge
from mlcore.processes import Workers

Floats = NDArray[np.float64]

_OF_STRUCTURE = (  # name, unit, field of Identity, whether it is a whole number
    ("sa_score", "", "sa_score", False),
    ("heavy_atoms", "", "heavy_atoms", True),
    ("molecular_weight", "g/mol", "mass", False),
)


@dataclass(frozen=True)
class Known:
    """The table that the strings are compared with, M rows."""

    judged: list[Judged]
    """(M,)"""
    values: Mapping[str, Floats]
    """(M,) of each property that the table has a column of, in its unit, NaN for none."""
    kind: Kind

    @property
    def reference(self) -> Reference:
        """Its strings and keys."""
        return Reference([item.text for item in self.judged], [item.key for item in self.judged], self.kind)

    @property
    def identified(self) -> list[int]:
        """The rows that have an identity."""
        return [row for row, item in enumerate(self.judged) if item.identity]

    def above(self, thresholds: Mapping[str, float]) -> NDArray[np.bool_] | None:
        """(M,): the rows at or above every threshold; None where there is none, or no column for one of them."""
        if not thresholds or thresholds.keys() - self.values.keys():
            return None
        high: NDArray[np.bool_] = np.all([self.values[name] >= value for name, value in thresholds.items()], axis=0)
        return high


@dataclass(frozen=True)
class Question:
    """What is asked of the strings beyond the measures that need nothing but the reference."""

    judges: Sequence[Judge] = ()
    thresholds: Mapping[str, float] | None = None
    """By property, in its unit."""
    lineage: Collection[str] | None = None
    """Those keys of the strings that the generator's lineage has learned beside the reference."""
    fcd: bool = False


def report(sample: Sample, known: Known, question: Question, workers: Workers | None = None) -> dict[str, Any]:
    """generative.measures, and

    judges: who judged, and the share of valid strings, repeats included, at or above each threshold.
    distances: descriptors, of the clean strings (mlcore.evaluation.frechet), and, if asked for, fcd, of all valid
    strings with their repeats (mlcore.evaluation.chemnet); each to the whole reference, and to those rows of it that
    lie at or above all thresholds by the table's own values, both in the standard deviations of the whole.
    histograms: of valid strings with their repeats, and of the reference with its own; of a property that is judged,
    what the first judge that knows it predicts, beside the reference's own values, or predictions where it has none.
    """
    thresholds = question.thresholds or {}
    valid = [item.identity for item in sample.valid if item.identity]
    answers = [judge.answers([one.key for one in valid], workers) for judge in question.judges]
    return {
        **generative.measures(sample, question.lineage),
        "judges": [answer.report([one.key for one in valid], thresholds) for answer in answers],
        "distances": _distances(sample, known, question, workers),
        "histograms": [*_of_structure(valid, known), *_of_properties(valid, known, answers, thresholds, workers)],
    }


def _distances(sample: Sample, known: Known, question: Question, workers: Workers | None) -> dict[str, Any]:
    rows = known.identified
    above = known.above(question.thresholds or {})
    high = None if above is None else above[rows]
    ours, theirs = (frechet.descriptors(texts, workers) for texts in (list(sample.scored), sample.readable))
    found = {
        "descriptors": {
            "reference": frechet.scaled_distance(ours, theirs, theirs),
            "above": None if high is None else frechet.scaled_distance(ours, theirs[high], theirs),
        }
    }
    if question.fcd:
        ours, theirs = (chemnet.activations(texts) for texts in ([item.text for item in sample.valid], sample.readable))
        found["fcd"] = {
            "reference": chemnet.distance(ours, theirs),
            "above": None if high is None else chemnet.distance(ours, theirs[high]),
        }
    return found


def _of_structure(valid: Sequence[Identity], known: Known) -> list[dict[str, Any]]:
    theirs = [item.identity for item in known.judged if item.identity]
    found = []
    for name, unit, field, whole in _OF_STRUCTURE:
        ours, others = (np.array([getattr(one, field) for one in part], dtype=np.float64) for part in (valid, theirs))
        found.append(histogram(name, unit, "linear", ours, others, whole))
    return [one for one in found if one]


def _of_properties(
    valid: Sequence[Identity],
    known: Known,
    answers: Sequence[Answers],
    thresholds: Mapping[str, float],
    workers: Workers | None,
) -> list[dict[str, Any]]:
    found = []
    for name in thresholds:
        answer = next((one for one in answers if name in one.judge.properties), None)
        if answer is None:
            continue
        about = answer.judge.properties[name]
        keys = [item.key for item in known.judged if item.key]
        theirs = known.values[name] if name in known.values else answer.judge.answers(keys, workers).of(name, keys)
        drawn = histogram(name, about["unit"], about["scale"], answer.of(name, [one.key for one in valid]), theirs)
        if drawn:
            measured = "measured" if name in known.values else "predicted"
            found.append({**drawn, "judge": answer.judge.name, "reference_values": measured})
    return found
