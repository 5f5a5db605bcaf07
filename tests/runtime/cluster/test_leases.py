"""A host stops answering before the Coordinator gives its shards away."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.cluster.leases import HostLease, LeaseBook

instants = st.floats(min_value=0, max_value=1e6, allow_nan=False)
delays = st.floats(min_value=0, max_value=10, allow_nan=False)


@given(instants, delays, delays)
def test_no_host_answers_once_the_coordinator_counts_it_as_gone(
    sent: float, way: float, after: float
) -> None:
    lease, book = HostLease(4_000), LeaseBook(4_000)
    heard = sent + way
    book.hear("Host 1.1", heard)
    lease.renewed(sent)
    now = heard + after
    if "Host 1.1" in book.expired(now):
        assert not lease.valid(now)


def test_a_host_that_never_renewed_answers_nothing() -> None:
    assert not HostLease(4_000).valid(0.0)


def test_a_late_confirmation_of_an_earlier_renewal_shortens_nothing() -> None:
    lease = HostLease(4_000)
    lease.renewed(10.0)
    lease.renewed(9.0)
    assert lease.valid(13.9)


def test_a_forgotten_host_is_no_member() -> None:
    book = LeaseBook(4_000)
    book.hear("Host 1.1", 1.0)
    book.forget("Host 1.1")
    assert "Host 1.1" not in book
    assert book.members() == []
    assert book.expired(100.0) == []
