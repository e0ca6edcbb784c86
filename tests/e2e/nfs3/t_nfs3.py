# SPDX-License-Identifier: GPL-2.0-only
"""The procedures of NFSv3, one by one, by a raw client (RFC 1813 section 3.3)."""
import os

import nfs3
import rpc
import servers
from checks import eq, one_of, wait_for
from files import get, pattern, put
from harness import test
from nfs3 import sattr
from processes import run
from trees import names_on_disk
from volumes import frozen


@test
def mode_of_a_symbolic_link(w):
    """Setting the mode of a symbolic link succeeds, because clients do it when they copy."""
    n = w.client.nfs()
    fh = n.symlink(n.root, 'l', 'nowhere', nfs3.sattr(mode=0o777)).fh
    eq(n.setattr(fh, nfs3.sattr(mode=0o600)).status, nfs3.OK)
    eq(n.getattr(fh).attr.mode & 0o7777, 0o777)
    eq(n.readlink(fh).target, b'nowhere')


@test
def every_procedure(w):
    """Each of the 22 procedures works and is counted."""
    n = w.client.nfs()
    eq(n.null().stat, rpc.SUCCESS)
    r = n.create(n.root, 'f', nfs3.GUARDED, sattr(mode=0o640, uid=5, gid=6))
    eq(r.status, nfs3.OK)
    f = r.fh
    eq((r.attr.mode, r.attr.uid, r.attr.gid, r.attr.size), (0o640, 5, 6, 0))
    assert r.wcc.after, 'CREATE without attributes of the directory'
    eq(n.create(n.root, 'f', nfs3.GUARDED).status, nfs3.EXIST)
    r = n.lookup(n.root, 'f')
    eq((r.fh, r.attr.type), (f, nfs3.REG))
    eq(r.dir.type, nfs3.DIR)
    eq(n.access(f).access & nfs3.MAY_READ, nfs3.MAY_READ)
    r = n.write(f, 0, b'0123456789')
    eq((r.count, r.committed), (10, nfs3.FILE_SYNC))
    eq(r.wcc.after.size, 10)
    r = n.read(f, 2, 5)
    eq((r.data, r.eof), (b'23456', False))
    eq(n.setattr(f, sattr(size=4)).wcc.after.size, 4)
    eq(n.getattr(f).attr.size, 4)
    r = n.commit(f)
    eq((r.status, len(r.verf)), (nfs3.OK, 8))
    r = n.mkdir(n.root, 'd', sattr(mode=0o710))
    eq((r.status, r.attr.mode, r.attr.type), (nfs3.OK, 0o710, nfs3.DIR))
    d = r.fh
    r = n.symlink(d, 's', 'where/to')
    eq((r.status, r.attr.type), (nfs3.OK, nfs3.LNK))
    eq(n.readlink(r.fh).target, b'where/to')
    eq(n.readlink(f).status, nfs3.INVAL)
    r = n.mknod(d, 'n', nfs3.CHR, sattr(mode=0o600), (10, 20))
    eq((r.status, r.attr.type, r.attr.rdev), (nfs3.OK, nfs3.CHR, (10, 20)))
    r = n.link(f, d, 'second')
    eq((r.status, r.attr.nlink), (nfs3.OK, 2))
    r = n.rename(d, 'second', n.root, 'third')
    eq(r.status, nfs3.OK)
    assert r.wcc.after and r.to_wcc.after, 'RENAME without attributes of both directories'
    # of one directory both results are the same
    for name, status in (b's', nfs3.OK), (b'missing', nfs3.NOENT):
        r = n.rename(d, name, d, name + b'2')
        eq(r.status, status)
        for one, other in (r.wcc.before, r.to_wcc.before), (r.wcc.after, r.to_wcc.after):
            eq(one and vars(one), other and vars(other), 'RENAME within a directory')
        eq(r.wcc.after.fileid, n.getattr(d).attr.fileid)
    eq(n.rename(d, 's2', d, 's').status, nfs3.OK)
    names = {e.name for e in n.listing(d)}
    eq(names, {b'.', b'..', b's', b'n'})
    plus = n.listing(n.root, plus=True)
    for e in plus:
        if e.name in (b'f', b'third'):
            eq((e.fh, e.fileid), (f, n.getattr(f).attr.fileid))
    eq({e.name for e in plus}, {b'.', b'..', b'd', b'f', b'third'})
    eq(n.rmdir(n.root, 'd').status, nfs3.NOTEMPTY)
    eq(n.rmdir(n.root, 'f').status, nfs3.NOTDIR)
    one_of(n.remove(n.root, 'd').status, (nfs3.ISDIR, nfs3.PERM))
    for name in ('s', 'n'):
        eq(n.remove(d, name).status, nfs3.OK)
    eq(n.rmdir(n.root, 'd').status, nfs3.OK)
    eq(n.getattr(d).status, nfs3.STALE, 'a removed directory')
    r = n.fsinfo(n.root)
    assert r.rtmax >= 1 << 16 and r.wtmax >= 1 << 16 and r.dtpref, r
    eq(r.properties & 0x1b, 0x1b, 'links, symlinks, homogeneous, cansettime')
    assert r.maxfilesize > 1 << 40, r
    r = n.fsstat(n.root)
    assert r.tbytes >= r.fbytes >= r.abytes > 0, r
    r = n.pathconf(n.root)
    eq((r.name_max, r.chown_restricted, r.case_insensitive, r.case_preserving),
       (255, True, False, True))
    if w.server.name == 'ditto':
        eq(r.no_trunc, True, 'names that are too long are refused')
    if w.server.name == 'ditto':
        calls = w.server.calls('nfs3')
        eq([o for o in nfs3.NAMES if not calls.get(o)], [], 'procedures never counted')
        one_of(w.server.calls('mount3').get('mnt'), range(1, 100), 'MNT counted')


