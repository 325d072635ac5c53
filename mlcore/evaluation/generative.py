"""How good a set of generated strings is: the six measures of PolyGen, their counterparts by identity, and distances.

Yang et al., npj Comput. Mater. 10 (2024), state uniqueness, novelty, validity, synthesizability, similarity and diversity
on strings. Two strings may be one polymer cut elsewhere, so each of the first two is also given by polymer key. All depend on
the number of strings N, which is why it is part of every report.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, rdBase

from mlcore.chem import fingerprints
from mlcore.chem.errors import ChemError
from mlcore.chem.identity import Identity, identify
from mlcore.data.sequences import plain_ends
from mlcore.errors import UserError
from mlcore.evaluation import frechet
from mlcore.predictors.protocol import Predictor

SYNTHESIZABLE = 5.0
"""SA scores below this count as synthesizable."""

_BLOCK = 1000
_METALS = re.compile(r"\[(?:Cu|Au)\]")


@dataclass(frozen=True)
class Judged:
    """One string."""

    text: str
    valid: bool
    identity: Identity | None
    """None where it is invalid or the registry would refuse it."""

    @property
    def key(self) -> str:
        """Its identity as text; empty where it has none."""
        return self.identity.key if self.identity else ""


@dataclass(frozen=True)
class Reference:
    """What the strings are compared with: the whole data set that the generator's lineage has seen."""

    texts: list[str]
    keys: frozenset[str]
    kind: str
    metals: bool
    """Chain ends are written `[Cu]` and `[Au]`."""
    fingerprints: NDArray[np.uint64]

    @classmethod
    def of(cls, texts: Sequence[str], kind: str = "polymer", keys: Sequence[str] | None = None) -> "Reference":
        """From strings, and their keys where they are known; strings that are no structure only count as strings."""
        if keys is None:
            keys = [judged.key for judged in judge(texts, kind)]
        usable = [text for text, key in zip(texts, keys, strict=True) if key]
        bits = fingerprints.pack([fingerprints.morgan_bytes(plain_ends(text)) for text in usable])
        return cls(list(texts), frozenset(keys) - {""}, kind, any(map(_METALS.search, texts)), bits)


def judge(texts: Sequence[str], kind: str = "polymer") -> list[Judged]:
    """Validity and identity of each string; equal strings are worked out once."""
    done: dict[str, Judged] = {}
    for text in texts:
        if text not in done:
            valid = is_valid(text, kind)
            done[text] = Judged(text, valid, _identity(text, kind) if valid else None)
    return [done[text] for text in texts]


def is_valid(text: str, kind: str = "polymer") -> bool:
    """PolyGen's rule for a polymer; for a molecule, that RDKit reads it and it is one component.

    A polymer parses and has exactly one `[Cu]` and one `[Au]` (or, in the other convention, exactly two `*`), none of them
    with a double or triple bond, none with more than one neighbour.
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

    n: number of strings. uniqueness: 1 - repeats / N over all strings, valid or not. novelty: strings that are not in the
    reference / N, compared exactly; where one side writes ends as `*` and the other as metals, both are compared as `*`.
    validity: see is_valid. synthesizability: clean strings with SA < 5, clean being valid, novel, first occurrence.
    similarity: mean over clean strings of their mean Tanimoto similarity (Morgan radius 2, 2048 bits) to the reference.
    diversity: mean pairwise Tanimoto distance of clean strings. vun: clean / N.
    by_key: uniqueness and novelty among valid strings, by identity, and vun: distinct novel identities / N.
    frechet: Frechet distance of descriptors to the reference, no share; see mlcore.evaluation.frechet.
    above_threshold: per property of `thresholds` the share of valid strings that `predictor` puts at or above its value.
    What could not be computed, as with no clean string, is None.
    """
    alike = any(map(_METALS.search, texts)) == reference.metals
    spelt = list(texts) if alike else [plain_ends(text) for text in texts]
    known = set(reference.texts) if alike else {plain_ends(text) for text in reference.texts}
    judged = judge(texts, reference.kind)
    distinct = dict(zip(spelt, judged, strict=True))
    clean = [item for text, item in distinct.items() if item.valid and text not in known]
    n, valid = len(texts), [item for item in judged if item.valid]
    report: dict[str, Any] = {
        "n": n,
        "uniqueness": _share(len(distinct), n),
        "novelty": _share(sum(text not in known for text in spelt), n),
        "validity": _share(len(valid), n),
        "vun": _share(len(clean), n),
        **_chemistry(clean, reference),
        "by_key": _by_key(valid, reference, n),
    }
    if predictor is not None:
        report["above_threshold"] = _above([item.text for item in valid], predictor, thresholds or {})
    return report


def _chemistry(clean: Sequence[Judged], reference: Reference) -> dict[str, Any]:
    usable = [item for item in clean if item.identity]
    bits = fingerprints.pack([fingerprints.morgan_bytes(plain_ends(item.text)) for item in usable])
    easy = sum(item.identity.sa_score < SYNTHESIZABLE for item in usable if item.identity)
    return {
        "synthesizability": _share(easy, len(usable)),
        "similarity": _mean_similarity(bits, reference.fingerprints),
        "diversity": _diversity(bits),
        "frechet": frechet.distance([i.text for i in usable], reference.texts),
    }


def _by_key(valid: Sequence[Judged], reference: Reference, n: int) -> dict[str, float | None]:
    keys = [item.key for item in valid if item.key]
    novel = [key for key in keys if key not in reference.keys]
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


def _mean_similarity(bits: NDArray[np.uint64], others: NDArray[np.uint64]) -> float | None:
    if not len(bits) or not len(others):
        return None
    blocks = (fingerprints.tanimoto_matrix(bits[i : i + _BLOCK], others) for i in range(0, len(bits), _BLOCK))
    return sum(float(block.sum(dtype=np.float64)) for block in blocks) / (len(bits) * len(others))


def _diversity(bits: NDArray[np.uint64]) -> float | None:
    """1 - mean similarity of different strings: the sum over the whole matrix less its diagonal of ones."""
    n = len(bits)
    mean = _mean_similarity(bits, bits)
    return None if mean is None or n < 2 else 1 - (mean * n * n - n) / (n * (n - 1))


def _identity(text: str, kind: str) -> Identity | None:
    try:
        return identify(text, kind)
    except ChemError:
        return None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
