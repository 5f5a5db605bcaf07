"""The pages under docs/states are what the tables say, and the machines are what they should be."""

import itertools
from pathlib import Path

import pytest

from actors.diagrams import COMMAND, pages
from actors.states import FINAL, MACHINES, Machine, State, walk

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "states"


@pytest.mark.parametrize("name", pages())
def test_the_page_is_printed_from_the_tables(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == pages()[name], f"run: {COMMAND}"


def test_there_is_no_page_without_a_table() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(pages()), f"delete it, then run: {COMMAND}"


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_final_states_have_no_way_out_and_all_others_lead_to_an_end(machine: Machine) -> None:
    assert set(machine.final) == FINAL & set(machine.states)
    for state in machine.states:
        reached, ways = {state}, [state]
        while ways:
            before = ways.pop()
            new = {after for after in machine.states if machine.may(before, after)} - reached
            reached |= new
            ways += new
        assert reached & FINAL


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_an_arc_is_tm_forums_or_an_extension_with_a_reason(machine: Machine) -> None:
    assert not machine.arcs.keys() & machine.extensions.keys()
    assert all((*machine.arcs.values(), *machine.extensions.values()))


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_a_walk_goes_along_arcs_only(machine: Machine) -> None:
    for before in machine.states:
        for after in machine.states:
            way = (before, *walk(machine.name, before, after))
            assert all(machine.may(one, next_) for one, next_ in itertools.pairwise(way))
            assert len(way) == 1 or way[-1] is after


def test_a_failure_is_reached_from_fallout_only_by_way_of_progress() -> None:
    assert walk("Task", State.HELD, State.FAILED) == (State.IN_PROGRESS, State.FAILED)
