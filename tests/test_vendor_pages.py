"""The pages about vendors: every example is run as it stands, against a server of another's making."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from click.testing import CliRunner

from aimock import serving
from dialects.opening import give_keys
from weighbridge.cli.main import cli
from weighbridge.models.remote.wires.vendors import VENDORS

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs" / "vendors").glob("*.md"))
EXAMPLE = re.compile(r"^```yaml\n(candidates:\n.*?)^```$", re.M | re.S)
LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")
OTHERS = {"README.md", "anyllm.md"}
"""The list of vendors, and the one whose client is not installed beside the others (see its own tests)."""
PLACES = {"resource": "res", "region": "us-east-1", "project": "proj"}
TASK = "item_id,text,reference\n" + "".join(f"{number},where is parcel {number}?,support\n" for number in range(6))


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    fixture = {"match": {"userMessage": "parcel"}, "response": {"content": "support"}}
    with serving(tmp_path_factory.mktemp("aimock"), [fixture]) as port:
        yield port


def test_every_vendor_has_a_page_with_an_example() -> None:
    assert {page.stem for page in PAGES if page.name not in OTHERS} == set(VENDORS)
    for page in PAGES:
        assert page.name == "README.md" or EXAMPLE.search(page.read_text(encoding="utf-8")), page.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in OTHERS], ids=lambda page: page.stem)
def test_the_example_runs(page: Path, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give_keys(monkeypatch)
    (tmp_path / "tickets.csv").write_text(TASK)
    for number, body in enumerate(EXAMPLE.findall(page.read_text(encoding="utf-8"))):
        tree = yaml.safe_load(body)
        for candidate in tree["candidates"]:
            vendor = VENDORS[candidate["model"].partition(":")[0]]
            said = {**PLACES, **candidate}
            path = urlsplit(vendor.base_url.format(**{name: said[name] for name in PLACES})).path
            if path.startswith("/v1/") and path.endswith("/openai"):
                path = "/v1"  # the server knows this format under any path but one that begins with /v1/
            # Only where it is asked is changed: the example is the page's.
            candidate["base_url"] = f"http://127.0.0.1:{port}{path}"
        asked = len(tree["candidates"])
        tree["candidates"].append({"name": "by chance", "model": "simulated:accuracy=0.5"})
        project = {"data": "tickets.csv", "scorer": "exact", "prompt": "{{ text }}", **tree, "store": f"{number}.db"}
        file = tmp_path / f"{number}.yaml"
        file.write_text(yaml.safe_dump(project, allow_unicode=True))
        done = CliRunner().invoke(cli, ["run", str(file), "--json", str(tmp_path / "d.json")])
        assert done.exit_code in (0, 3), f"{done.output}\n{done.exception}"
        decision = json.loads((tmp_path / "d.json").read_bytes())
        assert [one["score"] for one in decision["candidates"][:asked]] == [1.0] * asked
