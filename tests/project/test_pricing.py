"""A candidate without a price gets the one its vendor is known to charge, and says so."""

from __future__ import annotations

import pytest

from weighbridge.project.load import load_project


@pytest.fixture(autouse=True)
def nobodys_prices(monkeypatch, tmp_path):
    monkeypatch.delenv("WEIGHBRIDGE_PRICES", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")


def project(tmp_path, *candidates: dict, **more):
    (tmp_path / "items.csv").write_text("id,text,label\n1,a,yes\n2,b,no\n3,c,yes\n")
    return load_project({"data": str(tmp_path / "items.csv"), "candidates": list(candidates), **more})


HTTPS = {"model": "https://api.openai.com/v1#gpt-4.1-2025-04-14", "name": "closed"}
LOCAL = {"model": "http://127.0.0.1:1/v1#gpt-4.1", "name": "open"}


def test_a_known_model_has_its_vendors_price(tmp_path):
    closed, local = project(tmp_path, HTTPS, LOCAL).candidates
    assert (closed.price.input_per_million, closed.price.output_per_million) == (2, 8)
    assert closed.price_source is not None
    assert "openai/gpt-4.1, by litellm, models.dev, 2026-08-06" in closed.price_source
    assert not local.price.known
    assert local.price_source is None


def test_a_stated_price_comes_first(tmp_path):
    closed, _ = project(tmp_path, HTTPS | {"price": {"per_request": 1.0}}, LOCAL).candidates
    assert closed.price.per_request == 1.0
    assert closed.price.input_per_million is None
    assert closed.price_source is None


def test_a_price_in_another_currency_is_not_taken(tmp_path):
    closed, _ = project(tmp_path, HTTPS, LOCAL, currency="EUR").candidates
    assert not closed.price.known


def test_a_budget_of_money_can_be_kept_with_a_known_price(tmp_path):
    found = project(tmp_path, HTTPS, LOCAL | {"price": {"per_request": 0}}, budget={"money": 1.0})
    assert found.candidates[0].price.known
