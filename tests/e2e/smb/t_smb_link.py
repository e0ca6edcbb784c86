# SPDX-License-Identifier: GPL-2.0-only
"""SMB: new names of files (FileLinkInformation), also in place of other files, and what concerns one
of several names of a file."""
import os
import struct

from impacket.smb3structs import SMB2_DIALECT_30

import nfs4
from checks import eq
from files import get, put
from harness import test
from nfs4_opens import V40, last, write
from processes import run
from smb import UIDS
from smb2 import (DELETE, DELETE_ON_CLOSE, GENERIC_READ, OPEN, SHARE_ALL, SHARE_READ, SHARE_WRITE,
                  Smb2, refused)
from smb_cachers import H, R, Cacher
from smb_watchers import REMOVED, Watcher, breaks

FILE_LINK = 11
EXT4_LINKS = 65000
TOO_MANY_LINKS = '0xc0000265'


def link(s, fid, name, replace=True):
    name = name.encode('utf-16-le')
    return s.set(fid, FILE_LINK, struct.pack('<B7xQI', replace, 0, len(name)) + name)


def world(w):
    os.chmod(w.export, 0o777)
    put(w.path('source'), b'source', 0o666)
    put(w.path('target'), b'target', 0o666)
    return Smb2(w.client)


def opened(s, name='source'):
    return s.create(name, access=GENERIC_READ, share=SHARE_ALL)


@test(smb=True, squash='none')
def replaces(w):
    """The other file loses the name, whose spelling is that of the request."""
    s = world(w)
    fid = opened(s)
    refused('OBJECT_NAME_COLLISION', link, s, fid, 'target', False)
    link(s, fid, 'TARGET')
    eq(sorted(os.listdir(w.export)), ['TARGET', 'source'])
    eq((get(w.path('TARGET')), os.stat(w.path('source')).st_nlink), (b'source', 2))
    refused('OBJECT_NAME_COLLISION', link, s, fid, 'TARGET')
    s.end()


@test(smb=True, squash='none', fs='ext4')
def fails_and_replaces_nothing(w):
    """A file that cannot get another name takes none from another file."""
    s = world(w)
    fid = opened(s)
    for flag in 'ia':
        run('chattr', f'+{flag}', w.path('source'))
        try:
            refused('ACCESS_DENIED', link, s, fid, 'target')
        finally:
            run('chattr', f'-{flag}', w.path('source'))
        eq(get(w.path('target')), b'target', 'the other file')
    link(s, fid, 'target')
    eq(get(w.path('target')), b'source')
    s.end()


@test(smb=True, squash='none', fs='ext4')
def fails_late_and_replaces_nothing(w):
    """A limit that only the file system knows takes no name from another file either."""
    s = world(w)
    os.mkdir(w.path('d'))
    for i in range(EXT4_LINKS - 1):
        os.link(w.path('source'), w.path(f'd/{i}'))
    fid = opened(s)
    for name in ('target', 'TARGET'):
        refused(TOO_MANY_LINKS, link, s, fid, name)
        eq(sorted(set(os.listdir(w.export)) - {'.ditto'}), ['d', 'source', 'target'])
        eq(get(w.path('target')), b'target', 'the other file')
    os.unlink(w.path('d/0'))
    link(s, fid, 'target')
    eq(get(w.path('target')), b'source')
    s.end()


@test(smb=True, squash='none', clients=2)
def replaces_in_sticky_directory(w):
    """A user may put a file of somebody else in place of his own one in a sticky directory."""
    put(w.path('source'), b'source', 0o666)
    os.chmod(w.export, 0o1777)
    bob = Smb2(w.clients[1], user='bob')
    bob.close(bob.create('own'))
    fid = opened(bob)
    link(bob, fid, 'own')
    eq(get(w.path('own')), b'source')
    bob.end()