@test(server='ditto')
def times_of_whole_seconds(w):
    """FSINFO has the granularity of times as seconds and nanoseconds (RFC 1813 section 3.3.19)."""
    n = w.client.nfs()
    eq(n.fsinfo(n.root).time_delta, (0, 1))
    # inodes of this size have no room for more
    coarse = w.volume(f'{w.base}/coarse', 'ext4', '32m', options=('-I', '128'))
    w.server.add('coarse', coarse.where)
    eq(n.fsinfo(n.mnt(coarse.where).fh).time_delta, (1, 0))


@test
def by_the_kernel_client(w):
    """The kernel's client uses every procedure that it implements."""
    m = w.client.mount()
    before = w.server.calls('nfs3') if w.server.name == 'ditto' else {}
    os.mkdir(f'{m}/d')
    put(f'{m}/d/f', pattern(1, 100000))
    os.symlink('f', f'{m}/d/s')
    os.readlink(f'{m}/d/s')
    os.mkfifo(f'{m}/d/p')
    os.link(f'{m}/d/f', f'{m}/d/h')
    os.rename(f'{m}/d/h', f'{m}/d/i')
    os.chmod(f'{m}/d/f', 0o600)
    os.statvfs(m)
    os.pathconf(m, 'PC_LINK_MAX')
    with open(f'{m}/d/f', 'r+b') as f:
        f.write(b'x')
        os.fsync(f.fileno())
    with open(f'{m}/d/f', 'rb') as f:
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        eq(f.read()[:1], b'x')
    with os.scandir(f'{m}/d') as entries:
        eq(len([e.stat(follow_symlinks=False) for e in entries]), 4)
    os.access(f'{m}/d/f', os.W_OK)
    second = w.client.mount(opts='nordirplus,nosharecache')
    eq(sorted(os.listdir(f'{second}/d')), ['f', 'i', 'p', 's'])
    eq(os.stat(f'{second}/d/s').st_size, 100000)  # through the link
    eq(os.readlink(f'{second}/d/s'), 'f')
    for name in 'fspi':
        os.unlink(f'{m}/d/{name}')
    os.rmdir(f'{m}/d')
    if w.server.name == 'ditto':
        after = w.server.calls('nfs3')
        missing = [o for o in nfs3.NAMES if after.get(o, 0) <= before.get(o, 0)
                   and o not in ('null', 'pathconf', 'fsinfo', 'commit', 'read')]
        eq(missing, [], 'procedures not reached')


