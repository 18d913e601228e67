import pytest

from antiphon.loadtest.dialogue import Dialogue


def test_partials_are_timed_while_somebody_speaks() -> None:
    it = Dialogue()
    it.partial(0.5)  # of nothing
    it.began(1.0)
    for now in (1.6, 2.1, 2.7):
        it.partial(now)
    it.ended(3.0, finalize=False)
    it.partial(3.1)
    it.began(5.0)
    it.partial(5.7)
    assert it.first_partials == pytest.approx([0.6, 0.7])
    assert it.partial_intervals == pytest.approx([0.5, 0.6])


def test_the_first_final_after_the_end_is_the_answer() -> None:
    it = Dialogue()
    it.began(0.0)
    it.final(2.0, "the first half")  # of a long utterance
    it.ended(4.0, finalize=True)
    it.final(4.2, " and the second")
    it.flushed(4.2)
    it.final(4.9, " not awaited")
    it.began(6.0)
    it.ended(8.0, finalize=False)
    it.final(8.7, " third")
    it.settle()
    assert it.finals == pytest.approx([0.2])
    assert it.pause_finals == pytest.approx([0.7])
    assert it.unanswered == 0
    assert it.texts == ["the first half", " and the second", " not awaited", " third"]


def test_a_flush_before_the_final_text_is_not_the_answer() -> None:
    it = Dialogue()
    it.began(0.0)
    it.ended(1.0, finalize=True)
    it.flushed(1.1)
    it.final(1.4, "text")
    it.began(2.0)
    assert it.finals == pytest.approx([0.4])


def test_a_flush_alone_answers_when_there_was_nothing_left_to_say() -> None:
    it = Dialogue()
    it.began(0.0)
    it.final(0.8, "all of it")
    it.ended(1.0, finalize=True)
    it.flushed(1.1)
    it.began(2.0)
    assert it.finals == pytest.approx([0.1])
    assert it.unanswered == 0


@pytest.mark.parametrize("finalize", [True, False])
def test_what_is_not_answered_is_counted(finalize: bool) -> None:
    it = Dialogue()
    it.began(0.0)
    it.ended(1.0, finalize=finalize)
    it.began(2.0)
    it.final(2.5, "too late")
    it.ended(3.0, finalize=finalize)
    it.settle()
    assert (it.unanswered, it.finals, it.pause_finals) == (2, [], [])
