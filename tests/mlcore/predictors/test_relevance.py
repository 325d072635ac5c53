"""What in a representation counts: the gradient is right, and noise is told from what matters."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mlcore.predictors import relevance
from mlcore.predictors.configs import FCHLConfig
from mlcore.predictors.kernels import Kernel
from mlcore.predictors.representations import Described

CPU = torch.device("cpu")
KERNEL = Kernel("matern", 3.0, [1.0])
STEPS = FCHLConfig(
    cutoff=4.0, wide_weight=0, radial2=1.0, radial3=0.25, fourier=1, relevance_steps=60
)  # four distances to each of two elements, one for each of three pairs and two functions of the angle


def atoms(molecules: int, seed: int = 0) -> dict[int, Described]:
    """One to three atoms of two elements in each molecule; the last of an atom's numbers are always the same."""
    random = np.random.default_rng(seed)
    found = {}
    for z in (1, 6):
        molecule = np.repeat(np.arange(molecules), random.integers(1, 4, molecules))
        vectors = random.normal(size=(len(molecule), 14))
        vectors[:, 8:] = 7
        found[z] = Described((vectors,), molecule)
    return found


def energies(found: dict[int, Described], molecules: int) -> np.ndarray:
    """Sums over atoms: of the first number for hydrogen, of the sixth for carbon."""
    total = np.zeros(molecules)
    for z, column in ((1, 0), (6, 5)):
        np.add.at(total, found[z].molecule, np.sin(found[z].vectors[0][:, column]))
    return total[:, None]


def test_numbers_that_matter_gain_on_those_that_do_not() -> None:
    found = atoms(150)
    factors = relevance.learn(found, energies(found, 150), STEPS, KERNEL, 0, CPU)
    hydrogen, carbon = factors[1][0], factors[6][0]
    assert hydrogen[0] > 2 * np.delete(hydrogen[:8], 0).max()
    assert carbon[5] > 2 * np.delete(carbon[:8], 5).max()
    assert (hydrogen[8:] == 1).all()  # nothing can be learned of a number that never varies


def test_numbers_of_neighbouring_distances_change_together() -> None:
    """Of hydrogen only the first number matters, of carbon none has anything to say."""
    found = atoms(150)
    found[6] = Described((np.ones_like(found[6].vectors[0]),), found[6].molecule)
    near = replace(STEPS, cutoff=1.0, radial2=4.0, radial3=1.0)
    factors = relevance.learn(found, energies(found, 150), near, KERNEL, 0, CPU)
    apart = relevance.learn(found, energies(found, 150), STEPS, KERNEL, 0, CPU)
    assert factors[1][0][1] / factors[1][0][3] > 1.5 * apart[1][0][1] / apart[1][0][3]


def test_unknown_values_are_left_out() -> None:
    found = atoms(150)
    targets = np.hstack([energies(found, 150), np.full((150, 1), np.nan)])
    targets[::3, 0] = np.nan
    factors = relevance.learn(found, targets, STEPS, KERNEL, 0, CPU)
    assert factors[1][0][0] > 2 * factors[1][0][1:4].max()


@pytest.mark.parametrize(
    ("molecules", "steps", "targets"), [(150, 0, 1.0), (10, 60, 1.0), (150, 3, np.nan), (150, 3, 0.0)]
)
def test_where_nothing_can_be_learned_all_count_the_same(molecules: int, steps: int, targets: float) -> None:
    found = atoms(molecules)
    values = targets * energies(found, molecules)
    factors = relevance.learn(found, values, replace(STEPS, relevance_steps=steps), KERNEL, 0, CPU)
    assert all((part == 1).all() for parts in factors.values() for part in parts)


@pytest.mark.parametrize("kind", ["matern", "gaussian"])
def test_the_gradient_that_is_written_out_is_the_gradient(kind: str) -> None:
    random = torch.Generator().manual_seed(0)
    vectors = torch.randn(7, 3, generator=random, dtype=torch.float64, requires_grad=True)
    molecule = torch.tensor([0, 0, 1, 1, 1, 2, 3])
    kernel = Kernel(kind, 1.5, [1.0])  # type: ignore[arg-type]
    weights = torch.randn(4, 4, generator=random, dtype=torch.float64)  # the matrix is symmetric, its use need not be

    def weighed(moved: torch.Tensor) -> torch.Tensor:
        return (relevance._Summed.apply(moved, molecule, 4, kernel) * weights).sum()

    assert torch.autograd.gradcheck(weighed, vectors, atol=1e-6)