@test
def names(w):
    """Invalid names are refused. (knfsd refuses most of them as garbage arguments.)"""
    n = w.client.nfs()
    garbage = rpc.GARBAGE_ARGS if w.server.name == 'knfsd' else None

    def status(call, name):
        try:
            return call(name).status
        except rpc.RpcError as e:
            if e.reply.stat != garbage:
                raise
            return 'garbage'
    f, d = n.create(n.root, 'f').fh, n.mkdir(n.root, 'd').fh
    refused = (nfs3.INVAL, nfs3.ACCES, nfs3.NOENT, nfs3.EXIST, 'garbage')
    def lookup(name):
        return n.lookup(n.root, name)
    makers = {'CREATE': lambda name: n.create(n.root, name, nfs3.GUARDED),
              'MKDIR': lambda name: n.mkdir(n.root, name),
              'SYMLINK': lambda name: n.symlink(n.root, name, 'x'),
              'MKNOD': lambda name: n.mknod(n.root, name, nfs3.FIFO),
              'LINK': lambda name: n.link(f, n.root, name),
              'RENAME to': lambda name: n.rename(n.root, 'f', n.root, name),
              'RENAME from': lambda name: n.rename(n.root, name, n.root, 'g'),
              'REMOVE': lambda name: n.remove(n.root, name),
              'RMDIR': lambda name: n.rmdir(n.root, name)}
    for name in (b'', b'a/b', b'/', b'a\0b', b'\0', b'.', b'..', b'../f', b'd/'):
        for what, call in makers.items():
            allowed = refused + ((nfs3.NOTEMPTY, nfs3.ISDIR, nfs3.PERM)
                                 if name in (b'.', b'..') else ())
            one_of(status(call, name), allowed, f'{what} {name}')
    for name in (b'', b'a/b', b'/', b'a\0b', b'd/', b'f\0'):
        one_of(status(lookup, name), refused, f'LOOKUP {name}')
    for what, call in {**makers, 'LOOKUP': lookup}.items():
        one_of(status(call, b'n' * 256), (nfs3.NAMETOOLONG, 'garbage'), f'{what} of 256 bytes')
        one_of(call(b'n' * 255).status, (nfs3.OK, nfs3.NOENT, nfs3.EXIST), f'{what} of 255 bytes')
        if what in ('CREATE', 'MKDIR', 'SYMLINK', 'MKNOD', 'LINK'):
            one_of(nfs3.OK, [n.remove(n.root, b'n' * 255).status,
                             n.rmdir(n.root, b'n' * 255).status], what)
        elif what == 'RENAME to':
            eq(n.rename(n.root, b'n' * 255, n.root, 'f').status, nfs3.OK)
    eq(sorted(os.listdir(w.export)), ['d', 'f'], 'what is left')
    eq(n.lookup(n.root, '.').fh, n.root)
    eq(n.lookup(d, '..').fh, n.root)
    eq(n.getattr(n.lookup(n.root, '..').fh).attr.fileid, n.getattr(n.root).attr.fileid,
       '.. of the root')
    one_of(status(lambda name: n.lookup(d, name), '../..'), refused)
    eq(n.lookup(f, 'x').status, nfs3.NOTDIR, 'LOOKUP in a file')
    eq(n.lookup(n.root, b'\xff\xfe bytes').status, nfs3.NOENT)
    eq(n.create(n.root, b'\xff\xfe\n', nfs3.GUARDED).status, nfs3.OK, 'bytes that are no text')
    for target in (b'', b'a\0b', b't' * 4096):
        one_of(status(lambda t: n.symlink(n.root, 's', t), target),
               refused + (nfs3.NAMETOOLONG,), f'SYMLINK to {target[:10]}')


@test
def wrong_objects(w):
    n = w.client.nfs()
    f, d = n.create(n.root, 'f').fh, n.mkdir(n.root, 'd').fh
    p = n.mknod(n.root, 'p', nfs3.FIFO).fh
    one_of(n.read(d, 0, 10).status, (nfs3.ISDIR, nfs3.INVAL), 'READ of a directory')
    one_of(n.write(d, 0, b'x').status, (nfs3.ISDIR, nfs3.INVAL), 'WRITE to a directory')
    eq(n.read(p, 0, 10).status, nfs3.INVAL, 'READ of a FIFO')
    eq(n.write(p, 0, b'x').status, nfs3.INVAL, 'WRITE to a FIFO')
    eq(n.readdir(f).status, nfs3.NOTDIR)
    eq(n.readdirplus(f).status, nfs3.NOTDIR)
    for what, call in (('CREATE', lambda: n.create(f, 'x')), ('MKDIR', lambda: n.mkdir(f, 'x')),
                       ('SYMLINK', lambda: n.symlink(f, 'x', 'y')),
                       ('MKNOD', lambda: n.mknod(f, 'x', nfs3.FIFO)),
                       ('REMOVE', lambda: n.remove(f, 'x')), ('RMDIR', lambda: n.rmdir(f, 'x')),
                       ('RENAME from', lambda: n.rename(f, 'x', d, 'y')),
                       ('RENAME to', lambda: n.rename(n.root, 'p', f, 'y')),
                       ('LINK into', lambda: n.link(p, f, 'x'))):
        eq(call().status, nfs3.NOTDIR, f'{what} in a file')
    one_of(n.link(d, n.root, 'x').status, (nfs3.ISDIR, nfs3.PERM, nfs3.INVAL), 'LINK of a folder')
    one_of(n.setattr(d, sattr(size=0)).status, (nfs3.ISDIR, nfs3.INVAL), 'size of a directory')
    one_of(n.setattr(p, sattr(size=0)).status, (nfs3.INVAL, nfs3.OK), 'size of a FIFO')
    one_of(n.commit(p).status, (nfs3.INVAL, nfs3.OK, nfs3.BADTYPE), 'COMMIT of a FIFO')