@test(smb=True, squash='none', clients=2)
def who_may_not_replace(w):
    """A user who may not change the directory takes no lease of the file whose name is wanted."""
    put(w.path('target'), b'target', 0o644)
    os.chmod(w.export, 0o755)
    os.mkdir(w.path('pub'))
    os.chmod(w.path('pub'), 0o777)
    a, bob = Cacher(w.client), Cacher(w.clients[1], user='bob')
    key = b'k' * 16
    g = a.open('target', key=key, state=R | H, access=GENERIC_READ)
    eq(g.state, R | H)
    fid = bob.create('pub\\own', access=GENERIC_READ | DELETE)
    refused('ACCESS_DENIED', bob.rename, fid, 'target', True)
    refused('ACCESS_DENIED', link, bob, fid, 'target')
    a.quiet()
    eq(get(w.path('target')), b'target')
    for s in (a, bob):
        s.end()


@test(smb=True, squash='none', clients=2)
def links_to_others(w):
    """Who may neither write a file nor owns it gives it no name, nor does he by set-id bits."""
    os.chmod(w.export, 0o777)
    for name, mode in (('readable', 0o644), ('suid', 0o4777), ('writable', 0o666)):
        put(w.path(name), b'data', mode)
        os.chmod(w.path(name), mode)
    put(w.path('own'), b'data')
    os.chown(w.path('own'), UIDS['bob'], UIDS['bob'])
    os.chmod(w.path('own'), 0o4500)
    bob = Smb2(w.clients[1], user='bob')
    for name in ('readable', 'suid'):
        fid = opened(bob, name)
        refused('ACCESS_DENIED', link, bob, fid, f'other {name}', False)
        bob.close(fid)
        eq(os.stat(w.path(name)).st_nlink, 1)
    for name in ('writable', 'own'):
        fid = opened(bob, name)
        link(bob, fid, f'other {name}', False)
        bob.close(fid)
        eq(os.stat(w.path(name)).st_nlink, 2)
    bob.end()


def linked(w, *names):
    """A file with several names."""
    os.chmod(w.export, 0o777)
    put(w.path(names[0]), b'linked', 0o666)
    for name in names[1:]:
        os.link(w.path(names[0]), w.path(name))


def deleter(s, name, **kw):
    return s.create(name, access=GENERIC_READ | DELETE, how=OPEN, **kw)


def reader(s, name, **kw):
    return s.create(name, access=GENERIC_READ, how=OPEN, **kw)


def standard(s, fid):
    """NumberOfLinks and DeletePending."""
    return struct.unpack_from('<IB', s.query(fid, 5), 16)


def names(w):
    return sorted(set(os.listdir(w.export)) - {'.ditto'})


@test(smb=True, squash='none')
def deletes_the_name_that_was_opened(w):
    """Opens of other names neither become delete pending nor keep the name."""
    linked(w, 'a', 'b')
    s = Smb2(w.client)
    keeps, fid, other = reader(s, 'a'), deleter(s, 'b'), reader(s, 'b')
    s.delete_on_close(fid)
    refused('DELETE_PENDING', reader, s, 'b')
    s.close(reader(s, 'a'))
    eq([standard(s, f) for f in (keeps, fid, other)], [(1, 0), (1, 1), (1, 1)])
    refused('ACCESS_DENIED', link, s, fid, 'c')
    s.close(fid)
    # Shares no deletion, but by a name that stays.
    strict = reader(s, 'a', share=SHARE_READ | SHARE_WRITE)
    eq(names(w), ['a', 'b'])
    s.close(other)
    eq(names(w), ['a'])
    eq((s.read(keeps, 6), standard(s, keeps)), (b'linked', (1, 0)))
    for fid in (keeps, strict):
        s.close(fid)
    eq(names(w), ['a'])
    s.end()


@test(smb=True, squash='none')
def renames_from_the_root(w):
    """The new name of a rename may begin with the separator of the share's root."""
    os.chmod(w.export, 0o777)
    os.mkdir(w.path('d'))
    os.chmod(w.path('d'), 0o777)
    put(w.path('f'), b'moved')
    s = Smb2(w.client)
    fid = deleter(s, 'f')
    s.rename(fid, '\\d\\g', False)
    eq((names(w), get(w.path('d/g'))), (['d'], b'moved'))
    for wrong in ('\\\\d\\h', '\\'):
        refused('INVALID_PARAMETER', s.rename, fid, wrong, False)
    s.rename(fid, '\\h', False)
    eq(names(w), ['d', 'h'])
    s.end()


