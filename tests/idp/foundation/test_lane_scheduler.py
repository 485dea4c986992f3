"""Whose turn it is: one at a time for each lane, so many in all, the longest unserved first, little room for those in trouble."""

from __future__ import annotations

import string

from idp.foundation.lane_scheduler import LaneScheduler

MANY = list(string.ascii_lowercase)


def test_each_lane_once_and_so_many_in_all() -> None:
    turns = LaneScheduler(at_once=4)
    assert turns.begin(MANY) == ["a", "b", "c", "d"]
    assert turns.begin(MANY) == []
    turns.end("b", True)
    assert turns.begin(["b", "e"]) == ["e"]  # whoever was served goes behind whoever was not
    turns.end("a", True)
    assert turns.begin(["b", "a"]) == ["a"]  # a was served longer ago
    assert turns.begin(["a"]) == []


def test_a_long_queue_passes_nobody() -> None:
    """Whatever has waited longest: each lane has its turn before one has its second."""
    turns, order = LaneScheduler(at_once=1), ""
    for _ in range(9):
        [lane] = turns.begin(["a", "b", "c"])
        turns.end(lane, True)
        order += lane
    assert order == "abcabcabc"


def test_those_in_trouble_never_take_all_the_room() -> None:
    turns = LaneScheduler(at_once=4)
    for lane in MANY:
        assert turns.begin([lane]) == [lane]
        turns.end(lane, False)
    assert len(turns.begin(MANY)) == 2
    assert turns.begin([*MANY, "well", "too"]) == ["well", "too"]
    turns.end("a", False)
    assert turns.begin(MANY) == ["c"]


def test_who_does_well_again_is_out_of_trouble() -> None:
    turns = LaneScheduler(at_once=2)
    for lane in "ab":
        turns.begin([lane])
        turns.end(lane, False)
    assert turns.begin("ab") == ["a"]
    turns.end("a")  # not tried: another process was at it
    assert turns.begin("ab") == ["b"]
    turns.end("b", True)
    assert turns.begin("ab") == ["a", "b"]
