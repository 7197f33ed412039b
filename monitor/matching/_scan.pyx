# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Fold, tokenise and hash a text in one pass over the string's own buffer.

What `monitor.text.tokens.tokenise` does, without a string for each token: a token is the 64-bit hash of its folded
letters and its place in the text. The table of letters is made by `monitor.text.fold`, a page of 256 code points when the
first of them is met, so the meaning of folding stands there alone. Texts for which a look at each letter alone is not
enough (letters and marks to be composed, scripts whose marks are vowels) are tokenised there too and only hashed here.
"""

cimport cython
from cpython.unicode cimport PyUnicode_1BYTE_KIND, PyUnicode_2BYTE_KIND, PyUnicode_DATA, PyUnicode_KIND, PyUnicode_READ
from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy, memset

from unicodedata import is_normalized

from monitor.matching.letters import ARTICLES, HYPHENS, page_of
from monitor.text.segments import paragraph_bounds, sentence_bounds
from monitor.text.tokens import tokenise

cdef enum:
    PAGES = 0x1100
    LETTERS = 0x10000
    SEVERAL_ROOM = 0x10000
    LETTER = 0x1FFFFF
    KINDS = 7 << 24
    SEPARATOR = 0
    WORD = 1 << 24
    DROPPED = 3 << 24
    SEVERAL = 4 << 24
    UNKNOWN = 7 << 24
    MARK = 1 << 27
    SLOW = 1 << 28
    ATTACHED = 1 << 29
    UNSAFE = 1 << 30
    MARKS_SHOWN = 64
    ARTICLE_MASK = 255
    WEIGHTS = 1024  # places of a token that count apart: far more than words have
    NEEDS_SLOW = 1
    NEEDS_FORM = 2
    NEEDS_PAGE = 3
    NOT_ASKED = 2

cdef uint32_t letters[LETTERS]  # what becomes of each code point of the basic plane; UNKNOWN until its page was asked for
cdef uint32_t* pages[PAGES]  # the same for those beyond, 256 each
cdef uint32_t several[SEVERAL_ROOM]  # forms of more than one letter: a count, then the entries of each; never moved
cdef Py_ssize_t several_used = 0
memset(pages, 0, sizeof(pages))
memset(letters, 0xFF, sizeof(letters))

cdef uint64_t SEED = 0x2545F4914F6CDD1D
cdef uint64_t STEP = 0x9E3779B97F4A7C15
cdef uint64_t weights[WEIGHTS]


cdef void choose_weights() noexcept:
    """Odd numbers at random (splitmix64), the same in every process: images keep hashes."""
    cdef uint64_t state = SEED
    cdef uint64_t number
    cdef int at
    for at in range(WEIGHTS):
        state += STEP
        number = (state ^ (state >> 30)) * <uint64_t> 0xBF58476D1CE4E5B9
        number = (number ^ (number >> 27)) * <uint64_t> 0x94D049BB133111EB
        weights[at] = (number ^ (number >> 31)) | 1


choose_weights()


cdef inline uint64_t mixed(uint64_t hash, uint32_t letter, int32_t at) noexcept nogil:
    """A letter more, the `at`-th. The hash is a sum with a weight for each place (multilinear hashing: Lemire and Kaser,
    "Strongly universal string hashing is fast", 2014), so that letters need not wait for one another.
    """
    return hash + letter * weights[at & (WEIGHTS - 1)]


cdef inline uint64_t closed(uint64_t hash) noexcept nogil:
    """The hash of a whole token: well spread, and never 0, which stands for an empty place in tables."""
    hash = (hash ^ (hash >> 32)) * STEP
    hash ^= hash >> 29
    return hash if hash else 1


cdef uint64_t hash_str(str token):
    cdef uint64_t hash = SEED
    cdef Py_UCS4 letter
    cdef int32_t at = 0
    for letter in token:
        hash = mixed(hash, letter, at)
        at += 1
    return closed(hash)


def token_hash(str token):
    """The identity of a folded token."""
    return hash_str(token)


cdef int load_page(Py_ssize_t number) except -1:
    """Ask for the folded forms of 256 code points and keep them."""
    global several_used
    cdef uint32_t page[256]
    cdef uint32_t* kept
    cdef Py_ssize_t at
    for at, forms in enumerate(page_of(number)):
        if isinstance(forms, int):
            page[at] = forms
            continue
        flags, found = forms
        if several_used + len(found) + 1 > SEVERAL_ROOM:
            raise MemoryError("the fold table has more long forms than room for them")
        page[at] = <uint32_t> flags | SEVERAL | <uint32_t> several_used
        several[several_used] = len(found)
        several_used += 1
        for entry in found:
            several[several_used] = entry
            several_used += 1
    if number < LETTERS >> 8:
        memcpy(&letters[number << 8], page, sizeof(page))
        return 0
    kept = <uint32_t*> malloc(sizeof(page))
    if kept == NULL:
        raise MemoryError
    memcpy(kept, page, sizeof(page))
    pages[number] = kept  # whole before it is seen; a page that two threads asked for at once is kept once
    return 0


ctypedef fused Letter:
    uint8_t
    uint16_t
    uint32_t


cdef struct Word:
    int32_t state  # 0: none, 1: a word, 2: one letter of an unspaced script
    int32_t start
    int32_t end
    int32_t marks
    int32_t letters
    uint64_t hash


cdef void emit(Field* field, Word* word) noexcept nogil:
    if field.count == field.room:
        field.room = 2 * field.room + 256
        field.tokens = <Token*> realloc(field.tokens, field.room * sizeof(Token))
    cdef Token* token = &field.tokens[field.count]
    token.hash = closed(word.hash)
    token.start = word.start
    token.end = word.end
    field.count += 1
    word.state = 0


cdef void add(Field* field, Word* word, uint32_t entry, int32_t at) noexcept nogil:
    """One folded letter: it continues the word, begins one, or ends it."""
    cdef uint32_t kind = entry & KINDS
    if kind == WORD and word.state == 1:
        word.hash = mixed(word.hash, entry & LETTER, word.letters)
        word.letters += 1
    else:
        if word.state:
            emit(field, word)
        if kind == SEPARATOR:
            return
        word.state = 1 if kind == WORD else 2
        word.start = at
        word.hash = mixed(SEED, entry & LETTER, 0)
        word.letters = 1
    word.end = at + 1
    word.marks = 0


cdef struct Cut:
    Word word
    int32_t at  # the next letter
    int composed  # whether the text is in the composed form (NFC), or NOT_ASKED: to ask costs as much as to fold


cdef inline uint32_t entry_of(uint32_t letter) noexcept nogil:
    if letter < LETTERS:
        return letters[letter]
    return pages[letter >> 8][letter & 255] if pages[letter >> 8] != NULL else UNKNOWN


cdef int scan_letters(Field* field, const Letter* text, int32_t length, Cut* cut) noexcept nogil:
    """Cut a text into tokens from `cut.at` on. Returns 0, or what it needs to go on from there: `NEEDS_PAGE` that of
    the letter at `cut.at`, NEEDS_FORM an answer in `cut.composed`, NEEDS_SLOW the slow way for the whole text.
    """
    cdef int32_t at = cut.at
    cdef int32_t one, offset
    cdef uint32_t entry, kind
    cdef uint64_t hash
    cdef Word* word = &cut.word
    while at < length:
        entry = letters[text[at]] if Letter is not uint32_t else entry_of(text[at])
        kind = entry & KINDS
        if kind == WORD:  # nearly all letters: the whole run at once
            if word.state != 1:
                if word.state:
                    emit(field, word)
                word.state = 1
                word.start = at
                word.hash = SEED
                word.letters = 0
            hash = word.hash
            offset = word.letters - at
            while True:
                hash = mixed(hash, entry & LETTER, at + offset)
                at += 1
                if at == length:
                    break
                entry = letters[text[at]] if Letter is not uint32_t else entry_of(text[at])
                if entry & KINDS != WORD:
                    break
            word.hash = hash
            word.letters = at + offset
            word.end = at
            word.marks = 0
            continue
        if kind == SEPARATOR:
            if word.state:
                emit(field, word)
        elif kind == UNKNOWN:
            cut.at = at
            return NEEDS_PAGE
        elif kind == DROPPED:
            if entry & (UNSAFE | ATTACHED) and cut.composed == NOT_ASKED:
                cut.at = at
                return NEEDS_FORM
            if entry & UNSAFE and not cut.composed:
                return NEEDS_SLOW
            if word.state and word.end == at:
                if entry & ATTACHED and not cut.composed:
                    word.end = at + 1
                elif entry & MARK and word.marks < MARKS_SHOWN:
                    word.end = at + 1
                    word.marks += 1
        elif entry & SLOW:
            return NEEDS_SLOW
        elif kind == SEVERAL:
            for one in range(<int32_t> several[entry & LETTER]):
                add(field, word, several[(entry & LETTER) + 1 + one], at)
        else:
            add(field, word, entry, at)
        at += 1
    if word.state:
        emit(field, word)
    return 0


cdef int number_tokens(Field* field, int32_t* numbers, bounds) except -1:
    """For each token the number of the part that it begins in."""
    cdef int32_t at = 0
    cdef int32_t number = 0
    cdef int32_t bound
    for _, bound in bounds:
        while at < field.count and field.tokens[at].start < bound:
            numbers[at] = number
            at += 1
        number += 1
    while at < field.count:  # there are none: parts cover the text
        numbers[at] = number
        at += 1
    return 0


@cython.final
cdef class Scan:
    """The tokens of an article's fields: title, body, author, url, category. Made once, read by every segment.

    `with_articles` also marks the tokens that are an Arabic article written in front of the next one.
    """

    def __cinit__(self):
        memset(self.fields, 0, sizeof(self.fields))

    def __dealloc__(self):
        cdef int field
        for field in range(5):
            free(self.fields[field].tokens)
            free(self.fields[field].articles)
            free(self.fields[field].sentences)
            free(self.fields[field].paragraphs)

    def read(self, tuple texts, bint with_articles):
        """Take the texts of an article; what was read before is forgotten."""
        cdef int field
        self.texts = texts
        self.with_articles = with_articles
        self.with_units = False
        for field in range(5):
            self.fields[field].count = 0
        for field in range(len(texts)):
            if texts[field]:
                self._read_field(&self.fields[field], texts[field])
                if with_articles:
                    self._mark_articles(&self.fields[field], texts[field])

    cdef int _read_field(self, Field* field, str text) except -1:
        cdef int result = NEEDS_PAGE
        cdef int32_t length = len(text)
        cdef int kind = PyUnicode_KIND(text)
        cdef void* data = PyUnicode_DATA(text)
        cdef Cut cut
        memset(&cut, 0, sizeof(cut))
        cut.composed = NOT_ASKED
        field.count = 0
        while True:
            with nogil:
                if kind == PyUnicode_1BYTE_KIND:
                    result = scan_letters[uint8_t](field, <const uint8_t*> data, length, &cut)
                elif kind == PyUnicode_2BYTE_KIND:
                    result = scan_letters[uint16_t](field, <const uint16_t*> data, length, &cut)
                else:
                    result = scan_letters[uint32_t](field, <const uint32_t*> data, length, &cut)
            if result == 0:
                return 0
            if result == NEEDS_SLOW:
                return self._read_slowly(field, text)
            if result == NEEDS_FORM:
                cut.composed = is_normalized("NFC", text)
            else:
                load_page(<uint32_t> PyUnicode_READ(kind, data, cut.at) >> 8)

    cdef int _read_slowly(self, Field* field, str text) except -1:
        cdef Word word
        tokens = tokenise(text)
        field.count = 0
        for folded, start, end in zip(tokens.folded, tokens.starts, tokens.ends):
            word.state = 1
            word.start = start
            word.end = end
            word.hash = SEED
            for place, letter in enumerate(folded):
                word.hash = mixed(word.hash, ord(letter), place)
            emit(field, &word)
        return 0

    cdef int _mark_articles(self, Field* field, str text) except -1:
        """1 for a token that is an article written in front of the next one (`names.article_before`)."""
        cdef int32_t at
        cdef int kind = PyUnicode_KIND(text)
        cdef void* data = PyUnicode_DATA(text)
        cdef Token* token
        cdef uint64_t slot
        cdef Py_UCS4 between
        field.articles = <uint8_t*> realloc(field.articles, field.count + 1)
        memset(field.articles, 0, field.count + 1)
        for at in range(field.count - 1):
            token = &field.tokens[at]
            if token.end - token.start > 6 or token[1].start - token.end != 1:
                continue
            slot = token.hash & ARTICLE_MASK
            while article_keys[slot] and article_keys[slot] != token.hash:
                slot = (slot + 1) & ARTICLE_MASK
            if not article_keys[slot]:
                continue
            between = PyUnicode_READ(kind, data, token.end)
            if between == 32:
                field.articles[at] = article_plain[slot]
            elif chr(between) in HYPHENS:
                field.articles[at] = 1
        return 0

    cdef int fill_units(self) except -1:
        """Number the sentences and paragraphs that tokens stand in. Only asked for when a rule needs to know."""
        cdef Field* field
        cdef int number
        self.with_units = True
        for number in range(len(self.texts)):
            field = &self.fields[number]
            if field.count:
                field.sentences = <int32_t*> realloc(field.sentences, field.count * sizeof(int32_t))
                field.paragraphs = <int32_t*> realloc(field.paragraphs, field.count * sizeof(int32_t))
                number_tokens(field, field.sentences, sentence_bounds(self.texts[number]))
                number_tokens(field, field.paragraphs, paragraph_bounds(self.texts[number]))
        return 0

    cdef object folded(self, int field, int32_t at):
        """The folded letters of a token, which are not kept: made again from its place."""
        cdef Token* token = &self.fields[field].tokens[at]
        for one in tokenise(self.texts[field][token.start:token.end]).folded:
            if hash_str(one) == token.hash:
                return one
        return ""

    def tokens(self, int field):
        """(hash, start, end) of each token of a field; for tests."""
        cdef Field* one = &self.fields[field]
        return [(one.tokens[at].hash, one.tokens[at].start, one.tokens[at].end) for at in range(one.count)]

    def units(self, int field):
        """The numbers of the sentence and the paragraph of each token of a field; for tests."""
        self.fill_units()
        cdef Field* one = &self.fields[field]
        return [(one.sentences[at], one.paragraphs[at]) for at in range(one.count)]

    def articles(self, int field):
        """Which tokens of a field are articles in front of the next one; for tests."""
        cdef Field* one = &self.fields[field]
        return [one.articles[at] for at in range(one.count)] if self.with_articles and one.articles else []


cdef uint64_t article_keys[ARTICLE_MASK + 1]
cdef uint8_t article_plain[ARTICLE_MASK + 1]


def _load_articles():
    cdef uint64_t slot
    memset(article_keys, 0, sizeof(article_keys))
    for token, plain in ARTICLES.items():
        slot = hash_str(token) & ARTICLE_MASK
        while article_keys[slot]:
            slot = (slot + 1) & ARTICLE_MASK
        article_keys[slot] = hash_str(token)
        article_plain[slot] = plain


_load_articles()
