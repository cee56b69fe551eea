"""Whatever stands in the files, reading them gives rows or a UsageError that names the file; nothing else."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.logs.lm_eval import read_lm_eval, recognise
from weighbridge.logs.lm_eval_results import read_results

RUN = Path(__file__).parent / "fixtures" / "lm_eval" / "runs" / "pairs-a"
SAMPLES = next(RUN.glob("samples_sums_*"))
RESULTS = next(RUN.glob("results_*"))
quick = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


def tried(path: Path) -> None:
    """Reads as far as it goes. A UsageError must say where."""
    try:
        recognise(path)
        for log in read_lm_eval(path):
            for row in log.rows():
                assert row.score is None or 0 <= row.score <= 1
                for text in (row.answer, row.reference, row.question, row.prompt, row.extracted):
                    assert text is None or isinstance(text, str)
    except UsageError as error:
        told = error
    else:
        return
    assert told.where, told.what
    assert str(path.parent) in told.where


@quick
@given(cut=st.integers(0, 4000), junk=st.binary(max_size=12), at=st.integers(0, 4000))
def test_cut_and_spoilt_samples(tmp_path: Path, cut: int, junk: bytes, at: int) -> None:
    raw = SAMPLES.read_bytes()[:4000]
    raw = (raw[:at] + junk + raw[at:])[: cut or None]
    (tmp_path / SAMPLES.name).write_bytes(raw)
    tried(tmp_path / SAMPLES.name)


@quick
@given(cut=st.integers(1, 6000), junk=st.binary(max_size=12), at=st.integers(0, 6000))
def test_cut_and_spoilt_results(tmp_path: Path, cut: int, junk: bytes, at: int) -> None:
    shutil.copy(SAMPLES, tmp_path)
    raw = RESULTS.read_bytes()
    (tmp_path / RESULTS.name).write_bytes((raw[:at] + junk + raw[at:])[:cut])
    tried(tmp_path)


FIELDS = [
    "doc_id",
    "doc",
    "target",
    "arguments",
    "resps",
    "filtered_resps",
    "filter",
    "metrics",
    "doc_hash",
    "exact_match",
]


@quick
@given(changes=st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=4))
def test_fields_of_any_other_type_in_samples(tmp_path: Path, changes: dict[str, object]) -> None:
    first = json.loads(SAMPLES.read_text().splitlines()[0])
    (tmp_path / SAMPLES.name).write_text(json.dumps(first | changes) + "\n")
    tried(tmp_path / SAMPLES.name)


SECTIONS = [
    "results",
    "configs",
    "versions",
    "n-shot",
    "higher_is_better",
    "n-samples",
    "config",
    "task_hashes",
    "date",
]
PARTS = ["filter_list", "metric_list", "generation_kwargs", "doc_to_text", "output_type"]


@quick
@given(
    changes=st.dictionaries(st.sampled_from([*SECTIONS, "model_name", "model_source"]), json_values, max_size=3),
    parts=st.dictionaries(st.sampled_from(PARTS), json_values, max_size=3),
)
def test_fields_of_any_other_type_in_results(
    tmp_path: Path, changes: dict[str, object], parts: dict[str, object]
) -> None:
    shutil.copy(SAMPLES, tmp_path)
    tree = json.loads(RESULTS.read_text())
    tree["configs"]["sums"] |= parts
    (tmp_path / RESULTS.name).write_text(json.dumps(tree | changes))
    tried(tmp_path)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b'{"doc_id": 0, "doc": ' + b"[" * 200_000, "nested too deep|not JSON"),
        (SAMPLES.read_bytes()[:900], "not JSON"),
        (SAMPLES.read_text().encode("utf-16"), "utf-16"),
        (SAMPLES.read_bytes().replace(b"apples", b"\xe4pfel", 1), "not utf-8"),
        (SAMPLES.read_bytes() + b'{"doc_id": 1}\n', "not a sample"),
    ],
    ids=["deep", "cut", "utf-16", "latin-1", "another line"],
)
def test_the_fault_is_named_with_its_line(tmp_path: Path, raw: bytes, told: str) -> None:
    path = tmp_path / SAMPLES.name
    path.write_bytes(raw)
    with pytest.raises(UsageError, match=told) as caught:
        read_lm_eval(path)
    assert str(path) in (caught.value.where or "")


def test_deep_results_are_told(tmp_path: Path) -> None:
    path = tmp_path / RESULTS.name
    path.write_text('{"results": {}, "configs": {}, "x": ' + "[" * 200_000 + "]" * 200_000 + "}")
    with pytest.raises(UsageError, match="nested too deep") as caught:
        read_results(path)
    assert caught.value.where == str(path)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    line = SAMPLES.read_bytes().splitlines(keepends=True)[0]
    peaks = []
    for times in (1_000, 8_000):
        path = tmp_path / f"samples_{times}.jsonl"
        path.write_bytes(line * times)
        tracemalloc.start()
        (log,) = read_lm_eval(path)
        assert sum(1 for _ in log.rows()) == times
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + 100_000
