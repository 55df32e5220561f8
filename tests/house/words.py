"""The words of the house: what is said in features, and the old words that nobody may bring back."""

import re
from collections.abc import Iterator

# Old word or phrase, and what to say instead. The left side is a regular expression over whole words.
OLD_WORDS = (
    (r"doors?|ways? in", "API endpoint, the API"),
    (r"(?:is|are|was|were|been|be) told|tells?|hears?(?: of)?|heard", "is notified, receives, reports"),
    (r"strangers?|(?:nobody|somebody|anybody|everybody) else(?:'s)?", "an outsider, another customer"),
    (r"places? to work", "worker capacity"),
    (r"at work", "running"),
    (r"(?:dead|bad|slow|stuttering) lines?|lines? (?:has|is|goes|that)", "dropped connection, slow network"),
    (r"on record|records hold", "job record, the database has"),
    (r"survey(?:s|ed|or)?", "research"),
    (r"trespass\w*", "cross-tenant access"),
    (r"holdings|belongings", "the customer's own resources"),
    (r"wholly|half-way|breaks? off|broken off", "interrupted, all or nothing"),
    (r"heed\w*", "handle"),
    (r"goes on with|gone on with", "renews, continues"),
    (r"in other letters", "with different capitalisation"),
    (r"under (?:its|the) .*number", "with its request ID"),
    (r"what came of", "the result, the outcome"),
    (r"gives? way|given up|gives? up", "blocks, closes"),
    (r"fit for a customer", "contains no internal details"),
    (r"the inside", "nothing internal"),
    (r"befall\w*|thereby|whosoever|wherever it", "plain words"),
)
# In code, comments and documents only what names things: a verb may be said in many ways there.
OLD_NAMES = (
    (r"doors?", "endpoint"),
    (r"strangers?", "outsider, other tenant, anonymous"),
    (r"trespass\w*", "cross-tenant access"),
    (r"holdings", "owned resources"),
    (r"ledgers?", "record, list"),
    (r"surveys?|surveyor", "research"),
    (r"breakdowns?", "outage"),
    (r"janitors?", "reaper"),
    (r"(?:dead|bad) lines?", "dropped connection, slow network"),
)
_NAMES = [(re.compile(rf"(?<![A-Za-z])(?:{old})(?![A-Za-z])", re.IGNORECASE), instead) for old, instead in OLD_NAMES]
_PATTERNS = [(re.compile(rf"\b(?:{old})\b", re.IGNORECASE), instead) for old, instead in OLD_WORDS]


def old_words_in(place: str, text: str) -> Iterator[str]:
    """A line for each old word in a text."""
    for pattern, instead in _PATTERNS:
        if found := pattern.search(text):
            yield f"{place}: {found[0]!r}: say {instead}: {text.strip()}"


def old_names_in(path: str, text: str) -> Iterator[str]:
    """A line for each old name in code or a document."""
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, instead in _NAMES:
            if found := pattern.search(line):
                yield f"{path}:{number}: {found[0]!r}: say {instead}"