@test
def reads_and_offsets(w):
    n = w.client.nfs()
    f = n.create(n.root, 'f').fh
    put(w.path('f'), pattern(1, 10000))
    for at, count, want, eof in ((0, 10000, 10000, True), (0, 20000, 10000, True),
                                 (9999, 10, 1, True), (10000, 10, 0, True),
                                 (20000, 10, 0, True), (0, 9999, 9999, False),
                                 (5000, 5000, 5000, True), (4090, 20, 20, False),
                                 (1 << 62, 10, 0, True)):
        r = n.read(f, at, count)
        eq((r.status, r.count, r.eof), (nfs3.OK, want, eof), f'READ {count} at {at}')
        eq(r.data, pattern(1, 10000)[at:at + count])
    eq(n.read(f, 0, 0).count, 0)
    r = n.read(f, 0, 0xffffffff)
    one_of((r.status, r.status == nfs3.OK and r.count), ((nfs3.OK, 10000), (nfs3.INVAL, False)),
           'READ of 4 GiB')
    for at in ((1 << 63) - 1, 1 << 63, (1 << 64) - 5, (1 << 64) - 1):
        r = n.read(f, at, 100)
        assert r.status == nfs3.INVAL or r.status == nfs3.OK and r.count == 0 and r.eof, \
            f'READ at {at:#x}: {r}'
        r = n.write(f, at, b'x' * 16)
        one_of(r.status, (nfs3.FBIG, nfs3.INVAL), f'WRITE at {at:#x}')
    one_of(n.setattr(f, sattr(size=1 << 63)).status, (nfs3.FBIG, nfs3.INVAL), 'size 2^63')
    one_of(n.setattr(f, sattr(size=(1 << 64) - 1)).status, (nfs3.FBIG, nfs3.INVAL), 'size 2^64-1')
    for at in ((1 << 63) - 1, 1 << 63, (1 << 64) - 1):
        one_of(n.commit(f, at, 100).status, (nfs3.OK, nfs3.INVAL, nfs3.FBIG), f'COMMIT at {at:#x}')
    eq(n.getattr(f).attr.size, 10000, 'untouched')
    limit = n.fsinfo(n.root).maxfilesize
    r = n.write(f, limit - 8, b'12345678')
    if r.status == nfs3.OK:
        eq(n.getattr(f).attr.size, limit)
    else:
        one_of(r.status, (nfs3.FBIG, nfs3.INVAL, nfs3.NOSPC))
    eq(n.write(f, 3, b'').status, nfs3.OK, 'WRITE of nothing')
    top = n.fsinfo(n.root).wtmax
    g = n.create(n.root, 'g').fh
    eq(n.write(g, 0, pattern(2, top)).count, top, 'the largest WRITE')
    r = n.read(g, 0, n.fsinfo(n.root).rtmax)
    eq(r.data == pattern(2, top)[:r.count] and r.count >= 1 << 16, True, 'the largest READ')
    eq(get(w.path('g')) == pattern(2, top), True)


@test
def setattr_guard_and_times(w):
    n = w.client.nfs()
    f = n.create(n.root, 'f', nfs3.GUARDED).fh
    a = n.getattr(f).attr
    other = (a.ctime[0], (a.ctime[1] + 1) % 1000000000)
    r = n.setattr(f, sattr(mode=0o600), guard=other)
    eq(r.status, nfs3.NOT_SYNC)
    eq(r.wcc.after.mode, 0o644)
    eq(n.setattr(f, sattr(mode=0o600), guard=a.ctime).status, nfs3.OK)
    eq(n.getattr(f).attr.mode, 0o600)
    r = n.setattr(f, sattr(atime=(100, 5), mtime=(200, 123456789)))
    eq((r.wcc.after.atime, r.wcc.after.mtime), ((100, 5), (200, 123456789)))
    r = n.setattr(f, sattr(mtime='server'))
    assert r.wcc.after.mtime[0] > 1000000000 and r.wcc.after.atime == (100, 5)
    r = n.setattr(f, sattr(mode=0o7777, uid=77, gid=88))
    eq((r.status, r.wcc.after.uid, r.wcc.after.gid), (nfs3.OK, 77, 88))
    before = n.getattr(n.root).attr
    r = n.create(n.root, 'g', nfs3.GUARDED)
    if r.wcc.before:
        eq((r.wcc.before.mtime, r.wcc.before.ctime), (before.mtime, before.ctime), 'wcc before')
    eq(r.wcc.after.mtime >= before.mtime, True)
    r = n.remove(n.root, 'not there')
    eq(r.status, nfs3.NOENT)
    assert r.wcc.after, 'a failed REMOVE without attributes of the directory'


@test
def unchecked_create(w):
    n = w.client.nfs()
    f = n.create(n.root, 'f', nfs3.UNCHECKED, sattr(mode=0o640)).fh
    n.write(f, 0, b'content')
    r = n.create(n.root, 'f', nfs3.UNCHECKED, sattr(mode=0o777))
    eq((r.status, r.fh), (nfs3.OK, f))
    eq(get(w.path('f')), b'content', 'an existing file keeps its data')
    r = n.create(n.root, 'f', nfs3.UNCHECKED, sattr(size=3))
    eq((r.status, get(w.path('f'))), (nfs3.OK, b'con'))
    n.mkdir(n.root, 'd')
    if w.server.name == 'ditto':
        one_of(n.create(n.root, 'd', nfs3.UNCHECKED).status, (nfs3.ISDIR, nfs3.EXIST))
    eq(n.create(n.root, 'd', nfs3.GUARDED).status, nfs3.EXIST)


