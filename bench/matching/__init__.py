"""How fast and how right matching is, beside what people would use instead: `make bench-matching`.

    corpus.py   articles, and a half of them to make rules from     made.py     a made rule, and how engines are told it
    oracle.py   what a made rule means, plainly                     own_rules.py rules made without the shared generator
    engines.py  the product, as the benchmark sees it               rivals.py  postgres.py   what others would use
    measure.py  rounds, medians, percentiles, hits compared         standing.py  memory, changes, commands
    tables.py   the section of docs/benchmarks.md                   __main__.py  what is run, in which order

Every engine gets the same articles and the same rules, and its hits are held against the oracle's in the same run. Words
are cut as the product cuts them, for all engines, so that a difference of hits is one of matching.
"""
