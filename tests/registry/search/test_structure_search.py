"""Similarity, substructure and identity, against what RDKit says one structure at a time."""

from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rdkit import DataStructs
from rdkit.Chem import MolFromSmiles
from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

from mlcore.chem import substructure as chemistry
from mlcore.chem.errors import ChemError
from registry.models import Fingerprint, Structure
from registry.search import identity, similarity
from registry.search.substructure import Query, screen, substructure, verify
from tests import factories

POLYMERS = (
    "*OCC*", "*OCCC*", "*OCC(C)*", "*CC(*)c1ccccc1", "*CC(*)C(=O)OC", "*OC(=O)CC*", "*OC(=O)CCC*", "*NC(=O)CCCCC*",
    "*CC(F)(F)*", "*COC(=O)OC*", "*CC(*)C#N", "*OCCOC(=O)C*", "*SCC*", "*CC(*)(C)C(=O)OCCOC", "*OS(=O)(=O)CC*",
)  # fmt: skip
MOLECULES = ("CCO", "COCCOC", "O=C1OCCO1", "c1ccccc1")
QUERIES = ("COC", "C(=O)O", "c1ccccc1", "[#7]", "C#N", "OCCOCCO", "*", "[F,S]", "CC(C)C")

_MORGAN = GetMorganGenerator(radius=2, fpSize=2048)


@pytest.fixture
def library(db: None) -> list[Structure]:
    cache.clear()
    return [factories.structure(text) for text in POLYMERS] + [
        factories.structure(text, Structure.Kind.MOLECULE) for text in MOLECULES
    ]


def _tanimoto(first: Structure, second: Structure) -> float:
    one, other = (_MORGAN.GetFingerprint(MolFromSmiles(structure.key)) for structure in (first, second))
    return DataStructs.TanimotoSimilarity(one, other)


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.5, 1.0])
def test_similar_is_what_rdkit_says(library: list[Structure], threshold: float) -> None:
    for query in library:
        found = {row.pk: row.similarity for row in similarity.similar(query.smiles, threshold)}
        true = {row.pk: _tanimoto(query, row) for row in library if row.kind == query.kind}
        assert found == pytest.approx({pk: value for pk, value in true.items() if value >= threshold})


def test_nearest_are_the_best_of_all_without_itself(library: list[Structure]) -> None:
    query = library[0]
    found = similarity.nearest(query, limit=4)
    true = sorted((_tanimoto(query, row) for row in library[1:15]), reverse=True)[:4]
    assert [value for _, value in found] == pytest.approx(true)
    assert query not in [row for row, _ in found]


def test_nearest_to_a_text_may_be_itself(library: list[Structure]) -> None:
    (found, value), *_ = similarity.nearest("[Cu]COC[Au]", limit=3)
    assert (found.smiles, value) == (library[0].smiles, 1.0)


def test_nearest_known_have_been_measured(library: list[Structure]) -> None:
    measured = [library[3], library[9]]
    for structure in measured:
        factories.measurement(structure=structure)
    factories.measurement(structure=library[1], value=None, missing_reason="not soluble")
    found = similarity.nearest(library[0], measured_only=True)
    assert {row for row, _ in found} == set(measured)


@pytest.mark.parametrize("text", QUERIES)
def test_substructures_are_what_rdkit_finds_without_a_screen(library: list[Structure], text: str) -> None:
    query = chemistry.parse_query(text)
    assert set(substructure(text).ids) == {row.pk for row in library if query.matches(row.smiles)}


def test_the_screen_spares_most_of_the_work(library: list[Structure]) -> None:
    query = Query.read("C#N")
    assert screen(Structure.objects.all(), query).count() < len(library) / 2


def test_the_screen_uses_the_index(library: list[Structure]) -> None:
    rows = Fingerprint.objects.filter(pattern__contains=Query.read("C#N").rare_bits)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "Bitmap Index Scan on fingerprint_pattern" in rows.explain()


def test_matching_says_when_it_stopped(library: list[Structure]) -> None:
    late = substructure("C", deadline=0)
    assert (late.truncated, late.ids) == (True, [])
    enough = substructure("C", limit=3)
    assert (enough.truncated, len(enough.ids)) == (True, 3)
    query = Query.read("C")
    assert not verify(Structure.objects.all(), query, limit=len(library)).truncated


@pytest.mark.parametrize("text", ["[Cu]OCCOCC[Au]", "*CCO*", "[*:1]COC[*:2]", "*OCC*"])
def test_a_structure_is_found_however_it_is_written(library: list[Structure], text: str) -> None:
    assert identity.find(text) == library[0]


def test_what_is_no_structure_is_not_searched_for(library: list[Structure]) -> None:
    def similar(text: str) -> object:
        return similarity.similar(text, 1)

    for search in (identity.find, similarity.nearest, similar):
        with pytest.raises(ChemError):
            search("*C(*)(*)C")
    with pytest.raises(ChemError):
        substructure("C(")


def test_the_similarity_index_keeps_the_answers(library: list[Structure]) -> None:
    """On so few rows the approximate index misses nothing; without it, or after --drop, the search is exact."""
    exact = [value for _, value in similarity.nearest(library[0], limit=5)]
    out = StringIO()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else the new rows' foreign keys are still to be checked
    call_command("build_similarity_index", sample=5, stdout=out)
    assert similarity.is_approximate()
    assert "Recall of the nearest 10 over 5 structures: 1.000" in out.getvalue()
    assert [value for _, value in similarity.nearest(library[0], limit=5)] == pytest.approx(exact)
    call_command("build_similarity_index", drop=True, stdout=out)
    assert not similarity.is_approximate()


def test_of_equally_near_ones_the_oldest_is_first(library: list[Structure]) -> None:
    alike = [factories.structure(f"*O{'C' * length}*") for length in (24, 22, 26, 23)]
    Structure.objects.filter(pk=alike[0].pk).update(mass=1)  # an update moves the row to the table's end
    found = similarity.nearest(factories.structure(f"*O{'C' * 25}*"), limit=4)
    assert [value for _, value in found] == [1.0] * 4
    assert [row for row, _ in found] == alike


def test_nearest_asks_in_the_form_that_the_index_answers(library: list[Structure]) -> None:
    """An outer join, or another expression to order by, would make PostgreSQL scan every fingerprint."""
    with CaptureQueriesContext(connection) as queries:
        similarity.nearest(library[0])
    (sql,) = (each["sql"] for each in queries if "ORDER BY" in each["sql"])
    assert 'INNER JOIN "registry_fingerprint"' in sql
    assert 'ORDER BY ("registry_fingerprint"."morgan" <%> ' in sql
