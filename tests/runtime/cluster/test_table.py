"""Shards are spread evenly, and as few of them move as possible."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from runtime.cluster.table import spread

HOSTS = [f"Host 1.{number}" for number in range(6)]
living = st.lists(st.sampled_from(HOSTS), min_size=1, unique=True)
owners = st.lists(st.sampled_from(["", *HOSTS, "Host 0.9"]), min_size=1, max_size=64)


@given(owners, living)
def test_every_shard_has_a_living_owner_and_shares_differ_by_one_at_most(
    present: list[str], hosts: list[str]
) -> None:
    wanted = spread(present, hosts)
    shares = Counter(dict.fromkeys(hosts, 0))
    shares.update(wanted)
    assert set(wanted) <= set(hosts)
    assert max(shares.values()) - min(shares.values()) <= 1


@given(owners, living)
def test_a_shard_moves_only_from_a_host_that_is_gone_or_has_more_than_its_share(
    present: list[str], hosts: list[str]
) -> None:
    wanted = spread(present, hosts)
    held = Counter(owner for owner in present if owner in hosts)
    kept = Counter(owner for owner, after in zip(present, wanted, strict=True) if owner == after)
    for host in hosts:
        assert kept[host] >= min(held[host], len(present) // len(hosts))


@given(owners, living)
def test_a_settled_spread_moves_nothing(present: list[str], hosts: list[str]) -> None:
    wanted = spread(present, hosts)
    assert spread(wanted, hosts) == wanted


@given(owners, living)
def test_the_order_in_which_hosts_are_named_changes_nothing(present: list[str], hosts: list[str]) -> None:
    assert spread(present, hosts) == spread(present, list(reversed(hosts)))


def test_without_hosts_no_shard_has_an_owner() -> None:
    assert spread(["Host 1.0", ""], []) == ["", ""]
