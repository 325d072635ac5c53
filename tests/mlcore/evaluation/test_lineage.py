"""What may be skipped without a look, and what may not."""

from random import Random

import pytest

from mlcore.chem.errors import ChemError
from mlcore.chem.identity import identify
from mlcore.data.identities import identities
from mlcore.evaluation.lineage import occurring, signature
from tests.mlcore.chem.rewriting import HTPMD, SMIPOLY, load, rewritten

STRINGS = [*HTPMD[::30], *SMIPOLY[::10], "*[Si](C)(C)O*", "*C[N+](C)(C)C*", "*N=P(*)(Cl)Cl", "*CC(*)c1c[nH]c2ccccc12"]


@pytest.mark.parametrize("text", STRINGS)
def test_no_way_of_writing_changes_the_signature(text: str) -> None:
    random, unit = Random(text), load(text)
    for other in (rewritten(unit, random) for _ in range(5)):
        assert signature(other) == signature(text), other


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("*CC(*)c1ccccc1", "*CC(*)C1=CC=CC=C1"),
        ("[Cu]CCO[Au]", "[*:2]OCC[*:1]"),
        ("*CCO*", "*C([2H])([H])CO*"),
        ("*C%12CCCC%12C*", "*C1CCCC1C*"),
        ("*CC%(100)CCCC%(100)*", "*CC1CCCC1*"),
        ("*c1cc[se]c1*", "*C1=C(*)[Se]C=C1"),
        ("*[C@@H](F)[13CH2]O*", "*C(F)CO*"),
    ],
)
def test_spellings_by_hand(one: str, other: str) -> None:
    assert signature(one) == signature(other)


@pytest.mark.parametrize("other", ["*CCS*", "*CCCO*", "*CC1CCO1*", "*CBr*", "*C*"])
def test_other_polymers_mostly_have_another(other: str) -> None:
    assert signature("*CCO*") != signature(other)


def test_ours_are_found_however_they_are_written() -> None:
    ours = [one for one in identities(STRINGS, "polymer") if not isinstance(one, ChemError)]
    strangers = [f"*{'C' * n}S*" for n in range(1, 40)]
    random = Random(1)
    hidden = [rewritten(load(text), random) for text in STRINGS[::2]]
    found, looked_at = occurring(ours, [*strangers, *hidden, "nonsense", "", "*C(C", "*CO*.[Li+]"], "polymer")
    assert found == {identify(text, "polymer").key for text in STRINGS[::2]}
    assert looked_at < len(hidden) + 10
    assert occurring(ours, strangers, "polymer") == (set(), 0)
    assert occurring([], STRINGS, "polymer") == (set(), 0)


def test_salts_and_elements_by_number_are_always_read() -> None:
    salt = [identify("[Li+].[Cl-]", "molecule"), identify("FC(F)(F)F", "molecule")]
    found, looked_at = occurring(salt, ["[Cl-].[Li+]", "F[#6](F)(F)F", "CCN"], "molecule")
    assert found == {one.key for one in salt}
    assert looked_at == 2
