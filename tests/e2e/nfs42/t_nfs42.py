# SPDX-License-Identifier: GPL-2.0-only
"""Operations of NFSv4.2 about the space of a file, by hand and by the kernel's client."""
import collections
import ctypes
import errno
import functools
import mmap
import os
import random

import nfs4
import smb2
from checks import eq, expect_errno, wait_for
from files import MIB, get, pattern, put
from harness import test
from nfs4 import BOTH, READ, getattr, putfh
from nfs4_callers import Caller, files
from nfs4_opens import ANON, BYPASS, CURRENT, TO_END, V41, last, opened, read
from nfs4_ops42 import (DATA, DONTNEED, HOLE, RANDOM, SEQUENTIAL, WILLNEED, WILLNEED_OPPORTUNISTIC,
                        allocate, deallocate, io_advise, read_plus, seek)
from processes import run
from sparse_files import sparse, used

wire = functools.partial(test, server='ditto', squash='root-to-admin')


def calls(w):
    return collections.Counter(w.server.calls('nfs4'))


def v42(w, **kw):
    return V41.at(w, minor=2, **kw)


# by hand

@wire
def seek_finds(w):
    """SEEK finds what lseek(2) on the server finds; the end of a file is a hole."""
    sparse(w.path('f'), 4 * MIB, (MIB, pattern(1, MIB)), (3 * MIB, pattern(2, 65536)))
    c = v42(w)
    sid, fh = opened(c, 'f', READ)
    with open(w.path('f'), 'rb') as f:
        for what, whence in ((DATA, os.SEEK_DATA), (HOLE, os.SEEK_HOLE)):
            for pos in (0, 1, MIB - 1, MIB, MIB + 77, 2 * MIB, 3 * MIB + 5, 3 * MIB + 65536,
                        4 * MIB - 1):
                try:
                    want = f.seek(pos, whence)
                except OSError as e:
                    eq(e.errno, errno.ENXIO)
                    want = 4 * MIB
                for s in (sid, ANON, BYPASS):
                    r = last(c.compound(putfh(fh), seek(s, pos, what)), nfs4.OK)
                    eq((r.offset, r.eof), (want, want == 4 * MIB), (what, pos))
    for what in (DATA, HOLE):
        for pos in (4 * MIB, 4 * MIB + 1, 1 << 63, TO_END):
            last(c.compound(putfh(fh), seek(sid, pos, what)), nfs4.NXIO, pos)
    last(c.compound(putfh(fh), seek(sid, 0, 2)), nfs4.UNION_NOTSUPP)
    put(w.path('dense'), pattern(3, 70000), 0o644)
    r = last(c.compound(putfh(c.fh('data', 'dense')), seek(ANON, 0, HOLE)), nfs4.OK)
    eq((r.offset, r.eof), (70000, True))
    put(w.path('empty'), b'', 0o644)
    last(c.compound(putfh(c.fh('data', 'empty')), seek(ANON, 0, HOLE)), nfs4.NXIO)


@wire
def blocks_come_and_go(w):
    """ALLOCATE grows the file and takes its blocks; DEALLOCATE leaves zeros and the size."""
    put(w.path('f'), pattern(1, 10000), 0o666)
    c = v42(w)
    sid, fh = opened(c, 'f', BOTH)

    def state():
        return c.compound(putfh(fh), getattr('size', 'change', 'space_used')).ok()[-1].attrs
    before = state()
    last(c.compound(putfh(fh), allocate(sid, 0, 5000)), nfs4.OK)
    eq(state()['size'], 10000)
    last(c.compound(putfh(fh), allocate(sid, 8192, 2 * MIB)), nfs4.OK)
    now = state()
    eq(now['size'], 2 * MIB + 8192)
    assert now['change'] != before['change'] and now['space_used'] >= 2 * MIB, (before, now)
    eq(get(w.path('f')), pattern(1, 10000) + bytes(2 * MIB - 1808))
    put(w.path('g'), pattern(2, 2 * MIB), 0o666)
    sid, fh = opened(c, 'g', BOTH)
    before = state()
    last(c.compound(putfh(fh), deallocate(sid, 100, MIB)), nfs4.OK)
    now = state()
    eq(now['size'], 2 * MIB)
    assert now['change'] != before['change'] and now['space_used'] < 2 * MIB, (before, now)
    data = pattern(2, 2 * MIB)
    eq(get(w.path('g')) == data[:100] + bytes(MIB) + data[MIB + 100:], True)
    # to the end and beyond it
    last(c.compound(putfh(fh), deallocate(sid, MIB, TO_END - MIB)), nfs4.OK)
    eq((state()['size'], get(w.path('g'))[MIB:] == bytes(MIB)), (2 * MIB, True))
    last(c.compound(putfh(fh), deallocate(sid, TO_END, TO_END)), nfs4.OK)


