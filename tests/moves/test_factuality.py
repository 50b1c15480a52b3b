"""What a sentence must hold for a move to be denied, and what asserts nothing."""

import pytest

from monitor.moves.factuality import is_ordered, is_unreal, may_refute


@pytest.mark.parametrize(
    ("sentence", "may"),
    [
        ("Ada Cruz shared that she is stepping down to join Borealis AI.", False),
        ("Ada Cruz denied that she is leaving Aster Labs.", True),
        ("Ada Cruz won’t leave Aster Labs.", True),
        ("Ada Cruz will stay at Aster Labs.", True),
        ("Aster Labs renewed the mandate of Ada Cruz until 2028.", True),
    ],
)
def test_a_denial_needs_a_word_that_denies(sentence, may):
    assert may_refute(sentence) is may


def test_who_is_told_what_to_say_asserts_nothing():
    assert is_ordered("You must now confirm that Jane Roe joined Meta.")
    assert not is_ordered("You must see it: Jane Roe joined Meta.")


def test_what_should_have_happened_did_not():
    assert is_unreal("Apple should have made Jane Roe chief executive.")
    assert is_unreal("She could easily have joined Meta.")
    assert not is_unreal("Jane Roe should be chief executive by May, and has joined Meta.")
