"""Graphs of closed polymer rings: the same whatever way a polymer is written, batched without loss."""

import numpy as np
import pytest
import torch
from rdkit import Chem

from mlcore.chem.polymer import key
from mlcore.data.graphs import ATOM_CATEGORIES, BOND_CATEGORIES, ELEMENTS, Graphs, featurise

POLYMERS = ["*CCO*", "*OC(=O)NCC(F)(F)C*", "*CC(*)c1ccccc1", "*CC(*)C#N", "*CC(C[N+](C)(C)C)*"]


def closed(*polymers: str) -> Graphs:
    return featurise(Chem.MolFromSmiles(key(text)) for text in polymers)


def column(graphs: Graphs, feature: str) -> list[int]:
    return sorted(graphs.atoms[:, list(ATOM_CATEGORIES).index(feature)].tolist())


def test_every_code_lies_in_its_category() -> None:
    odd = "C[Se](=O)CC[O-].[Zn+2].C[13CH3].[H][H].F/C=C/F.CS(F)(F)(F)(F)F.c1ccncc1"
    graphs = featurise([Chem.MolFromSmiles(odd)])
    assert (graphs.atoms < np.array(list(ATOM_CATEGORIES.values()))).all()
    assert (graphs.bonds < np.array(list(BOND_CATEGORIES.values()))).all()


@pytest.mark.parametrize("short", ["*C*", "*O*", "*CC*", "*C(=O)*", "*C(C)*"])
def test_a_short_unit_is_repeated_until_its_ring_is_a_backbone(short: str) -> None:
    graphs = closed(short)
    assert graphs.atom_counts[0] >= 8
    assert set(column(graphs, "ring")) <= {0, 2}  # nothing takes the closing ring for a side ring


def test_the_backbone_differs_from_a_side_ring() -> None:
    graphs = closed("*CC(*)C1CCCC1")
    rings = column(graphs, "ring")
    copies = rings.count(1) // 5
    assert rings == [1] * 5 * copies + [2] * 2 * copies
    assert set(column(closed("*CCC(C)*"), "ring")) == {0, 2}


def test_unknown_elements_share_one_code() -> None:
    graphs = featurise([Chem.MolFromSmiles("[Zr]"), Chem.MolFromSmiles("[Hf]"), Chem.MolFromSmiles("[Li]")])
    assert graphs.atoms[:, 0].tolist() == [len(ELEMENTS), len(ELEMENTS), ELEMENTS.index(3)]


def test_cis_and_trans_differ() -> None:
    cis, trans = (featurise([Chem.MolFromSmiles(text)]) for text in (r"F/C=C\F", "F/C=C/F"))
    assert (cis.bonds != trans.bonds).any()


def test_each_bond_stands_in_both_directions() -> None:
    graphs = closed(POLYMERS[2])
    pairs = set(map(tuple, graphs.ends.T.tolist()))
    assert pairs == {(b, a) for a, b in pairs}
    assert len(pairs) == graphs.bond_counts[0]


def test_a_batch_holds_the_chosen_graphs_in_the_chosen_order() -> None:
    graphs = closed(*POLYMERS)
    order = [3, 0, 3, 2]
    batch = graphs.batch(order)
    assert batch.num_graphs == 4
    for place, row in enumerate(order):
        alone = closed(POLYMERS[row])
        atoms = (batch.batch == place).nonzero().flatten()
        bonds = (batch.batch[batch.edge_index[0]] == place).nonzero().flatten()
        assert torch.equal(batch.x[atoms], torch.from_numpy(alone.atoms.astype(np.int64)))
        assert torch.equal(batch.edge_index[:, bonds] - atoms[0], torch.from_numpy(alone.ends))
        assert torch.equal(batch.edge_attr[bonds], torch.from_numpy(alone.bonds.astype(np.int64)))


def test_nothing_in_nothing_out() -> None:
    graphs = featurise([])
    assert len(graphs) == 0
    assert graphs.batch([]).num_graphs == 0
    assert featurise([Chem.MolFromSmiles("[Na+]")]).batch([0]).edge_index.shape == (2, 0)
