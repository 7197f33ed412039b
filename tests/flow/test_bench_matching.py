"""The benchmark of matching is right before it is fast: made rules mean what the oracle says, and every engine says so too.

On the project's own texts, with few rules. What is not installed for the project (spaCy, ahocorasick_rs, PostgreSQL's
client) is held against the oracle in the run of the benchmark itself.
"""

import pytest

from bench.matching import corpus as corpora
from bench.matching import measure
from bench.matching.__main__ import Plan, run
from bench.matching.engines import Ours, WithSpans
from bench.matching.made import Made, Near, Phrase, as_query, from_tree, write_yaml
from bench.matching.oracle import Oracle, words
from bench.matching.postgres import as_tsquery, as_tsvector
from bench.matching.rivals import Deciding, Regular, frequencies, quick_words
from monitor import config
from monitor.matching import parse_query
from monitor.model import Article

RULES = 400


def article(title: str, body: str) -> Article:
    return Article(key="a", feed_id="f", guid=None, url=None, title=title, body=body)


@pytest.fixture(scope="module")
def corpus() -> corpora.Corpus:
    return corpora.load(own=True)


A, B, C = Phrase("red fox"), Phrase("dog"), Phrase("dog", title=True)


@pytest.mark.parametrize(
    ("made", "title", "body", "expected"),
    [
        (Made("m", ((A,),)), "", "a Red-Fox ran", True),  # folded, and a hyphen separates
        (Made("m", ((A,),)), "red", "fox", False),  # a phrase does not cross from title to body
        (Made("m", ((C,),)), "", "dog", False),  # the title alone
        (Made("m", ((C,),)), "Dog", "", True),
        (Made("m", ((A, B),)), "", "dog", True),  # either
        (Made("m", ((A,), (B,))), "dog", "red fox", True),  # all clauses, wherever
        (Made("m", ((A,),), (B,)), "dog", "red fox", False),  # none_of anywhere
        (Made("m", near=Near(2, (A,), (B,))), "", "dog one two red fox", True),  # at most two words between
        (Made("m", near=Near(2, (A,), (B,))), "", "dog one two three red fox", False),
        (Made("m", near=Near(0, (A,), (B,))), "", "red fox dog", True),  # the other order, nothing between
        (Made("m", near=Near(9, (A,), (B,))), "dog", "red fox", False),  # one field
        (Made("m", near=Near(9, (A,), (Phrase("fox"),))), "", "red fox", False),  # overlapping is not near
    ],
)
def test_a_made_rule_means_the_same_to_all(made, title, body, expected):
    text = article(title, body)
    assert bool(Oracle([made]).hits(text)) is expected
    assert bool(Ours([made]).hits(text)) is expected
    assert bool(Regular([made], {}).hits(text)) is expected
    assert bool(decided(made, text)) is expected


def decided(made: Made, text: Article) -> list[str]:
    """As the rivals that find phrases would have it: with places counted in words."""
    deciding = Deciding([made], {})
    title, body = list(quick_words(text.title)), list(quick_words(text.body))
    whole = [*title, "\x1e", *body]
    found = {
        number: starts
        for phrase, number in deciding.phrases.items()
        if (starts := [at for at in range(len(whole)) if tuple(whole[at : at + len(phrase)]) == phrase])
    }
    return deciding.hits(found, len(title), int)


def test_every_engine_hits_what_the_oracle_hits(corpus):
    rules = corpus.rules(RULES)
    said = measure.truth(Oracle(rules), corpus.stream)
    ours = Ours(rules)
    engines = [ours, WithSpans(ours), Regular(rules, frequencies(corpus.rules_half))]
    checks = [measure.check(engine, said, rules) for engine in engines]
    assert [check.lines() for check in checks] == [[], [], []]
    assert checks[0].hits > 100  # else nothing was compared
    assert {made.id for made in rules if made.near} & {name for _, hits in said for name in hits}


def test_a_difference_is_found_and_told(corpus):
    rules = corpus.rules(RULES)
    said = measure.truth(Oracle(rules), corpus.stream)
    key, rule = next((text.key, name) for text, hits in said for name in sorted(hits))
    fewer = Ours([made for made in rules if made.id != rule])
    check = measure.check(fewer, said, rules)
    assert not check.agrees
    assert {name for _, name in check.missing} == {rule}
    assert check.lines()[0] == f"monitor, hits: misses {rule} in {key}"
    emptied = [(text, hits - {rule}) for text, hits in said]
    check = measure.check(Ours(rules), emptied, rules)
    assert (key, rule) in check.surplus
    assert check.lines(0)[-1] == f"monitor, hits: and {len(check.surplus)} more"


def test_an_engine_that_has_near_as_and_may_hit_more_there_and_nowhere_else():
    near, plain = Made("near", near=Near(0, (A,), (B,))), Made("plain", ((A,),), (B,))
    rules = [near, plain]
    loose = Regular([Made("near", ((A,), (B,))), Made("plain", ((A,),))], {})
    loose.superset = True
    said = measure.truth(Oracle(rules), [article("dog", "red fox")])
    check = measure.check(loose, said, rules)
    assert check.allowed == 1
    assert check.surplus == [("a", "plain")]


