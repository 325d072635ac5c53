"""How good a set of generated strings is: the six measures of PolyGen, their likes by identity, and a distance.

Yang et al. (npj Comput. Mater. 2024, arXiv 2312.06470) define uniqueness, novelty, validity, synthesizability,
similarity and diversity on strings. Two strings may be one polymer cut elsewhere, so the first two are given by polymer
key as well. All depend on the number of strings N, which is why it is part of every report.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rdkit import Chem, rdBase

from mlcore.chem import fingerprints
from mlcore.chem.errors import ChemError
from mlcore.chem.fingerprints import Packed
from mlcore.chem.identity import Identity, Kind
from mlcore.data.identities import identities
from mlcore.data.sequences import plain_ends
from mlcore.errors import UserError
from mlcore.evaluation import frechet
from mlcore.predictors.protocol import Predictor
from mlcore.processes import Workers

SYNTHESIZABLE = 5.0
"""SA scores below this count as synthesizable."""

_METALS = re.compile(r"\[(?:Cu|Au)\]")


@dataclass(frozen=True)
class Judged:
    """One string."""

    text: str
    valid: bool
    identity: Identity | None
    """None where it is invalid or no acceptable structure for other reasons, such as its size."""

    @property
    def key(self) -> str:
        """Its identity as text; empty where it has none."""
        return self.identity.key if self.identity else ""


@dataclass(frozen=True)
class Reference:
    """What the strings are compared with: the whole data set that the generator's lineage has seen."""

    texts: list[str]
    """Strings as written."""
    keys: list[str]
    """Their identities; empty where there is none."""
    kind: Kind

    @classmethod
    def of(cls, texts: Sequence[str], kind: Kind = "polymer") -> "Reference":
        """From strings alone."""
        return cls(list(texts), [judged.key for judged in judge(texts, kind)], kind)

    @property
    def metals(self) -> bool:
        """Whether chain ends are written `[Cu]` and `[Au]`."""
        return any(map(_METALS.search, self.texts))


def judge(texts: Sequence[str], kind: Kind = "polymer", workers: Workers | None = None) -> list[Judged]:
    """Validity and identity of each string; equal strings are worked out once, by `workers` if there are any."""
    valid = [text for text in dict.fromkeys(texts) if is_valid(text, kind)]
    found = dict(zip(valid, identities(valid, kind, workers), strict=True))
    return [_judged(text, found.get(text)) for text in texts]


def _judged(text: str, found: Identity | ChemError | None) -> Judged:
    return Judged(text, found is not None, found if isinstance(found, Identity) else None)


def is_valid(text: str, kind: Kind = "polymer") -> bool:
    """PolyGen's rule for a polymer; for a molecule, that RDKit reads it and it is one component.

    A polymer parses and has exactly one `[Cu]` and one `[Au]` (or, in the other convention, exactly two `*`), none of
    them with a double or triple bond, none with more than one neighbour.
    """
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(text)
    if molecule is None or not molecule.GetNumAtoms():
        return False
    if kind == "molecule":
        return "." not in text
    ends = [atom for atom in molecule.GetAtoms() if atom.GetSymbol() in ("*", "Cu", "Au")]
    if sorted(atom.GetSymbol() for atom in ends) not in (["*", "*"], ["Au", "Cu"]):
        return False
    plural = (Chem.BondType.DOUBLE, Chem.BondType.TRIPLE)
    return all(end.GetDegree() <= 1 and not any(b.GetBondType() in plural for b in end.GetBonds()) for end in ends)


