"""How the states of children become the state of their parent: task, domain order, line, order.

A second table beside ``states.py``; the way from the present state to the one found here goes along legal arcs only
(``states.walk``), each with its event. noChange lines and domain orders without work are not among the children.
"""

from collections.abc import Mapping

from actors.states import Machine, S, State, walk


def roll_up(
    children: Mapping[State, int], *, started: bool, movable: bool = True, wished: bool = True
) -> State:
    """The parent's state.

    :param children: how many children stand in each state; a state in which none stands is not in it.
    :param started: whether any work below the parent ever started.
    :param movable: whether a child in ``acknowledged`` can move now or at a date (False: all stand behind others).
    :param wished: whether cancelled children were cancelled at the requester's wish; what was dropped because other
        work was given up leaves its parent partial, never completed. A refused child is nobody's wish; a parent whose
        children were all refused is ``rejected`` before any work, ``cancelled`` after.
    """
    if (
        S.IN_PROGRESS in children
        or S.ASSESSING_CANCELLATION in children
        or S.PENDING_CANCELLATION in children
    ):
        return S.IN_PROGRESS
    if S.ACKNOWLEDGED in children and (movable or not (S.PENDING in children or S.HELD in children)):
        return S.IN_PROGRESS if started else S.ACKNOWLEDGED
    for waits in (S.PENDING, S.HELD):
        if waits in children:
            return waits
    completed, failed, cancelled = S.COMPLETED in children, S.FAILED in children, S.CANCELLED in children
    rejected = S.REJECTED in children
    if S.PARTIAL in children or (completed and (failed or rejected or (cancelled and not wished))):
        return S.PARTIAL
    if failed:
        return S.FAILED
    if rejected and not cancelled and not started:
        return S.REJECTED
    return S.COMPLETED if completed or not (cancelled or rejected) else S.CANCELLED


def steps(machine: Machine, before: State, after: State) -> tuple[State, ...]:
    """The arcs to walk from ``before`` to ``after``; empty when it is there already or no legal way exists."""
    return () if before is after else walk(machine.name, before, after)


def move(tally: dict[State, int], before: State, after: State) -> None:
    """Book one child's step in its parent's tally."""
    left = tally.pop(before, 1) - 1
    if left:
        tally[before] = left
    tally[after] = tally.get(after, 0) + 1
