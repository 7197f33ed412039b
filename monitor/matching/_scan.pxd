cimport cython
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t


cdef struct Token:
    uint64_t hash
    int32_t start
    int32_t end


cdef struct Field:
    Token* tokens
    uint8_t* articles
    int32_t* sentences
    int32_t* paragraphs
    int32_t count
    int32_t room


cdef uint64_t hash_str(str token)


@cython.final
cdef class Scan:
    cdef Field fields[5]
    cdef tuple texts
    cdef readonly bint with_articles
    cdef readonly bint with_units
    cdef int fill_units(self) except -1
    cdef int _read_field(self, Field* field, str text) except -1
    cdef int _read_slowly(self, Field* field, str text) except -1
    cdef int _mark_articles(self, Field* field, str text) except -1
    cdef object folded(self, int field, int32_t at)