def measure(
    texts: Sequence[str],
    reference: Reference,
    predictor: Predictor | None = None,
    thresholds: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """All measures of `texts`, a share each unless said otherwise.

    n: number of strings. uniqueness: 1 - repeats / N over all strings, valid or not. novelty: strings that are not in
    the reference / N. Both compare strings exactly, as PolyGen does; where one side writes ends as `*` and the other as
    metals, RDKit's canonical SMILES with `*` ends stand for the strings of both. validity: see is_valid.
    Clean strings are valid, novel and the first of their kind; vun: clean / N.
    synthesizability: share of clean with SA < 5. similarity: mean over clean of the mean Tanimoto similarity (Morgan
    radius 2, 2048 bits, ends included) to the reference. diversity: mean pairwise Tanimoto distance within clean.
    by_key: uniqueness and novelty among valid strings, by identity, and vun: distinct novel identities / N.
    frechet: Frechet distance of descriptors to the reference, no share; see mlcore.evaluation.frechet.
    above_threshold: by property of `thresholds`, the share of valid strings that `predictor` puts at or above it.
    What could not be computed, as with no clean string, is None.
    """
    spell = str if any(map(_METALS.search, texts)) == reference.metals else _common_spelling
    theirs = [spell(text) for text in reference.texts]
    spelt, known = [spell(text) for text in texts], set(theirs)
    judged = judge(texts, reference.kind)
    distinct = dict(zip(spelt, judged, strict=True))
    clean = {text: item for text, item in distinct.items() if item.valid and text not in known}
    n, valid = len(texts), [item for item in judged if item.valid]
    report: dict[str, Any] = {
        "n": n,
        "uniqueness": _share(len(distinct), n),
        "novelty": _share(sum(text not in known for text in spelt), n),
        "validity": _share(len(valid), n),
        "vun": _share(len(clean), n),
        **_chemistry(clean, [text for text, key in zip(theirs, reference.keys, strict=True) if key]),
        "by_key": _by_key(valid, reference, n),
    }
    if predictor is not None:
        report["above_threshold"] = _above([item.text for item in valid], predictor, thresholds or {})
    return report


def _common_spelling(text: str) -> str:
    """Canonical SMILES with `*` ends; what is no SMILES stays as it is."""
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(plain_ends(text))
    return text if molecule is None else str(Chem.MolToSmiles(molecule))


def _chemistry(clean: Mapping[str, Judged], reference: Sequence[str]) -> dict[str, float | None]:
    scores = {text: item.identity.sa_score for text, item in clean.items() if item.identity}
    ours, theirs = (_fingerprints(texts) for texts in (scores, reference))
    return {
        "synthesizability": _share(sum(score < SYNTHESIZABLE for score in scores.values()), len(scores)),
        "similarity": _mean_similarity(ours, theirs),
        "diversity": _diversity(ours),
        "frechet": frechet.distance(list(scores), reference),
    }


def _fingerprints(texts: Iterable[str]) -> Packed:
    return fingerprints.pack([fingerprints.morgan_bytes(text) for text in texts])


def _by_key(valid: Sequence[Judged], reference: Reference, n: int) -> dict[str, float | None]:
    keys = [item.key for item in valid if item.key]
    known = set(reference.keys)
    novel = [key for key in keys if key not in known]
    return {
        "uniqueness": _share(len(set(keys)), len(keys)),
        "novelty": _share(len(novel), len(keys)),
        "vun": _share(len(set(novel)), n),
    }


def _above(texts: Sequence[str], predictor: Predictor, thresholds: Mapping[str, float]) -> dict[str, float | None]:
    names = [entry["name"] for entry in predictor.properties]
    if unknown := sorted(set(thresholds) - set(names)):
        raise UserError(f"threshold {unknown[0]}: the predictor knows {', '.join(names)}")
    means = predictor.predict(texts).mean  # (N, P)
    shares = {}
    for name, threshold in thresholds.items():
        values = means[:, names.index(name)]
        shares[name] = _share(int((values >= threshold).sum()), int(np.isfinite(values).sum()))
    return shares


def _mean_similarity(ours: Packed, theirs: Packed) -> float | None:
    if not len(ours) or not len(theirs):
        return None
    total = sum(float(block.sum(dtype=np.float64)) for block in fingerprints.tanimoto_blocks(ours, theirs))
    return total / (len(ours) * len(theirs))


def _diversity(bits: Packed) -> float | None:
    """1 - mean similarity of different strings: the sum over the whole matrix less its diagonal of ones."""
    n = len(bits)
    mean = _mean_similarity(bits, bits)
    return None if mean is None or n < 2 else 1 - (mean * n * n - n) / (n * (n - 1))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
