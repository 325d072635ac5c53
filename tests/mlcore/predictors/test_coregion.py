"""The process against direct formulas on a few points."""

import numpy as np
import pytest
import torch

from mlcore.predictors.coregion import Mixing, Solver, learn

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 3))


def kernel(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * np.square(x[:, None] - z[None]).sum(-1))


def mixing() -> Mixing:
    return Mixing(np.array([[1.3, 0.4], [-0.5, 0.9]]), np.array([4.0, 0.7]))


def direct(values: np.ndarray, new: np.ndarray) -> np.ndarray:
    """The textbook posterior with covariances of signal and noise, all properties in one long vector."""
    m = mixing()
    back = np.linalg.inv(m.mix)
    signal, noise = back.T @ np.diag(m.signal) @ back, back.T @ back
    whole = np.kron(kernel(X, X), signal) + np.kron(np.eye(len(X)), noise)
    centred = values - values.mean(axis=0)
    return (np.kron(kernel(new, X), signal) @ np.linalg.solve(whole, centred.ravel())).reshape(-1, 2) + values.mean(0)


def test_with_every_structure_an_anchor_the_mean_is_that_of_the_direct_formula() -> None:
    values, new = RANDOM.normal(size=(40, 2)) + 3, RANDOM.normal(size=(5, 3))
    posterior = Solver.of(kernel(X, X), kernel(X, X)).posterior(values, mixing())
    np.testing.assert_allclose(posterior.mean(kernel(new, X)), direct(values, new), atol=1e-3)


def test_a_part_that_is_left_out_has_not_been_seen() -> None:
    values, part = RANDOM.normal(size=(40, 2)), np.arange(5, 15)
    changed = values.copy()
    changed[part] += 100
    solver = Solver.of(kernel(X, X), kernel(X, X))
    first, second = (solver.posterior(v, mixing(), part).mean(kernel(X, X)) for v in (values, changed))
    np.testing.assert_allclose(first, second, atol=1e-6)
    rest = np.delete(np.arange(40), part)
    alone = Solver.of(kernel(X, X), kernel(X[rest], X)).posterior(values[rest], mixing())
    np.testing.assert_allclose(first, alone.mean(kernel(X, X)), atol=1e-6)


def test_the_variance_left_is_that_of_the_direct_formula() -> None:
    new = np.concatenate([RANDOM.normal(size=(5, 3)), np.full((1, 3), 50.0)])
    k, signal = kernel(new, X), 2.5
    q = Solver.of(kernel(X, X), kernel(X, X)).doubt(signal)
    left = 1 - np.einsum("nv,vw,nw->n", k, q, k)
    expected = 1 - (k @ np.linalg.solve(kernel(X, X) + np.eye(40) / signal, k.T)).diagonal()
    np.testing.assert_allclose(left, expected, atol=1e-3)
    assert left[-1] == pytest.approx(1)


def test_the_search_climbs_and_finds_what_matters_and_how_errors_go_together() -> None:
    random = np.random.default_rng(1)
    x = random.normal(size=(150, 4))
    truth = np.stack([np.sin(2 * x[:, 0]), np.cos(2 * x[:, 0])], axis=1)
    noise = random.multivariate_normal([0, 0], [[0.04, 0.03], [0.03, 0.04]], size=150)
    losses: list[float] = []
    found = learn(x, np.eye(150), truth + noise, 80, 0.1, torch.device("cpu"), lambda step, loss: losses.append(loss))
    assert losses[-1] < losses[0] - 0.3
    assert found.relevance[0] > 3 * found.relevance[1:].max()
    back = np.linalg.inv(found.mixing.mix)
    covariance = back.T @ back
    assert 0.4 < covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]) < 0.95
    assert 0.02 < covariance[0, 0] < 0.08


def test_the_gradient_is_that_of_the_likelihood() -> None:
    """The sum that stands in for the likelihood has its gradient, found here by automatic differentiation."""
    from mlcore.predictors.coregion import _likelihood

    k = torch.tensor(kernel(X, X)).requires_grad_()
    mixed = torch.tensor(RANDOM.normal(size=(40, 2))).requires_grad_()
    signal = torch.tensor([2.0, 0.5], dtype=torch.float64).requires_grad_()
    loss, surrogate = _likelihood(k, mixed, signal)
    ours = torch.autograd.grad(surrogate, [k, mixed, signal])
    direct = torch.zeros((), dtype=torch.float64)
    for j in range(2):
        normal = torch.distributions.MultivariateNormal(
            torch.zeros(40, dtype=torch.float64), signal[j] * k + torch.eye(40, dtype=torch.float64)
        )
        direct = direct - normal.log_prob(mixed[:, j])
    theirs = torch.autograd.grad(direct, [k, mixed, signal])
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(
            (a + a.T) / 2 if a.shape == (40, 40) else a, (b + b.T) / 2 if b.shape == (40, 40) else b
        )
    assert float(direct) == pytest.approx(float(loss) + 40 * np.log(2 * np.pi))
