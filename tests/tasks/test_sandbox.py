"""Hostile templates: no way out, no endless loop, no huge value; each is refused within seconds and little memory."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.tasks import Item, JinjaPrompt

ITEM = Item("1", {"text": "hello", "tags": ["a"] * 100, "n": 3}, "x")
NS = "{% set ns = namespace(s='aaaaaaaaaa', l=[1]) %}"
DOUBLED = "".join(f"{{% set a{n + 1} %}}{{{{ a{n} }}}}{{{{ a{n} }}}}{{% endset %}}" for n in range(40))

ESCAPES = [
    "{{ text.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ text['__class__'] }}",
    "{{ item.__init__.__globals__ }}",
    "{{ range.__globals__ }}",
    "{{ namespace.__init__.__globals__['os'] }}",
    "{{ text | attr('__class__') }}",
    "{{ [item] | map(attribute='__class__') | list }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context.environment }}",
    "{{ loop }}",
    "{% for x in tags %}{{ loop.__class__ }}{% endfor %}",
    "{{ '{0.__class__}'.format(text) }}",
    "{{ '{a.__class__}'.format_map({'a': text}) }}",
    "{{ tags.append(1) }}",
    "{{ item.update({'a': 1}) }}",
    "{{ cycler('a').__init__ }}",
    "{{ lipsum.__globals__ }}",
    "{% import 'os' as os %}{{ os }}",
    "{% extends 'x' %}",
    "{{ dict.__base__ }}",
    "{{ dict.mro() }}",
    "{% macro f() %}{% endmacro %}{{ f.__code__ }}",
    "{{ f.__globals__ }}",
]

BOMBS = [
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% for a in range(99999) %}" + "x" * 1000 + "{% endfor %}",
    "{% set s %}{% for a in range(99999) %}" + "x" * 1000 + "{% endfor %}{% endset %}{{ s | length }}",
    "{% macro f() %}{% for a in range(99999) %}" + "x" * 1000 + "{% endfor %}{% endmacro %}{{ f() | length }}",
    "{{ range(10 ** 12) | list }}",
    "{{ 'a' * 10 ** 9 }}",
    "{{ 1000000000 * 'a' }}",
    "{{ ([0] * 1000000) * 1000 }}",
    "{{ 2 ** 99999999 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ 'a'.ljust(1000000000) }}",
    "{{ 'a'.center(1000000000) }}",
    "{{ 'a'.zfill(1000000000) }}",
    "{{ '\t'.expandtabs(1000000000) }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ 'a' | center(1000000000) }}",
    "{{ 'a\n' | indent(1000000000, true) }}",
    "{{ ('a' * 1000000).replace('a', 'b' * 1000000) }}",
    "{{ ('a' * 1000000) | replace('a', 'b' * 1000000) }}",
    "{{ ('a' * 1000000).join(tags) }}",
    "{{ tags | join('a' * 1000000) }}",
    "{{ [('a' * 3000000)] * 100 }}",
    "{{ ([('a' * 30000)] * 100) | tojson | length }}{{ ([('a' * 300000)] * 100) | tojson }}",
    "{% macro f(n) %}{{ f(n - 1) }}{% endmacro %}{{ f(1) }}",
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    NS + "{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s | length }}",
    NS + "{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s | length }}",
    NS + "{% for i in range(60) %}{% set ns.l = ns.l + ns.l %}{% endfor %}{{ ns.l | length }}",
    NS + "{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
    NS + "{% for i in range(99999) %}{% set ns.s = ns.s | replace('a', 'aa') %}{% endfor %}{{ ns.s | length }}",
    "{% set a0 = 'aaaaaaaaaa' %}" + DOUBLED + "{{ a40 | length }}",
    "{{ 'a' * 4000000 }}{{ 'a' * 4000000 }}",
    "{% for x in tags recursive %}{{ loop(tags) }}{% endfor %}",
    "{% call f() %}{% endcall %}",
    "{{ (" + "[" * 3000 + "]" * 3000 + ") }}",
    "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
]


def render(template: str) -> str:
    return JinjaPrompt("p", template, columns=None).render(ITEM)[-1].content


@pytest.mark.parametrize("template", ESCAPES)
def test_no_way_out(template: str) -> None:
    with pytest.raises(UsageError):
        render(template)


@pytest.mark.parametrize("template", BOMBS, ids=range(len(BOMBS)))
def test_no_bomb(template: str) -> None:
    start = time.process_time()
    with pytest.raises(UsageError):
        render(template)
    assert time.process_time() - start < 3


BOUNDED = """
import resource, sys
from weighbridge.errors import UsageError
from weighbridge.tasks import Item, JinjaPrompt
item = Item("1", {"text": "hello", "tags": ["a"] * 100, "n": 3}, "x")
limit = 1_000_000_000
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for template in eval(sys.stdin.read()):
    try:
        JinjaPrompt("p", template).render(item)
    except UsageError as error:
        continue
    sys.exit(f"not refused: {template[:80]}")
# VmHWM, for on Linux ru_maxrss begins with what the parent process held.
peak = next((line for line in open("/proc/self/status") if line.startswith("VmHWM")), None)
print(int(peak.split()[1]) // 1024 if peak else 0)
"""


def test_bombs_take_little_memory() -> None:
    done = subprocess.run([sys.executable, "-c", BOUNDED], input=repr(BOMBS), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    if int(done.stdout) == 0:
        pytest.skip("this system does not tell a process its peak memory")
    assert int(done.stdout) < 500  # MB, the interpreter and its imports included


def test_long_prompts_are_fine() -> None:
    assert len(render("{{ text * 200000 }}")) == 1_000_000
    assert render("{% for i in range(50000) %}{{ i % 10 }}{% endfor %}") == "0123456789" * 5000


PIECES = [
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    " text ",
    " item ",
    " for x in ",
    " if ",
    " endfor ",
    " endif ",
    " set ",
    "=",
]
PIECES += [
    "|",
    "~",
    "+",
    "(",
    ")",
    "[",
    "]",
    ".",
    "'",
    " 1 ",
    " macro f() ",
    " endmacro ",
    " filter upper ",
    " endfilter ",
]
PIECES += [
    " tags ",
    " join ",
    " loop.index ",
    " block b ",
    " endblock ",
    " include ",
    " with ",
    " do ",
    "\n",
    " raw ",
    ",",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=14).map("".join))
def test_any_template_renders_or_is_refused(template: str) -> None:
    try:
        assert render(template)
    except UsageError:
        return