def test_specials_of_the_language_are_no_part_of_a_phrase():
    made = Made("m", ((Phrase('E*Trade "x" wh?t'), Phrase("a OR b")),), (Phrase("title:c"),))
    assert as_query(made) == '("E Trade  x  wh t" OR "a OR b") AND NOT "title:c"'
    parse_query(as_query(made))
    assert Ours([made]).hits(article("", "e trade x wh t")) == ["m"]
    assert Oracle([made]).hits(article("", "e trade x wh t")) == {"m"}


def test_a_clause_is_of_the_title_or_not():
    with pytest.raises(ValueError, match="m mixes phrases of the title with others"):
        Made("m", ((B, C),))


def test_the_trees_of_the_generator_become_clauses():
    def phrase(text, field="any"):
        return {"op": "phrase", "text": text, "field": field}

    near = {"op": "near", "dist": 5, "a": phrase("a"), "b": {"op": "or", "args": [phrase("b"), phrase("c")]}}
    tree = {"op": "and", "args": [near, phrase("d", "title"), {"op": "not", "arg": phrase("e")}]}
    made = from_tree({"id": "r", "q": tree})
    assert as_query(made) == '"a" NEAR/5 ("b" OR "c") AND title:"d" AND NOT "e"'
    with pytest.raises(ValueError, match="expected a phrase"):
        from_tree({"id": "r", "q": {"op": "or", "args": [near]}})
    with pytest.raises(ValueError, match="at most one near"):
        from_tree({"id": "r", "q": {"op": "and", "args": [near, near]}})


def test_rules_written_as_files_are_the_same_rules(corpus, tmp_path):
    rules = corpus.rules(RULES)
    write_yaml(rules, tmp_path)
    read = {rule.id: rule for rule in config.load_rules([tmp_path])}
    assert {name: rule.query for name, rule in read.items()} == {made.id: as_query(made) for made in rules}
    assert all(rule.exact for rule in read.values())


def test_a_smaller_set_is_the_beginning_of_a_larger_one(corpus):
    assert corpus.rules(10) == corpus.rules(30)[:10]
    assert corpora.load(own=True).rules(30) == corpus.rules(30)


def test_the_words_of_rivals_are_the_products(corpus):
    texts = [one.body for one in (*corpus.stream, *corpus.rules_half)]
    texts += ["Ёлка, İstanbul's co-op", "東京タワー a1_b", "हिन्दी में", "ﾊﾞ ｶﾞ", "ไทย abc", "كِتَابٌ ـ"]
    assert [list(quick_words(text)) for text in texts] == [list(words(text)) for text in texts]


def test_postgres_is_told_the_same():
    made = Made("m", ((A, B), (C,)), (Phrase("it's"),))
    assert as_tsquery(made) == "(('red' <-> 'fox') | ('dog')) & (('dog':A)) & !(('it' <-> 's'))"
    assert as_tsvector(article("Dog", "red dog")) == "'dog':1A,1002 'red':1001"


def test_speeds_are_of_both_on_the_same_articles(corpus):
    rules = corpus.rules(RULES)
    ours, other = Ours(rules), Regular(rules, {})
    speed = measure.beside(other, ours, corpus.stream, measure.affordable(other, corpus.stream, 0.01), 1)
    assert speed.articles >= 2
    assert speed.ratio == pytest.approx(speed.ours / speed.per_second)
    costs = measure.costs(ours, corpus.stream, 1)
    assert 0 < costs.p50 <= costs.p99
    assert list(costs.by_language) == ["en", "unknown"]  # the most frequent first


def test_our_oracle_is_the_generators():
    """On the news beside the project, with the generator's own words: the same rules hold of the same articles."""
    corpus = corpora.load()
    if corpus.generator is None:
        pytest.skip("needs the rules' generator and the news beside the project")
    records = [{"title": one.title, "body": one.body, "lang": one.lang} for one in corpus.rules_half]
    made = list(corpus.generator.generate(records, 400, corpora.SEED))
    oracle = Oracle(map(from_tree, made), corpus.generator.tokenize)
    seen = 0
    for one in corpus.stream[:40]:
        view = corpus.generator.DocView({"title": one.title, "body": one.body})
        expected = {record["id"] for record in made if corpus.generator.holds(record["q"], view)}
        assert oracle.hits(one) == expected
        seen += len(expected)
    assert seen > 0


def test_the_whole_run_small(corpus):
    """Every table, and in them what was counted here by hand."""
    plan = Plan(sizes=(100, RULES), rounds=1, seconds=0.01, checked=100_000, rivals=("re",), changes=3, command=100)
    report = run(corpus, plan, "as a test")
    small, large = report.sizes
    assert [check.engine for check in large.checks] == ["monitor, hits", "monitor, hits with spans", "Python re"]
    assert all(check.agrees and check.hits for size in report.sizes for check in size.checks)
    said = measure.truth(Oracle(corpus.rules(RULES)), corpus.stream)
    hits = sum(len(one) for _, one in said)
    assert large.hits == hits / len(corpus.stream)
    assert report.commands[0].hits == hits * report.commands[0].articles / len(corpus.stream)
    assert report.commands[0].rules == RULES
    assert report.scaling.hits == small.hits
    text = report.markdown()
    assert f"{large.hits:.1f} an article of {RULES} ({large.share:.2%})" in text
    assert "No difference." in text
    assert "writing JSON and the rest" in text
    large.checks[0].missing.append(("some-article", "some-rule"))
    assert "- monitor, hits: misses some-rule in some-article" in report.markdown()
