"""Every noun keeps the same promises. The cases are data; see cases.py."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.parsers import MultiPartParser
from rest_framework.test import APIClient

from tests import factories
from tests.contract.cases import CASES, Case

BASELINE = Path(__file__).parent / "query_counts.json"
MOST_QUERIES = 12

each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.path)
ClientOf = Callable[[str], APIClient]


def _value(given: Any, row: Any) -> str:
    return str(given(row) if callable(given) else given)


def _calls(case: Case, row: Any) -> Iterator[tuple[str, str]]:
    """Every (method, address) that writes."""
    view, address = case.view, case.address(row)
    if hasattr(view, "create"):
        yield "post", address
    if hasattr(view, "partial_update"):
        yield "patch", f"{address}{row.pk}/"
    if hasattr(view, "destroy"):
        yield "delete", f"{address}{row.pk}/"
    for extra in view.get_extra_actions():
        if extra.__name__ in view.reads:
            continue
        inside = extra.url_path.replace(r"(?P<name>[-a-zA-Z0-9_]{1,40})", "champion")
        for method in set(extra.mapping) - {"get"}:
            yield method, f"{address}{row.pk}/{inside}/" if extra.detail else f"{address}{inside}/"


@each
def test_a_viewer_reads_the_list_and_the_row(case: Case, viewer: APIClient) -> None:
    row = case.rows(1)[0]
    answer = viewer.get(case.address(row))
    assert answer.status_code == 200
    assert str(row.pk) in {str(found["id"]) for found in answer.data["results"]}
    if hasattr(case.view, "retrieve"):
        detail = viewer.get(f"{case.address(row)}{row.pk}/")
        assert detail.status_code == 200
        assert str(detail.data["id"]) == str(row.pk)


@each
def test_what_is_not_there_is_a_404(case: Case, viewer: APIClient) -> None:
    row = case.rows(1)[0]
    if not hasattr(case.view, "retrieve"):
        address = case.address(row).replace(
            str(getattr(row, f"{case.parent}_id")), "0" * 8 + "-0000" * 3 + "-" + "0" * 12
        )
    else:
        address = f"{case.address(row)}987654321987654321987654321/"
    assert viewer.get(address).status_code == 404


@each
def test_nobody_reads_without_permission(case: Case, client_of: ClientOf) -> None:
    row = case.rows(1)[0]
    assert APIClient().get(case.address(row)).status_code == 401
    assert client_of("").get(case.address(row)).status_code == 403


@each
def test_a_viewer_writes_nothing(case: Case, viewer: APIClient) -> None:
    row = case.rows(1)[0]
    for method, address in _calls(case, row):
        assert getattr(APIClient(), method)(address).status_code == 401, address
        assert getattr(viewer, method)(address).status_code == 403, address


@each
def test_an_unknown_field_of_a_body_is_named(case: Case, db: None) -> None:
    row = case.rows(1)[0]
    everything = APIClient()
    everything.force_authenticate(factories.user(is_superuser=True))
    for method, address in (*_calls(case, row), *_reading_calls(case, row)):
        if method == "delete":
            continue
        given = {"no_such_field": 1}
        upload = MultiPartParser in case.view.parser_classes
        answer = getattr(everything, method)(address, given, format="multipart" if upload else "json")
        assert answer.status_code == 400, address
        (error,) = answer.data["errors"]
        assert error["field"] == "no_such_field"
        assert error["message"].startswith("Unknown field; "), address


def _reading_calls(case: Case, row: Any) -> Iterator[tuple[str, str]]:
    """Every (method, address) that takes a body and writes nothing."""
    for name in case.view.reads:
        yield "post", f"{case.address(row)}{getattr(case.view, name).url_path}/"


@each
def test_a_method_that_is_not_there_is_no_question_of_permission(case: Case, viewer: APIClient) -> None:
    row = case.rows(1)[0]
    present = set(_calls(case, row))
    addresses = [case.address(row)]
    if hasattr(case.view, "retrieve"):
        addresses.append(f"{case.address(row)}{row.pk}/")
    for address in addresses:
        for method in ("post", "put", "patch", "delete"):
            if (method, address) not in present:
                assert getattr(viewer, method)(address).status_code == 405, (method, address)


@each
def test_every_filter_keeps_what_fits_and_drops_the_rest(case: Case, viewer: APIClient) -> None:
    row = case.rows(1)[0]
    for name, (fitting, other) in case.filters.items():
        for given, expected in ((fitting, True), (other, False)):
            query = {name: _value(given, row)}
            if name == "threshold":
                query |= {"similar_to": "*CC(*)c1ccccc1" if other == given else _value(case.filters["smiles"][0], row)}
            answer = viewer.get(case.address(row), query)
            assert answer.status_code == 200, (name, answer.data)
            found = {str(item["id"]) for item in answer.data["results"]}
            assert (str(row.pk) in found) is expected, query


@each
def test_every_declared_filter_has_a_case(case: Case) -> None:
    assert set(case.filters) == set(case.view.filterset_class.base_filters)


@each
def test_an_unknown_filter_is_named(case: Case, viewer: APIClient) -> None:
    row = case.rows(1)[0]
    answer = viewer.get(case.address(row), {"no_such_filter": "1"})
    assert answer.status_code == 400
    assert answer.data["errors"][0]["field"] == "no_such_filter"
    assert "known: " in answer.data["errors"][0]["message"]


@each
def test_an_unknown_sort_is_named(case: Case, viewer: APIClient) -> None:
    answer = viewer.get(case.address(case.rows(1)[0]), {"sort": "no_such_field"})
    assert answer.status_code == 400
    assert answer.data["errors"][0]["field"] == "sort"


@each
def test_pages_hold_every_row_once_in_every_order(case: Case, viewer: APIClient) -> None:
    rows = case.rows(3)
    address = case.address(rows[0])
    total = viewer.get(address, {"count": "exact"}).data["count"]
    for name in case.view.sorts:
        if name == "similarity":
            continue
        upward, downward = (_all_pages(viewer, address, sort) for sort in (name, f"-{name}"))
        assert len(upward) == len(set(upward)) == total, name
        assert set(downward) == set(upward), name
        assert {str(row.pk) for row in rows} <= set(upward), name
        assert _in_order(case, upward, name), name


def _all_pages(client: APIClient, address: str, sort: str) -> list[str]:
    answer = client.get(address, {"sort": sort, "page_size": 2})
    ids: list[str] = []
    while True:
        assert answer.status_code == 200, answer.data
        ids += [str(row["id"]) for row in answer.data["results"]]
        if answer.data["next"] is None:
            return ids
        answer = client.get(answer.data["next"])


def _in_order(case: Case, ids: list[str], name: str) -> bool:
    """The sort values go up; those that are missing come last."""
    rows = {str(row["pk"]): row for row in case.view.queryset.values("pk", case.view.sorts[name])}
    values = [rows[pk][case.view.sorts[name]] for pk in ids]
    present = [value for value in values if value is not None]
    missing_last = all(value is None for value in values[len(present) :])
    return missing_last and (isinstance(present[0] if present else "", str) or present == sorted(present))


@each
def test_counts_as_asked(case: Case, viewer: APIClient) -> None:
    rows = case.rows(3)
    address = case.address(rows[0])
    assert viewer.get(address).data["count"] is None
    assert viewer.get(address, {"count": "exact"}).data["count"] >= 3
    assert viewer.get(address, {"count": "estimated"}).data["count"] >= 0
    assert viewer.get(address, {"count": "all"}).status_code == 400


@each
def test_queries_are_few_and_do_not_grow_with_the_rows(case: Case, client_of: ClientOf) -> None:
    rows = case.rows(2)
    few = _queries(client_of("Viewer"), case.address(rows[0]))
    shared = {case.parent: getattr(rows[0], case.parent)} if case.parent else {}
    for _ in range(4):
        case.make(**shared)
    assert _queries(client_of("Viewer"), case.address(rows[0])) == few
    assert few <= MOST_QUERIES
    _compare_with_baseline(case.path, few)


def _queries(client: APIClient, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def _compare_with_baseline(path: str, count: int) -> None:
    """Fewer is as much a reason to look as more. UPDATE_QUERY_COUNTS=1 writes the file anew."""
    baseline = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    if os.environ.get("UPDATE_QUERY_COUNTS"):
        BASELINE.write_text(json.dumps(baseline | {path: count}, indent=2, sort_keys=True) + "\n")
        return
    assert count == baseline.get(path), f"{path}: {count} queries; UPDATE_QUERY_COUNTS=1 if that is meant"