@wire
def blocks_are_refused(w):
    """Stateids, arguments and kinds of files that ALLOCATE and DEALLOCATE refuse."""
    put(w.path('f'), pattern(1, 10000), 0o666)
    os.mkdir(w.path('d'))
    os.symlink('f', w.path('l'))
    os.mkfifo(w.path('p'))
    c = v42(w)
    sid, fh = opened(c, 'f', READ)
    rw, _ = opened(c, 'f', BOTH, own=b'writer')
    for op in (allocate, deallocate):
        last(c.compound(putfh(fh), op(sid, 0, 100)), nfs4.OPENMODE)
        last(c.compound(putfh(fh), op((1, b'\x55' * 12), 0, 100)), nfs4.BAD_STATEID)
        last(c.compound(putfh(fh), op(CURRENT, 0, 100)), nfs4.BAD_STATEID)
        last(c.compound(putfh(fh), op(rw, 0, 0)), nfs4.INVAL)
        last(c.compound(putfh(c.fh('data', 'd')), op(ANON, 0, 1)), nfs4.ISDIR)
        last(c.compound(putfh(c.fh('data', 'l')), op(ANON, 0, 1)), nfs4.SYMLINK)
        last(c.compound(putfh(c.fh('data', 'p')), op(ANON, 0, 1)), nfs4.WRONG_TYPE)
        last(c.compound(nfs4.putrootfh(), op(ANON, 0, 1)), nfs4.ISDIR)
        last(c.compound(op(ANON, 0, 1)), nfs4.NOFILEHANDLE)
        last(c.compound(putfh(fh), nfs4.Op(op(ANON, 0, 1).number, b'\0' * 20)), nfs4.BADXDR)
        for s in (ANON, BYPASS, rw):
            last(c.compound(putfh(fh), op(s, 0, 100)), nfs4.OK)
    for pos, length in ((0, TO_END), (TO_END, 1), (1 << 63, 1), (TO_END, TO_END)):
        last(c.compound(putfh(fh), allocate(rw, pos, length)), nfs4.FBIG)
    eq(os.stat(w.path('f')).st_size, 10000)
    os.chmod(w.path('f'), 0o444)
    os.chown(w.path('f'), 5000, 5000)
    user = v42(w, cred=nfs4.rpc.auth_sys(1000, 1000))
    for op in (allocate, deallocate):
        last(user.compound(putfh(fh), op(ANON, 0, 100)), nfs4.ACCESS)


@wire(fs='ext4')
def no_space(w):
    put(w.path('f'), b'x', 0o666)
    c = v42(w)
    sid, fh = opened(c, 'f', BOTH)
    v = os.statvfs(w.path())
    last(c.compound(putfh(fh), allocate(sid, 0, v.f_blocks * v.f_frsize * 2)), nfs4.NOSPC)
    last(c.compound(putfh(fh), allocate(sid, 0, MIB)), nfs4.OK)


@wire(smb=True)
def locks_of_smb(w):
    """A mandatory lock of SMB stops what touches its bytes."""
    os.chmod(w.export, 0o777)
    put(w.path('f'), pattern(1, 100000), 0o666)
    s = smb2.Smb2(w.client)
    fid = s.create('f')
    s.lock(fid, 0, 1000)
    c = v42(w)
    sid, fh = opened(c, 'f', BOTH)
    last(c.compound(putfh(fh), deallocate(sid, 500, 10)), nfs4.LOCKED)
    last(c.compound(putfh(fh), deallocate(sid, 1000, 10)), nfs4.OK)
    # nothing that was there changes
    last(c.compound(putfh(fh), allocate(sid, 0, 1000)), nfs4.OK)
    s.lock(fid, 100000, 1000)
    last(c.compound(putfh(fh), allocate(sid, 0, 200000)), nfs4.LOCKED)
    s.close(fid)
    s.end()
    last(c.compound(putfh(fh), allocate(sid, 0, 200000)), nfs4.OK)