@test(server='ditto')
def made_with_nonsense(w):
    """Invalid attributes are refused before anything is created."""
    n = w.client.nfs()
    for attrs, want in ((sattr(size=5), (nfs3.ISDIR, nfs3.INVAL)),
                        (sattr(size=(1 << 63) + 1), (nfs3.ISDIR, nfs3.INVAL)),
                        (sattr(mtime=(1, 10 ** 9)), (nfs3.INVAL,))):
        one_of(n.mkdir(n.root, 'd', attrs).status, want)
        one_of(n.symlink(n.root, 'd', 'target', attrs).status, want)
        one_of(n.mknod(n.root, 'd', nfs3.FIFO, attrs).status, want)
    eq(n.create(n.root, 'd', attrs=sattr(mtime=(1, 10 ** 9))).status, nfs3.INVAL)
    eq(n.create(n.root, 'd', attrs=sattr(size=(1 << 63) + 1)).status, nfs3.FBIG)
    eq(os.listdir(w.export), [])
    eq(n.mkdir(n.root, 'd', sattr(size=0)).status, nfs3.OK)


@test
def exclusive_create(w):
    """The same verifier finds the same file, also after a restart of the server."""
    n = w.client.nfs()
    for i, verf in enumerate((b'\x01\x02\x03\x04\x05\x06\x07\x08', b'\xff' * 8, bytes(8),
                              b'\x80\x00\x00\x00\x7f\xff\xff\xff')):
        r = n.create(n.root, f'x{i}', nfs3.EXCLUSIVE, verf=verf)
        eq(r.status, nfs3.OK, f'EXCLUSIVE with {verf}')
        again = n.create(n.root, f'x{i}', nfs3.EXCLUSIVE, verf=verf)
        eq((again.status, again.fh), (nfs3.OK, r.fh), f'the same again with {verf}')
        # each half and each byte counts
        for at in (0, 3, 4, 7):
            wrong = bytearray(verf)
            wrong[at] ^= 0x01
            eq(n.create(n.root, f'x{i}', nfs3.EXCLUSIVE, verf=bytes(wrong)).status, nfs3.EXIST,
               f'byte {at} of {verf} changed')
    w.server.restart()
    n = w.client.nfs()
    eq(n.create(n.root, 'x0', nfs3.EXCLUSIVE,
                verf=b'\x01\x02\x03\x04\x05\x06\x07\x08').status, nfs3.OK, 'after a restart')
    eq(n.create(n.root, 'x0', nfs3.EXCLUSIVE, verf=b'otherone').status, nfs3.EXIST)
    n.mkdir(n.root, 'd')
    eq(n.create(n.root, 'd', nfs3.EXCLUSIVE, verf=b'abcdefgh').status, nfs3.EXIST)


@test
def replies_are_kept(w):
    """A repeated call that changes something gets its first reply and is not executed twice."""
    n = w.client.nfs()
    port = n.rpc.port()
    for name in ('a', 'b'):
        n.create(n.root, name)
    d = n.mkdir(n.root, 'd').fh
    xid = 0x77000000
    calls = {'REMOVE': lambda x: n.remove(n.root, 'a', xid=x),
             'RENAME': lambda x: n.rename(n.root, 'b', n.root, 'c', xid=x),
             'RMDIR': lambda x: n.rmdir(n.root, 'd', xid=x),
             'MKDIR': lambda x: n.mkdir(n.root, 'e', xid=x),
             'SYMLINK': lambda x: n.symlink(n.root, 's', 'x', xid=x),
             'MKNOD': lambda x: n.mknod(n.root, 'p', nfs3.FIFO, xid=x),
             'CREATE': lambda x: n.create(n.root, 'f', nfs3.GUARDED, xid=x),
             'LINK': lambda x: n.link(n.lookup(n.root, 'f').fh, n.root, 'l', xid=x)}
    for i, (what, call) in enumerate(calls.items()):
        eq(call(xid + i).status, nfs3.OK, what)
        eq(call(xid + i).status, nfs3.OK, f'{what} again')
        one_of(call(xid + 100 + i).status, (nfs3.NOENT, nfs3.EXIST), f'{what} as a new call')
    # a new connection from the same port is the same client repeating itself
    n.create(n.root, 'g')
    eq(n.remove(n.root, 'g', xid=xid + 50).status, nfs3.OK)
    n.rpc.close(abort=True)
    n = w.client.nfs(src_port=port)
    eq(n.remove(n.root, 'g', xid=xid + 50).status, nfs3.OK, 'REMOVE again, connected anew')
    # the same xid with other arguments, or from another port, is another call
    eq(n.remove(n.root, 'nothing', xid=xid + 50).status, nfs3.NOENT, 'same xid, other name')
    other = w.client.nfs()
    eq(other.remove(n.root, 'g', xid=xid + 50).status, nfs3.NOENT, 'same call, other port')
    eq(n.getattr(d).status, nfs3.STALE)