@test(smb=True, squash='none')
def renames_to_another_name(w):
    """A rename to another name of the file removes the old name, as its deletion does."""
    os.chmod(w.export, 0o777)
    os.mkdir(w.path('d'))
    os.chmod(w.path('d'), 0o777)
    linked(w, 'd/a', 'd/b', 'd/c', 'e', 'd/f')
    s, o = Watcher(w.client, dialect=SMB2_DIALECT_30), Smb2(w.client)
    watched = s.directory('')
    s.begin(watched)

    def rename(name, to, replace, gone):
        fid = deleter(o, name)
        o.rename(fid, to, replace)
        eq(s.told(watched, 1), [(REMOVED, gone)])
        s.nothing(watched)
        eq(o.read(fid, 6), b'linked')
        o.close(fid)
    kept = reader(o, 'd\\b')
    breaks(s, 'a name goes', lambda: rename('d\\a', 'd\\b', True, 'd\\a'))
    eq((sorted(os.listdir(w.path('d'))), os.stat(w.path('d/b')).st_nlink), (['b', 'c', 'f'], 4))
    # Nothing is replaced, so ReplaceIfExists does not matter, and neither does case.
    rename('d\\c', 'd\\B', False, 'd\\c')
    rename('d\\f', 'E', True, 'd\\f')
    rename('e', 'd\\b', True, 'e')
    eq((os.listdir(w.path('d')), names(w)), (['b'], ['d']))
    eq((get(w.path('d/b')), o.read(kept, 6)), (b'linked', b'linked'))
    # It is the only name.
    fid = deleter(o, 'd\\b')
    o.rename(fid, 'd\\B')
    eq(s.told(watched, 2)[1][1], 'd\\B')
    for session in (s, o):
        session.end()
    eq(os.listdir(w.path('d')), ['B'])


@test(smb=True, squash='none')
def deletes_several_names(w):
    """Each deletion is carried out, and taken back, by itself."""
    linked(w, 'a', 'b', 'c', 'd')
    s = Smb2(w.client)
    a, b, c = (deleter(s, name) for name in 'abc')
    d = deleter(s, 'd', options=DELETE_ON_CLOSE)
    for fid in (a, b, c):
        s.delete_on_close(fid)
    eq(standard(s, a), (1, 1))
    s.delete_on_close(c, False)
    eq([standard(s, fid)[1] for fid in (a, b, c, d)], [1, 1, 0, 0])
    for fid in (d, b, c, a):
        s.close(fid)
    eq(names(w), ['c'])
    eq(os.stat(w.path('c')).st_nlink, 1)
    s.end()


@test(smb=True, squash='none')
def deletes_a_name_that_moved(w):
    """A rename takes the deletion along; what has the name since then stays."""
    linked(w, 'a', 'b', 'c', 'd', 'e')
    os.mkdir(w.path('dir'))
    os.chmod(w.path('dir'), 0o777)
    s = Smb2(w.client)
    fids = [deleter(s, name) for name in 'bcde']
    for fid in fids:
        s.delete_on_close(fid)
    n = w.client.nfs()
    n.rename(n.root, 'b', n.lookup(n.root, 'dir').fh, 'moved')
    os.unlink(w.path('c'))
    os.link(w.path('a'), w.path('c'))
    put(w.path('new'), b'new')
    os.rename(w.path('new'), w.path('d'))
    n.remove(n.root, 'e')
    s.close(reader(s, 'c'))
    for fid in fids:
        s.close(fid)
    eq((names(w), os.listdir(w.path('dir'))), (['a', 'c', 'd', 'dir'], []))
    eq((get(w.path('d')), os.stat(w.path('a')).st_nlink), (b'new', 2))
    s.end()