@wire
def delegations_are_recalled(w):
    """ALLOCATE and DEALLOCATE recall delegations of others, SEEK and READ_PLUS those to write."""
    files(w, 'f', 'g', 'h', 'i')
    a = Caller(w, minor=2)
    b = v42(w)
    for name, acc, op in (('f', READ, lambda: allocate(ANON, 0, 10000)),
                          ('g', READ, lambda: deallocate(ANON, 0, 10)),
                          ('h', BOTH, lambda: seek(ANON, 0, HOLE)),
                          ('i', BOTH, lambda: read_plus(ANON, 0, 10))):
        sid, fh = a.delegated(name, acc)
        # its own
        last(a.compound(putfh(fh), seek(sid, 0, HOLE)), nfs4.OK)
        if acc == BOTH:
            last(a.compound(putfh(fh), deallocate(sid, 0, 10)), nfs4.OK)
        else:
            last(a.compound(putfh(fh), deallocate(sid, 0, 10)), nfs4.OPENMODE)
        last(b.compound(putfh(fh), op()), nfs4.DELAY)
        eq(a.recall().stateid, sid, name)
        a.give_back(sid, fh)
        last(b.patiently(putfh(fh), op()), nfs4.OK)


@wire
def advice(w):
    """IO_ADVISE names the hints that were obeyed, and checks its stateid."""
    put(w.path('f'), pattern(1, MIB), 0o644)
    os.mkdir(w.path('d'))
    c = v42(w)
    sid, fh = opened(c, 'f', READ)

    def advise(s, pos, count, *hints):
        return last(c.compound(putfh(fh), io_advise(s, pos, count, *hints)), nfs4.OK).hints
    for pos, count in ((0, 0), (1000, 5000), (0, TO_END), (TO_END, 1), (1 << 63, TO_END)):
        eq(advise(sid, pos, count, WILLNEED), [WILLNEED])
        eq(advise(sid, pos, count, WILLNEED_OPPORTUNISTIC, SEQUENTIAL), [WILLNEED_OPPORTUNISTIC])
        eq(advise(ANON, pos, count, DONTNEED), [DONTNEED])
        eq(advise(sid, pos, count, RANDOM), [])
        eq(advise(sid, pos, count, 31, 90), [])
        eq(advise(sid, pos, count), [])
    # one contradicts the other
    eq(advise(sid, 0, 0, DONTNEED, WILLNEED), [WILLNEED])
    last(c.compound(putfh(fh), io_advise((1, b'\x55' * 12), 0, 0, WILLNEED)), nfs4.BAD_STATEID)
    last(c.compound(putfh(c.fh('data', 'd')), io_advise(ANON, 0, 0, WILLNEED)), nfs4.ISDIR)
    os.chmod(w.path('f'), 0o600)
    user = v42(w, cred=nfs4.rpc.auth_sys(1000, 1000))
    last(user.compound(putfh(fh), io_advise(ANON, 0, 0, WILLNEED)), nfs4.ACCESS)
    eq(last(read(c, fh, sid, 0, 100), nfs4.OK).data, pattern(1, 100))


