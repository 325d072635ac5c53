"""What is familiar to a network."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mlcore.predictors.latent import UNKNOWN, Latent

STRUCTURES, EACH, NUMBERS = 80, 3, 24


@pytest.fixture(scope="module")
def states() -> Tensor:
    """Three states a structure, in a plane of the space."""
    torch.manual_seed(0)
    return torch.randn(STRUCTURES * EACH, 2) @ torch.randn(2, NUMBERS)


@pytest.fixture(scope="module")
def owners() -> Tensor:
    return torch.arange(STRUCTURES).repeat_interleave(EACH)


@pytest.fixture(scope="module")
def latent(states: Tensor, owners: Tensor) -> Latent:
    return Latent.fit(states, owners, 64, seed=0)


def told(latent: Latent, states: Tensor, owners: Tensor) -> list[str]:
    count = int(owners.max()) + 1
    return latent.doubts_about(latent.distances(states, owners, count).double().numpy())


def test_the_training_is_familiar_and_what_lies_far_off_is_not(latent: Latent, states: Tensor, owners: Tensor) -> None:
    assert np.mean([doubt == "" for doubt in told(latent, states, owners)]) > 0.95
    found = told(latent, 10 * states, owners)
    assert np.mean([doubt != "" for doubt in found]) > 0.9
    assert "usual is" in found[0]


def test_one_strange_state_among_usual_ones_is_enough(latent: Latent, states: Tensor, owners: Tensor) -> None:
    usual = latent.distances(states[:EACH], owners[:EACH], 1)
    strange = states[:EACH].clone()
    strange[1] += 10 * (states[1] - states.mean(0))
    assert latent.distances(strange, owners[:EACH], 1) > latent.limit > usual


def test_a_structure_does_not_depend_on_its_company(latent: Latent, states: Tensor, owners: Tensor) -> None:
    together = latent.distances(3 * states, owners, STRUCTURES)
    alone = [latent.distances(3 * states[owners == n], torch.zeros(EACH, dtype=torch.int64), 1) for n in range(5)]
    torch.testing.assert_close(torch.cat(alone), together[:5], rtol=1e-4, atol=1e-3)


def test_more_strangers_make_it_stricter(latent: Latent, states: Tensor, owners: Tensor) -> None:
    assert Latent.fit(states, owners, 64, seed=0, strangers=0.3).limit < latent.limit


def test_a_bundle_gives_it_back(latent: Latent, states: Tensor, owners: Tensor) -> None:
    again = Latent.load(latent.tensors())
    assert again.limit == latent.limit
    for name in ("centre", "directions", "landmarks"):
        assert torch.equal(getattr(again, name), getattr(latent, name))
    assert told(again, 2 * states, owners) == told(latent, 2 * states, owners)


def test_where_nothing_is_known_all_is_familiar(states: Tensor, owners: Tensor) -> None:
    few = Latent.fit(states[: 10 * EACH], owners[: 10 * EACH], 64, seed=0)
    assert few is UNKNOWN
    assert Latent.load(few.tensors()) is UNKNOWN
    assert told(few, 1000 * states, owners) == [""] * STRUCTURES


def test_no_structure_has_no_distance(latent: Latent) -> None:
    none = torch.empty(0, NUMBERS), torch.empty(0, dtype=torch.int64)
    assert len(latent.distances(*none, 0)) == 0
