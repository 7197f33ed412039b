"""What the benchmark of stories promises: the written cases without a mistake, and the wanted figures on the development data."""

import pytest

from bench.stories import data, quality, speed
from monitor.config.story_lists import lexicon
from monitor.stories import Stories

with_data = pytest.mark.skipif(not data.DATA.exists(), reason="the development data (shared/data) is not here")


def test_the_written_cases():
    assert quality.grouped(data.own(), lexicon()).f1 == pytest.approx(1.0)


@with_data
def test_the_wanted_figures_are_reached():
    lists = lexicon()
    assert quality.grouped(data.ecb(), lists).f1 >= 0.88
    assert quality.grouped(data.headlines(), lists).f1 >= 0.70
    assert quality.of_pairs(None, lists).f1 >= 0.90


def test_the_made_stream_has_stories():
    stories = Stories(lexicon())
    assert any(stories.add(article).evidence for article in speed.stream(60, data.sentences()))