def resident(path):
    """Which pages of a file of the server are in its page cache."""
    size = os.path.getsize(path)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    with open(path, 'rb') as f:
        at = ctypes.c_void_p(libc.mmap(None, ctypes.c_size_t(size), mmap.PROT_READ,
                                       mmap.MAP_SHARED, f.fileno(), ctypes.c_long(0)))
    pages = ctypes.create_string_buffer(-(-size // mmap.PAGESIZE))
    try:
        eq(libc.mincore(at, ctypes.c_size_t(size), pages), 0, 'mincore')
    finally:
        libc.munmap(at, ctypes.c_size_t(size))
    return [byte & 1 for byte in pages.raw]


@wire(fs='ext4')
def advice_is_taken(w):
    """The page cache of the server drops and gets what the client says."""
    put(w.path('f'), pattern(1, MIB), 0o644)
    os.sync()
    c = v42(w)
    sid, fh = opened(c, 'f', READ)

    def advise(pos, count, hint):
        last(c.compound(putfh(fh), io_advise(sid, pos, count, hint)), nfs4.OK)
    eq(sum(resident(w.path('f'))), MIB // mmap.PAGESIZE, 'after it was written')

    def dropped():
        advise(0, 0, DONTNEED)
        return not any(resident(w.path('f')))
    wait_for('empty pages', dropped)
    advise(MIB // 2, 65536, WILLNEED)
    wait_for('the pages', lambda: resident(w.path('f'))[MIB // 2 // mmap.PAGESIZE])
    eq(resident(w.path('f'))[0], 0, 'what was not asked for')


@wire(fs='ext4')
def advice_on_order(w):
    """SEQUENTIAL and RANDOM are not taken: one client's access does not tell that of others."""
    put(w.path('f'), pattern(1, 4 * MIB), 0o644)
    os.sync()
    a, b = v42(w), v42(w)
    sid, fh = opened(a, 'f', READ)

    def advise(*hints):
        return last(a.compound(putfh(fh), io_advise(sid, 0, 0, *hints)), nfs4.OK).hints

    def dropped():
        advise(DONTNEED)
        return not any(resident(w.path('f')))
    for hint in RANDOM, SEQUENTIAL:
        wait_for('empty pages', dropped)
        eq(advise(hint), [])
        for pos in range(0, 4 * 65536, 65536):
            last(read(b, fh, ANON, pos, 65536), nfs4.OK)
        wait_for('readahead', lambda: sum(resident(w.path('f'))) > 4 * 65536 // mmap.PAGESIZE)


# READ_PLUS

def segments_of(r, pos, count):
    """Check that the segments join; returns the bytes, and how many of them were in holes."""
    out, holes, end = [], 0, pos
    for at, what in r.segments:
        eq(at, end, 'offset of a segment')
        assert what, 'an empty segment'
        if isinstance(what, int):
            holes += what
            what = bytes(what)
        out.append(what)
        end += len(what)
    assert end <= pos + count, (pos, count, end)
    return b''.join(out), holes


def read_through(c, fh, sid, count=MIB):
    """Read a file to its end; returns the bytes, bytes in holes, and the number of requests."""
    out, holes, pos = [], 0, 0
    while True:
        r = last(c.compound(putfh(fh), read_plus(sid, pos, count)), nfs4.OK)
        got, skipped = segments_of(r, pos, count)
        out.append(got)
        pos, holes = pos + len(got), holes + skipped
        if r.eof:
            return b''.join(out), holes, len(out)
        assert got, 'nothing, and not the end'


@wire
def read_by_the_kernel(w):
    """The kernel's client reads dense and sparse files, by READ_PLUS if it was built so."""
    rnd = random.Random(5)
    size = 4 * MIB
    put(w.path('dense'), pattern(1, 3 * MIB + 17), 0o644)
    put(w.path('short'), pattern(2, 700), 0o644)
    sparse(w.path('hole'), size)
    sparse(w.path('begin'), size, (0, pattern(3, 5000)))
    sparse(w.path('end'), size, (size - 70001, pattern(4, 70001)))
    sparse(w.path('many'), size, *((at, pattern(at, rnd.randrange(1, 200000)))
                                   for at in sorted(rnd.sample(range(3 * MIB), 12))))
    m = w.client.mount(vers='4.2', opts='rsize=262144')
    before = calls(w)
    for name in ('dense', 'short', 'hole', 'begin', 'end', 'many'):
        want = get(w.path(name))
        eq(get(f'{m}/{name}') == want, True, name)
        with open(f'{m}/{name}', 'rb') as f:
            for _ in range(20):
                os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                at, count = rnd.randrange(len(want)), rnd.randrange(1, 300000)
                eq(os.pread(f.fileno(), count, at) == want[at:at + count], True, (name, at, count))
    got = calls(w) - before
    plus = got['read_plus'] > 0
    # Debian's kernel is built with CONFIG_NFS_V4_2_READ_PLUS
    debian = os.environ.get('DITTO_VM') in ('stock', 'newest', 'race')
    eq((plus or debian, got['read'] > 0), (plus, not plus), got)


@wire(timeout=90)
def read_plus_gives_the_same(w):
    """READ_PLUS gives the bytes of the file, whatever lies where, and holes in few bytes."""
    sparse(w.path('hole'), 16 * MIB)
    sparse(w.path('ends'), 4 * MIB, (0, pattern(1, 100000)), (4 * MIB - 5000, pattern(2, 5000)))
    sparse(w.path('middle'), 4 * MIB, (MIB + 77, pattern(3, MIB)))
    sparse(w.path('stripes'), 2 * MIB, *((i << 19, pattern(i, 1 << 18)) for i in range(4)))
    sparse(w.path('crumbs'), MIB, *((i << 14, b'%d' % i) for i in range(64)))
    put(w.path('dense'), pattern(4, MIB + 1001), 0o644)
    put(w.path('tiny'), b'tiny', 0o644)
    c = v42(w)
    random.seed(42)
    for name, most in (('hole', 0), ('ends', 300000), ('middle', MIB + 200000),
                       ('stripes', MIB + 400000), ('crumbs', MIB), ('dense', 2 * MIB),
                       ('tiny', 4)):
        sid, fh = opened(c, name, READ)
        want = get(w.path(name))
        got, holes, _ = read_through(c, fh, sid)
        eq(got == want, True, name)
        assert len(want) - holes <= most, (name, len(want) - holes)
        eq(read_through(c, fh, sid, 256 * 1024 + 12)[0] == want, True, name)
        for _ in range(4):
            pos, count = random.randrange(len(want)), random.randrange(1, 300000)
            r = last(c.compound(putfh(fh), read_plus(sid, pos, count)), nfs4.OK)
            got = segments_of(r, pos, count)[0]
            eq(got == want[pos:pos + len(got)], True, (name, pos, count))
            eq(r.eof, pos + len(got) == len(want), (name, pos, count))
            assert got
    # a hole of any length is one reply
    sid, fh = opened(c, 'hole', READ)
    eq(read_through(c, fh, sid, nfs4.U32_MAX)[1:], (16 * MIB, 1))


@wire
def read_plus_at_the_ends(w):
    sparse(w.path('f'), MIB + 10, (0, pattern(1, 1000)))
    put(w.path('empty'), b'', 0o644)
    os.mkdir(w.path('d'))
    c = v42(w)
    sid, fh = opened(c, 'f', READ)
    for pos, count in ((MIB + 10, 1), (MIB + 10, 0), (1 << 40, 100), (TO_END, 100), (1 << 63, 1)):
        r = last(c.compound(putfh(fh), read_plus(sid, pos, count)), nfs4.OK)
        eq((r.eof, r.segments), (True, []), pos)
    r = last(c.compound(putfh(fh), read_plus(sid, 0, 0)), nfs4.OK)
    eq((r.eof, r.segments), (False, []))
    r = last(c.compound(putfh(fh), read_plus(sid, MIB, 1000)), nfs4.OK)
    eq((r.eof, segments_of(r, MIB, 1000)), (True, (bytes(10), 10)))
    r = last(c.compound(putfh(c.fh('data', 'empty')), read_plus(ANON, 0, 1000)), nfs4.OK)
    eq((r.eof, r.segments), (True, []))
    for s in (ANON, BYPASS):
        r = last(c.compound(putfh(fh), read_plus(s, 0, 1000)), nfs4.OK)
        eq(r.segments, [(0, pattern(1, 1000))])
    last(c.compound(putfh(fh), read_plus((1, b'\x55' * 12), 0, 10)), nfs4.BAD_STATEID)
    last(c.compound(putfh(c.fh('data', 'd')), read_plus(ANON, 0, 10)), nfs4.ISDIR)
    last(c.compound(putfh(fh), nfs4.Op('read_plus', bytes(20))), nfs4.BADXDR)
    os.chmod(w.path('f'), 0o600)
    user = v42(w, cred=nfs4.rpc.auth_sys(1000, 1000))
    last(user.compound(putfh(fh), read_plus(ANON, MIB // 2, 10)), nfs4.ACCESS)


@wire
def read_plus_among_others(w):
    """Behind and before other operations, and in sessions with little room."""
    sparse(w.path('f'), 4 * MIB, (MIB, pattern(1, MIB)))
    want = get(w.path('f'))
    c = v42(w)
    sid, fh = opened(c, 'f', READ)
    r = c.compound(putfh(fh), read_plus(sid, MIB // 2, MIB), getattr('size', 'change')).ok()
    got, holes = segments_of(r[-2], MIB // 2, MIB)
    eq((got == want[MIB // 2:MIB // 2 + len(got)], holes, len(got), r[-1].attrs['size']),
       (True, MIB // 2, MIB, 4 * MIB))
    r = c.compound(putfh(fh), read_plus(sid, MIB // 2, 700001), nfs4.read(sid, MIB, 70001),
                   read_plus(sid, 2 * MIB - 7, 200000), getattr('size'), getattr('change')).ok()
    a, b = segments_of(r[2], MIB // 2, 700001)[0], segments_of(r[4], 2 * MIB - 7, 200000)[0]
    eq((a == want[MIB // 2:][:len(a)], r[3].data == want[MIB:][:70001],
        b == want[2 * MIB - 7:][:len(b)], r[-2].attrs['size']), (True, True, True, 4 * MIB))
    for room in (1000, 5000, 70000):
        s = nfs4.Session.make(nfs4.connect(w.client), minor=2, fore=nfs4.Channel(response=room))
        got, holes, _ = read_through(s, fh, ANON)
        eq((got == want, holes), (True, 3 * MIB), room)
    s = nfs4.Session.make(nfs4.connect(w.client), minor=2, fore=nfs4.Channel(response=256))
    r = s.compound(putfh(fh), getattr('size', 'time_modify', 'time_access', 'time_metadata'),
                   getattr('size'), read_plus(ANON, 0, 100))
    last(r, nfs4.REP_TOO_BIG)


@wire(smb=True)
def read_plus_obeys_locks(w):
    """A mandatory lock counts in holes as well; a write delegation is recalled."""
    os.chmod(w.export, 0o777)
    sparse(w.path('f'), 4 * MIB, (0, pattern(1, 1000)))
    s = smb2.Smb2(w.client)
    fid = s.create('f')
    s.lock(fid, 2 * MIB, 1000)
    c = v42(w)
    sid, fh = opened(c, 'f', READ)
    last(c.compound(putfh(fh), read_plus(sid, MIB, 2 * MIB)), nfs4.LOCKED)
    last(c.compound(putfh(fh), read_plus(sid, 0, MIB)), nfs4.OK)
    s.close(fid)
    s.end()
    last(c.compound(putfh(fh), read_plus(sid, MIB, 2 * MIB)), nfs4.OK)


# by the kernel's client

@wire
def fallocate(w):
    m = w.client.mount(vers='4.2')
    put(f'{m}/f', pattern(1, MIB))
    run('fallocate', '-l', str(3 * MIB), f'{m}/f')
    eq(os.stat(f'{m}/f').st_size, 3 * MIB)
    assert used(w.path('f')) >= 3 * MIB
    run('fallocate', '-p', '-o', '4096', '-l', str(2 * MIB), f'{m}/f')
    data = pattern(1, 4096) + bytes(3 * MIB - 4096)
    eq(get(f'{m}/f') == data, True)
    eq(get(w.path('f')) == data, True)
    assert used(w.path('f')) < 3 * MIB
    run('fallocate', '-d', f'{m}/f')
    eq(get(w.path('f')) == data, True)


@wire
def holes_are_seen(w):
    """lseek(2) on the mount, and cp that keeps a file sparse."""
    sparse(w.path('f'), 8 * MIB, (2 * MIB, pattern(1, MIB)), (6 * MIB, pattern(2, MIB)))
    m = w.client.mount(vers='4.2')
    with open(f'{m}/f', 'rb') as f, open(w.path('f'), 'rb') as g:
        for pos in (0, 2 * MIB, 3 * MIB, 6 * MIB + 1):
            for whence in (os.SEEK_DATA, os.SEEK_HOLE):
                eq(f.seek(pos, whence), g.seek(pos, whence), (pos, whence))
        for pos in (7 * MIB, 8 * MIB):
            with expect_errno(errno.ENXIO):
                f.seek(pos, os.SEEK_DATA)
    run('cp', '--sparse=always', f'{m}/f', f'{m}/g')
    eq(get(w.path('g')) == get(w.path('f')), True)
    assert used(w.path('g')) < 4 * MIB, used(w.path('g'))
