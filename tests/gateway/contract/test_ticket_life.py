"""The page of a ticket's life says every move of the rules, and nothing else."""

import re

from gateway.contract.ticket_life import ticket_life_page
from gateway.systems.calling.fold import TICKET_MOVES


def test_diagram_and_table_show_every_move_of_the_rules_and_no_other() -> None:
    page = ticket_life_page().decode()
    moves = {(before, event.__name__, after) for (before, event), after in TICKET_MOVES.items()}
    drawn = set(re.findall(r"^    (\w+) --> (\w+): (\w+)$", page, re.MULTILINE))
    assert {(before, event, after) for before, after, event in drawn} == moves
    kinds = {(before, event.KIND, after) for (before, event), after in TICKET_MOVES.items()}
    rows = set(re.findall(r"^\| (\w+) \| `([a-z_.]+)` \| (\w+) \|", page, re.MULTILINE))
    assert rows == kinds


def test_final_states_end_the_diagram_and_have_no_way_on() -> None:
    page = ticket_life_page().decode()
    ends = set(re.findall(r"^    (\w+) --> \[\*\]$", page, re.MULTILINE))
    assert ends == {"served", "cancelled"}
    for state in ends:
        assert re.search(rf"^\| {state} .*\| none \|$", page, re.MULTILINE)
