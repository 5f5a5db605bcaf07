"""Memory is given back when half of the groups are gone, and not again before there were many anew."""

from runtime.cluster.reclaim import GROUPS_MIN, Reclaim, give_back


def test_it_pays_once_half_of_many_groups_are_gone() -> None:
    reclaim = Reclaim()
    assert not reclaim.pays(4 * GROUPS_MIN)
    assert not reclaim.pays(2 * GROUPS_MIN + 1)
    assert reclaim.pays(2 * GROUPS_MIN)
    assert not reclaim.pays(2 * GROUPS_MIN)
    assert reclaim.pays(GROUPS_MIN)


def test_few_groups_never_pay() -> None:
    reclaim = Reclaim()
    assert not reclaim.pays(GROUPS_MIN - 1)
    assert not reclaim.pays(0)


def test_giving_back_works_here() -> None:
    give_back()
