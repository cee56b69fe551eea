from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.logs.promptfoo_config import import_promptfoo
from weighbridge.project.load import load_project

RECIPE = Path(__file__).resolve().parents[2] / "scripts" / "fixtures" / "promptfoo"


def written(folder: Path, tree: object) -> Path:
    path = folder / "promptfooconfig.yaml"
    path.write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    return path


def test_the_recipe_s_configuration_becomes_a_project(tmp_path: Path) -> None:
    task = import_promptfoo(RECIPE / "promptfooconfig.yaml")
    assert task.project["name"] == "Ticket routing"
    assert task.project["prompts"]["prompt"] == {
        "system": "You route tickets. Answer with the team alone.",
        "user": "{{message}}",
    }
    assert task.project["scorer"] == {"name": "contains", "normalize": ["case"]}
    assert task.project["requirements"] == {"latency_p95": 5.0}
    assert len(task.rows) == 12
    assert task.rows[0]["expected"] == "billing"
    assert "message" in task.project["data"]["input"]
    assert "team" not in task.project["data"]["input"]
    told = " ".join(task.not_mapped)
    for what in ("provider echo", "provider file://rules.js", "is-json", "regex", "not-contains", "cost"):
        assert what in told, what
    path = task.write(tmp_path)
    project = load_project(str(path))
    assert len(project.task.items) == 12
    assert project.candidates[0].name == "echo, plain"


def test_it_is_written_over_nothing(tmp_path: Path) -> None:
    task = import_promptfoo(RECIPE / "promptfooconfig.yaml")
    task.write(tmp_path)
    with pytest.raises(UsageError, match="there already"):
        task.write(tmp_path)


def tree(**changes: Any) -> dict[str, Any]:
    return {
        "prompts": ["Translate: {{text}}"],
        "providers": ["openai:chat:gpt-4.1-mini"],
        "tests": [{"vars": {"text": "yes"}, "assert": [{"type": "equals", "value": "oui"}]}],
    } | changes


def test_endpoints_are_known(tmp_path: Path) -> None:
    providers = [
        {"id": "openai:gpt-4.1", "label": "big", "config": {"temperature": 0.5, "max_tokens": 9, "apiKey": "sk-x"}},
        {"id": "openai:chat:mine", "config": {"apiBaseUrl": "http://127.0.0.1:8000/v1/", "apiKeyEnvar": "MINE"}},
        {"ollama:chat:llama3": {"config": {"num_ctx": 4}}},
    ]
    task = import_promptfoo(written(tmp_path, tree(providers=providers)))
    big, mine, llama = task.project["candidates"]
    assert big == {
        "name": "big",
        "model": "https://api.openai.com/v1#gpt-4.1",
        "key_env": "OPENAI_API_KEY",
        "temperature": 0.5,
        "max_tokens": 9,
    }
    assert (mine["model"], mine["key_env"]) == ("http://127.0.0.1:8000/v1#mine", "MINE")
    assert llama["model"] == "http://127.0.0.1:11434/v1#llama3"
    assert "sk-x" not in str(task)
    assert any("num_ctx" in one for one in task.not_mapped)


def test_tests_from_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,__expected,__expected2\nyes,contains: oui,latency: 3\nno,non,\n")
    (tmp_path / "b.jsonl").write_text(
        '{"vars": {"text": "cat"}, "assert": [{"type": "contains", "value": "chat"}]}\n'
    )
    (tmp_path / "long.txt").write_text("a long text\n")
    inline = {"vars": {"text": "file://long.txt"}, "assert": [{"type": "contains", "value": "{{text}}!"}]}
    task = import_promptfoo(written(tmp_path, tree(tests=["file://a.csv", "b.jsonl", inline])))
    assert [(row["text"], row["expected"]) for row in task.rows] == [
        ("yes", "oui"),
        ("cat", "chat"),
        ("a long text", "a long text!"),
    ]
    assert any("1 of 4 tests" in one for one in task.not_mapped)