@test(server='ditto', fs='ext4')
def asked_again_while_busy(w):
    """
    A slow call whose connection is lost is executed once, and its repetition on another
    connection gets the reply as soon as there is one, not after a time-out of its own.
    """
    n = w.client.nfs()
    port = n.rpc.port()
    xid, args = 0x78000000, nfs3.diropargs(n.root, 'd') + sattr(mode=0o755)
    call = rpc.call_bytes(nfs3.NFS, 3, nfs3.MKDIR, args, xid=xid)
    with frozen(w.export):
        n.rpc.send(call)
        n.rpc.send(call)
        wait_for('it hangs', lambda: 'D' in servers.service_threads())
        n.rpc.close(abort=True)
        c = w.client.connect(src_port=port)
        c.send(call)
        eq(c.call(nfs3.NFS, 3, nfs3.GETATTR, rpc.Enc().opaque(n.root).bytes()).stat, rpc.SUCCESS,
           'the new connection serves other calls meanwhile')
    try:
        raise AssertionError(f'an answer to xid {c.recv().xid:#x} on the new connection')
    except (EOFError, ConnectionError):
        c.close()
    n = w.client.nfs(src_port=port)
    eq(n.mkdir(n.root, 'd', sattr(mode=0o755), xid=xid).status, nfs3.OK, 'asked once more')
    eq(n.mkdir(n.root, 'd', sattr(mode=0o755)).status, nfs3.EXIST, 'as a new call')


@test(fs='ext4')
def immutable_files(w):
    """Immutable files can be read."""
    n = w.client.nfs()
    f, d = n.create(n.root, 'f').fh, n.mkdir(n.root, 'd').fh
    put(w.path('f'), b'fixed')
    put(w.path('d', 'x'), b'')
    for flag, may_write in (('i', 0), ('a', None)):
        run('chattr', f'+{flag}', w.path('f'), w.path('d'))
        try:
            r = n.access(f)
            eq((r.status, r.access & nfs3.MAY_READ), (nfs3.OK, nfs3.MAY_READ), f'ACCESS, +{flag}')
            if may_write is not None:
                eq(r.access & (nfs3.MAY_MODIFY | nfs3.MAY_EXTEND), may_write)
            r = n.access(d)
            eq((r.status, r.access & (nfs3.MAY_READ | nfs3.MAY_LOOKUP | nfs3.MAY_DELETE)),
               (nfs3.OK, nfs3.MAY_READ | nfs3.MAY_LOOKUP), f'ACCESS of a directory, +{flag}')
            eq(n.read(f, 0, 10).data, b'fixed')
            eq(n.remove(d, 'x').status, nfs3.PERM, f'REMOVE, +{flag}')
        finally:
            run('chattr', f'-{flag}', w.path('f'), w.path('d'))
    eq(n.access(f).access & nfs3.MAY_MODIFY, nfs3.MAY_MODIFY)


@test(server='ditto')
def attributes_with_refusals(w):
    """Calls that are refused early return attributes, too."""
    n = w.client.nfs()
    f, d = n.create(n.root, 'f').fh, n.mkdir(n.root, 'd').fh
    bad = sattr(uid=0xffffffff)
    nanoseconds = sattr(mtime=(1, 1000000000))
    short = n.write(f, 0, b'').wcc.after
    eq(short.size, 0)
    for what, r in (('SETATTR', n.setattr(f, bad)), ('SETATTR', n.setattr(f, nanoseconds)),
                    ('SETATTR', n.setattr(f, sattr(mode=0o600), guard=(1, 1000000000))),
                    ('CREATE', n.create(d, 'x', attrs=bad)), ('MKDIR', n.mkdir(d, 'x', bad)),
                    ('SYMLINK', n.symlink(d, 'x', 'y', bad)), ('SYMLINK', n.symlink(d, 'x', '')),
                    ('MKNOD', n.mknod(d, 'x', nfs3.FIFO, bad)),
                    ('MKNOD', n.mknod(d, 'x', nfs3.CHR, dev=(1 << 20, 0))),
                    ('COMMIT', n.commit(f, (1 << 64) - 1, 1)),
                    ('WRITE', n.write(f, (1 << 64) - 1, b'x'))):
        one_of(r.status, (nfs3.INVAL, nfs3.FBIG), what)
        assert r.wcc.after, f'{what} without attributes'
    eq(n.mknod(d, 'x', nfs3.REG).status, nfs3.BADTYPE)
    r = n.rename(d, 'x', bytes(28), 'y')
    eq(r.status, nfs3.BADHANDLE)
    assert r.wcc.after and not r.to_wcc.after
    eq(os.listdir(w.path('d')), [])


@test
def write_verifier(w):
    n = w.client.nfs()
    f = n.create(n.root, 'f').fh
    verifiers = {n.write(f, 0, b'x', how).verf for how in (0, 1, 2)} | {n.commit(f).verf}
    g = n.create(n.root, 'g').fh
    verifiers |= {n.write(g, 0, b'x', nfs3.UNSTABLE).verf, n.commit(g).verf}
    eq(len(verifiers), 1, 'verifiers of one server')
    for how in (nfs3.DATA_SYNC, nfs3.FILE_SYNC):
        assert n.write(f, 0, b'y', how).committed >= how, f'asked for {how}'
    w.server.restart()
    n = w.client.nfs()
    r = n.write(f, 0, b'z', nfs3.UNSTABLE)
    eq(r.status, nfs3.OK)
    assert r.verf not in verifiers, 'the verifier did not change with the restart'


