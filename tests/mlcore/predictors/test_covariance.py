"""How alike structures are."""

import numpy as np

from mlcore.chem.polymer import key
from mlcore.predictors.covariance import Anchors, Axes, Covariance, Described, describe
from mlcore.predictors.reading import of_keys

TEXTS = ["*CCO*", "*CCOC(=O)O*", "*CC(C)OC(=O)O*", "*CCNC(=O)CO*", "*CC(F)COC(=O)O*", "*CCS*"]


def described(texts: list[str]) -> Described:
    return describe(of_keys([key(text) for text in texts]), "polymer", 2)


def covariance(some: Described) -> Covariance:
    axes = Axes.fit(some.descriptors)
    return Covariance(axes, np.linspace(0, 0.2, some.descriptors.shape[1]), 0.4)


def test_it_is_what_the_definition_says() -> None:
    some = described(TEXTS)
    model = covariance(some)
    k = model.between(some, Anchors.of(some, model.axes))
    scaled = model.axes.coordinates(some.descriptors) * model.relevance
    for i, ours in enumerate(some.counts):
        for j, theirs in enumerate(some.counts):
            names = ours.keys() | theirs.keys()
            smaller = sum(min(ours.get(name, 0), theirs.get(name, 0)) for name in names)
            larger = sum(max(ours.get(name, 0), theirs.get(name, 0)) for name in names)
            distance = np.square(scaled[i] - scaled[j]).sum()
            expected = 0.4 * np.exp(-0.5 * distance) + 0.6 * smaller / larger
            assert abs(k[i, j] - expected) < 2e-3, "anchors are kept in half precision"


def test_it_is_one_with_itself_and_positive_definite() -> None:
    some = described(TEXTS)
    model = covariance(some)
    k = model.between(some, Anchors.of(some, model.axes))
    np.testing.assert_allclose(np.diag(k), 1, atol=1e-5)
    assert np.linalg.eigvalsh(k + k.T).min() > 0


def test_what_no_anchor_has_counts_against_likeness() -> None:
    some = described(TEXTS)
    anchors = Anchors.of(some.of(np.arange(2)), Axes.fit(some.descriptors))
    near, far = anchors.likeness(described(["*CCOCCSCC(Br)O*"])), anchors.likeness(described(["*CCO*"]))
    assert near[0, 0] < far[0, 0] == 1
    odd = Described(some.descriptors[:1], [{12345: 3}])
    assert anchors.likeness(odd).tolist() == [[0, 0]]


def test_anchors_survive_the_bundle() -> None:
    some = described(TEXTS)
    axes = Axes.fit(some.descriptors)
    anchors = Anchors.of(some, axes)
    again = Anchors.load(anchors.tensors())
    np.testing.assert_array_equal(again.coordinates, anchors.coordinates)
    np.testing.assert_array_equal(again.likeness(some), anchors.likeness(some))


def test_that_of_the_anchors_is_symmetric_and_positive_definite_in_spite_of_rounding() -> None:
    """Many nearly equal structures with large numbers: with only one side rounded this was not positive definite."""
    some = described([f"*{'C' * a}O{'C' * b}OC(=O)N*" for a in range(1, 10) for b in range(1, 10)])
    model = covariance(some)
    k = model.among(Anchors.of(some, model.axes))
    np.testing.assert_allclose(k, k.T, atol=1e-9)
    assert np.linalg.eigvalsh((k + k.T) / 2).min() > -1e-9
