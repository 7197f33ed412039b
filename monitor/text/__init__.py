"""The text floor: cleaning, folding, tokens, sentences, scripts, and how words change in a sentence.

It stands on the standard library alone and knows nothing of rules or articles; `matching` puts its parts together.
It must not read files, keep state that a caller can see, or take more than linear time on any text.
"""
