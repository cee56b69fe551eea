"""Chat templates render as transformers renders them, say what is odd, and cannot run or grow without end."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chat_templates as styles
from open_models import needs_torch, smollm2, tiny
from weighbridge.errors import UsageError
from weighbridge.models.local.chat_template import ChatTemplate, chosen, merged, plain, probe, prompt_text
from weighbridge.models.local.template_files import reading_in, template_in
from weighbridge.tasks.item import Message

TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=0, max_size=30) | st.sampled_from(
    ["{{ 7*7 }}", "{% raw %}", "<think>so</think>it is", "  padded \n", "größe 🦜\u2028", "'\"\\n"]
)
TURNS = st.lists(st.tuples(st.sampled_from(["user", "assistant", "system"]), TEXTS), min_size=1, max_size=5)


@pytest.fixture(scope="module")
def tokenizer():
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny("llama"))


def both(tokenizer, source: str, turns: list[dict[str, str]], **options) -> tuple[str | None, str | None]:
    """What transformers makes of it, and what we make of it; None where it refuses."""
    import jinja2

    try:
        theirs = tokenizer.apply_chat_template(
            turns, chat_template=source, tokenize=False, add_generation_prompt=True, **options
        )
    except (jinja2.TemplateError, TypeError, AttributeError):
        theirs = None
    messages = [Message(turn["role"], turn["content"]) for turn in turns]
    try:
        ours = ChatTemplate(source, tokenizer.special_tokens_map, options=options).render(messages)
    except UsageError:
        ours = None
    return theirs, ours


@needs_torch
@pytest.mark.parametrize("style", styles.STYLES)
def test_it_renders_what_transformers_renders(style: str, tokenizer) -> None:
    source = styles.STYLES[style]

    @settings(max_examples=60, deadline=None)
    @given(TURNS)
    def check(turns) -> None:
        said = [{"role": role, "content": text} for role, text in turns]
        if said[-1]["role"] == "assistant":
            said.append({"role": "user", "content": "go on"})
        theirs, ours = both(tokenizer, source, said)
        assert ours == theirs

    check()


@needs_torch
def test_the_thinking_switch_and_the_date_are_options(tokenizer) -> None:
    turns = [{"role": "user", "content": "2 + 2?"}]
    theirs, ours = both(tokenizer, styles.QWEN3, turns, enable_thinking=False)
    assert ours == theirs
    assert ours is not None
    assert ours.endswith("<think>\n\n</think>\n\n")
    theirs, ours = both(tokenizer, styles.LLAMA3, turns, date_string="1 Jan 2020")
    assert ours == theirs
    assert ours is not None
    assert "1 Jan 2020" in ours


@needs_torch
def test_real_weights_bring_a_template_that_renders_alike() -> None:
    from transformers import AutoTokenizer

    folder = smollm2()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    source, tokens = template_in(folder)
    assert source == tokenizer.chat_template
    assert tokens == tokenizer.special_tokens_map
    turns = [Message("user", "Hello"), Message("assistant", "Hi."), Message("user", "Who are you?")]
    said = [{"role": turn.role, "content": turn.content} for turn in turns]
    theirs = tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True)
    assert ChatTemplate(source, tokens).render(turns) == theirs


@needs_torch
@pytest.mark.parametrize("style", ["chatml", "llama3", "gemma", "qwen3", "zephyr"])
def test_an_unfinished_turn_is_continued_as_in_transformers(style: str, tokenizer) -> None:
    for unfinished in ("The answer is", "The answer is ", "1.\n2."):
        said = [{"role": "user", "content": "Well?"}, {"role": "assistant", "content": unfinished}]
        theirs = tokenizer.apply_chat_template(
            said, chat_template=styles.STYLES[style], tokenize=False, continue_final_message=True
        )
        template = ChatTemplate(styles.STYLES[style], tokenizer.special_tokens_map)
        assert template.render([Message(turn["role"], turn["content"]) for turn in said]) == theirs


def test_a_template_that_refuses_or_drops_system_messages_is_flagged_and_mended() -> None:
    found = probe(styles.MISTRAL, TOKENS)
    assert found.template is not None
    assert found.template.system == "merged"
    assert any("refuses system messages" in note for note in found.notes)
    text = found.template.render([Message("system", "Be brief."), Message("user", "Hi")])
    assert text == "<s>[INST] Be brief.\n\nHi [/INST]"
    dropping = "{% for m in messages if m.role != 'system' %}<{{ m.role }}>{{ m.content }}{% endfor %}" + (
        "{% if add_generation_prompt %}<bot>{% endif %}"
    )
    found = probe(dropping, {})
    assert found.template is not None
    assert any("drops system messages" in note for note in found.notes)
    assert found.template.render([Message("system", "S"), Message("user", "U")]) == "<user>S\n\nU<bot>"
    for style in ("chatml", "llama3", "gemma", "qwen3", "deepseek_r1", "zephyr"):
        found = probe(styles.STYLES[style], TOKENS)
        assert found.template is not None
        assert found.template.system == "kept"
        assert found.notes == ()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{% for m in messages %}{{ m.content }", "does not render"),
        ("{{ raise_exception('no') }}", "no"),
        ("<s>{{ messages[0].name }}</s>", "drops the user's message"),
        ("{{ messages.append(1) }}{{ messages[0].content }}", "does not render"),
        ("{{ ''.__class__.__mro__ }}{{ messages[0].content }}", "does not render"),
        ("{{ messages[0].content.x.y }}", "does not render"),
        ("{% include 'x' %}", "does not render"),
    ],
)
def test_templates_that_do_not_work(source: str, said: str) -> None:
    found = probe(source, {})
    assert found.template is None
    assert said in found.notes[0]
    assert chosen(source, {}, "auto", {}, "m").template is None
    assert "plain text" in chosen(source, {}, "auto", {}, "m").notes[-1]
    with pytest.raises(UsageError, match="template: plain"):
        chosen(source, {}, "chat", {}, "m")


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}",
        "{% set n = namespace(x='aaaaaaaa') %}{% for a in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}",
        "{% set n = namespace(x='aaaaaaaa') %}{% for a in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}{{ n.x }}",
        "{{ 'a' * 1000000000 }}",
        "{{ [0] * 10**9 }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{{ '%1000000000d' % 1 }}",
        "{% for a in range(99999) %}{{ 'x' * 1000 }}{% endfor %}",
    ],
)
def test_a_template_cannot_run_or_grow_without_end(source: str) -> None:
    began = time.process_time()
    assert probe(source, {}).template is None
    assert time.process_time() - began < 5


def test_oddities_are_said() -> None:
    dated = styles.CHATML + "{{ strftime_now('') }}"
    assert any("today's date" in note for note in probe(dated, {}).notes)
    endless = "{% for m in messages %}{{ m.content }}{% endfor %}"
    assert any("no place where the assistant's answer begins" in note for note in probe(endless, {}).notes)


def test_what_is_used_follows_the_wish() -> None:
    assert chosen(styles.CHATML, {}, "plain", {}, "m").template is None
    assert chosen(styles.CHATML, {}, "auto", {}, "m").template is not None
    assert "no chat template" in chosen(None, {}, "auto", {}, "m").notes[0]
    assert chosen(None, {}, "auto", {}, "m", generates=False).notes == ()
    with pytest.raises(UsageError, match="no chat template"):
        chosen(None, {}, "chat", {}, "m")
    with pytest.raises(UsageError, match="did you mean 'chat'"):
        chosen(None, {}, "chatt", {}, "m")


def test_plain_text_is_the_messages_alone() -> None:
    assert plain([Message("user", "exactly this \n")]) == "exactly this \n"
    assert plain([Message("system", "a"), Message("user", "b")]) == "a\n\nb"
    assert prompt_text([Message("user", "x")], None) == ("x", True)
    assert prompt_text([Message("user", "x")], ChatTemplate(styles.CHATML))[1] is False
    assert merged([{"role": "system", "content": "a"}]) == [{"role": "user", "content": "a"}]


def test_the_files_beside_a_tokenizer(tmp_path: Path) -> None:
    assert template_in(tmp_path) == (None, {})
    config = {"bos_token": {"content": "<b>", "lstrip": False}, "eos_token": "<e>", "chat_template": "old"}
    (tmp_path / "special_tokens_map.json").write_text(json.dumps({"bos_token": "<x>", "image_token": "<i>"}))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    assert template_in(tmp_path) == ("old", {"bos_token": "<b>", "eos_token": "<e>", "image_token": "<i>"})
    several = [{"name": "tool_use", "template": "tools"}, {"name": "default", "template": styles.CHATML}]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({**config, "chat_template": several}))
    assert template_in(tmp_path)[0] == styles.CHATML
    (tmp_path / "chat_template.jinja").write_text(styles.ZEPHYR)
    assert template_in(tmp_path)[0] == styles.ZEPHYR
    assert reading_in(tmp_path, "causal", "auto", {}, "m").template is not None
    (tmp_path / "tokenizer_config.json").write_text("{")
    with pytest.raises(UsageError, match=r"tokenizer_config\.json is damaged"):
        template_in(tmp_path)
