"""The hash chain by itself."""

import pytest

from gateway.journal.chain import canonical_json, genesis, link, seal, walk
from gateway.journal.errors import BrokenChain


def test_equal_data_has_one_text_whatever_its_order():
    text = '{"a":{"y":[1.5,true,null],"z":2},"b":"号"}'
    assert canonical_json({"b": "号", "a": {"z": 2, "y": [1.5, True, None]}}) == text


def test_another_hall_or_epoch_begins_another_chain():
    tips = {genesis(hall, epoch).hash for hall in ("a", "b") for epoch in ("1", "2")}
    assert len(tips) == 4


def test_every_field_is_in_the_hash(event):
    fields = [1, 1000, "calling.made_up", 1, "clock", "{}"]
    hashes = {link(b"0" * 32, *fields), link(b"1" * 32, *fields)}
    for place, other in enumerate([2, 1001, "calling.made_up2", 2, "clock2", "[]"]):
        hashes.add(link(b"0" * 32, *fields[:place], other, *fields[place + 1 :]))
    assert len(hashes) == 8


def test_a_chain_whose_time_goes_back_is_broken_though_its_hashes_match(event):
    tip = genesis("langfang", "00")
    (first,), _ = seal(tip, [event(2)], {})
    earlier = (2, first[1] - 1, first[2], 1, first[4], first[5])
    second = (*earlier, link(first[6], *earlier))
    with pytest.raises(BrokenChain, match="record 2: its time"):
        list(walk([first, second], tip))
