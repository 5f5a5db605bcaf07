"""Who stands when the number of instances changes."""

from hypothesis import given
from hypothesis import strategies as st

from catalog.graph.instances import standing
from catalog.installed import InstalledNode
from catalog.rules.rule import SHRINKINGS, Shrinking


def instance(number: int, *, idle: bool = False) -> InstalledNode:
    return InstalledNode(
        id=f"n{number}",
        kind="service",
        specification="s",
        ordinal=number,
        status="idle" if idle else "active",
    )


@given(
    st.sets(st.integers(1, 9)),
    st.integers(0, 9),
    st.sets(st.integers(1, 9)),
    st.sampled_from(SHRINKINGS),
    st.sets(st.integers(1, 9)),
)
def test_whoever_stands_keeps_its_number_and_those_named_go_first(
    numbers: set[int], count: int, named: set[int], rule: Shrinking, idle: set[int]
) -> None:
    stood = {number: instance(number, idle=number in idle) for number in sorted(numbers)}
    by_id = {f"n{number}" for number in named}
    found = standing(stood, count, by_id, rule)
    assert found == standing(stood, count, named, rule), "by id or by number, that is the same"
    assert len(set(found.numbers)) == len(found.numbers) == count + found.unnamed
    stays, gone = numbers & set(found.numbers), numbers - set(found.numbers)
    if count >= len(numbers):
        assert not gone and min(set(found.numbers) - numbers, default=99) > max(numbers, default=0)
    elif rule == "ask":
        assert gone <= named and (found.unnamed == 0 or not stays & named)
    else:
        assert found.unnamed == 0
        assert named & numbers <= gone or gone <= named
        unnamed_gone = gone - named
        if rule == "newest" and unnamed_gone:
            assert min(unnamed_gone) > max(stays - named, default=0)
        if rule == "idleFirst" and unnamed_gone - idle:
            assert not stays & idle - named
