"""Likeness of atoms and molecules."""

import numpy as np
import pytest
import torch

from mlcore.chem import geometry
from mlcore.predictors import fchl_fit, inducing, kernels, representations
from mlcore.predictors.configs import FCHLConfig
from mlcore.predictors.fchl_model import kernel_of
from mlcore.predictors.kernels import Kernel
from mlcore.predictors.representations import Atoms, Directions

MOLECULES = [geometry.guess(text) for text in ("CCO", "CCN", "c1ccccc1", "CC(=O)C", "C#N", "O", "CCCCC")]


def pieces() -> tuple[dict[int, Atoms], Kernel]:
    settings = FCHLConfig()
    found = representations.describe(MOLECULES, [1, 6, 7, 8], settings)
    alike = {z: [np.ones(vectors.shape[1]) for vectors in one.vectors] for z, one in found.items()}
    return fchl_fit.turn(found, settings, alike)[0], kernel_of(settings)


@pytest.mark.parametrize("block", [1, 2, 3, 7, 50])
def test_blocks_equal_the_whole(block: int) -> None:
    atoms, kernel = pieces()
    whole = kernels.between(atoms, atoms, kernel, 7, 7)
    torch.testing.assert_close(kernels.among(atoms, 7, kernel, block=block), whole, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(whole, whole.T)


def test_it_is_the_sum_over_pairs_of_atoms_of_the_same_element() -> None:
    atoms, kernel = pieces()
    total = 0.0
    for part in atoms.values():
        ours, theirs = (part.of(n, n + 1) for n in (0, 3))
        for i in range(len(ours.molecule)):
            for j in range(len(theirs.molecule)):
                pair = [[vectors[k : k + 1].double() for vectors in one.vectors] for one, k in ((ours, i), (theirs, j))]
                total += float(kernel(*pair))
    assert float(kernels.among(atoms, 7, kernel)[0, 3]) == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize("kind", ["matern", "gaussian"])
def test_likeness_is_one_at_home_and_falls(kind: str) -> None:
    kernel = Kernel(kind, 2.0, [0.25, 0.75])  # type: ignore[arg-type]
    line = torch.linspace(0, 5, 6, dtype=torch.float64)[:, None]
    values = kernel([line[:1], 2 * line[:1]], [line, 2 * line])[0]
    assert float(values[0]) == pytest.approx(1)
    assert (values.diff() < 0).all()
    d = 3.0
    expected = {"gaussian": lambda s: np.exp(-(d**2) / (2 * s**2)), "matern": lambda s: _matern(5**0.5 * d / s)}[kind]
    assert float(values[3]) == pytest.approx(0.25 * expected(2.0) + 0.75 * expected(1.0))


def _matern(r: float) -> float:
    return float((1 + r + r * r / 3) * np.exp(-r))


def test_directions_keep_distances() -> None:
    random = np.random.default_rng(0)
    vectors = random.normal(size=(50, 5)) @ random.normal(size=(5, 40))
    turn = Directions.fit(vectors, np.ones(40), most=30)
    assert turn.basis.shape == (40, 5)
    kept = turn(vectors).double()
    torch.testing.assert_close(
        kernels.squared_distances(kept, kept).sqrt(),
        torch.cdist(*[torch.from_numpy(vectors)] * 2),
        atol=1e-4,
        rtol=1e-3,  # the directions are kept in half precision
    )
    assert Directions.fit(vectors, np.ones(40), most=2).basis.shape == (40, 2)


def test_all_atoms_as_inducing_ones_give_the_exact_kernel() -> None:
    atoms, kernel = pieces()
    chosen = inducing.choose(atoms, 7, kernel, 1000, seed=0)
    torch.testing.assert_close(chosen.matrix, kernels.among(atoms, 7, kernel), rtol=1e-3, atol=1e-3)


def test_few_inducing_atoms_explain_more_the_more_they_are_and_their_weights_are_those_of_the_molecules() -> None:
    atoms, kernel = pieces()
    exact = kernels.among(atoms, 7, kernel)
    left = []
    for most in (4, 10, 20):
        chosen = inducing.choose(atoms, 7, kernel, most, seed=0)
        assert sum(len(part.molecule) for part in chosen.atoms.values()) <= most
        left.append(float((exact - chosen.matrix).diagonal().sum()))
        molecules = torch.linspace(-1, 1, 7, dtype=torch.float64)[:, None]
        scored = torch.zeros(7, 1, dtype=torch.float64)
        for z, weights in chosen.weights(molecules).items():
            likeness = kernel(atoms[z].double, chosen.atoms[z].double)
            scored.index_add_(0, atoms[z].molecule, likeness @ weights)
        torch.testing.assert_close(scored, chosen.matrix @ molecules, rtol=1e-5, atol=1e-5)
    assert left[0] > left[1] > left[2] > -0.1


def test_atoms_described_block_by_block_are_those_described_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    settings, elements = FCHLConfig(), [1, 6, 7, 8]
    whole = [np.concatenate(part) for part in zip(*representations.fchl19(MOLECULES, elements, settings), strict=True)]
    atoms = np.concatenate([one.numbers for one in MOLECULES])
    owners = np.repeat(np.arange(len(MOLECULES)), [len(one.numbers) for one in MOLECULES])
    monkeypatch.setattr(representations, "BLOCK", 2)
    found = representations.describe(MOLECULES, elements, settings)
    assert list(found) == np.unique(atoms).tolist()
    for z, one in found.items():
        np.testing.assert_array_equal(one.molecule, owners[atoms == z])
        for vectors, others in zip(one.vectors, whole, strict=True):
            np.testing.assert_array_equal(vectors, others[atoms == z])