@test(smb=True, squash='none')
def counts_names_that_are_left(w):
    """A name that a client removes meanwhile is not subtracted from NumberOfLinks once more."""
    linked(w, 'a', 'b', 'c', 'd', 'e')
    put(w.path('new'), b'new')
    s, n = Smb2(w.client), w.client.nfs()
    keeps, *fids, late = reader(s, 'a'), *(deleter(s, name) for name in 'bcde')
    for fid in fids:
        s.delete_on_close(fid)
    eq(standard(s, keeps), (2, 0))
    n.remove(n.root, 'b')
    eq(standard(s, keeps), (2, 0))
    n.rename(n.root, 'new', n.root, 'c')
    eq(standard(s, keeps), (2, 0))
    s.delete_on_close(fids[0], False)
    eq(standard(s, keeps), (2, 0))
    n.remove(n.root, 'e')
    s.delete_on_close(late)
    eq(standard(s, keeps), (1, 0))
    for fid in (late, *fids):
        s.close(fid)
    eq((names(w), standard(s, keeps)), (['a', 'c'], (1, 0)))
    n.remove(n.root, 'a')
    eq(standard(s, keeps), (0, 1))
    s.close(keeps)
    s.end()


@test(smb=True, squash='none')
def counts_names_that_processes_leave(w):
    """Nor is one that a process on the server removes, or replaces by another file."""
    linked(w, 'a', 'b', 'c', 'd')
    put(w.path('new'), b'new')
    s = Smb2(w.client)
    keeps, *fids = reader(s, 'a'), *(deleter(s, name) for name in 'bcd')
    for fid in fids:
        s.delete_on_close(fid)
    eq(standard(s, keeps), (1, 0))
    os.unlink(w.path('b'))
    eq(standard(s, keeps), (1, 0))
    os.rename(w.path('new'), w.path('c'))
    eq(standard(s, keeps), (1, 0))
    os.rename(w.path('d'), w.path('e'))
    eq(standard(s, keeps), (1, 0))
    for fid in fids:
        s.close(fid)
    eq((names(w), standard(s, keeps)), (['a', 'c'], (1, 0)))
    s.close(keeps)
    s.end()


@test(smb=True, squash='none')
def nfs_widens_an_open(w):
    """An open-owner that has a file open by a name that is delete pending can go on to open it by
    another name, for more access too, but not by this one."""
    linked(w, 'a', 'b')
    s, n = Smb2(w.client), V40(w)
    fh = n.fh('data', 'a')
    held = last(n.try_open('a', nfs4.READ, own=b'o'), nfs4.OK)
    fid = deleter(s, 'a')
    s.delete_on_close(fid)
    last(n.try_open('a', nfs4.READ, own=b'o'), nfs4.STALE)
    last(n.try_open('a', nfs4.BOTH, own=b'o'), nfs4.STALE)
    held = last(n.try_open('b', nfs4.BOTH, own=b'o'), nfs4.OK)
    last(write(n, fh, held.stateid, data=b'LINKED'), nfs4.OK)
    s.close(fid)
    eq(names(w), ['a', 'b'])
    n.close(fh, held.stateid, own=b'o').ok()
    eq((names(w), get(w.path('b'))), (['b'], b'LINKED'))
    s.end()


@test(smb=True, squash='none')
def nfs_opens_a_name(w):
    """An open of NFSv4 keeps the name it was made by, and no other one."""
    linked(w, 'a', 'b', 'c')
    s, n = Smb2(w.client), V40(w)
    fh = n.fh('data', 'c')
    last(n.try_open('a'), nfs4.OK)
    fid, c = deleter(s, 'b'), deleter(s, 'c')
    s.delete_on_close(fid)
    last(n.try_open('b', own=b'b'), nfs4.STALE)
    last(n.try_open('a', own=b'a'), nfs4.OK)
    s.close(fid)
    eq(names(w), ['a', 'c'])
    held = last(n.try_open('c', own=b'c'), nfs4.OK)
    s.delete_on_close(c)
    s.close(c)
    eq(names(w), ['a', 'c'])
    n.close(fh, held.stateid, own=b'c').ok()
    eq(names(w), ['a'])
    s.end()
