"""What the API does beyond reading: runs, jobs, decisions, imports, exports, measurements, aliases, schedules."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from rest_framework.test import APIClient

from registry.actions.export import WriteExport
from registry.actions.import_file import ImportFile
from registry.catalogue import entry
from registry.jobs.worker import make_worker
from registry.models import ExportRun, GenerationRun, ImportRun, Job, Measurement, Structure
from tests import factories

pytestmark = pytest.mark.django_db

CSV = b"smiles,conductivity (S/cm)\n*OCC*,1e-4\n*OCCC*,2e-5\nnot a polymer,1e-5\n"


def api(role: str) -> APIClient:
    client = APIClient()
    client.force_authenticate(factories.user(role))
    return client


def generation(**more: Any) -> dict[str, Any]:
    return {"model_version": factories.model_version("generate").pk, "requested": 10, **more}


def test_refused_rows_come_as_a_file_and_the_guess_names_the_encoding() -> None:
    client = api("Chemist")
    rejected = factories.rejected_row(row_number=7, raw_text="*C(*)C*,1e-4")
    answer = client.get(f"/api/v1/import-runs/{rejected.import_run_id}/rejected-rows/file/")
    assert answer["Content-Type"] == "text/csv"
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines == ["raw_text,refused_row,refused_reason",
                     '"*C(*)C*,1e-4",7,"3 chain ends, expected exactly 2"']  # fmt: skip
    assert client.get("/api/v1/import-runs/999999/rejected-rows/file/").status_code == 404
    factories.property_()
    file = SimpleUploadedFile("german.csv", "smiles;Leitfähigkeit (mS/cm)\n*OCC*;0,1\n".encode("cp1252"))
    guess = client.post("/api/v1/import-runs/guess/", {"file": file}, format="multipart").data
    assert guess["mapping"]["encoding"] == "cp1252"
    assert guess["mapping"]["values"][0]["unit"] == "mS/cm"


def test_a_run_is_accepted_with_its_address_and_its_job() -> None:
    client = api("Engineer")
    answer = client.post("/api/v1/generation-runs/", generation(condition={"conductivity": "high"}))
    assert answer.status_code == 202, answer.data
    assert client.get(answer["Location"]).data["id"] == answer.data["id"]
    job = client.get(answer.data["job"]["url"]).data
    assert (job["state"], job["kind"]) == ("queued", "generate")
    assert job["run"] == answer["Location"]
    assert client.get(job["events"]).data["results"][0]["kind"] == "state"


def test_strings_are_drawn_without_replacement_or_until_they_are_new_but_not_both() -> None:
    client = api("Engineer")
    answer = client.post("/api/v1/generation-runs/", generation(distinct=True))
    assert (answer.data["distinct"], answer.data["accept"]) == (True, False)
    refused = client.post("/api/v1/generation-runs/", generation(distinct=True, accept=True))
    assert refused.status_code == 400
    assert refused.data["errors"][0]["field"] == "distinct"


def test_scoring_and_training_start_alike() -> None:
    client = api("Engineer")
    version = factories.model_version()
    factories.candidate()
    scoring = client.post("/api/v1/scoring-runs/", {"model_version": version.pk, "selection": {"status": ["proposed"]}})
    assert scoring.status_code == 202, scoring.data
    refused = client.post("/api/v1/scoring-runs/", {"model_version": version.pk, "selection": {"statsu": "proposed"}})
    assert refused.status_code == 400
    assert refused.data["errors"][0]["field"] == "selection"
    assert "statsu" in refused.data["errors"][0]["message"]
    frozen = factories.dataset_version()
    factories.measurement(dataset=frozen.dataset, added_in=frozen)
    body = {"model_version": version.pk, "dataset_version": frozen.pk}
    assert client.post("/api/v1/scoring-runs/", body).data["dataset_version"] == frozen.pk
    refused = client.post("/api/v1/scoring-runs/", body | {"selection": {"status": "proposed"}})
    assert refused.data["errors"][0]["field"] == "dataset_version"
    body = {"model": version.model.name, "dataset_version": factories.dataset_version().pk, "architecture": "none"}
    refused = client.post("/api/v1/training-runs/", body | {"properties": ["conductivity"]})
    assert refused.status_code == 400
    assert "measurements" in refused.data["errors"][0]["message"]


def test_structures_that_are_no_candidates_are_scored() -> None:
    client, version = api("Engineer"), factories.model_version()
    body = {"model_version": version.pk, "subject": "structures"}
    assert "there are no structures" in client.post("/api/v1/scoring-runs/", body).data["errors"][0]["message"]
    structure = factories.structure("*CCCO*")
    started = client.post("/api/v1/scoring-runs/", body | {"selection": {"ids": [structure.pk]}})
    assert (started.status_code, started.data["subject"]) == (202, "structures")
    nothing = client.post("/api/v1/scoring-runs/", body | {"selection": {"ids": [structure.pk + 1]}})
    assert "no structure meets the selection" in nothing.data["errors"][0]["message"]
    of_candidates = client.post("/api/v1/scoring-runs/", body | {"selection": {"status": "proposed"}})
    assert "status" in of_candidates.data["errors"][0]["message"]
    proposed = client.post("/api/v1/scoring-runs/", body | {"generation_run": factories.generation_run().pk})
    assert [proposed.status_code, proposed.data["errors"][0]["field"]] == [400, "generation_run"]


def test_the_same_key_starts_one_run() -> None:
    client, body = api("Engineer"), generation()
    send = {"path": "/api/v1/generation-runs/", "headers": {"Idempotency-Key": "night-1"}}
    first, again = (client.post(data=body, **send) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.data["id"] == first.data["id"]
    assert again["Location"] == first["Location"]
    other = client.post(data=body | {"requested": 11}, **send)
    assert other.status_code == 409
    assert GenerationRun.objects.count() == Job.objects.count() == 1
    client.force_authenticate(factories.user("Engineer"))
    assert client.post(data=body, **send).data["id"] != first.data["id"]  # another user's key is another key


def test_a_refused_request_does_not_use_up_its_key() -> None:
    client, body = api("Engineer"), generation()
    headers = {"Idempotency-Key": "k"}
    assert client.post("/api/v1/generation-runs/", body | {"condition": {"x": 1}}, headers=headers).status_code == 400
    assert client.post("/api/v1/generation-runs/", body, headers=headers).status_code == 202


def test_jobs_are_cancelled_and_run_again() -> None:
    client = api("Engineer")
    job = factories.generation_run().job
    assert client.post(f"/api/v1/jobs/{job.pk}/cancel/").data["state"] == "cancelled"
    again = client.post(f"/api/v1/jobs/{job.pk}/cancel/")
    assert again.status_code == 409
    retried = client.post(f"/api/v1/jobs/{job.pk}/retry/")
    assert retried.status_code == 202
    assert retried.data["id"] != str(job.pk)
    assert client.get(f"/api/v1/jobs/{job.pk}/").data["run"] == retried.data["run"] is not None


def test_a_repeated_request_is_answered_with_its_run_after_a_retry() -> None:
    client, body, headers = api("Engineer"), generation(), {"Idempotency-Key": "k"}
    first = client.post("/api/v1/generation-runs/", body, headers=headers)
    job = GenerationRun.objects.get(pk=first.data["id"]).job
    client.post(f"/api/v1/jobs/{job.pk}/cancel/")
    client.post(f"/api/v1/jobs/{job.pk}/retry/")
    again = client.post("/api/v1/generation-runs/", body, headers=headers)
    assert (again.status_code, again.data["id"]) == (first.status_code, first.data["id"])


def test_events_are_polled_behind_the_last_one() -> None:
    client, job = api("Viewer"), factories.job()
    events = [factories.job_event(job=job) for _ in range(3)]
    answer = client.get(f"/api/v1/jobs/{job.pk}/events/", {"after": events[0].pk})
    assert [event["id"] for event in answer.data["results"]] == [event.pk for event in events[1:]]


def test_decide_undo_tag_and_assign() -> None:
    curator = factories.user("Curator")
    client = api("Curator")
    ids = [factories.candidate().pk for _ in range(3)]
    one = client.post(f"/api/v1/candidates/{ids[0]}/decide/", {"verdict": "accept"})
    many = client.post("/api/v1/candidates/decide/", {"candidates": ids[1:], "verdict": "reject", "reason": "known"})
    assert (one.status_code, many.status_code, len(many.data)) == (201, 201, 2)
    assert client.post(f"/api/v1/decisions/{one.data['id']}/undo/").status_code == 201
    assert client.post(f"/api/v1/decisions/{one.data['id']}/undo/").status_code == 409
    tagged = client.post("/api/v1/candidates/tag/", {"candidates": ids, "add": ["round-1"]})
    assigned = client.post("/api/v1/candidates/assign/", {"candidates": ids, "assignee": curator.username})
    assert (tagged.data, assigned.data) == ({"changed": 3}, {"changed": 3})
    row = client.get(f"/api/v1/candidates/{ids[1]}/").data
    assert (row["status"], row["tags"], row["assignee"]) == ("rejected", ["round-1"], curator.username)
    missing = client.post("/api/v1/candidates/decide/", {"candidates": [10**9], "verdict": "accept"})
    assert missing.status_code == 400
    assert missing.data["errors"][0]["field"] == "candidates"


def test_a_file_is_guessed_previewed_and_imported() -> None:
    client, dataset = api("Chemist"), factories.dataset()
    factories.property_()

    def send(path: str, **fields: Any) -> Any:
        upload = SimpleUploadedFile("measured.csv", CSV)
        return client.post(f"/api/v1/import-runs/{path}", {"file": upload, **fields}, format="multipart")

    guess = send("guess/")
    assert guess.status_code == 200, guess.data
    assert guess.data["columns"] == ["smiles", "conductivity (S/cm)"]
    inputs = {"dataset": dataset.slug, "mapping": json.dumps(guess.data["mapping"])}
    preview = send("", **inputs, dry_run="true")
    assert preview.status_code == 202, preview.data
    ImportFile(actor=None, import_run=ImportRun.objects.get(pk=preview.data["id"])).run()
    report = client.get(preview["Location"]).data
    assert (report["dry_run"], report["rows_total"], report["rows_rejected"]) == (True, 3, 1)
    refused = client.get(f"{preview['Location']}rejected-rows/").data["results"]
    assert [row["row_number"] for row in refused] == [4]
    assert not Measurement.objects.exists()
    assert send("", dataset="none", mapping="[]").status_code == 400


def test_an_export_is_downloaded_once_written() -> None:
    client, candidate = api("Chemist"), factories.candidate("*OCC*")
    answer = client.post("/api/v1/export-runs/", {"selection": {"smiles": "*OCC*"}, "file_format": "csv"})
    assert answer.status_code == 202, answer.data
    address = f"{answer['Location']}file/"
    assert client.get(address).status_code == 409
    WriteExport(actor=None, export_run=ExportRun.objects.get(pk=answer.data["id"])).run()
    file = client.get(address)
    assert file["Content-Disposition"] == f'attachment; filename="candidates-{answer.data["id"]}.csv"'
    assert candidate.structure.smiles in b"".join(file.streaming_content).decode()


def test_the_predictions_of_a_scoring_are_exported() -> None:
    client, (one, other) = api("Chemist"), (factories.prediction() for _ in range(2))
    body = {"subject": "predictions", "selection": {"scoring_run": one.scoring_run_id}, "sort": "-value"}
    answer = client.post("/api/v1/export-runs/", body)
    assert answer.status_code == 202, answer.data
    WriteExport(actor=None, export_run=ExportRun.objects.get(pk=answer.data["id"])).run()
    file = client.get(f"{answer['Location']}file/")
    assert file["Content-Disposition"] == f'attachment; filename="predictions-{answer.data["id"]}.csv"'
    text = b"".join(file.streaming_content).decode()
    assert one.structure.smiles in text
    assert other.structure.smiles not in text


def test_a_value_is_recorded_and_retired() -> None:
    client, dataset = api("Chemist"), factories.dataset()
    factories.property_()
    body = {"dataset": dataset.slug, "smiles": "[Cu]COC[Au]", "property": "conductivity", "value": 0.1, "unit": "mS/cm"}
    made = client.post("/api/v1/measurements/", body)
    assert made.status_code == 201, made.data
    assert made.data["value"] == pytest.approx(1e-4)
    assert Structure.objects.get().pk == made.data["structure"]["id"]
    frozen = client.post(f"/api/v1/datasets/{dataset.pk}/freeze/", {"note": "first"})
    assert (frozen.status_code, frozen.data["measurement_count"]) == (201, 1)
    retired = client.post(f"/api/v1/measurements/{made.data['id']}/retire/", {"reason": "wrong salt"})
    assert retired.status_code == 200
    assert retired.data["retired_reason"] == "wrong salt"
    for wrong in ({"smiles": "*C(*)*"}, {"value": "much"}, {"unit": "kg"}, {"property": "none"}, {"structure": 1}):
        refused = client.post("/api/v1/measurements/", body | wrong)
        assert refused.status_code == 400, wrong
        assert refused.data["errors"][0]["field"], refused.data
    assert Structure.objects.count() == 1


def test_champions_are_moved_with_a_reason() -> None:
    client = api("Engineer")
    version = factories.model_version()
    address = f"/api/v1/models/{version.model_id}/aliases/champion/"
    moved = client.put(address, {"version": version.pk, "reason": "lower error"})
    assert moved.status_code == 200, moved.data
    assert client.get(f"/api/v1/models/{version.model_id}/").data["aliases"] == {"champion": version.pk}
    other = client.put(address, {"version": factories.model_version().pk, "reason": "by mistake"})
    assert other.data["errors"][0]["field"] == "version"
    assert client.put(address, {"version": version.pk}).data["errors"][0]["field"] == "reason"


def test_schedules_are_edited_and_fired() -> None:
    client = api("Engineer")
    body = {"name": "nightly", "cron": "0 3 * * *", "model": factories.registered_model().name,
            "dataset": factories.dataset().slug}  # fmt: skip
    made = client.post("/api/v1/schedules/", body)
    assert made.status_code == 201, made.data
    address = f"/api/v1/schedules/{made.data['id']}/"
    (error,) = client.patch(address, {"template": {"training": {"step": 30}}}).data["errors"]
    assert (error["field"], "did you mean 'steps'" in error["message"]) == ("template", True)
    assert client.patch(address, {"gate_metric": "conductivity.test.mea"}).data["errors"][0]["field"] == "gate_metric"
    assert client.patch(address, {"cron": "at night"}).data["errors"][0]["field"] == "cron"
    assert client.patch(address, {"enabled": False}).data["enabled"] is False
    fired = client.post(f"{address}fire/")
    assert (fired.status_code, fired.data["training_run"]) == (202, None)
    assert "no frozen version" in fired.data["outcome"]
    assert client.delete(address).status_code == 204


def test_a_candidate_tells_where_it_came_from() -> None:
    run = factories.training_run()
    version = factories.model_version("generate", training_run=run, dataset_version=run.dataset_version)
    proposal = factories.proposal(
        run=factories.generation_run(model_version=version), candidate=factories.candidate("*OCC*")
    )
    (origin,) = api("Viewer").get(f"/api/v1/candidates/{proposal.candidate_id}/lineage/").data
    assert origin["generation_run"] == proposal.run_id
    assert origin["dataset"] == run.dataset_version.dataset.slug
    assert (origin["training_run"], origin["text"]) == (run.pk, proposal.text)
    (drawn,) = api("Viewer").get(f"/api/v1/generation-runs/{proposal.run_id}/proposals/").data["results"]
    assert drawn["rank"] == origin["rank"] == proposal.rank + 1  # as on the pages: drawn as no. 1


def test_lineage_names_the_public_data_set_of_a_model_from_elsewhere() -> None:
    digest = entry("htp-md").tables[0]
    for known, slug in (digest, "htp-md"), ("", None):
        version = factories.model_version("generate", training_data_digest=known)
        run = factories.generation_run(model_version=version)
        candidate = factories.proposal(candidate=factories.candidate(), run=run).candidate
        (origin,) = api("Viewer").get(f"/api/v1/candidates/{candidate.pk}/lineage/").data
        assert (origin["dataset"], origin["dataset_version"]) == (slug, None)


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("candidates", "conductivity_min=2&conductivity_max=1", "conductivity_min"),
        ("structures", "mass_min=200&mass_max=100", "mass_min"),
        ("measurements", "temperature_min=400&temperature_max=300", "temperature_min"),
        ("predictions", "value_min=1&value_max=0.5", "value_min"),
    ],
)
def test_ends_in_the_wrong_order_are_refused(path: str, query: str, field: str) -> None:
    factories.property_()
    answer = api("Viewer").get(f"/api/v1/{path}/?{query}")
    assert answer.status_code == 400
    (error,) = answer.data["errors"]
    assert (error["field"], "nothing lies between" in error["message"]) == (field, True)


def test_a_temperature_that_looks_like_celsius_says_what_to_give() -> None:
    """There is no unit beside it that could be declared."""
    given = {
        "dataset": factories.dataset().slug,
        "smiles": "*OCC*",
        "property": factories.property_().name,
        "value": 1e-4,
    }
    answer = api("Chemist").post("/api/v1/measurements/", given | {"temperature_k": 25}, format="json")
    (error,) = answer.data["errors"]
    assert error == {
        "field": "temperature_k",
        "message": "25 K is below 150 K: it looks like °C; in K it is 298.15.",
    }


@pytest.mark.parametrize("sort", ["conductivity_std", "-conductivity_std"])
def test_lists_of_candidates_sort_by_uncertainty(sort: str) -> None:
    """Page by page; a score without a deviation is not among them."""
    made = [factories.candidate() for _ in range(6)]
    for candidate, deviation in zip(made, (0.3, 0.1, 0.2, 0.2, 0.05, None), strict=True):
        factories.score(candidate, standard_deviation=deviation)
    client, address, found = api("Viewer"), "/api/v1/candidates/", []
    answer = client.get(address, {"sort": sort, "page_size": 2})
    while answer.data["next"]:
        found += answer.data["results"]
        answer = client.get(answer.data["next"])
    found += answer.data["results"]
    deviations = [row["scores"]["conductivity"]["standard_deviation"] for row in found]
    assert deviations == sorted([0.05, 0.1, 0.2, 0.2, 0.3], reverse=sort.startswith("-"))
    assert len({row["id"] for row in found}) == 5


@pytest.mark.parametrize("sort", ["conductivity", "-conductivity"])
@pytest.mark.parametrize("filters", [{}, {"conductivity_min": 1e-5, "status": "proposed"}])
def test_lists_of_candidates_sort_by_score(sort: str, filters: dict[str, Any]) -> None:
    """Every candidate with that score comes once, ties and scores of other properties notwithstanding."""
    client = api("Viewer")
    other = factories.property_("li_diffusivity", unit="cm2/s")
    candidates = [factories.candidate() for _ in range(6)]
    for candidate, value in zip(candidates, (3e-5, 1e-5, 2e-5, 1e-5, 3e-5), strict=False):
        factories.score(candidate, value=value)
    for candidate in candidates:
        factories.score(candidate, value=1e-8, property=other)
    answer = client.get("/api/v1/candidates/", {"sort": sort, "page_size": 2, **filters})
    rows = answer.data["results"]
    for _ in range(2):
        answer = client.get(answer.data["next"])
        rows += answer.data["results"]
    values = [row["scores"]["conductivity"]["value"] for row in rows]
    assert answer.data["next"] is None
    assert values == sorted(values, reverse=sort.startswith("-"))
    assert sorted(row["id"] for row in rows) == [candidate.pk for candidate in candidates[:5]]


def test_substructure_pages_go_on_where_the_time_ran_out(monkeypatch: pytest.MonkeyPatch) -> None:
    client = api("Viewer")
    ids = {factories.structure().pk for _ in range(5)}
    monkeypatch.setattr("registry.api.pagination.DEADLINE", 0.0)
    answer, found, pages = client.get("/api/v1/structures/", {"substructure": "C(=O)O"}), set(), 0
    while True:
        found |= {row["id"] for row in answer.data["results"]}
        pages += 1
        if answer.data["next"] is None:
            break
        assert answer.data["truncated"] is True
        answer = client.get(answer.data["next"])
    assert found == ids
    assert pages >= 5


def test_similar_structures_come_most_similar_first() -> None:
    client = api("Viewer")
    for smiles in ("*OCC*", "*OCCC*", "*OCCCC*", "*CC(*)c1ccccc1"):
        factories.structure(smiles)
    for noun in ("structures", "candidates"):
        refused = client.get(f"/api/v1/{noun}/", {"threshold": "0.2"})
        assert refused.status_code == 400
        assert refused.data["errors"][0]["field"] == "threshold"
        assert "Give similar_to as well" in refused.data["errors"][0]["message"]
    rows = client.get("/api/v1/structures/", {"similar_to": "*OCC*", "threshold": "0.2"}).data["results"]
    assert rows[0]["smiles"] == "*OCC*"
    assert [row["similarity"] for row in rows] == sorted((row["similarity"] for row in rows), reverse=True)
    nearest = client.get(f"/api/v1/structures/{rows[0]['id']}/nearest/", {"limit": 2}).data
    assert [n["similarity"] for n in nearest["neighbours"]] == [row["similarity"] for row in rows[1:3]]


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [("[Cu]COC[Au]", {"accepted": True, "kind": "polymer", "smiles": "*OCC*", "structure": None}),
     ("CCO", {"accepted": True, "kind": "molecule", "key": "CCO"}),
     ("*C(*)*", {"accepted": False, "code": "star_count"})],
)  # fmt: skip
def test_identify_says_what_a_text_is(smiles: str, expected: dict[str, Any]) -> None:
    answer = api("Viewer").post("/api/v1/structures/identify/", {"smiles": smiles})
    assert answer.status_code == 200
    assert {name: answer.data[name] for name in expected} == expected
    assert not Structure.objects.exists()


def test_health_tells_what_runs() -> None:
    answer = APIClient().get("/health/")
    assert answer.status_code == 200
    assert answer.json()["database"] is answer.json()["redis"] is True
    assert set(answer.json()["workers"]) == {"cpu", "gpu"}
    assert answer.json()["schedules_on_time"] is True


def test_health_counts_no_worker_that_died() -> None:
    worker = make_worker(["cpu"])
    before = APIClient().get("/health/").json()["workers"]["cpu"]
    worker.register_birth()
    try:
        assert APIClient().get("/health/").json()["workers"]["cpu"] == before + 1
        worker.connection.delete(worker.key)  # as it expires when nobody renews it
        assert APIClient().get("/health/").json()["workers"]["cpu"] == before
    finally:
        worker.register_death()


def test_health_notices_a_stopped_clock() -> None:
    factories.schedule(next_fire_at=timezone.now() - timedelta(hours=1))
    answer = APIClient().get("/health/")
    assert (answer.status_code, answer.json()["schedules_on_time"]) == (200, False)


def test_a_misspelt_field_is_refused_with_the_likely_one_in_json_and_in_a_form() -> None:
    client = api("Engineer")
    answer = client.post("/api/v1/generation-runs/", generation(sede=1))
    assert answer.status_code == 400
    (error,) = answer.data["errors"]
    assert error["field"] == "sede"
    assert "did you mean seed?" in error["message"]
    assert not GenerationRun.objects.exists()
    upload = {"file": SimpleUploadedFile("a.csv", CSV), "dry_rum": "true"}
    (error,) = client.post("/api/v1/import-runs/", upload, format="multipart").data["errors"]
    assert "did you mean dry_run?" in error["message"]
    identified = client.post("/api/v1/structures/identify/", {"smile": "*OCC*"})
    assert "did you mean smiles?" in identified.data["errors"][0]["message"]


def test_a_field_that_cannot_be_set_is_refused() -> None:
    schedule = factories.schedule()
    answer = api("Engineer").patch(f"/api/v1/schedules/{schedule.pk}/", {"last_outcome": "fine"})
    assert answer.status_code == 400
    assert answer.data["errors"] == [{"field": "last_outcome", "message": "This field is read only; leave it out."}]


def test_a_token_is_asked_for_with_nothing_else() -> None:
    factories.user(username="ada")
    given = {"username": "ada", "password": "wrong", "usernam": "ada"}
    (error,) = APIClient().post("/api/v1/token/", given).data["errors"]
    assert error["field"] == "usernam"


def test_the_root_lists_every_noun_with_its_address() -> None:
    client = api("Viewer")
    nouns = client.get("/api/v1/").data
    assert nouns["training-runs"].endswith("/api/v1/training-runs/")
    assert all(client.get(address).status_code == 200 for address in nouns.values())
    assert APIClient().get("/api/v1/").status_code == 401


@pytest.mark.parametrize(
    ("query", "meant"),
    [({"conductivty_min": 1e-5}, "conductivity_min"), ({"conductivity_mn": 1e-5}, "conductivity_min"),
     ({"sort": "-conductivty"}, "conductivity"), ({"statsu": "proposed"}, "status")],
)  # fmt: skip
def test_a_misspelt_property_is_guessed_in_filters_and_sorts(query: dict[str, Any], meant: str) -> None:
    factories.property_()
    client = api("Curator")
    (error,) = client.get("/api/v1/candidates/", query).data["errors"]
    assert f"did you mean {meant}? " in error["message"]
    body = {"sort": query["sort"]} if "sort" in query else {"selection": query}
    (error,) = client.post("/api/v1/export-runs/", body).data["errors"]
    assert f"did you mean {meant}? " in error["message"]


def test_a_champion_moves_by_the_models_name_and_loses_properties_only_when_told() -> None:
    client = api("Engineer")
    old = factories.model_version(properties=[factories.property_(), factories.property_("hue")])
    new = factories.model_version(model=old.model)
    address = f"/api/v1/models/{old.model.name}/aliases/champion/"
    moved = client.put(address, {"version": old.pk, "reason": "the first"}).data
    assert (moved["model"], moved["version"], moved["version_number"]) == (old.model.name, old.pk, old.number)
    refused = client.put(address, {"version": new.pk, "reason": "better"})
    assert (refused.status_code, refused.data["errors"][0]["field"]) == (409, "drop_properties")
    assert "hue" in refused.data["errors"][0]["message"]
    assert client.put(address, {"version": new.pk, "reason": "better", "drop_properties": True}).status_code == 200
    assert client.get(f"/api/v1/models/{old.model.name}/").data["id"] == old.model_id
    assert client.get("/api/v1/models/no-such-model/").status_code == 404


def test_the_leading_model_of_a_property_is_chosen_by_its_name() -> None:
    client, conductivity, version = api("Engineer"), factories.property_(), factories.model_version()
    address = f"/api/v1/properties/{conductivity.pk}/"
    refused = client.put(f"{address}leading-model/", {"model": version.model.name})
    assert (refused.status_code, refused.data["errors"][0]["field"]) == (400, "model")
    factories.alias(version=version)
    chosen = client.put(f"{address}leading-model/", {"model": version.model.name})
    assert (chosen.status_code, chosen.data["leading_model"]) == (200, version.model.name)
    assert client.get(address).data["leading_model"] == version.model.name
    assert client.put(f"{address}leading-model/", {"model": None}).data["leading_model"] is None
    assert api("Curator").put(f"{address}leading-model/", {"model": None}).status_code == 403


def test_an_import_without_a_mapping_is_guessed_from_the_header() -> None:
    factories.property_()
    body = {"file": SimpleUploadedFile("a.csv", CSV), "dataset": factories.dataset().slug}
    answer = api("Chemist").post("/api/v1/import-runs/", body, format="multipart")
    assert answer.status_code == 202, answer.data
    assert answer.data["config"]["structure"] == {"column": "smiles"}
    assert answer.data["config"]["values"][0]["property"] == "conductivity"
    broken = {"file": SimpleUploadedFile("a.csv", b""), "dataset": body["dataset"]}
    refused = api("Chemist").post("/api/v1/import-runs/", broken, format="multipart")
    assert (refused.status_code, refused.data["errors"][0]["field"]) == (400, "file")


def test_the_kind_of_the_structures_is_told_from_the_file_unless_it_is_given() -> None:
    client, dataset = api("Chemist"), factories.dataset()
    factories.property_()
    molecules, unread = b"smiles,conductivity (S/cm)\nCCO,1e-4\nC1COC(=O)O1,2e-5\n", b"name,what\nPEO,8\n"

    def send(path: str, content: bytes, **fields: Any) -> Any:
        upload = SimpleUploadedFile("measured.csv", content)
        return client.post(f"/api/v1/import-runs/{path}", {"file": upload, **fields}, format="multipart").data

    found = {content: send("guess/", content)["structure_kind"] for content in (CSV, molecules, unread)}
    assert found == {CSV: "polymer", molecules: "molecule", unread: ""}
    of, column = {"dataset": dataset.slug}, {"column": "smiles"}
    mapped = json.dumps({"structure": column, "values": send("guess/", molecules)["mapping"]["values"]})
    assert send("", molecules, **of)["structure_kind"] == "molecule"
    assert send("", molecules, **of, mapping=mapped)["structure_kind"] == "molecule"
    assert send("", molecules, **of, mapping=mapped, structure_kind="polymer")["structure_kind"] == "polymer"
    assert send("", CSV, **of)["structure_kind"] == "polymer"
    (error,) = send("", molecules, **of, mapping='{"structure": ["smiles"]}')["errors"]
    assert error["field"] == "mapping"
