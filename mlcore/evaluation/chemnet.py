"""How unlike two sets of structures are: Frechet ChemNet distance (Preuer et al., J. Chem. Inf. Model. 58, 1736, 2018).

The features are the activations of the last layer but one of ChemNet, a network trained to predict bioactivities, whose
weights ship with the package `fcd`. ChemNet reads SMILES: chain ends are written `*`, which it takes for an unknown
atom, and RDKit's canonical form is used. Both sets count their repeats, since a distribution is what is compared.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlcore.errors import UserError
from mlcore.evaluation import frechet
from mlcore.evaluation.generative import common_spelling

Floats = NDArray[np.float64]


def activations(texts: Sequence[str]) -> Floats:
    """(N, 512) of strings that RDKit reads; equal ones are worked out once."""
    try:
        import fcd  # only here: few need it, and it takes a second
    except ImportError as error:
        raise UserError("--fcd needs the package fcd; install what requirements.txt names") from error
    spelt = [common_spelling(text) for text in texts]
    distinct = {text: place for place, text in enumerate(dict.fromkeys(spelt))}
    found = fcd.get_predictions(fcd.load_ref_model(), list(distinct), n_jobs=0)
    return np.asarray(found, dtype=np.float64).reshape(-1, 512)[[distinct[text] for text in spelt]]


def distance(ours: Floats, theirs: Floats) -> float | None:
    """Between activations, (N, 512) and (M, 512); None where either set has fewer than two structures."""
    return frechet.distance_of_rows(ours, theirs) if min(len(ours), len(theirs)) > 1 else None
