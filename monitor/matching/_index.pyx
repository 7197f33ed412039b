# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The native part of the rule index: words, phrases, candidates, and the flat code of rules.

    scan ► words of each token ► phrases by a trie ► candidates by their rarest clause ► code: no, maybe, yes

`flat.py` makes the arrays and says what they hold; a `Segment` only reads them, so that they may lie in a mapped file.
A rule that comes to *yes* hits, one that comes to *no* does not; *maybe* is for the evaluator (`evaluate.py`), which alone
defines what rules mean. All that changes while an article is matched is in a `Scratch`, one for each thread, so the work
runs without the interpreter's lock. Longer than other files, since the parts share their structs and must be inlined.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free, malloc, qsort, realloc
from libc.string cimport memcpy, memset

from monitor.matching._scan cimport Field, Scan, Token, hash_str

cdef enum:
    NO = 0
    MAYBE = 1
    YES = 2
    # operators of the flat code; flat.py has the same numbers
    OP_ANY = 1
    OP_NAMES = 2
    OP_OR = 3
    OP_AND = 4
    OP_NOT = 5
    OP_NEAR = 6
    OP_FIRST = 7
    OP_ATLEAST = 8
    OP_SOFT = 9
    OP_MAYBE = 10
    OP_NEVER = 11
    OP_SCORE = 12
    OP_CLAUSE = 13
    OP_LEAD = 14
    ONEAR = 1
    NOTNEAR = 2
    SENTENCE = 3
    PARAGRAPH = 4
    INNER = 8  # a NEAR whose places others are near to, or that are counted
    WITHIN_ARTICLE = -1
    WITHIN_SENTENCE = -2
    TEXT_FIELDS = 3
    PLAIN_CHILDREN = 1
    ARTICLE_CHILDREN = 2
    ANY_CHILD = 4
    ARTICLE_FIRST = 1
    POST = 3  # of each post: rule << 1 | sure, and four words of its second clause (flat.py), or -1
    PRESENT_WORDS = 256  # of 64 bits
    PRESENT_MASK = 0x3FFF
    # a leaf: atom << 8, a bit for each field, two for the tier, one for doubt; the terms of leaves stand behind them
    ATOM = 8
    BIT_TIER = 5
    BIT_SOFT = 7
    MANY_MARKS = 2000
    MANY_PAIRS = 400  # more pairs of NEAR inside NEAR than this are left to the evaluator
    SCORE_CAP = 3
    RESOLVED_TOKENS = 1 << 20
    INLINE_SHIFT = 63
    RESTRICTED = 2
    DEEPEST = 400  # guards that refer to names with guards

cdef extern from *:
    void __builtin_prefetch(const void*) noexcept nogil

cdef inline void prefetch(const void* place) noexcept nogil:
    __builtin_prefetch(place)


cdef uint32_t ANY_WORD = 0xFFFFFFFF
cdef uint64_t STEP = 0x9E3779B97F4A7C15ULL


cdef struct Occurrence:
    int32_t first
    int32_t last
    int32_t next
    uint8_t field
    uint8_t tier


cdef struct Met:
    uint32_t state  # epoch << 5 | fields that an atom was found in
    int32_t head  # its last occurrence


cdef struct Place:
    int32_t first
    int32_t last
    int32_t term
    int32_t order
    uint8_t field
    uint8_t tier


cdef struct Places:
    Place* items
    int32_t count
    int32_t room


cdef struct Numbers:
    int32_t* items
    int32_t count
    int32_t room


cdef inline void push_place(Places* places, int32_t first, int32_t last, int32_t term, uint8_t field, uint8_t tier) noexcept nogil:
    if places.count == places.room:
        places.room = 2 * places.room + 64
        places.items = <Place*> realloc(places.items, places.room * sizeof(Place))
    cdef Place* place = &places.items[places.count]
    place.first = first
    place.last = last
    place.term = term
    place.order = places.count
    place.field = field
    place.tier = tier
    places.count += 1


cdef inline void push_number(Numbers* numbers, int32_t number) noexcept nogil:
    if numbers.count == numbers.room:
        numbers.room = 2 * numbers.room + 64
        numbers.items = <int32_t*> realloc(numbers.items, numbers.room * sizeof(int32_t))
    numbers.items[numbers.count] = number
    numbers.count += 1


# ── building tables ──────────────────────────────────────────────────────────────────────────────────────────────────


cdef struct Pair:
    uint64_t key
    uint32_t value


cdef int by_pair(const void* one, const void* other) noexcept nogil:
    cdef const Pair* a = <const Pair*> one
    cdef const Pair* b = <const Pair*> other
    if a.key != b.key:
        return -1 if a.key < b.key else 1
    return (a.value > b.value) - (a.value < b.value)


