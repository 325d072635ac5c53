"""How good the new structures of a generation run are, beyond being valid and new.

The three measures of PolyGen (Yang et al., npj Comput. Mater. 2024) that look at chemistry, taken by identity: of each
new structure once, against the structures that the registry holds measurements of.
"""

from typing import Any

import numpy as np
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from mlcore.chem.fingerprints import Packed, tanimoto_blocks
from registry.models import Fingerprint, GenerationRun, Measurement, Structure

SYNTHESIZABLE = 5.0  # SA scores below this
MOST_NEW, MOST_MEASURED = 2_000, 10_000  # structures that are compared; more would change the third digit at best


def quality(run: GenerationRun) -> dict[str, Any]:
    """synthesizability: share with SA < 5. similarity: mean Tanimoto to measured structures. diversity: mean distance.

    A measure that nothing could be computed from is None.
    """
    new = Structure.objects.filter(
        candidate__proposals__run=run, candidate__proposals__duplicate=False, candidate__proposals__known=False
    )
    counts = new.aggregate(all=Count("pk"), easy=Count("pk", filter=Q(sa_score__lt=SYNTHESIZABLE)))
    labels = Measurement.objects.filter(structure=OuterRef("pk"))
    measured = Structure.objects.filter(Exists(labels), kind=run.model_version.structure_kind)
    ours, theirs = _bits(new, MOST_NEW), _bits(measured.exclude(pk__in=new.values("pk")), MOST_MEASURED)
    n = len(ours)
    return {
        "synthesizability": counts["easy"] / counts["all"] if counts["all"] else None,
        "similarity": _similar(ours, theirs) if n and len(theirs) else None,
        "diversity": 1 - (_similar(ours, ours) * n - 1) / (n - 1) if n > 1 else None,  # less the diagonal of ones
    }


def _bits(structures: QuerySet[Structure], most: int) -> Packed:
    """Morgan fingerprints, (N, 32), of all or of every so-manieth: the same structures each time."""
    every = -(-structures.count() // most)
    if every > 1:
        structures = structures.alias(place=F("pk") % every).filter(place=0)
    rows = Fingerprint.objects.filter(structure__in=structures.values("pk")).order_by("pk")
    texts = "".join(rows.values_list("morgan", flat=True))
    bits = np.frombuffer(texts.encode(), dtype=np.uint8).reshape(-1, 2048) - ord("0")
    return np.packbits(bits, axis=1, bitorder="little").view(np.uint64)


def _similar(ours: Packed, theirs: Packed) -> float:
    total = sum(float(block.sum(dtype=np.float64)) for block in tanimoto_blocks(ours, theirs))
    return total / (len(ours) * len(theirs))
