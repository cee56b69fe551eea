"""Prompts: what is rendered, what is withheld, and errors with line and nearest column."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.tasks import Item, JinjaPrompt, Message, default_prompt, items_of

ITEM = Item("7", {"text": "Hi {{ 7 * 7 }}", "n": 3, "tags": ["a", "b"], "label": "billing"}, "billing", line=9)
SHOTS = [
    Item("s1", {"text": "one", "n": 1, "tags": [], "label": "refund"}, "refund"),
    Item("s2", {"text": "two", "n": 2, "tags": [], "label": "billing"}, ["billing", "Billing"]),
]


def rendered(user: str, item: Item = ITEM, **options) -> str:
    return JinjaPrompt("p", user, withheld=("label",), **options).render(item)[-1].content


def test_parts_and_examples() -> None:
    prompt = JinjaPrompt("p", "Text: {{ text }}", system="Sort it.", shots=SHOTS, withheld=("label",))
    messages = prompt.render(ITEM)
    assert messages == (
        Message("system", "Sort it."),
        Message("user", "Text: one"),
        Message("assistant", "refund"),
        Message("user", "Text: two"),
        Message("assistant", "billing"),
        Message("user", "Text: Hi {{ 7 * 7 }}"),
    )
    assert prompt.shared_prefix == messages[:-1]
    assert prompt.render(SHOTS[0])[:-1] == messages[:-1]


def test_an_answer_template_may_see_the_reference() -> None:
    prompt = JinjaPrompt(
        "p", "{{ text }}", answer='{"team": "{{ label }}", "n": {{ n }}}', shots=SHOTS, withheld=("label",)
    )
    assert prompt.render(ITEM)[1].content == '{"team": "refund", "n": 1}'


def test_a_system_part_may_use_the_item_but_is_then_no_prefix() -> None:
    prompt = JinjaPrompt("p", "{{ text }}", system="Tags: {{ tags | join(', ') }}")
    assert prompt.render(ITEM)[0] == Message("system", "Tags: a, b")
    assert prompt.shared_prefix == ()


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ('{{ item["text"] }}/{{ item.n + 1 }}', "Hi {{ 7 * 7 }}/4"),
        ("{% for tag in tags %}\n{{ loop.index }}/{{ loop.length }} {{ tag }}\n{% endfor %}", "1/2 a\n2/2 b"),
        ("{{ tags | map('upper') | join('-') }}", "A-B"),
        ("{{ tags | tojson }} {{ '<b>' }}", '["a", "b"] <b>'),
        ("{% if missing is defined %}x{% else %}y{% endif %}{{ other | default('z') }}", "yz"),
        ("{% macro f(x) %}[{{ x }}]{% endmacro %}{{ f(n) ~ f(1) }}", "[3][1]"),
        ("{{ text.upper().replace('HI', 'Ho') }}", "Ho {{ 7 * 7 }}"),
        ("{% set ns = namespace(k=0) %}{% for i in range(5) %}{% set ns.k = ns.k + i %}{% endfor %}{{ ns.k }}", "10"),
        ("{{ 'a' * 3 ~ n ** 2 }} {{ 7 // 2 }}{{ 7 % 4 }}", "aaa9 33"),
        ("[{{ none }}]{{ [none] }}", "[][None]"),
        ("{{ text if n > 2 else '' }}", "Hi {{ 7 * 7 }}"),
        ("{{ tags[0] }}{{ tags[-1:] | first }}", "ab"),
    ],
)
def test_what_templates_can_do(template: str, result: str) -> None:
    assert rendered(template) == result


def test_options_are_offered() -> None:
    listed = "{% for option in options %}{{ option.label }}) {{ option.text }} {% endfor %}{{ choices | length }}"
    assert rendered(listed, choices=("red", "green")) == "A) red B) green 2"
    own = Item("1", {"colours": "red|green|blue"})
    assert rendered(listed, own, option_columns=("colours",)) == "A) red B) green C) blue 3"


COLUMNS = ("text", "n", "tags", "label")


@pytest.mark.parametrize(
    ("template", "what", "line", "fix"),
    [
        ("a\n{{ txt }}", "uses 'txt', but there is no such column", 2, "did you mean 'text'?"),
        ("\n\n{{ label }}", "would give the answer away", 3, "leave it out"),
        ("a\n{{ item.label }}", "has no attribute 'label'", 2, "columns: item, n, tags, text"),
        ("{{ text }", "unexpected '}'", 1, "that line is: {{ text }"),
        ("\n{% for x in tags %}", "end of template", 2, None),
        ("\n{{ text | uper }}", "No filter named 'uper'", 2, "did you mean 'upper'?"),
        ("\n{{ n is ood }}", "No test named 'ood'", 2, "did you mean 'odd'?"),
        ("\n{{ tags[5] }}", "no element 5", 2, None),
        ("\n\n{{ n + text }}", "TypeError", 3, "another type"),
        ("\n{{ n / 0 }}", "ZeroDivisionError", 2, None),
        ("\n{% include 'x' %}", "no loader", 2, "not available"),
        ("\n{{ text() }}", "not callable", 2, None),
    ],
)
def test_mistakes_have_a_line(template: str, what: str, line: int, fix: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        JinjaPrompt("p", template, withheld=("label",), columns=COLUMNS, where="weighbridge.yaml").render(ITEM)
    assert what in caught.value.what
    assert caught.value.where == f"weighbridge.yaml, user:{line}"
    assert fix is None or fix in (caught.value.fix or "")


def test_unknown_columns_are_told_before_the_first_item() -> None:
    with pytest.raises(UsageError, match="did you mean 'text'"):
        JinjaPrompt("p", "{% if false %}{{ txet }}{% endif %}", columns=COLUMNS)


def test_a_field_missing_in_one_item_names_it() -> None:
    prompt = JinjaPrompt("p", "{{ text }} {{ more }}", columns=(*COLUMNS, "more"))
    with pytest.raises(UsageError, match=r"'more', but there is no such column \(item '7', line 9\)"):
        prompt.render(ITEM)


def test_a_prompt_of_nothing() -> None:
    with pytest.raises(UsageError, match=r"renders to nothing \(item '7', line 9\)"):
        rendered("{% if n > 5 %}{{ text }}{% endif %}")
    assert JinjaPrompt("p", "Say yes.").notes
    assert not JinjaPrompt("p", "{{ text }}").notes


def test_keys() -> None:
    base = {"system": "s", "shots": SHOTS}
    keys = [
        JinjaPrompt("p", "{{ text }}", **base).key,
        JinjaPrompt("p", "{{ text }} ", **base).key,
        JinjaPrompt("p", "{{ text }}", system="t", shots=SHOTS).key,
        JinjaPrompt("p", "{{ text }}", system="s", shots=SHOTS[::-1]).key,
    ]
    assert len(set(keys)) == 4
    assert JinjaPrompt("another name", "{{ text }}", **base).key == keys[0]


@given(st.dictionaries(st.text(min_size=1), st.text() | st.integers() | st.lists(st.text()), max_size=4), st.text())
def test_data_is_never_a_template(fields: dict, text: str) -> None:
    shown = text.strip() or "x"
    assert rendered("{{ item['a b'] }}", Item("1", {**fields, "a b": shown})) == shown.strip()


@pytest.mark.parametrize(
    ("row", "options", "shown"),
    [
        ({"text": "a", "label": "x"}, {}, "a"),
        ({"question": "a", "context": "b", "answer": "x"}, {}, "question: a\ncontext: b"),
        ({'odd "name"': "a", "answer": "x"}, {}, "a"),
        ({"question": "a", "choices": ["r", "g"], "answer": 1}, {}, "a\n\nA) r\nB) g"),
    ],
)
def test_default_prompt(row: dict, options: dict, shown: str) -> None:
    loaded = items_of([row])
    text = default_prompt(loaded.columns, **options)
    prompt = JinjaPrompt(
        "default",
        text.user,
        system=text.system,
        withheld=loaded.columns.reference,
        option_columns=loaded.columns.choices,
        columns=loaded.fields,
    )
    assert prompt.render(loaded.items[0])[-1].content == shown


def test_default_prompt_of_a_choice_lists_the_options_once_for_all() -> None:
    loaded = items_of([{"text": "a", "label": "x"}])
    text = default_prompt(loaded.columns, choices=("red", "green"))
    prompt = JinjaPrompt("default", text.user, system=text.system, choices=("red", "green"), withheld=("label",))
    assert "- red\n- green" in prompt.render(loaded.items[0])[0].content


def test_a_prompt_is_small_to_send() -> None:
    message = JinjaPrompt("p", "{{ text }}").render(ITEM)[0]
    assert pickle.loads(pickle.dumps(message)) == message  # noqa: S301  # our own bytes
