# SPDX-License-Identifier: GPL-2.0-only
"""Operations of NFSv4.2 but those that copy (RFC 7862 section 15, RFC 8276 section 8.4)."""
from nfs4 import Op, d_change, stateid
from nfs4_attr import d_bits, words
from rpc import Enc

DATA, HOLE = 0, 1
(NORMAL, SEQUENTIAL, SEQUENTIAL_BACKWARDS, RANDOM, WILLNEED, WILLNEED_OPPORTUNISTIC, DONTNEED,
 NOREUSE) = range(8)


def allocate(sid, offset, length):
    return Op('allocate', Enc().fixed(stateid(sid)).u64(offset, length))


def deallocate(sid, offset, length):
    return Op('deallocate', Enc().fixed(stateid(sid)).u64(offset, length))


def seek(sid, offset, what):
    def good(d, r):
        r.eof, r.offset = d.flag(), d.u64()
    return Op('seek', Enc().fixed(stateid(sid)).u64(offset).u32(what), good)


def io_advise(sid, offset, count, *hints):
    """hints: numbers; the result has those that were obeyed."""
    def good(d, r):
        r.hints = d_bits(d)
    return Op('io_advise', Enc().fixed(stateid(sid)).u64(offset, count).fixed(words(hints)), good)


def read_plus(sid, offset, count):
    """The result has segments: (offset, data) and (offset, length of a hole)."""
    def good(d, r):
        r.eof, r.segments = d.flag(), []
        for _ in range(d.u32()):
            kind, at = d.u32(), d.u64()
            r.segments.append((at, d.opaque() if kind == DATA else d.u64()))
    return Op('read_plus', Enc().fixed(stateid(sid)).u64(offset).u32(count), good)


# extended attributes

EITHER, CREATE, REPLACE = range(3)
MAY_XAREAD, MAY_XAWRITE, MAY_XALIST = 0x40, 0x80, 0x100


def getxattr(name):
    def good(d, r):
        r.value = d.opaque()
    return Op('getxattr', Enc().opaque(name), good)


def _changed(d, r):
    r.change = d_change(d)


def setxattr(name, value, how=EITHER):
    return Op('setxattr', Enc().u32(how).opaque(name).opaque(value), _changed)


def removexattr(name):
    return Op('removexattr', Enc().opaque(name), _changed)


def listxattrs(cookie=0, maxcount=65536):
    def good(d, r):
        r.cookie, r.names, r.eof = d.u64(), [d.opaque() for _ in range(d.u32())], d.flag()
    return Op('listxattrs', Enc().u64(cookie).u32(maxcount), good)
