"""The draw order: seeded, complete, with clusters kept together."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.tasks.item import Item
from weighbridge.weighing.order import cluster_numbers, draw_order


def items_in(names: list[str | None]) -> list[Item]:
    return [Item(str(number), {}, cluster=name) for number, name in enumerate(names)]


@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=40), st.integers(0, 2**32))
def test_an_order_holds_every_item_once_and_clusters_stand_together(names, seed):
    cluster = cluster_numbers(items_in(names))
    order = draw_order(len(names), cluster, "population", seed)
    assert sorted(order.items.tolist()) == list(range(len(names)))
    assert order.starts[0] == 0
    assert order.starts[-1] == len(names)
    if cluster is None:
        assert order.unit == "item"
        assert order.units == len(names)
        return
    assert order.units == len(set(cluster.tolist()))
    for unit in range(order.units):
        members = order.items[order.starts[unit] : order.starts[unit + 1]]
        assert len(set(cluster[members].tolist())) == 1
        assert len(members) == int((cluster == cluster[members[0]]).sum())


@given(st.integers(1, 30), st.integers(0, 1000))
def test_the_pool_claim_draws_items_whatever_their_cluster(size, seed):
    cluster = np.arange(size) // 3
    assert draw_order(size, cluster, "pool", seed).unit == "item"


def test_the_order_is_the_seed_and_nothing_else():
    first = draw_order(500, None, "pool", 7)
    assert first.items.tolist() == draw_order(500, None, "pool", 7).items.tolist()
    assert first.items.tolist() != draw_order(500, None, "pool", 8).items.tolist()
    assert first.items[:5].tolist() == np.random.Generator(np.random.PCG64(7)).permutation(500)[:5].tolist()


def test_every_item_is_as_likely_first_as_any_other():
    cluster = np.array([0, 0, 0, 1, 1, 2])
    firsts = np.bincount([draw_order(6, cluster, "population", s).items[0] for s in range(3000)], minlength=6) / 3000
    assert np.allclose(firsts, [1 / 9] * 3 + [1 / 6] * 2 + [1 / 3], atol=0.035)


def test_items_without_a_cluster_stand_alone():
    assert cluster_numbers(items_in(["a", "b", None])) is None
    assert cluster_numbers(items_in(["a", "a", None, None])).tolist() == [0, 0, 1, 2]
    assert cluster_numbers(items_in(["2", "2", None])).tolist() == [0, 0, 1]


def test_unit_values_are_means_over_the_units_items():
    cluster = np.array([0, 1, 0, 1, 1])
    order = draw_order(5, cluster, "population", 3)
    scores = np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    values = order.unit_values(scores[order.items])
    assert sorted(values.tolist()) == [0.5, 2 / 3]
