"""`/v1/files` and `/v1/batches`: upload, run, cancel, expire, restart; every line answered exactly once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI

from joyflash.server.settings import ServerSettings
from tests.server.live import LiveServer, live_server
from tests.server.test_lifecycle import wait_for

CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def batching() -> Iterator[LiveServer]:
    with live_server() as server:
        yield server


@contextmanager
def folder_server(folder: Path, **settings: Any) -> Iterator[LiveServer]:
    with live_server(ServerSettings(files_folder=str(folder), **settings)) as server:
        yield server


def line(number: int, text: str = "hello", url: str = CHAT, **fields: Any) -> dict[str, Any]:
    body = {"model": "nano", "messages": [{"role": "user", "content": text}], "temperature": 0, **fields}
    return {"custom_id": f"id-{number}", "method": "POST", "url": url, "body": body}


def upload(server: LiveServer, rows: list[Any], **form: str) -> httpx.Response:
    text = "".join(row + "\n" if isinstance(row, str) else json.dumps(row) + "\n" for row in rows)
    data = {"purpose": "batch", **form}
    return server.http.post("/v1/files", files={"file": ("in.jsonl", text.encode())}, data=data)


def create(server: LiveServer, rows: list[Any], endpoint: str = CHAT, **fields: Any) -> dict[str, Any]:
    asked = {"input_file_id": upload(server, rows).json()["id"], "endpoint": endpoint, "completion_window": "24h"}
    response = server.http.post("/v1/batches", json={**asked, **fields})
    assert response.status_code == 200, response.text
    return response.json()


def show(server: LiveServer, batch: dict[str, Any]) -> dict[str, Any]:
    return server.http.get(f"/v1/batches/{batch['id']}").json()


def ended(server: LiveServer, batch: dict[str, Any], status: str = "completed") -> dict[str, Any]:
    over = ("completed", "failed", "cancelled", "expired")
    assert wait_for(lambda: show(server, batch)["status"] in over)
    last = show(server, batch)
    assert last["status"] == status, last
    return last


def rows_of(server: LiveServer, file_id: str | None) -> dict[str, Any]:
    if file_id is None:
        return {}
    text = server.http.get(f"/v1/files/{file_id}/content").text
    rows = [json.loads(row) for row in text.splitlines()]
    assert len({row["custom_id"] for row in rows}) == len(rows)
    return {row["custom_id"]: row for row in rows}


def test_a_batch_through_the_official_client(batching: LiveServer, tmp_path: Path) -> None:
    client: OpenAI = batching.client()
    source = tmp_path / "lines.jsonl"
    source.write_text("".join(json.dumps(line(i)) + "\n" for i in range(20)))
    file = client.files.create(file=source.open("rb"), purpose="batch")
    assert file.filename == "lines.jsonl" and file.bytes == source.stat().st_size and file.purpose == "batch"
    assert client.files.content(file.id).read() == source.read_bytes()
    batch = client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"a": "b"}
    )
    assert batch.status in ("validating", "in_progress") and batch.metadata == {"a": "b"}
    assert wait_for(lambda: client.batches.retrieve(batch.id).status == "completed")
    done = client.batches.retrieve(batch.id)
    assert done.request_counts is not None and done.error_file_id is None and done.output_file_id is not None
    assert (done.request_counts.total, done.request_counts.completed, done.request_counts.failed) == (20, 20, 0)
    assert done.created_at <= (done.in_progress_at or 0) <= (done.completed_at or 0)
    answers = rows_of(batching, done.output_file_id)
    expected = batching.chat("hello").json()["choices"][0]["message"]["content"]
    assert set(answers) == {f"id-{i}" for i in range(20)}
    for row in answers.values():
        assert row["error"] is None and row["response"]["status_code"] == 200
        assert row["response"]["body"]["choices"][0]["message"]["content"] == expected
    assert batch.id in [each.id for each in client.batches.list(limit=5)]
    assert client.files.retrieve(done.output_file_id).purpose == "batch_output"
    assert file.id in [each.id for each in client.files.list(purpose="batch")]
    assert client.files.delete(file.id).deleted
    assert batching.http.get(f"/v1/files/{file.id}").status_code == 404


def test_bad_lines_go_into_the_error_file(batching: LiveServer) -> None:
    rows = [
        line(0), "{not json", {"model": "nano"}, line(1, url="/v1/embeddings"), line(2, stream=True),
        line(3, max_token=5), line(4, model="gpt-5"), line(0), line(5),
        json.dumps(line(6)).replace('"temperature": 0', '"temperature": 1e999'),
    ]  # fmt: skip
    last = ended(batching, create(batching, rows))
    assert last["request_counts"] == {"total": 10, "completed": 2, "failed": 8}
    assert set(rows_of(batching, last["output_file_id"])) == {"id-0", "id-5"}
    bad = rows_of(batching, last["error_file_id"])
    assert bad["id-3"]["response"]["status_code"] == 400
    assert bad["id-3"]["response"]["body"]["error"]["param"] == "max_token"
    assert bad["id-4"]["response"]["status_code"] == 404
    assert "custom_id" in bad["line-3"]["error"]["message"]
    assert bad["id-1"]["error"]["code"] == "invalid_line" and "/v1/chat/completions" in bad["id-1"]["error"]["message"]
    assert "cannot stream" in bad["id-2"]["error"]["message"]
    assert "the number 1e999 is too large" in bad["line-10"]["error"]["message"]


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [
        ("/v1/completions", {"prompt": ["a", "b"], "max_tokens": 3, "temperature": 0}),
        ("/v1/responses", {"input": "hello", "temperature": 0}),
    ],
)
def test_other_endpoints(batching: LiveServer, endpoint: str, body: dict[str, Any]) -> None:
    rows = [{"custom_id": f"c{i}", "method": "POST", "url": endpoint, "body": body} for i in range(3)]
    last = ended(batching, create(batching, rows, endpoint))
    answers = rows_of(batching, last["output_file_id"])
    direct = batching.http.post(endpoint, json={"model": "nano", **body}).json()
    key = "choices" if endpoint == "/v1/completions" else "status"
    assert len(answers) == 3
    assert all(row["response"]["body"][key] == direct[key] for row in answers.values())


@pytest.mark.parametrize("rows", [[], ["", "  "]])
def test_an_empty_input_fails_the_batch(batching: LiveServer, rows: list[str]) -> None:
    last = ended(batching, create(batching, rows), "failed")
    assert last["errors"]["data"][0]["code"] == "invalid_file" and last["failed_at"] >= last["created_at"]


def test_input_that_is_no_text_or_too_long_fails_the_batch(tmp_path: Path) -> None:
    with folder_server(tmp_path, max_batch_lines=2) as server:
        last = ended(server, create(server, [line(i) for i in range(3)]), "failed")
        assert "1 to 2" in last["errors"]["data"][0]["message"]
        form = {"purpose": "batch"}
        file = server.http.post("/v1/files", files={"file": ("x", b"\xff\xfe")}, data=form).json()
        asked = {"input_file_id": file["id"], "endpoint": CHAT, "completion_window": "24h"}
        last = ended(server, server.http.post("/v1/batches", json=asked).json(), "failed")
        assert "UTF-8" in last["errors"]["data"][0]["message"]


def test_a_running_batch_is_cancelled_with_its_answers_kept(batching: LiveServer) -> None:
    batching.model.gate.clear()
    try:
        rows = [line(0, max_tokens=1), *(line(i, "count") for i in range(1, 40))]
        first, second = create(batching, rows), create(batching, [line(0)])
        assert wait_for(lambda: show(batching, first)["status"] == "in_progress")
        for batch in (second, first):
            answer = batching.http.post(f"/v1/batches/{batch['id']}/cancel").json()
            assert answer["status"] in ("cancelling", "cancelled")
    finally:
        batching.model.gate.set()
    last = ended(batching, first, "cancelled")
    assert last["cancelled_at"] and last["request_counts"]["completed"] < 40
    ended(batching, second, "cancelled")
    response = batching.http.post(f"/v1/batches/{first['id']}/cancel")
    assert response.status_code == 409
    assert batching.wait_until_idle()


def stopped_in_the_middle(folder: Path) -> tuple[dict[str, Any], Path, list[str]]:
    """A batch of twelve lines whose server has ended: the batch, the file of its answers, and the whole ones in it."""
    with folder_server(folder, batch_concurrency=2) as server:
        batch = create(server, [line(i, "count", max_tokens=60) for i in range(12)])
        assert wait_for(lambda: show(server, batch)["request_counts"]["completed"] >= 3)
    answers = folder / "batches" / f"{batch['id']}.answers"
    before = answers.read_text().splitlines()
    assert 3 <= len(before) < 12
    with answers.open("a") as file:
        file.write('{"id": "batch_req_cut')  # as a kill in the middle of a write or a full disk leaves it
    return batch, answers, before


def test_a_batch_goes_on_after_a_restart_without_asking_twice(tmp_path: Path) -> None:
    batch, answers, before = stopped_in_the_middle(tmp_path)
    with folder_server(tmp_path) as server:
        last = ended(server, batch)
        assert last["request_counts"] == {"total": 12, "completed": 12, "failed": 0}
        rows = server.http.get(f"/v1/files/{last['output_file_id']}/content").text.splitlines()
        assert rows[: len(before)] == before and len(rows) == 12
        assert len(rows_of(server, last["output_file_id"])) == 12
    assert not answers.exists()
    with folder_server(tmp_path) as server:
        assert show(server, batch) == last


def test_answers_are_kept_when_the_input_is_gone_at_a_restart(tmp_path: Path) -> None:
    batch, answers, before = stopped_in_the_middle(tmp_path)
    for path in (tmp_path / "files").glob(f"{batch['input_file_id']}*"):
        path.unlink()
    with folder_server(tmp_path) as server:
        last = ended(server, batch, "failed")
        assert last["errors"]["data"][0]["code"] == "invalid_file"
        text = server.http.get(f"/v1/files/{last['output_file_id']}/content").text
        assert text.splitlines() == before
    assert not answers.exists()


def test_a_text_that_the_engine_fails_on_costs_its_line(tmp_path: Path) -> None:
    def breaks(prompt: str) -> str:
        if "poison" in prompt:
            raise RuntimeError("not finite")
        return "fine"

    with live_server(ServerSettings(files_folder=str(tmp_path)), breaks) as server:
        rows = [line(i, "poison" if i % 5 == 3 else "hello") for i in range(20)]
        last = ended(server, create(server, rows))
        assert last["request_counts"] == {"total": 20, "completed": 16, "failed": 4}
        bad = rows_of(server, last["error_file_id"])
        assert set(bad) == {"id-3", "id-8", "id-13", "id-18"}
        assert all(row["response"]["status_code"] == 500 for row in bad.values())
        ended(server, create(server, [line(i, "poison") for i in range(20)]), "failed")


def test_a_full_disk_ends_one_batch_and_not_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, value: dict[str, Any]) -> None:
        raise OSError(28, "No space left on device")

    with folder_server(tmp_path) as server:
        server.model.gate.clear()
        batch = create(server, [line(0), line(1)])
        assert wait_for(lambda: show(server, batch)["status"] == "in_progress")
        with monkeypatch.context() as patch:
            patch.setattr("joyflash.server.batch_store.write_json", full)
            file = upload(server, [line(0)]).json()["id"]
            asked = {"input_file_id": file, "endpoint": CHAT, "completion_window": "24h"}
            count = len(server.http.get("/v1/batches").json()["data"])
            assert server.http.post("/v1/batches", json=asked).status_code == 500
            assert len(server.http.get("/v1/batches").json()["data"]) == count
            server.model.gate.set()
            ended(server, batch, "failed")
        assert ended(server, create(server, [line(2)]))["request_counts"]["completed"] == 1


def test_other_callers_come_before_a_batch(tmp_path: Path) -> None:
    with folder_server(tmp_path) as server:
        batch = create(server, [line(i, "count", max_tokens=150) for i in range(40)])
        assert wait_for(lambda: show(server, batch)["status"] == "in_progress")
        assert wait_for(lambda: server.engine.engine.waiting_count > 10)
        assert server.chat("hello").status_code == 200
        assert show(server, batch)["request_counts"]["completed"] < 20
        server.http.post(f"/v1/batches/{batch['id']}/cancel")
        ended(server, batch, "cancelled")


def test_a_batch_waits_while_the_line_is_full() -> None:
    with live_server(slots=1, max_waiting=2) as server:
        last = ended(server, create(server, [line(i, max_tokens=2) for i in range(8)]))
        assert last["request_counts"]["completed"] == 8


def test_a_batch_that_takes_too_long_expires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joyflash.server.batch_store.DAY", 1)
    with folder_server(tmp_path, batch_concurrency=1) as server:
        batch = create(server, [line(i, "count", max_tokens=300) for i in range(200)])
        last = ended(server, batch, "expired")
        assert 0 <= last["request_counts"]["completed"] < 200 and last["expired_at"]
        assert server.wait_until_idle()


def test_files_are_bounded_and_expire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with folder_server(tmp_path, max_file_bytes=1000, max_files=2, max_files_bytes=1500) as server:
        response = upload(server, ["x" * 1100])
        assert response.status_code == 413 and response.json()["error"]["param"] == "file"
        assert upload(server, ["x" * 200_000]).status_code == 413
        first = upload(server, ["x" * 900]).json()
        assert upload(server, ["x" * 900]).json()["error"]["code"] == "storage_full"
        second = upload(
            server, ["x"], **{"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
        ).json()
        assert second["expires_at"] == second["created_at"] + 3600
        assert upload(server, ["x"]).json()["error"]["code"] == "storage_full"
        now = time.time()
        monkeypatch.setattr("joyflash.server.file_store.time.time", lambda: now + 4000)
        assert server.http.get(f"/v1/files/{second['id']}").status_code == 404
        monkeypatch.undo()
        assert server.http.delete(f"/v1/files/{first['id']}").json()["deleted"] is True
        assert server.http.get("/v1/files").json()["data"] == []
    assert [path.name for path in (tmp_path / "files").iterdir()] == []


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({"purpose": "fine-tune"}, "purpose"),
        ({"purpos": "batch"}, "purpos"),
        ({"expires_after[anchor]": "now", "expires_after[seconds]": "3600"}, "expires_after.anchor"),
        ({"expires_after[anchor]": "created_at"}, "expires_after.seconds"),
        ({"expires_after[anchor]": "created_at", "expires_after[seconds]": "5"}, "expires_after.seconds"),
        ({"expires_after[anchor]": "created_at", "expires_after[seconds]": "many"}, "expires_after.seconds"),
        ({"expires_after[days]": "1"}, "expires_after.days"),
        ({"expires_after": "x", "expires_after[anchor]": "created_at"}, "expires_after.seconds"),
    ],
)
def test_a_wrong_form_is_a_400_that_names_the_field(batching: LiveServer, form: dict[str, str], param: str) -> None:
    response = upload(batching, [line(0)], **form)
    assert response.status_code == 400 and response.json()["error"]["param"] == param, response.text


def test_what_is_no_upload(batching: LiveServer) -> None:
    http = batching.http
    assert http.post("/v1/files", json={}).status_code == 415
    headers = {"content-type": "multipart/form-data"}
    assert http.post("/v1/files", content=b"x", headers=headers).status_code == 400
    headers = {"content-type": "multipart/form-data; boundary=x"}
    for content in (b"", b"junk", b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nno file\r\n--x--\r\n'):
        assert http.post("/v1/files", content=content, headers=headers).status_code == 400, content
    two = [("file", ("a", b"1")), ("file", ("b", b"2"))]
    assert http.post("/v1/files", files=two, data={"purpose": "batch"}).status_code == 400
    assert http.post("/v1/files", files={"file": ("a", b"1")}).json()["error"]["param"] == "purpose"


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"input_file_id": None}, 400, "input_file_id"),
        ({"input_file_id": "file-none"}, 404, "input_file_id"),
        ({"endpoint": "/v1/embeddings"}, 400, "endpoint"),
        ({"completion_window": "1h"}, 400, "completion_window"),
        ({"completion_window": None}, 400, "completion_window"),
        ({"metadata": "x"}, 400, "metadata"),
        ({"metadata": {"a": {"b": "c"}}}, 400, "metadata.a"),
        ({"metadata": {"a": "x" * 513}}, 400, "metadata.a"),
        ({"metadata": {"x" * 65: "a"}}, 400, "metadata"),
        ({"metadata": {str(i): "a" for i in range(17)}}, 400, "metadata"),
        ({"output_expires_after": {}}, 400, "output_expires_after"),
        ({"endpont": "x"}, 400, "endpont"),
    ],
)
def test_a_wrong_batch_is_refused(batching: LiveServer, fields: dict[str, Any], status: int, param: str) -> None:
    good = {"input_file_id": "file-none", "endpoint": CHAT, "completion_window": "24h"}
    response = batching.http.post("/v1/batches", json={**good, **fields})
    assert response.status_code == status and response.json()["error"]["param"] == param, response.text


def test_unknown_ids_are_404(batching: LiveServer) -> None:
    for path in ("/v1/files/file-x", "/v1/files/file-x/content", "/v1/batches/batch_x", "/v1/files/..%2f..%2fetc"):
        assert batching.http.get(path).status_code == 404
    assert batching.http.post("/v1/batches/batch_x/cancel").status_code == 404
    assert batching.http.delete("/v1/files/file-x").status_code == 404


def test_too_many_open_batches_get_a_429(tmp_path: Path) -> None:
    with folder_server(tmp_path, max_batches=2) as server:
        server.model.gate.clear()
        file = upload(server, [line(0)]).json()
        asked = {"input_file_id": file["id"], "endpoint": CHAT, "completion_window": "24h"}
        made = [server.http.post("/v1/batches", json=asked) for _ in range(3)]
        assert [each.status_code for each in made] == [200, 200, 429] and "retry-after" in made[2].headers
        server.model.gate.set()
        for each in made[:2]:
            ended(server, each.json())
        newest = server.http.post("/v1/batches", json=asked)
        assert newest.status_code == 200
        ended(server, newest.json())
        assert len(server.http.get("/v1/batches").json()["data"]) == 2