def test_any_of_several_answers(tmp_path: Path) -> None:
    asserted = [{"type": "icontains-any", "value": ["oui", "ouais"]}, {"type": "llm-rubric", "value": "is polite"}]
    two = ["ollama:chat:qwen3", "ollama:chat:llama3"]
    path = written(tmp_path, tree(tests=[{"vars": {"text": "yes"}, "assert": asserted}], providers=two))
    task = import_promptfoo(path)
    assert task.rows[0]["expected"] == ["oui", "ouais"]
    assert any("llm-rubric" in one for one in task.not_mapped)
    task.write(tmp_path / "made")
    assert len(load_project(str(tmp_path / "made" / "weighbridge.yaml")).task.items) == 1


def test_lists_of_values_are_tests_of_their_own(tmp_path: Path) -> None:
    values = {"text": ["yes", "no"], "tone": ["plain", "formal", "rude"]}
    asserted = [{"type": "equals", "value": "{{text}}/{{tone}}"}]
    task = import_promptfoo(written(tmp_path, tree(tests=[{"vars": values, "assert": asserted}])))
    assert [row["expected"] for row in task.rows][:4] == ["yes/plain", "yes/formal", "yes/rude", "no/plain"]
    assert len(task.rows) == 6
    many = {f"v{n}": list(range(10)) for n in range(9)}
    with pytest.raises(UsageError, match="more than 100,000 tests"):
        import_promptfoo(written(tmp_path, tree(tests=[{"vars": many, "assert": asserted}])))


@pytest.mark.parametrize("reference", ["file://../secret.txt", "file:///etc/passwd", "file://link.txt"])
def test_nothing_outside_the_folder_is_read(reference: str, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret {{text}}")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "link.txt").symlink_to(tmp_path / "secret.txt")
    for changes in ({"prompts": [reference]}, {"tests": [{"vars": {"text": reference}}]}):
        with pytest.raises(UsageError, match="leads out"):
            import_promptfoo(written(inner, tree(**changes)))


def test_no_program_is_run(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text("raise SystemExit('ran')")
    path = written(tmp_path, tree(prompts=["file://p.py", "Say {{text}}"], tests=["file://p.py", *tree()["tests"]]))
    told = " ".join(import_promptfoo(path).not_mapped)
    assert "no program is run" in told
    path.write_text("prompts: !!python/object/apply:os.system ['true']\ntests: []\n")
    with pytest.raises(UsageError, match="YAML"):
        import_promptfoo(path)


def test_without_a_right_answer_nothing_can_be_weighed(tmp_path: Path) -> None:
    path = written(tmp_path, tree(tests=[{"vars": {"text": "a"}, "assert": [{"type": "llm-rubric", "value": "x"}]}]))
    with pytest.raises(UsageError, match="llm-rubric"):
        import_promptfoo(path)


def test_an_alias_bomb_is_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    path = tmp_path / "c.yaml"
    path.write_text("\n".join(lines) + "\nprompts: *a29\ntests: []\n")
    with pytest.raises(UsageError, match="aliases"):
        import_promptfoo(path)


_ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["file://x.txt", "{{a}}", "{% x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["vars", "assert", "type", "value", "id", "raw", "label", "config", "prompts", "path"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("text", ["tests: &a [*a]\nprompts: p\n", "tests: " + "[" * 20_000])
def test_a_file_without_end_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(UsageError, match=r"aliases|too deep"):
        import_promptfoo(tmp_path / "c.yaml")


@given(prompts=_ANY, providers=_ANY, tests=_ANY, default=_ANY)
def test_a_configuration_may_hold_anything(
    prompts: object, providers: object, tests: object, default: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("odd")
    changes = {"prompts": prompts, "providers": providers, "tests": tests, "defaultTest": default}
    for key, value in changes.items():
        for path in (written(folder, tree(**{key: value})), written(folder, changes)):
            try:
                import_promptfoo(path)
            except UsageError as error:
                assert error.what  # noqa: PT017 - what is raised, if anything, is the point
    shutil.rmtree(folder)
