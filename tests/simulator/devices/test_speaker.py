"""The speaker's time line, and what it records when it is interrupted."""

import pytest

from simulator.devices.speaker import Speaker, Utterance

CLIPS = {"chime": 1_000, "A": 300, "0": 250}


def test_sequence_takes_its_clips_and_the_gaps_between() -> None:
    speaker = Speaker(CLIPS, gap_ms=40)
    speaker.play("job1", ["chime", "A", "0"], 5_000)
    assert speaker.heard == [Utterance("job1", ("chime", "A", "0"), 5_000, 6_630)]
    assert speaker.busy(6_629)
    assert not speaker.busy(6_630)


def test_finished_sequences_are_reported_once() -> None:
    speaker = Speaker(CLIPS, gap_ms=0)
    speaker.play("job1", ["A"], 0)
    assert speaker.take_finished(299) == []
    assert [u.job for u in speaker.take_finished(300)] == ["job1"]
    assert speaker.take_finished(400) == []
    assert speaker.idle_at_ms() == 300


def test_starting_over_a_playing_sequence_cuts_it_off_and_is_recorded() -> None:
    speaker = Speaker(CLIPS, gap_ms=0)
    speaker.play("job1", ["chime"], 0)
    speaker.play("job2", ["A"], 999)
    assert speaker.overlaps() == [Utterance("job1", ("chime",), 0, 999, cut_off_by="job2")]
    assert [u.job for u in speaker.take_finished(2_000)] == ["job2"]


def test_starting_at_the_very_end_is_no_overlap() -> None:
    speaker = Speaker(CLIPS, gap_ms=0)
    speaker.play("job1", ["chime"], 0)
    speaker.play("job2", ["A"], 1_000)
    assert speaker.overlaps() == []


def test_stop_cuts_off_what_plays_and_nothing_else() -> None:
    speaker = Speaker(CLIPS, gap_ms=0)
    speaker.stop(0)
    speaker.play("job1", ["chime"], 0)
    speaker.stop(400)
    assert [u.end_ms for u in speaker.overlaps()] == [400]
    assert not speaker.busy(400)


def test_faults_slow_and_unplugged() -> None:
    speaker = Speaker(CLIPS, gap_ms=0)
    speaker.slow_percent = 150
    speaker.play("job1", ["A"], 0)
    assert speaker.idle_at_ms() == 450
    speaker.unplugged = True
    speaker.play("job2", ["A"], 1_000)
    assert speaker.take_finished(9_000) == []
    assert len(speaker.heard) == 1


@pytest.mark.parametrize("tokens", [["A", "moo"], []])
def test_what_has_no_clip_is_refused(tokens: list[str]) -> None:
    with pytest.raises(ValueError, match=r"moo|no tokens"):
        Speaker(CLIPS, gap_ms=0).play("job1", tokens, 0)
