"""How good a set of generated strings is: the six measures of PolyGen, their likes by identity, and a distance.

Yang et al. (npj Comput. Mater. 2024, arXiv 2312.06470) define uniqueness, novelty, validity, synthesizability,
similarity and diversity on strings. Two strings may be one polymer cut elsewhere, so the first two are given by polymer
key as well. All depend on the number of strings N, which is why it is part of every report. What their diversity is,
MOSES (Polykovskiy et al., Front. Pharmacol. 2020) calls internal diversity, there with each string's distance of 0 to
itself; with so many strings they are the same number.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from rdkit import Chem, rdBase

from mlcore.chem import fingerprints
from mlcore.chem.errors import ChemError
from mlcore.chem.fingerprints import Packed
from mlcore.chem.identity import Identity, Kind
from mlcore.data.identities import identities
from mlcore.data.sequences import plain_ends
from mlcore.evaluation import frechet
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


@dataclass(frozen=True)
class Sample:
    """N strings, and how they compare with a reference of M."""

    judged: list[Judged]
    """(N,)"""
    spelt: list[str]
    """(N,): the strings as they are compared; see `measures`."""
    reference: Reference
    theirs: list[str]
    """(M,): those of the reference as they are compared."""

    @classmethod
    def of(cls, texts: Sequence[str], reference: Reference, workers: Workers | None = None) -> "Sample":
        """Judges every string, by `workers` if there are any."""
        spell = str if any(map(_METALS.search, texts)) == reference.metals else common_spelling
        judged = judge(texts, reference.kind, workers)
        return cls(judged, [spell(text) for text in texts], reference, [spell(text) for text in reference.texts])

    @cached_property
    def valid(self) -> list[Judged]:
        """The valid ones, with repeats."""
        return [item for item in self.judged if item.valid]

    @cached_property
    def clean(self) -> dict[str, Judged]:
        """Those that are valid, novel and the first of their kind, by the string that was compared."""
        known, distinct = set(self.theirs), dict(zip(self.spelt, self.judged, strict=True))
        return {text: item for text, item in distinct.items() if item.valid and text not in known}

    @cached_property
    def scored(self) -> dict[str, Identity]:
        """The clean ones that have an identity."""
        return {text: item.identity for text, item in self.clean.items() if item.identity}

    @cached_property
    def readable(self) -> list[str]:
        """The strings of the reference that have an identity, as they are compared."""
        return [text for text, key in zip(self.theirs, self.reference.keys, strict=True) if key]


def measure(texts: Sequence[str], reference: Reference) -> dict[str, Any]:
    """All of `measures`, and frechet: distance of descriptors to the reference (`mlcore.evaluation.frechet`)."""
    sample = Sample.of(texts, reference)
    return {**measures(sample), "frechet": frechet.distance(list(sample.scored), sample.readable)}


def measures(sample: Sample, lineage: Collection[str] | None = None) -> dict[str, Any]:
    """All that needs nothing but the strings and the reference, a share each unless said otherwise.

    n: number of strings. uniqueness: 1 - repeats / N over all strings, valid or not. novelty: strings that are not in
    the reference / N. Both compare strings exactly, as PolyGen does; where one side writes ends as `*` and the other as
    metals, RDKit's canonical SMILES with `*` ends stand for the strings of both. validity: see is_valid.
    Clean strings are valid, novel and the first of their kind; vun: clean / N.
    synthesizability: share of clean with SA < 5. similarity: mean over clean of the mean Tanimoto similarity (Morgan
    radius 2, 2048 bits, ends included) to the reference. diversity: mean pairwise Tanimoto distance within clean.
    by_key: uniqueness and novelty among valid strings, by identity, and vun: distinct novel identities / N. With
    `lineage`, the keys of further structures that the generator or its parents learned from, also novelty_lineage and
    vun_lineage: new against the reference and all of these.
    What could not be computed, as with no clean string, is None.
    """
    n, known = len(sample.judged), set(sample.theirs)
    keys = [item.key for item in sample.valid if item.key]
    by_key = {"uniqueness": _share(len(set(keys)), len(keys)), **_novel(keys, set(sample.reference.keys), n)}
    if lineage is not None:
        wider = _novel(keys, {*sample.reference.keys, *lineage}, n)
        by_key |= {f"{name}_lineage": value for name, value in wider.items()}
    return {
        "n": n,
        "uniqueness": _share(len(set(sample.spelt)), n),
        "novelty": _share(sum(text not in known for text in sample.spelt), n),
        "validity": _share(len(sample.valid), n),
        "vun": _share(len(sample.clean), n),
        **_chemistry(sample),
        "by_key": by_key,
    }


def common_spelling(text: str) -> str:
    """Canonical SMILES with `*` ends; what is no SMILES stays as it is."""
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(plain_ends(text))
    return text if molecule is None else str(Chem.MolToSmiles(molecule))


def _chemistry(sample: Sample) -> dict[str, float | None]:
    scored = sample.scored
    ours, theirs = (_fingerprints(texts) for texts in (scored, sample.readable))
    return {
        "synthesizability": _share(sum(one.sa_score < SYNTHESIZABLE for one in scored.values()), len(scored)),
        "similarity": _mean_similarity(ours, theirs),
        "diversity": _diversity(ours),
    }


def _fingerprints(texts: Iterable[str]) -> Packed:
    return fingerprints.pack([fingerprints.morgan_bytes(text) for text in texts])


def _novel(keys: Sequence[str], known: Collection[str], n: int) -> dict[str, float | None]:
    """Of the keys of the valid strings among n, repeats included, those that are not known."""
    novel = [key for key in keys if key not in known]
    return {"novelty": _share(len(novel), len(keys)), "vun": _share(len(set(novel)), n)}


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