@cython.final
cdef class Forms:
    """Collects which folded tokens are which words, and makes the table that a `Segment` looks them up in."""

    cdef Pair* pairs
    cdef Py_ssize_t count
    cdef Py_ssize_t room

    def __dealloc__(self):
        free(self.pairs)

    cpdef add(self, str token, uint32_t entry):
        """A token is a word, by a tier: `entry` is word << 2 | tier."""
        if self.count == self.room:
            self.room = 2 * self.room + 1024
            self.pairs = <Pair*> realloc(self.pairs, self.room * sizeof(Pair))
        self.pairs[self.count].key = hash_str(token)
        self.pairs[self.count].value = entry
        self.count += 1

    def tables(self):
        """Keys, values, lists and filter as bytes: open addressing; a value is 1 << 31 | entry, or where its list begins."""
        cdef Py_ssize_t at, end, one, kept, distinct = 0
        cdef Pair* pairs = self.pairs
        qsort(pairs, self.count, sizeof(Pair), by_pair)
        for at in range(self.count):
            distinct += at == 0 or pairs[at].key != pairs[at - 1].key
        cdef Py_ssize_t size = _table_size(distinct)
        cdef Py_ssize_t bits = 32768
        while bits < 16 * distinct and bits < 1 << 27:
            bits *= 2
        keys, values, sieve = bytearray(8 * size), bytearray(4 * size), bytearray(bits // 8)
        cdef uint64_t* k = <uint64_t*> <char*> keys
        cdef uint32_t* v = <uint32_t*> <char*> values
        cdef uint8_t* s = <uint8_t*> <char*> sieve
        lists = [0]
        cdef uint64_t slot
        at = 0
        while at < self.count:
            end = at + 1
            while end < self.count and pairs[end].key == pairs[at].key:
                end += 1
            slot = pairs[at].key & (size - 1)
            while k[slot]:
                slot = (slot + 1) & (size - 1)
            k[slot] = pairs[at].key
            s[(pairs[at].key >> 32 & (bits - 1)) >> 3] |= 1 << (pairs[at].key >> 32 & 7)
            if end == at + 1:
                v[slot] = 1 << 31 | pairs[at].value
            else:
                v[slot] = len(lists)
                start = len(lists)
                lists.append(0)
                for one in range(at, end):  # sorted, so a word comes first by its best tier
                    if one == at or pairs[one].value >> 2 != pairs[one - 1].value >> 2:
                        lists.append(pairs[one].value)
                lists[start] = len(lists) - start - 1
            at = end
        return keys, values, lists, sieve


cdef Py_ssize_t _table_size(Py_ssize_t count):
    cdef Py_ssize_t size = 16
    while 3 * size < 5 * count:
        size *= 2
    return size


cdef inline uint64_t edge_hash(uint64_t key) noexcept nogil:
    key *= STEP
    return key ^ (key >> 29)


def edge_tables(edges):
    """The trie's edges, (node, word) -> node, as keys and values for open addressing, with a filter in front."""
    cdef Py_ssize_t size = _table_size(len(edges))
    cdef Py_ssize_t bits = 4096
    while bits < 8 * len(edges) and bits < 1 << 27:
        bits *= 2
    sieve = bytearray(bits // 8)
    cdef uint8_t* s = <uint8_t*> <char*> sieve
    keys, values = bytearray(8 * size), bytearray(4 * size)
    cdef uint64_t* k = <uint64_t*> <char*> keys
    cdef uint32_t* v = <uint32_t*> <char*> values
    cdef uint64_t slot, key
    for (node, word), child in edges.items():
        key = (<uint64_t> node << 32 | <uint32_t> word) + 1
        slot = edge_hash(key)
        s[(slot >> 32 & (bits - 1)) >> 3] |= 1 << (slot >> 32 & 7)
        slot &= size - 1
        while k[slot]:
            slot = (slot + 1) & (size - 1)
        k[slot] = key
        v[slot] = child
    return keys, values, sieve


# ── words of tokens that no table lists: by sound, by wildcard ───────────────────────────────────────────────────────


@cython.final
cdef class Resolved:
    """What tokens met so far are, by sound and wildcard too. Only grows; replaced by an empty one when it is full."""

    cdef uint64_t* keys
    cdef uint64_t* values
    cdef Py_ssize_t size
    cdef Py_ssize_t count
    cdef list blocks

    def __cinit__(self):
        self.size = 4096
        self.keys = <uint64_t*> calloc(self.size, 8)
        self.values = <uint64_t*> calloc(self.size, 8)
        self.blocks = []

    def __dealloc__(self):
        free(self.keys)
        free(self.values)

    cdef uint64_t* find(self, uint64_t key) noexcept:
        """The place of a key, empty when it is new."""
        cdef uint64_t slot = key & (self.size - 1)
        while self.keys[slot] and self.keys[slot] != key:
            slot = (slot + 1) & (self.size - 1)
        return &self.values[slot] if self.keys[slot] else NULL

    cdef int put(self, uint64_t key, uint64_t value) except -1:
        cdef uint64_t slot
        cdef Py_ssize_t at, old = self.size
        cdef uint64_t* keys = self.keys
        cdef uint64_t* values = self.values
        if 2 * self.count >= self.size:
            self.size *= 4
            self.keys = <uint64_t*> calloc(self.size, 8)
            self.values = <uint64_t*> calloc(self.size, 8)
            self.count = 0
            for at in range(old):
                if keys[at]:
                    self.put(keys[at], values[at])
            free(keys)
            free(values)
        slot = key & (self.size - 1)
        while self.keys[slot]:
            slot = (slot + 1) & (self.size - 1)
        self.keys[slot] = key
        self.values[slot] = value
        self.count += 1
        return 0


# ── what changes while an article is matched ─────────────────────────────────────────────────────────────────────────


@cython.final
cdef class Scratch:
    """The working memory of one thread on one segment."""

    cdef uint32_t epoch
    cdef Met* met  # of each atom
    cdef uint64_t present[PRESENT_WORDS]  # a bit for each word of the article, by the lowest bits of its number
    cdef uint32_t* rule_epoch
    cdef uint32_t* names_epoch  # of names and field
    cdef uint32_t names_stamp
    cdef Field* fields  # of the scan, for sentences and paragraphs
    cdef bint units_known
    cdef bint units_wanted
    cdef int32_t* names_range  # begin, end, soft
    cdef Occurrence* occurrences
    cdef int32_t occurrence_count
    cdef int32_t occurrence_room
    cdef uint64_t* words[5]  # of each token: 0, an inline entry, or a pointer to a list
    cdef int32_t words_room[5]
    cdef Places places
    cdef Places kept
    cdef Places marks
    cdef Numbers candidates
    cdef Numbers sure
    cdef Numbers hits
    cdef Numbers doubts
    cdef Numbers clauses
    cdef int32_t total
    cdef int depth
    cdef bint unsure
    cdef Resolved resolved

    def __cinit__(self, Segment segment):
        self.met = <Met*> calloc(segment.atoms + 1, sizeof(Met))
        self.rule_epoch = <uint32_t*> calloc(segment.rules + 1, 4)
        self.names_epoch = <uint32_t*> calloc(5 * segment.names + 1, 4)
        self.names_range = <int32_t*> malloc((15 * segment.names + 1) * 4)
        memset(self.words, 0, sizeof(self.words))
        memset(self.words_room, 0, sizeof(self.words_room))

    def __dealloc__(self):
        cdef int field
        for field in range(5):
            free(self.words[field])
        free(self.met)
        free(self.rule_epoch)
        free(self.names_epoch)
        free(self.names_range)
        free(self.occurrences)
        free(self.places.items)
        free(self.kept.items)
        free(self.marks.items)
        free(self.candidates.items)
        free(self.sure.items)
        free(self.hits.items)
        free(self.doubts.items)
        free(self.clauses.items)

    cdef void new_names(self, Segment segment):
        """What is remembered of names is out of date."""
        self.names_stamp += 1
        if self.names_stamp == 0:
            memset(self.names_epoch, 0, segment.names * 20)
            self.names_stamp = 1
        self.kept.count = 0

    cdef void begin(self, Segment segment):
        """A new article: what was found in the last one is out of date at once."""
        self.epoch += 1
        if self.epoch == 1 << 27:
            memset(self.met, 0, segment.atoms * sizeof(Met))
            memset(self.rule_epoch, 0, segment.rules * 4)
            self.epoch = 1
        self.new_names(segment)
        self.occurrence_count = self.places.count = 0
        self.candidates.count = self.sure.count = self.hits.count = self.doubts.count = 0
        self.depth = 0
        memset(self.present, 0, sizeof(self.present))


cdef inline bint is_present(Scratch scratch, uint32_t word) noexcept nogil:
    return scratch.present[word >> 6 & (PRESENT_WORDS - 1)] >> (word & 63) & 1


cdef inline void note_present(Scratch scratch, uint64_t listed) noexcept nogil:
    """The words that a token is."""
    cdef const uint32_t* entries
    cdef uint32_t one, word
    if not listed:
        return
    if listed >> INLINE_SHIFT:
        word = (<uint32_t> listed & 0x7FFFFFFF) >> 2 & PRESENT_MASK
        scratch.present[word >> 6] |= <uint64_t> 1 << (word & 63)
        return
    entries = <const uint32_t*> <uintptr_t> listed
    for one in range(1, 1 + entries[0]):
        word = entries[one] >> 2 & PRESENT_MASK
        scratch.present[word >> 6] |= <uint64_t> 1 << (word & 63)


# ── a compiled set of rules ──────────────────────────────────────────────────────────────────────────────────────────


@cython.final
cdef class Segment:
    """The arrays of a set of rules. Immutable; any number of threads, each with a scratch of its own."""

    cdef dict sections
    cdef list views
    cdef const uint64_t* token_keys
    cdef const uint32_t* token_values
    cdef uint64_t token_mask
    cdef const uint8_t* sieve
    cdef uint64_t sieve_mask
    cdef const uint32_t* lists
    cdef const int32_t* nodes  # of each: what ends there (none: -1, one atom: -2 less its number, else a list), flags
    cdef const int32_t* outs
    cdef const uint64_t* edge_keys
    cdef const uint32_t* edge_values
    cdef uint64_t edge_mask
    cdef const uint8_t* edge_sieve
    cdef uint64_t edge_sieve_mask
    cdef const uint8_t* word_article
    cdef const int32_t* atom_rows  # of each: where its posts are, words of any kind in front | flags << 8
    cdef const int32_t* posts
    cdef const int32_t* rule_at
    cdef const int32_t* names_at
    cdef const int32_t* code
    cdef const int32_t* always
    cdef const uint8_t* flags
    cdef int32_t always_count
    cdef readonly int32_t atoms
    cdef readonly int32_t rules
    cdef readonly int32_t names
    cdef readonly int32_t fields
    cdef object resolver
    cdef Resolved resolved

    def __init__(self, dict sections, int32_t fields, object resolver):
        """`sections` are buffers by name; `resolver(token)` gives the entries that no table lists, or is None."""
        self.sections = sections
        self.views = []
        self.fields = fields
        self.resolver = resolver
        self.resolved = Resolved()
        self.token_keys = <const uint64_t*> self._open("token_keys")
        self.token_mask = len(sections["token_keys"]) // 8 - 1
        self.token_values = <const uint32_t*> self._open("token_values")
        self.sieve = <const uint8_t*> self._open("sieve")
        self.sieve_mask = 8 * len(sections["sieve"]) - 1
        self.lists = <const uint32_t*> self._open("lists")
        self.nodes = <const int32_t*> self._open("nodes")
        self.outs = <const int32_t*> self._open("outs")
        self.edge_keys = <const uint64_t*> self._open("edge_keys")
        self.edge_mask = len(sections["edge_keys"]) // 8 - 1
        self.edge_values = <const uint32_t*> self._open("edge_values")
        self.edge_sieve = <const uint8_t*> self._open("edge_sieve")
        self.edge_sieve_mask = 8 * len(sections["edge_sieve"]) - 1
        self.word_article = <const uint8_t*> self._open("word_article")
        self.atom_rows = <const int32_t*> self._open("atoms")
        self.posts = <const int32_t*> self._open("posts")
        self.rule_at = <const int32_t*> self._open("rule_at")
        self.names_at = <const int32_t*> self._open("names_at")
        self.code = <const int32_t*> self._open("code")
        self.always = <const int32_t*> self._open("always")
        self.flags = <const uint8_t*> self._open("flags")
        self.always_count = len(sections["always"]) // 4
        self.atoms = len(sections["atoms"]) // 8
        self.rules = len(sections["rule_at"]) // 4
        self.names = len(sections["names_at"]) // 4

    cdef void* _open(self, str name) except? NULL:
        view = memoryview(self.sections[name])
        cdef Py_buffer buffer
        PyObject_GetBuffer(view, &buffer, PyBUF_SIMPLE)
        cdef void* start = buffer.buf
        self.views.append(view)  # keeps the memory where it is
        PyBuffer_Release(&buffer)
        return start

    # what tokens are

    cdef uint64_t _listed(self, uint64_t hash) noexcept nogil:
        """What the table says of a token: 0, an inline entry, or a pointer to a list."""
        cdef uint64_t bit = hash >> 32 & self.sieve_mask
        if not self.sieve[bit >> 3] & (1 << (hash >> 32 & 7)):
            return 0
        cdef uint64_t slot = hash & self.token_mask
        while self.token_keys[slot] != hash:
            if not self.token_keys[slot]:
                return 0
            slot = (slot + 1) & self.token_mask
        cdef uint32_t value = self.token_values[slot]
        if value >> 31:
            return <uint64_t> 1 << INLINE_SHIFT | (value & 0x7FFFFFFF)
        return <uint64_t> <uintptr_t> (self.lists + value)

    cdef uint64_t _resolve(self, Scan scan, int field, int32_t at, Resolved resolved) except? 0:
        """What a token is that was not met before, its sound and the wildcards included."""
        cdef uint64_t hash = scan.fields[field].tokens[at].hash
        cdef uint64_t listed = self._listed(hash)
        cdef const uint32_t* known
        cdef uint32_t* block
        more = self.resolver(scan.folded(field, at))
        if more:
            if listed >> INLINE_SHIFT:
                entries = [listed & 0x7FFFFFFF]
            elif listed:
                known = <const uint32_t*> <uintptr_t> listed
                entries = [known[1 + one] for one in range(known[0])]
            else:
                entries = []
            seen = {entry >> 2 for entry in entries}
            entries += [entry for entry in more if entry >> 2 not in seen]
            storage = bytearray(4 * (len(entries) + 1))
            block = <uint32_t*> <char*> storage
            block[0] = len(entries)
            for one, entry in enumerate(entries):
                block[1 + one] = entry
            resolved.blocks.append(storage)
            listed = <uint64_t> <uintptr_t> block
        resolved.put(hash, listed)
        return listed

    cdef int _words(self, Scan scan, Scratch scratch) except -1:
        """Look up every token once."""
        cdef int field
        cdef int32_t at
        cdef Field* one
        cdef uint64_t* words
        cdef uint64_t* found
        if self.resolver is not None and self.resolved.count > RESOLVED_TOKENS:
            self.resolved = Resolved()
        scratch.resolved = self.resolved
        for field in range(5):
            one = &scan.fields[field]
            if not self.fields >> field & 1:
                continue
            if scratch.words_room[field] < one.count:
                scratch.words_room[field] = one.count + 256
                scratch.words[field] = <uint64_t*> realloc(scratch.words[field], scratch.words_room[field] * 8)
            words = scratch.words[field]
            if self.resolver is None:
                with nogil:
                    for at in range(one.count):
                        words[at] = self._listed(one.tokens[at].hash)
                        note_present(scratch, words[at])
                continue
            for at in range(one.count):
                found = scratch.resolved.find(one.tokens[at].hash)
                words[at] = found[0] if found else self._resolve(scan, field, at, scratch.resolved)
                note_present(scratch, words[at])
        return 0

    # phrases

    cdef inline uint32_t _child(self, uint32_t node, uint32_t word) noexcept nogil:
        """The node behind an edge, or 0: no edge leads to a first word."""
        cdef uint64_t key = (<uint64_t> node << 32 | word) + 1
        cdef uint64_t slot = edge_hash(key)
        if not self.edge_sieve[(slot >> 32 & self.edge_sieve_mask) >> 3] & (1 << (slot >> 32 & 7)):
            return 0
        slot &= self.edge_mask
        while self.edge_keys[slot] != key:
            if not self.edge_keys[slot]:
                return 0
            slot = (slot + 1) & self.edge_mask
        return self.edge_values[slot]

    cdef void _found(self, Scratch scratch, Field* field, uint8_t number, int32_t atom, int32_t first, int32_t last, uint8_t tier) noexcept nogil:
        """A phrase occurs: note where, and which rules are worth asking because of it."""
        cdef const int32_t* row = self.atom_rows + 2 * atom
        cdef Met* met = scratch.met + atom
        cdef Occurrence* occurrence
        first -= row[1] & 255
        if first < 0:
            return
        if row[1] >> 8 & ARTICLE_FIRST and first > 0 and field.articles[first - 1]:
            first -= 1
        if met.state >> 5 != scratch.epoch:
            met.state = scratch.epoch << 5
            met.head = -1
            if row[0] >= 0:
                self._ask(scratch, self.posts + row[0], number)
        met.state |= <uint32_t> 1 << number
        if scratch.occurrence_count == scratch.occurrence_room:
            scratch.occurrence_room = 2 * scratch.occurrence_room + 256
            scratch.occurrences = <Occurrence*> realloc(scratch.occurrences, scratch.occurrence_room * sizeof(Occurrence))
        occurrence = &scratch.occurrences[scratch.occurrence_count]
        occurrence.first = first
        occurrence.last = last
        occurrence.field = number
        occurrence.tier = tier
        occurrence.next = met.head
        met.head = scratch.occurrence_count
        scratch.occurrence_count += 1

    cdef void _ask(self, Scratch scratch, const int32_t* posts, uint8_t number) noexcept nogil:
        """Note the rules of a phrase: each once, and only if a word of its second clause is somewhere in the article."""
        cdef const int32_t* post = posts + 1
        cdef const int32_t* end = post + POST * posts[0]
        cdef int32_t rule
        while post < end:
            if post[1] == -1 or (
                is_present(scratch, post[1] & 0xFFFF)
                or is_present(scratch, post[1] >> 16 & 0xFFFF)
                or is_present(scratch, post[2] & 0xFFFF)
                or is_present(scratch, post[2] >> 16 & 0xFFFF)
            ):
                rule = post[0] >> 1
                if scratch.rule_epoch[rule] != scratch.epoch:
                    scratch.rule_epoch[rule] = scratch.epoch
                    # the lowest bit: a rule that asks for nothing but one of these in title or body
                    push_number(&scratch.sure if post[0] & 1 and number < 2 else &scratch.candidates, rule)
            post += POST

    cdef void _follow(self, Scratch scratch, Field* field, uint8_t number, uint32_t node, int32_t first, int32_t at, uint8_t tier) noexcept nogil:
        """Phrases that go on from `node` with token `at`."""
        cdef int32_t ending = self.nodes[2 * node]
        cdef int32_t flags = self.nodes[2 * node + 1]
        cdef int32_t one
        if ending < -1:
            self._found(scratch, field, number, -2 - ending, first, at - 1, tier)
        elif ending >= 0:
            for one in range(self.outs[ending]):
                self._found(scratch, field, number, self.outs[ending + 1 + one], first, at - 1, tier)
        if not flags or at >= field.count:
            return
        if flags & PLAIN_CHILDREN and scratch.words[number][at]:
            self._step(scratch, field, number, node, first, at, tier, False)
        if flags & ARTICLE_CHILDREN:
            # a word of a name may have its article in front, which then is skipped
            if field.articles[at] and at + 1 < field.count:
                self._step(scratch, field, number, node, first, at + 1, tier, True)
            else:
                self._step(scratch, field, number, node, first, at, tier, True)
        cdef uint32_t child
        if flags & ANY_CHILD:
            child = self._child(node, ANY_WORD)
            if child:
                self._follow(scratch, field, number, child, first, at + 1, tier)

    cdef void _step(self, Scratch scratch, Field* field, uint8_t number, uint32_t node, int32_t first, int32_t at, uint8_t tier, bint article) noexcept nogil:
        cdef uint64_t words = scratch.words[number][at]
        cdef uint32_t entry, child
        cdef const uint32_t* entries
        cdef uint32_t one, count
        if not words:
            return
        if words >> INLINE_SHIFT:
            entry = <uint32_t> words & 0x7FFFFFFF
            entries = &entry
            count = 1
        else:
            entries = <const uint32_t*> <uintptr_t> words
            count = entries[0]
            entries += 1
        for one in range(count):
            if self.word_article[entries[one] >> 2] == article:
                child = self._child(node, entries[one] >> 2)
                if child:
                    self._follow(scratch, field, number, child, first, at + 1, max(tier, <uint8_t> (entries[one] & 3)))

    cdef void _phrases(self, Scan scan, Scratch scratch) noexcept nogil:
        cdef int number
        cdef int32_t at
        cdef Field* field
        cdef uint64_t words
        cdef const uint32_t* entries
        cdef uint32_t one
        for number in range(5):
            if not self.fields >> number & 1:
                continue
            field = &scan.fields[number]
            for at in range(field.count):
                words = scratch.words[number][at]
                if not words:
                    continue
                if words >> INLINE_SHIFT:
                    self._follow(scratch, field, number, (<uint32_t> words & 0x7FFFFFFF) >> 2, at, at + 1, words & 3)
                    continue
                entries = <const uint32_t*> <uintptr_t> words
                for one in range(entries[0]):
                    self._follow(scratch, field, number, entries[1 + one] >> 2, at, at + 1, entries[1 + one] & 3)

    # rules

    def match(self, Scan scan, Scratch scratch, const uint8_t[::1] dead, list ids):
        """The ids of rules that hit, the numbers of restricted ones that do, and of those that the evaluator must decide.

        `dead` rules are not looked at; with a 2 in `flags` a rule is restricted.
        """
        scratch.begin(self)
        self._words(scan, scratch)
        scratch.fields = scan.fields
        scratch.units_known = scan.with_units
        scratch.units_wanted = False
        cdef int32_t one, rule, doubtful
        with nogil:
            self._phrases(scan, scratch)
            for one in range(self.always_count):
                push_number(&scratch.candidates, self.always[one])
            for one in range(scratch.sure.count):
                rule = scratch.sure.items[one]
                if not dead[rule]:
                    push_number(&scratch.hits, rule)
            for one in range(scratch.candidates.count):
                # memory far away is asked for early
                if one + 12 < scratch.candidates.count:
                    prefetch(self.rule_at + scratch.candidates.items[one + 12])
                if one + 6 < scratch.candidates.count:
                    prefetch(self.code + self.rule_at[scratch.candidates.items[one + 6]])
                rule = scratch.candidates.items[one]
                if not dead[rule]:
                    self._decide(scratch, rule)
        if scratch.units_wanted:  # now it is worth finding the sentences
            scan.fill_units()
            scratch.units_known = True
            scratch.new_names(self)
            with nogil:
                doubtful = scratch.doubts.count
                for one in range(doubtful):
                    self._decide(scratch, scratch.doubts.items[one])
                scratch.doubts.count -= doubtful
                for one in range(scratch.doubts.count):
                    scratch.doubts.items[one] = scratch.doubts.items[doubtful + one]
        hits = []
        restricted = []
        for one in range(scratch.hits.count):
            rule = scratch.hits.items[one]
            if self.flags[rule] & RESTRICTED:
                restricted.append(rule)
            else:
                hits.append(rule if ids is None else ids[rule])
        return hits, restricted, [scratch.doubts.items[one] for one in range(scratch.doubts.count)]

    cdef void _decide(self, Scratch scratch, int32_t rule) noexcept nogil:
        scratch.places.count = 0
        cdef int verdict = evaluate(self, scratch, self.code + self.rule_at[rule])
        if verdict == YES:
            push_number(&scratch.hits, rule)
        elif verdict == MAYBE:
            push_number(&scratch.doubts, rule)

    def candidates(self, Scratch scratch):
        """How many rules the last article was held against; for measuring."""
        return scratch.candidates.count

    def marks(self, int32_t rule, Scan scan, Scratch scratch):
        """Why a rule hit the article just matched: clauses, sum, and (field, start, -end, term, tier) of each place:
        in this form they sort by place, and the longer one first.

        None where only the evaluator can tell.
        """
        scratch.marks.count = scratch.clauses.count = scratch.places.count = 0
        scratch.total = 0
        scratch.unsure = False
        with nogil:
            why(self, scratch, self.code + self.rule_at[rule])
        if scratch.unsure:
            return None
        cdef Place* place
        cdef int32_t one
        if scratch.marks.count > MANY_MARKS:
            shorten(&scratch.marks)
        marks = []
        for one in range(scratch.marks.count):
            place = &scratch.marks.items[one]
            tokens = scan.fields[place.field].tokens
            marks.append((place.field, tokens[place.first].start, -tokens[place.last].end, place.term, place.tier))
        return [scratch.clauses.items[one] for one in range(scratch.clauses.count)], scratch.total, marks


# ── the flat code of a rule ──────────────────────────────────────────────────────────────────────────────────────────


cdef int evaluate(Segment segment, Scratch scratch, const int32_t* code) noexcept nogil:
    """NO, MAYBE or YES: whether a query holds."""
    cdef const int32_t* end = code + code[1]
    cdef const int32_t* part = code + 2
    cdef int result, one
    cdef int32_t op = code[0]
    cdef int32_t at
    if op == OP_ANY:
        return any_leaf(scratch, code)
    if op == OP_AND:
        result = YES
        while part < end:
            one = evaluate(segment, scratch, part)
            if one == NO:
                return NO
            if one < result:
                result = one
            part += part[1]
        return result
    if op == OP_OR:
        result = NO
        while part < end:
            one = evaluate(segment, scratch, part)
            if one == YES:
                return YES
            if one > result:
                result = one
            part += part[1]
        return result
    if op == OP_NOT:
        return YES - evaluate(segment, scratch, part)
    if op == OP_SOFT:
        return min(MAYBE, evaluate(segment, scratch, part))
    if op == OP_CLAUSE:
        return evaluate(segment, scratch, part + 1)
    if op == OP_MAYBE:
        return MAYBE
    if op == OP_NEVER:
        return NO
    if op == OP_SCORE:
        return score(segment, scratch, code)
    # NAMES, NEAR, FIRST, LEAD, ATLEAST: by their places
    at = scratch.places.count
    one = collect(segment, scratch, code)
    result = NO if scratch.places.count == at else MAYBE if one else YES
    scratch.places.count = at
    return result


cdef inline int any_leaf(Scratch scratch, const int32_t* code) noexcept nogil:
    cdef int result = NO
    cdef int32_t one
    cdef uint32_t state, leaf
    for one in range(3, 3 + code[2]):
        leaf = code[one]
        state = scratch.met[leaf >> ATOM].state
        if state >> 5 == scratch.epoch and state & leaf & 31:
            if not leaf >> BIT_SOFT & 1:
                return YES
            result = MAYBE
    return result


cdef int score(Segment segment, Scratch scratch, const int32_t* code) noexcept nogil:
    """The sum of weights, each once for each occurrence up to three."""
    cdef const int32_t* end = code + code[1]
    cdef const int32_t* part = code + 3
    cdef int32_t total = 0, begin, weight
    cdef int soft = 0
    while part < end:
        weight = part[0]
        part += 1
        begin = scratch.places.count
        soft |= collect(segment, scratch, part)
        total += weight * min(distinct_places(scratch, begin), SCORE_CAP)
        scratch.places.count = begin
        part += part[1]
    scratch.total = total
    if soft:
        return MAYBE
    return YES if total >= code[2] else NO


cdef int32_t distinct_places(Scratch scratch, int32_t begin) noexcept nogil:
    """How many places there are from `begin` on, the same words counted once. Orders them."""
    cdef Place* places = scratch.places.items + begin
    cdef int32_t count = scratch.places.count - begin
    cdef int32_t found = 0, one
    qsort(places, count, sizeof(Place), by_first)
    for one in range(count):
        found += one == 0 or (
            places[one].first != places[one - 1].first
            or places[one].last != places[one - 1].last
            or places[one].field != places[one - 1].field
        )
    return found


cdef void push_leaf(Scratch scratch, uint32_t leaf, int32_t term, uint32_t mask) noexcept nogil:
    """The places of a leaf."""
    cdef uint32_t state = scratch.met[leaf >> ATOM].state
    cdef int32_t at
    cdef Occurrence* found
    if state >> 5 != scratch.epoch or not state & mask:
        return
    at = scratch.met[leaf >> ATOM].head
    while at >= 0:
        found = &scratch.occurrences[at]
        if mask >> found.field & 1:
            push_place(&scratch.places, found.first, found.last, term, found.field, max(found.tier, <uint8_t> (leaf >> BIT_TIER & 3)))
        at = found.next


cdef int collect(Segment segment, Scratch scratch, const int32_t* code) noexcept nogil:
    """Push the places of a query that has places; returns whether there may be too many of them."""
    cdef const int32_t* end = code + code[1]
    cdef const int32_t* part = code + 2
    cdef int32_t op = code[0]
    cdef int32_t begin = scratch.places.count
    cdef int32_t one
    cdef int soft = 0
    if op == OP_ANY:
        part = code + 3
        for one in range(code[2]):
            push_leaf(scratch, part[one], part[code[2] + one], part[one] & 31)
            soft |= part[one] >> BIT_SOFT & 1
    elif op == OP_OR:
        while part < end:
            soft |= collect(segment, scratch, part)
            part += part[1]
    elif op == OP_NAMES:
        for one in range(5):
            if code[3] >> one & 1:
                soft |= named(segment, scratch, code[2], one)
    elif op == OP_CLAUSE:
        soft = collect(segment, scratch, part + 1)
    elif op == OP_FIRST:
        soft = collect(segment, scratch, part + 1)
        keep_first(scratch, begin, part[0])
    elif op == OP_LEAD:
        soft = collect(segment, scratch, part) | keep_leading(scratch, begin)
    elif op == OP_ATLEAST:
        soft = collect(segment, scratch, part + 1)
        if distinct_places(scratch, begin) < part[0]:
            scratch.places.count = begin
    elif op == OP_NEAR:
        soft = near(segment, scratch, code)
    return soft and scratch.places.count > begin


cdef void keep_first(Scratch scratch, int32_t begin, int32_t words) noexcept nogil:
    cdef int32_t one, kept = begin
    for one in range(begin, scratch.places.count):
        if scratch.places.items[one].last < words:
            scratch.places.items[kept] = scratch.places.items[one]
            kept += 1
    scratch.places.count = kept


cdef int keep_leading(Scratch scratch, int32_t begin) noexcept nogil:
    """Keep the places in the title or the first paragraph; all, in doubt, while paragraphs are not known."""
    cdef int32_t one, kept = begin
    cdef Place* place
    if not scratch.units_known:
        scratch.units_wanted = scratch.units_wanted or scratch.places.count > begin
        return 1
    for one in range(begin, scratch.places.count):
        place = &scratch.places.items[one]
        if place.field == 0 or (place.field == 1 and scratch.fields[1].paragraphs[place.last] == 0):
            scratch.places.items[kept] = place[0]
            kept += 1
    scratch.places.count = kept
    return 0


# ── sentences and paragraphs ─────────────────────────────────────────────────────────────────────────────────────────


cdef int32_t unit_of(Scratch scratch, const Place* place, int join) noexcept nogil:
    """The number of the sentence or paragraph that a place lies in; -1 when it crosses a border."""
    cdef Field* field = &scratch.fields[place.field]
    cdef int32_t* numbers = field.sentences if join == SENTENCE else field.paragraphs
    return numbers[place.first] if numbers[place.first] == numbers[place.last] else -1


cdef int by_unit(const void* one, const void* other) noexcept nogil:
    """By field and unit, which stands in `order`."""
    cdef const Place* a = <const Place*> one
    cdef const Place* b = <const Place*> other
    if a.field != b.field:
        return a.field - b.field
    return (a.order > b.order) - (a.order < b.order)


cdef void order_by_unit(Scratch scratch, int32_t begin, int32_t end, int join) noexcept nogil:
    cdef int32_t one
    for one in range(begin, end):
        scratch.places.items[one].order = unit_of(scratch, &scratch.places.items[one], join)
    qsort(scratch.places.items + begin, end - begin, sizeof(Place), by_unit)


cdef struct Group:  # places of one unit
    int32_t begin
    int32_t end
    int32_t earliest  # of their last words
    int32_t latest  # of their first words


cdef Group group_at(Scratch scratch, int32_t begin, int32_t limit) noexcept nogil:
    """The places from `begin` on that share their unit."""
    cdef Group group
    cdef Place* places = scratch.places.items
    group.begin = group.end = begin
    group.earliest = places[begin].last
    group.latest = places[begin].first
    while group.end < limit and by_unit(&places[group.end], &places[begin]) == 0:
        group.earliest = min(group.earliest, places[group.end].last)
        group.latest = max(group.latest, places[group.end].first)
        group.end += 1
    return group


cdef inline bint is_apart(const Place* place, const Group* others) noexcept nogil:
    """Whether a place does not overlap all of the others."""
    return others.earliest < place.first or others.latest > place.last


cdef void together(Scratch scratch, int32_t begin, int32_t middle, int join, bint telling) noexcept nogil:
    """Replace both sides by one place for each unit that has both apart; or note those that make it, when `telling`."""
    cdef int32_t end = scratch.places.count
    cdef int32_t left = begin, right = middle, one, order, first, last
    cdef Group lefts, rights
    cdef Places found
    cdef Place* place
    memset(&found, 0, sizeof(found))
    order_by_unit(scratch, begin, middle, join)
    order_by_unit(scratch, middle, end, join)
    while left < middle and right < end:
        order = by_unit(&scratch.places.items[left], &scratch.places.items[right])
        if order < 0:
            left += 1
            continue
        if order > 0:
            right += 1
            continue
        lefts = group_at(scratch, left, middle)
        rights = group_at(scratch, right, end)
        left, right = lefts.end, rights.end
        if scratch.places.items[lefts.begin].order < 0:
            continue
        first = last = -1
        for one in range(lefts.begin, rights.end):
            place = &scratch.places.items[one]
            if (lefts.begin <= one < lefts.end and is_apart(place, &rights)) or (rights.begin <= one < rights.end and is_apart(place, &lefts)):
                first = place.first if first < 0 else min(first, place.first)
                last = max(last, place.last)
                if telling:
                    push_place(&scratch.marks, place.first, place.last, place.term, place.field, place.tier)
        if first >= 0:
            push_place(&found, first, last, 0, scratch.places.items[lefts.begin].field, 0)
    scratch.places.count = begin
    for one in range(found.count):
        push_place(&scratch.places, found.items[one].first, found.items[one].last, 0, found.items[one].field, 0)
    free(found.items)


# ── nearness ─────────────────────────────────────────────────────────────────────────────────────────────────────────


cdef int by_first(const void* one, const void* other) noexcept nogil:
    cdef const Place* a = <const Place*> one
    cdef const Place* b = <const Place*> other
    if a.field != b.field:
        return a.field - b.field
    if a.first != b.first:
        return -1 if a.first < b.first else 1
    return (a.last > b.last) - (a.last < b.last)


cdef int by_last(const void* one, const void* other) noexcept nogil:
    cdef const Place* a = <const Place*> one
    cdef const Place* b = <const Place*> other
    if a.field != b.field:
        return a.field - b.field
    if a.last != b.last:
        return -1 if a.last < b.last else 1
    return (a.first > b.first) - (a.first < b.first)


cdef int by_length(const void* one, const void* other) noexcept nogil:
    """By beginning; the longest first, of equal ones the best tier, then the one that came first."""
    cdef const Place* a = <const Place*> one
    cdef const Place* b = <const Place*> other
    if a.first != b.first:
        return -1 if a.first < b.first else 1
    if a.last != b.last:
        return 1 if a.last < b.last else -1
    if a.tier != b.tier:
        return a.tier - b.tier
    return (a.order > b.order) - (a.order < b.order)


cdef struct Sides:  # places in the two orders in which neighbours are looked for
    Place* by_first
    Place* by_last
    int32_t count


cdef Sides sides_of(Scratch scratch, int32_t begin, int32_t end) noexcept nogil:
    """A copy, since the stack may move; `free` both."""
    cdef Sides sides
    sides.count = end - begin
    cdef size_t size = (sides.count + 1) * sizeof(Place)
    sides.by_first = <Place*> malloc(size)
    sides.by_last = <Place*> malloc(size)
    memcpy(sides.by_first, scratch.places.items + begin, sides.count * sizeof(Place))
    memcpy(sides.by_last, scratch.places.items + begin, sides.count * sizeof(Place))
    qsort(sides.by_first, sides.count, sizeof(Place), by_first)
    qsort(sides.by_last, sides.count, sizeof(Place), by_last)
    return sides


cdef Place* after(const Sides* sides, const Place* place) noexcept nogil:
    """The nearest that begins after a place ends."""
    cdef int32_t low = 0, high = sides.count, middle
    cdef const Place* one
    while low < high:
        middle = (low + high) // 2
        one = &sides.by_first[middle]
        if one.field < place.field or (one.field == place.field and one.first <= place.last):
            low = middle + 1
        else:
            high = middle
    if low < sides.count and sides.by_first[low].field == place.field:
        return &sides.by_first[low]
    return NULL


cdef Place* before(const Sides* sides, const Place* place) noexcept nogil:
    """The nearest that ends before a place begins."""
    cdef int32_t low = 0, high = sides.count, middle
    cdef const Place* one
    while low < high:
        middle = (low + high) // 2
        one = &sides.by_last[middle]
        if one.field < place.field or (one.field == place.field and one.last < place.first):
            low = middle + 1
        else:
            high = middle
    if low > 0 and sides.by_last[low - 1].field == place.field:
        return &sides.by_last[low - 1]
    return NULL


cdef bint has_near(const Sides* sides, const Place* place, int32_t words, bint look_after, bint look_before) noexcept nogil:
    """Whether one of the places is close: if any is, the nearest is."""
    cdef Place* found
    if look_after:
        found = after(sides, place)
        if found != NULL and found.first - place.last - 1 <= words:
            return True
    if look_before:
        found = before(sides, place)
        if found != NULL and place.first - found.last - 1 <= words:
            return True
    return False


cdef void shorten(Places* marks) noexcept nogil:
    """Of very many marks keep the first, without those inside others: more than are ever told."""
    cdef int32_t one, kept = 0, last = -1
    cdef int field = -1
    qsort(marks.items, marks.count, sizeof(Place), by_field_and_length)
    for one in range(marks.count):
        if marks.items[one].field != field:
            field = marks.items[one].field
            last = -1
        if marks.items[one].last > last:
            last = marks.items[one].last
            marks.items[kept] = marks.items[one]
            kept += 1
            if kept == MANY_MARKS:
                break
    marks.count = kept


cdef int by_field_and_length(const void* one, const void* other) noexcept nogil:
    cdef int field = (<const Place*> one).field - (<const Place*> other).field
    return field if field else by_length(one, other)


cdef int near(Segment segment, Scratch scratch, const int32_t* code) noexcept nogil:
    """Push the places of A NEAR B: for NOTNEAR those of A, else one over each close pair."""
    cdef int32_t join = code[2] & 7, words = code[3]
    cdef const int32_t* left = code + 4
    cdef const int32_t* right = left + left[1]
    cdef int32_t begin = scratch.places.count, middle, end, kept, one
    cdef int soft = collect(segment, scratch, left)
    cdef int soft_right
    cdef Sides sides
    middle = scratch.places.count
    if middle == begin:
        return 0
    soft_right = collect(segment, scratch, right)
    end = scratch.places.count
    if join == NOTNEAR:
        scratch.places.count = middle
        if end == middle:
            return soft
        if soft_right:
            return 1
        sides = sides_of(scratch, middle, end)
        kept = begin
        for one in range(begin, middle):
            if not has_near(&sides, &scratch.places.items[one], words, True, True):
                scratch.places.items[kept] = scratch.places.items[one]
                kept += 1
        scratch.places.count = kept
    elif join >= SENTENCE:
        if end == middle:
            scratch.places.count = begin
            return 0
        if not scratch.units_known:
            scratch.units_wanted = True
            scratch.places.count = middle
            return 1
        together(scratch, begin, middle, join, False)
        return soft | soft_right
    else:
        soft |= soft_right
        sides = sides_of(scratch, middle, end)
        if pairs(scratch, &sides, begin, middle, words, join == ONEAR) and code[2] & INNER:
            soft = 1  # the evaluator thins them out; here they could double with every NEAR around them
    free(sides.by_first)
    free(sides.by_last)
    return soft


cdef int pairs(Scratch scratch, const Sides* right, int32_t begin, int32_t middle, int32_t words, bint ordered) noexcept nogil:
    """Replace both sides on the stack by a place over each of either side and its nearest neighbour of the other."""
    cdef Sides left = sides_of(scratch, begin, middle)
    cdef int32_t one
    cdef const Place* place
    cdef Place* found
    scratch.places.count = begin
    for one in range(left.count):
        place = &left.by_first[one]
        found = after(right, place)
        if found != NULL and found.first - place.last - 1 <= words:
            push_place(&scratch.places, place.first, found.last, 0, place.field, 0)
        found = NULL if ordered else before(right, place)
        if found != NULL and place.first - found.last - 1 <= words:
            push_place(&scratch.places, found.first, place.last, 0, place.field, 0)
    for one in range(right.count):
        place = &right.by_first[one]
        found = before(&left, place)
        if found != NULL and place.first - found.last - 1 <= words:
            push_place(&scratch.places, found.first, place.last, 0, place.field, 0)
        found = NULL if ordered else after(&left, place)
        if found != NULL and found.first - place.last - 1 <= words:
            push_place(&scratch.places, place.first, found.last, 0, place.field, 0)
    free(left.by_first)
    free(left.by_last)
    return scratch.places.count - begin > MANY_PAIRS


# ── names with their guards ──────────────────────────────────────────────────────────────────────────────────────────


cdef int named(Segment segment, Scratch scratch, int32_t number, int field) noexcept nogil:
    """Push the occurrences of names in a field as their rule counts them; made once for each article."""
    cdef int32_t key = 5 * number + field
    cdef int32_t* span = scratch.names_range + 3 * key
    cdef int32_t begin, one
    cdef int soft
    cdef Place* place
    if scratch.names_epoch[key] != scratch.names_stamp:
        scratch.names_epoch[key] = scratch.names_stamp
        span[0] = span[1] = span[2] = 0  # what a cycle would find
        if scratch.depth >= DEEPEST:
            span[2] = 1
        else:
            scratch.depth += 1
            begin = scratch.places.count
            soft = make_named(segment, scratch, segment.code + segment.names_at[number], field)
            scratch.depth -= 1
            span[0] = scratch.kept.count
            for one in range(begin, scratch.places.count):
                place = &scratch.places.items[one]
                push_place(&scratch.kept, place.first, place.last, place.term, place.field, place.tier)
            span[1] = scratch.kept.count
            span[2] = soft
            scratch.places.count = begin
    for one in range(span[0], span[1]):
        place = &scratch.kept.items[one]
        push_place(&scratch.places, place.first, place.last, place.term, place.field, place.tier)
    return span[2]


cdef int make_named(Segment segment, Scratch scratch, const int32_t* names, int field) noexcept nogil:
    """`names` is: within, whether needs have places, size of needs, variants and blanks (a count, then leaves; terms of the
    variants), needs."""
    cdef const int32_t* leaf = names + 4
    cdef int32_t begin = scratch.places.count
    cdef int32_t one, blanks, kept, last
    cdef Place* places
    for one in range(names[3]):
        push_leaf(scratch, leaf[one], leaf[names[3] + one], <uint32_t> 1 << field)
    leaf += 2 * names[3]
    blanks = scratch.places.count
    if blanks == begin:
        return 0
    for one in range(leaf[0]):
        push_leaf(scratch, leaf[1 + one], 0, <uint32_t> 1 << field)
    leaf += 1 + leaf[0]
    keep_unblanked(scratch, begin, blanks)
    places = scratch.places.items + begin
    kept = 0
    last = -1
    qsort(places, scratch.places.count - begin, sizeof(Place), by_length)
    for one in range(scratch.places.count - begin):
        if places[one].last > last:
            last = places[one].last
            places[kept] = places[one]
            kept += 1
    scratch.places.count = begin + kept
    if kept == 0 or names[2] == 0:
        return 0
    return keep_needed(segment, scratch, names, leaf, begin)


cdef void keep_unblanked(Scratch scratch, int32_t begin, int32_t blanks) noexcept nogil:
    """Drop the places from `begin` that share a token with one from `blanks` on, and those themselves."""
    cdef int32_t count = scratch.places.count - blanks, one, low, high, middle, merged = 0, kept = begin
    cdef Place* blank = scratch.places.items + blanks
    cdef Place* place
    scratch.places.count = blanks
    if not count:
        return
    qsort(blank, count, sizeof(Place), by_first)
    for one in range(1, count):
        if blank[one].first <= blank[merged].last:
            blank[merged].last = max(blank[merged].last, blank[one].last)
        else:
            merged += 1
            blank[merged] = blank[one]
    for one in range(begin, blanks):
        place = &scratch.places.items[one]
        low, high = 0, merged + 1  # the first that ends at or after the place's beginning
        while low < high:
            middle = (low + high) // 2
            if blank[middle].last < place.first:
                low = middle + 1
            else:
                high = middle
        if low > merged or blank[low].first > place.last:
            scratch.places.items[kept] = place[0]
            kept += 1
    scratch.places.count = kept


cdef int keep_needed(Segment segment, Scratch scratch, const int32_t* names, const int32_t* needs, int32_t begin) noexcept nogil:
    """Of the places from `begin` on keep those that have the company that they need."""
    cdef int32_t end = scratch.places.count, one, kept = begin
    cdef int soft
    cdef Sides sides
    cdef bint outside = False
    if not names[1]:  # what is needed has no places, or they are of no use here
        if evaluate(segment, scratch, needs) == NO:
            scratch.places.count = begin
            return 0
        return 1
    soft = collect(segment, scratch, needs)
    if scratch.places.count == end:
        scratch.places.count = begin
        return 0
    if names[0] <= WITHIN_SENTENCE:
        if not scratch.units_known:
            scratch.units_wanted = True
            scratch.places.count = end
            return 1
        keep_accompanied(scratch, begin, end, SENTENCE if names[0] == WITHIN_SENTENCE else PARAGRAPH)
        return soft and scratch.places.count > begin
    if names[0] < 0:  # anywhere in the article, but not the name itself
        sides = sides_of(scratch, begin, end)
        for one in range(end, scratch.places.count):
            if not overlaps(&sides, &scratch.places.items[one]):
                outside = True
                break
        kept = end if outside else begin
    else:
        sides = sides_of(scratch, end, scratch.places.count)
        for one in range(begin, end):
            if has_near(&sides, &scratch.places.items[one], names[0], True, True):
                scratch.places.items[kept] = scratch.places.items[one]
                kept += 1
    free(sides.by_first)
    free(sides.by_last)
    scratch.places.count = kept
    return soft and kept > begin


cdef void keep_accompanied(Scratch scratch, int32_t begin, int32_t end, int join) noexcept nogil:
    """Of the places from `begin` on, which are in order, keep those that share their unit with one from `end` on, apart."""
    cdef int32_t limit = scratch.places.count, one, other = end, kept = begin
    cdef int order
    cdef Group company
    cdef Place* place
    order_by_unit(scratch, end, limit, join)
    company.begin = company.end = end
    for one in range(begin, end):
        place = &scratch.places.items[one]
        place.order = unit_of(scratch, place, join)
        if place.order < 0:
            continue
        while other < limit and by_unit(&scratch.places.items[other], place) < 0:
            other += 1
        if other == limit or by_unit(&scratch.places.items[other], place) != 0:
            continue
        if company.begin != other or company.end == company.begin:
            company = group_at(scratch, other, limit)
        if is_apart(place, &company):
            scratch.places.items[kept] = place[0]
            kept += 1
    scratch.places.count = kept


cdef bint overlaps(const Sides* sides, const Place* place) noexcept nogil:
    """Whether a place shares a token with one of these, none of which holds another."""
    cdef int32_t low = 0, high = sides.count, middle
    cdef const Place* one
    while low < high:  # the first that ends at or after the place's beginning
        middle = (low + high) // 2
        one = &sides.by_last[middle]
        if one.field < place.field or (one.field == place.field and one.last < place.first):
            low = middle + 1
        else:
            high = middle
    return low < sides.count and sides.by_last[low].field == place.field and sides.by_last[low].first <= place.last


# ── why a rule hit ───────────────────────────────────────────────────────────────────────────────────────────────────


cdef void keep_marks(Scratch scratch, int32_t begin) noexcept nogil:
    """Move the places from `begin` on to the marks."""
    cdef int32_t one
    cdef Place* place
    for one in range(begin, scratch.places.count):
        place = &scratch.places.items[one]
        push_place(&scratch.marks, place.first, place.last, place.term, place.field, place.tier)
    scratch.places.count = begin


cdef void why(Segment segment, Scratch scratch, const int32_t* code) noexcept nogil:
    """Note the places and clauses of a query that holds; `scratch.unsure` when the evaluator must tell."""
    cdef const int32_t* end = code + code[1]
    cdef const int32_t* part = code + 2
    cdef int32_t op = code[0]
    cdef int32_t begin = scratch.places.count
    cdef int32_t fired
    cdef int held
    if op == OP_AND:
        while part < end:
            why(segment, scratch, part)
            part += part[1]
    elif op == OP_OR:
        while part < end:
            held = evaluate(segment, scratch, part)
            if held == YES:
                why(segment, scratch, part)
            elif held == MAYBE:
                scratch.unsure = True
            part += part[1]
    elif op == OP_CLAUSE:
        why(segment, scratch, part + 1)
        for fired in range(scratch.clauses.count):
            if scratch.clauses.items[fired] == part[0]:
                return
        push_number(&scratch.clauses, part[0])
    elif op == OP_NEAR:
        why_near(segment, scratch, code)
    elif op == OP_SCORE:
        score(segment, scratch, code)
        part = code + 3
        while part < end:
            if part[0] > 0:
                held = evaluate(segment, scratch, part + 1)
                if held == YES:
                    why(segment, scratch, part + 1)
                elif held == MAYBE:
                    scratch.unsure = True
            part += 1 + part[2]
    elif op in (OP_ANY, OP_NAMES, OP_FIRST, OP_LEAD, OP_ATLEAST):
        if collect(segment, scratch, code):
            scratch.unsure = True
        keep_marks(scratch, begin)
    elif op != OP_NOT:
        scratch.unsure = True


cdef void why_near(Segment segment, Scratch scratch, const int32_t* code) noexcept nogil:
    """The places of either side that are close to one of the other. (flat.py leaves NEAR inside NEAR to the evaluator.)"""
    cdef int32_t begin = scratch.places.count, middle, end, one
    cdef const int32_t* left = code + 4
    cdef int32_t join = code[2] & 7
    cdef bint ordered = join == ONEAR
    cdef Sides lefts, rights
    cdef Place* place
    if join == NOTNEAR:
        if near(segment, scratch, code):
            scratch.unsure = True
        keep_marks(scratch, begin)
        return
    collect(segment, scratch, left)
    middle = scratch.places.count
    collect(segment, scratch, left + left[1])
    end = scratch.places.count
    if join >= SENTENCE:
        together(scratch, begin, middle, join, True)
        scratch.places.count = begin
        return
    lefts = sides_of(scratch, begin, middle)
    rights = sides_of(scratch, middle, end)
    for one in range(begin, end):
        place = &scratch.places.items[one]
        if has_near(&rights, place, code[3], True, not ordered) if one < middle else has_near(&lefts, place, code[3], not ordered, True):
            push_place(&scratch.marks, place.first, place.last, place.term, place.field, place.tier)
    free(lefts.by_first)
    free(lefts.by_last)
    free(rights.by_first)
    free(rights.by_last)
    scratch.places.count = begin