@test
def readdir_limits(w):
    n = w.client.nfs()
    d = n.mkdir(n.root, 'd').fh
    names = [f'{i:03}' + 'x' * (i % 250) for i in range(300)]
    for name in names:
        put(w.path('d', name))
    want = {b'.', b'..'} | {x.encode() for x in names}
    for count in (600, 1024, 4096, 65536):
        got = n.listing(d, count=count)
        eq(({e.name for e in got}, len(got)), (want, len(want)), f'READDIR in pieces of {count}')
        got = n.listing(d, plus=True, dircount=count, maxcount=count)
        eq(({e.name for e in got}, len(got)), (want, len(want)), f'READDIRPLUS, {count}')
    for e in n.listing(d, plus=True):
        if e.name not in (b'.', b'..'):
            st = os.stat(w.path('d', e.name.decode()))
            eq(e.fileid, st.st_ino)
            if e.attr:
                eq(e.attr.fileid, st.st_ino)
            if e.fh:
                eq(n.getattr(e.fh).attr.fileid, st.st_ino)
    for count in (0, 8, 100) if w.server.name == 'ditto' else ():
        eq(n.readdir(d, count=count).status, nfs3.TOOSMALL, f'READDIR with {count} bytes')
        eq(n.readdirplus(d, dircount=count, maxcount=count).status, nfs3.TOOSMALL,
           f'READDIRPLUS with {count} bytes')
    for maxcount in (1024, 4096, 20000):
        r = n.readdirplus(d, dircount=maxcount, maxcount=maxcount)
        assert r.size <= maxcount, f'{r.size} bytes where {maxcount} were allowed'
    r = n.readdir(d, count=0xffffffff)
    assert r.status == nfs3.OK and r.entries, 'READDIR with 4 GiB'
    r = n.readdirplus(d, dircount=0xffffffff, maxcount=0xffffffff)
    assert r.status == nfs3.OK and r.entries, 'READDIRPLUS with 4 GiB'
    empty = n.mkdir(n.root, 'empty').fh
    eq({e.name for e in n.listing(empty)}, {b'.', b'..'})
    last = n.listing(empty)[-1].cookie
    r = n.readdir(empty, last)
    eq((r.status, r.entries, r.eof), (nfs3.OK, [], True), 'behind the last entry')
    root = {e.name: e.fileid for e in n.listing(n.root)}
    eq(root[b'.'], n.getattr(n.root).attr.fileid)
    eq(root[b'..'], root[b'.'], '.. of the root is the root')
    one_of(n.readdir(d, 0x7fffffffffffffff).status, (nfs3.OK, nfs3.BAD_COOKIE), 'a cookie far out')
    one_of(n.readdir(d, 0xffffffffffffffff).status, (nfs3.OK, nfs3.BAD_COOKIE, nfs3.INVAL))
    one_of(n.readdirplus(d, 1 << 63).status, (nfs3.OK, nfs3.BAD_COOKIE, nfs3.INVAL))


@test
def a_listing_while_it_changes(w):
    """Entries that stay are listed exactly once while others are added and removed."""
    n = w.client.nfs()
    d = n.mkdir(n.root, 'd').fh
    for i in range(600):
        put(w.path('d', f'stay{i}'))
        put(w.path('d', f'go{i}'))
    seen, cookie, verf, gone = [], 0, bytes(8), 0
    while True:
        r = n.readdir(d, cookie, verf, 1500)
        eq(r.status, nfs3.OK)
        seen += [e.name for e in r.entries if e.name.startswith(b'stay')]
        if r.eof:
            break
        cookie, verf = r.entries[-1].cookie, r.verf
        for _ in range(20):
            if gone < 600:
                os.unlink(w.path('d', f'go{gone}'))
                put(w.path('d', f'new{gone}'))
                gone += 1
    eq((len(seen), len(set(seen))), (600, 600), 'entries that stayed')


@test
def nothing_survives_in_errors(w):
    """Errors carry present attributes, never those of an earlier request."""
    n = w.client.nfs()
    d = n.mkdir(n.root, 'd', sattr(mode=0o751)).fh
    n.lookup(n.root, 'd')
    r = n.lookup(d, 'none')
    if r.dir:
        eq(r.dir.mode, 0o751)
    n.rmdir(n.root, 'd')
    for what, r in (('LOOKUP', n.lookup(d, 'x')), ('READDIR', n.readdir(d)),
                    ('ACCESS', n.access(d)), ('FSSTAT', n.fsstat(d)), ('READ', n.read(d, 0, 1)),
                    ('READLINK', n.readlink(d)), ('PATHCONF', n.pathconf(d))):
        eq(r.status, nfs3.STALE, f'{what} of a removed directory')
        eq(getattr(r, 'attr', None) or getattr(r, 'dir', None), None, f'attributes of {what}')
    for what, r in (('CREATE', n.create(d, 'x')), ('REMOVE', n.remove(d, 'x')),
                    ('WRITE', n.write(d, 0, b'')), ('COMMIT', n.commit(d)),
                    ('SETATTR', n.setattr(d, sattr(mode=0)))):
        eq(r.status, nfs3.STALE, f'{what} on a removed directory')
        eq((r.wcc.before, r.wcc.after), (None, None), f'attributes of {what}')


