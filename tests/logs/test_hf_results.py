from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from report.sample import evidence, hostile
from weighbridge.logs.hf_results import slug, write_hf_results

WHEN = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


def test_one_file_per_model(tmp_path: Path) -> None:
    table = evidence(3, 80)
    write_hf_results(table, tmp_path, "acme/tickets", WHEN)
    for k, column in enumerate(table.columns):
        text = (tmp_path / slug(column.name) / ".eval_results" / "acme-tickets.yaml").read_text()
        (entry,) = yaml.safe_load(text)
        assert entry["dataset"] == {"id": "acme/tickets", "task_id": "acme-tickets"}
        assert entry["value"] == pytest.approx(float(table.score[k][table.asked[k]].mean()), abs=1e-6)
        assert entry["date"] == "2026-11-21T03:00:00Z"


def test_the_hub_s_own_library_reads_them(tmp_path: Path) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="the Hub's library is not installed")
    write_hf_results(evidence(2, 40), tmp_path, "acme/tickets", WHEN)
    for path in tmp_path.rglob("*.yaml"):
        (entry,) = hub.parse_eval_result_entries(yaml.safe_load(path.read_text()))
        assert (entry.dataset_id, entry.task_id) == ("acme/tickets", "acme-tickets")


def test_simulated_models_get_none_and_hostile_names_stay_in_the_folder(tmp_path: Path) -> None:
    table = hostile().evidence
    pretended = replace(table.columns[0], simulated=True)
    escape = replace(table.columns[1], name="../../etc/passwd")
    write_hf_results(
        replace(table, columns=(pretended, escape, table.columns[2])), tmp_path / "out", "a\nb: {c}", WHEN
    )
    files = list((tmp_path / "out").rglob("*.yaml"))
    assert len(files) == 2
    assert [one.name for one in tmp_path.iterdir()] == ["out"]
    for path in files:
        assert yaml.safe_load(path.read_text())[0]["dataset"]["id"] == "a\nb: {c}"


def test_names_that_look_alike_get_files_of_their_own(tmp_path: Path) -> None:
    table = evidence(2, 40)
    columns = tuple(replace(column, name=name) for column, name in zip(table.columns, ("a b", "a/b"), strict=True))
    write_hf_results(replace(table, columns=columns), tmp_path, "tickets", WHEN)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a-b", "a-b-1"]
