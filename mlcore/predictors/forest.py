"""Boosted regression trees as plain arrays, evaluated for many rows and trees at once.

A tree of L leaves is not walked. Its leaves are numbered from left to right; a row that goes right at an inner node
cannot end in the leaves of that node's left branch, which are consecutive. All inner nodes are asked at once, what each
rules out is struck from a bit mask, and the first leaf that remains is where the row ends: QuickScorer (Lucchese et
al., SIGIR 2015).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]

MOST_LEAVES = 64
"""Bits of a mask."""
_AT_ONCE = 128  # rows: the comparisons of all trees then stay within the cache of a core


@dataclass(frozen=True)
class Forest:
    """T trees of up to L leaves; those of the first of P properties come first."""

    feature: NDArray[np.int16]
    """(T, L - 1): the column that an inner node looks at."""
    threshold: Floats
    """(T, L - 1): rows above it go right; infinite where a tree has fewer nodes."""
    first: NDArray[np.uint8]
    """(T, L - 1): the first leaf of a node's left branch."""
    split: NDArray[np.uint8]
    """(T, L - 1): the first leaf of its right branch."""
    leaf: Floats
    """(T, L): what a leaf adds."""
    trees: NDArray[np.int64]
    """(P,): trees of each property."""
    baseline: Floats
    """(P,): what they add to."""

    @classmethod
    def of(cls, boosters: Sequence[Any], rounds: Sequence[int], leaves: int) -> "Forest":
        """The first `rounds` trees of fitted HistGradientBoostingRegressors, one a property, of at most `leaves`."""
        parts = [booster._predictors[:count] for booster, count in zip(boosters, rounds, strict=True)]
        forest = cls.empty(sum(rounds), leaves, len(boosters))
        forest.trees[:] = rounds
        forest.baseline[:] = [float(booster._baseline_prediction.item()) for booster in boosters]
        for number, (tree,) in enumerate(tree for part in parts for tree in part):
            forest._put(number, tree.nodes)
        return forest

    @classmethod
    def empty(cls, trees: int, leaves: int, properties: int) -> "Forest":
        """Trees that add nothing."""
        nodes = (trees, leaves - 1)
        return cls(
            np.zeros(nodes, dtype=np.int16),
            np.full(nodes, np.inf),
            np.zeros(nodes, dtype=np.uint8),
            np.zeros(nodes, dtype=np.uint8),
            np.zeros((trees, leaves)),
            np.zeros(properties, dtype=np.int64),
            np.zeros(properties),
        )

    def _put(self, number: int, nodes: Any) -> None:
        """Copies a tree of scikit-learn, whose nodes name their children by number, the root being 0."""
        inner = leaf = 0

        def visit(place: int) -> None:
            nonlocal inner, leaf
            node = nodes[place]
            if node["is_leaf"]:
                self.leaf[number, leaf] = node["value"]
                leaf += 1
                return
            slot, first = (number, inner), leaf
            inner += 1
            visit(node["left"])
            self.feature[slot], self.threshold[slot] = node["feature_idx"], node["num_threshold"]
            self.first[slot], self.split[slot] = first, leaf
            visit(node["right"])

        visit(0)

    def predict(self, rows: Floats) -> Floats:
        """(N, columns) -> (N, P)."""
        masks = self._masks()
        found = np.empty((len(rows), len(self.trees)))
        for start in range(0, len(rows), _AT_ONCE):
            found[start : start + _AT_ONCE] = self._some(rows[start : start + _AT_ONCE], masks)
        return found

    def _masks(self) -> NDArray[np.uint64]:
        """(T, L - 1): bits of the leaves that remain when a row goes right."""
        one, ends = np.uint64(1), (self.first.astype(np.uint64), self.split.astype(np.uint64))
        below_first, below_split = ((one << end) - one for end in ends)
        return ~(below_split & ~below_first)

    def _some(self, rows: Floats, masks: NDArray[np.uint64]) -> Floats:
        columns = np.ascontiguousarray(rows.T)  # (columns, R)
        everything = np.uint64(2**64 - 1)
        remaining = np.full((len(self.leaf), len(rows)), everything)  # (T, R)
        for node in range(self.feature.shape[1]):
            right = columns[self.feature[:, node]] > self.threshold[:, node, None]
            remaining &= np.where(right, masks[:, node, None], everything)
        place = np.bitwise_count((remaining & (~remaining + np.uint64(1))) - np.uint64(1))  # number of the lowest bit
        added = np.take_along_axis(self.leaf, place.astype(np.intp), axis=1)  # (T, R)
        parts = np.split(np.ascontiguousarray(added.T), np.cumsum(self.trees)[:-1], axis=1)  # rows summed one by one:
        return self.baseline + np.stack([part.sum(axis=1) for part in parts], axis=1)  # company changes no digit

    def tensors(self) -> dict[str, Tensor]:
        """For the bundle; `load` takes them back."""
        return {f"forest.{item.name}": torch.from_numpy(getattr(self, item.name)) for item in fields(self)}

    @classmethod
    def load(cls, tensors: Mapping[str, Tensor], columns: int) -> "Forest":
        """From the tensors of a bundle; ValueError where they are no forest over so many columns."""
        forest = cls(**{item.name: tensors[f"forest.{item.name}"].numpy() for item in fields(cls)})
        forest._check(columns)
        return forest

    def _check(self, columns: int) -> None:
        trees, leaves = self.leaf.shape
        empty = Forest.empty(trees, leaves, len(self.trees))
        for item in fields(self):
            ours, theirs = getattr(self, item.name), getattr(empty, item.name)
            if (ours.shape, ours.dtype) != (theirs.shape, theirs.dtype):
                raise ValueError(f"forest.{item.name} is {ours.dtype}{ours.shape}, not {theirs.dtype}{theirs.shape}")
        if not 2 <= leaves <= MOST_LEAVES or int(self.trees.sum()) != trees or (self.trees < 0).any():
            raise ValueError(f"{trees} trees of {leaves} leaves are not what forest.trees says")
        if trees and not (self.feature.min() >= 0 and self.feature.max() < columns and self.split.max() < leaves):
            raise ValueError("a node looks at a column or leads to a leaf that does not exist")