@test
def stable_storage(w):
    """Data and size of a stable WRITE are in the file system at once."""
    n = w.client.nfs()
    f = n.create(n.root, 'f').fh
    for i in range(10):
        eq(n.write(f, i * 10, b'%010d' % i, nfs3.UNSTABLE).status, nfs3.OK)
    eq(n.commit(f, 0, 0).status, nfs3.OK)
    eq(get(w.path('f')), b''.join(b'%010d' % i for i in range(10)))


@test(server='ditto')
def commit_needs_no_access(w):
    """COMMIT takes what WRITE accepted, though the user or the share may not write any more."""
    put(w.path('f'), b'', 0o666)
    root = w.client.nfs()
    n, f = root.as_user(rpc.auth_sys(2000, 2000)), root.lookup(root.root, 'f').fh
    eq(n.write(f, 0, b'x', nfs3.UNSTABLE).status, nfs3.OK)
    os.chmod(w.path('f'), 0o600)
    eq((n.write(f, 0, b'y').status, n.commit(f).status), (nfs3.ACCES, nfs3.OK))
    w.server.set('data', ro=True)
    eq(n.commit(f).status, nfs3.OK)


@test(fs=None, share=False)
def names_without_journal(w):
    """Names are on the disk before the reply, also those of ext4 without a journal, or that does
    not use its own."""
    none = w.volume(w.export, 'ext4', '40m', options=('-O', '^has_journal'))
    unused = w.volume(f'{w.base}/unused', 'ext4', '40m')
    unused.umount()
    run('tune2fs', '-E', 'mount_opts=noload', unused.image)
    unused.mount()
    for volume in (none, unused):
        w.server.add(os.path.basename(volume.where), volume.where)
        names_are_stable(w.client.nfs(path=volume.where), volume.image)


def names_are_stable(n, image):
    def on_disk(path):
        return names_on_disk(image, path)

    d = n.mkdir(n.root, 'd').fh
    eq(on_disk('/'), ['d'])
    f = n.create(d, 'f').fh
    eq(on_disk('/d'), ['f'])
    eq(n.link(f, n.root, 'link').status, nfs3.OK)
    eq((on_disk('/'), on_disk('/d')), (['d', 'link'], ['f']))
    eq(n.rename(d, 'f', n.root, 'g').status, nfs3.OK)
    eq((on_disk('/'), on_disk('/d')), (['d', 'g', 'link'], []))
    text = b'long ' * 50
    eq(n.symlink(n.root, 's', text).status, nfs3.OK)
    eq((on_disk('/'), text in get(image)), (['d', 'g', 'link', 's'], True))
    eq(n.remove(n.root, 'g').status, nfs3.OK)
    eq(n.rmdir(n.root, 'd').status, nfs3.OK)
    eq(on_disk('/'), ['link', 's'])


@test(fs=None, share=False)
def failed_sync(w):
    """When the disk fails after a WRITE, COMMIT or a later WRITE reports it and the write
    verifier changes."""
    w.volume(f'{w.base}/disk', 'tmpfs', '30m')  # holds less than the file system on it thinks
    w.volume(w.export, 'ext4', '100m', image=f'{w.base}/disk/image')
    # The journal does not fit on the disk either: ext4 turns read-only when it commits by itself.
    run('mount', '-o', 'remount,commit=600', w.export)
    w.server.add('data', w.export)
    n = w.client.nfs()
    f = n.create(n.root, 'f').fh
    g = n.create(n.root, 'g').fh
    r = n.write(g, 0, b'small', nfs3.UNSTABLE)
    before = r.verf
    eq(n.commit(g).verf, before)
    block = pattern(1, 1 << 20)
    lost = (nfs3.IO, nfs3.NOSPC)
    for i in range(50):
        r = n.write(f, i << 20, block, nfs3.UNSTABLE)
        if r.status != nfs3.OK:
            one_of(r.status, lost, 'WRITE')
            break
        eq(r.count, 1 << 20)
    # An error is reported once, so COMMIT need not report it again.
    one_of(n.commit(f).status, lost if r.status == nfs3.OK else (nfs3.OK, *lost), 'COMMIT')
    verf = n.write(g, 0, b'again', nfs3.UNSTABLE).verf
    assert verf != before, 'the verifier did not change'
    eq(n.read(g, 0, 10).data, b'again')
