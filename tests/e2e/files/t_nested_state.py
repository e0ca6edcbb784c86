# SPDX-License-Identifier: GPL-2.0-only
"""Locks, delegations, copies, extended attributes and notifications in file systems mounted within
a share."""
import functools
import os

import nfs4
import nfs4_dir_watcher
import nlm
from checks import eq, wait_for
from files import get, put
from harness import test
from nested_mounts import cover, entered, handle, uncover
from nfs4 import BOTH, WRITE_LT, putfh
from nfs4_callback import ADDED as CREATED, REMOVED, RENAMED
from nfs4_callers import Caller, counts, files
from nfs4_copy import between, copy
from nfs4_opens import ANON, V41, last, opened
from nfs4_ops42 import EITHER, getxattr, listxattrs, setxattr
from nlm_lockers import connect, machines, status
from processes import run
from smb_watchers import ADDED, Watcher

nested = functools.partial(test, server='ditto', smb=True, squash='none', timeout=60)


def inside(cls, w, **kw):
    """A client of 4.2 whose root is the mounted file system."""
    c = cls(w, minor=2, **kw) if cls is Caller else cls.at(w, minor=2, **kw)
    c.root = (c.s if cls is Caller else c).fh('data', 'at')
    return c


@nested(fs='btrfs')
def delegations_of_a_subvolume(w):
    """Delegations of a file and a directory end with their subvolume."""
    run('btrfs', 'subvolume', 'create', w.path('sub'))
    os.mkdir(w.path('sub/d'))
    files(w, 'sub/f')
    a = Caller(w)
    a.root = a.s.fh('data', 'sub')
    r, fh = a.open('f')
    eq(r.deleg.type, nfs4.DELEG_READ)
    a.compound(putfh(fh), nfs4.close(r.stateid)).ok()
    d = a.s.fh('data', 'sub', 'd')
    eq(a.compound(putfh(d), nfs4.get_dir_delegation(REMOVED)).ok()[-1].nonfatal, 0)
    eq(w.server.claims().get('leases', 0), 2)
    run('btrfs', 'subvolume', 'delete', '-c', w.path('sub'))
    wait_for('they end', lambda: not w.server.claims().get('leases', 0))
    eq(a.flags(), 0, 'nothing was revoked')


@nested(locks='raw')
def locks(w):
    """Locks of NLM and of NFSv4 meet, and those of a file above with the same number do not."""
    cover(w, 'at', b'below', f=b'above')
    machines(w)
    n = w.client.nfs()
    entered(w, n, 'at')
    names = b'nested-1', b'nested-2'
    c, other = (inside(V41, w, name=name) for name in names)
    sid, fh = opened(c, 'f', BOTH)
    last(c.lock(fh, WRITE_LT, (0, 10), sid), nfs4.OK)
    there, outer = connect(w.client, handle(n, 'at/f')), connect(w.client, handle(n, 'f'))
    status(there.lock((5, 1)), nlm.DENIED)
    status(outer.lock((5, 1)), nlm.OK)
    status(there.lock((20, 10)), nlm.OK)
    sid, fh = opened(other, 'f', BOTH)
    last(other.lock(fh, WRITE_LT, (9, 1), sid), nfs4.DENIED)
    last(other.lock(fh, WRITE_LT, (25, 1), sid), nfs4.DENIED)
    last(other.lock(fh, WRITE_LT, (10, 10), sid), nfs4.OK)
    status(there.unlock((20, 10)), nlm.OK)
    status(outer.unlock((5, 1)), nlm.OK)
    last(other.lock(fh, WRITE_LT, (25, 1), sid, by=b'another'), nfs4.OK)
    for name in names:
        # with another verifier it is a new instance, which has nothing
        c = inside(V41, w, name=name)
        c.destroy().ok()
        c.nfs.compound(nfs4.destroy_clientid(c.clientid)).ok()
    uncover(w, 'at')


@nested
def delegation(w):
    """A file is delegated, and recalled by a client of another version."""
    os.chmod(w.export, 0o777)
    cover(w, 'at', b'below', f=b'above')
    n = w.client.nfs()
    entered(w, n, 'at')
    before = counts(w)
    c = Caller(w, minor=2)
    c.root = c.s.fh('data', 'at')
    sid, fh = c.delegated('f', BOTH)
    f = handle(n, 'at/f')
    n.write(f, 0, b'NEW')
    call = c.recall()
    eq((call.stateid[1], call.fh), (sid[1], fh))
    c.give_back(sid, fh)
    nfs4.again_while_delayed(lambda: n.write(f, 0, b'NEW'), lambda r: r.status)
    eq(get(w.path('at/f')), b'NEWve')
    eq((counts(w) - before)['recalled'] > 0, True)
    uncover(w, 'at')


@nested
def copies_and_attributes(w):
    """COPY within the file system and across its border; extended attributes."""
    cover(w, 'at', b'below', f=b'above', g=b'')
    put(w.path('out'), b'', 0o666)
    entered(w, w.client.nfs(), 'at')
    c = inside(V41, w)
    f, g, out = (c.fh('data', *path.split('/')) for path in ('at/f', 'at/g', 'out'))
    for target in g, out:
        eq(last(between(c, f, target, copy(ANON, ANON)), nfs4.OK).count, 5)
    eq((get(w.path('at/g')), get(w.path('out'))), (b'above', b'above'))
    last(c.compound(putfh(f), setxattr('name', b'value', EITHER)), nfs4.OK)
    eq(last(c.compound(putfh(f), getxattr('name')), nfs4.OK).value, b'value')
    eq(last(c.compound(putfh(f), listxattrs(0)), nfs4.OK).names, [b'name'])
    eq(os.getxattr(w.path('at/f'), 'user.name'), b'value')
    uncover(w, 'at')


@nested
def notified(w):
    """A watch of the mounted directory reports what a client of NFS makes there."""
    cover(w, 'at', b'below', f=b'above')
    n = w.client.nfs()
    entered(w, n, 'at')
    s = Watcher(w.client)
    number = s.watch(s.directory('at'))
    n.create(handle(n, 'at'), 'new')
    eq(s.ended(number), [(ADDED, 'new')])
    s.end()
    uncover(w, 'at')


@nested
def directory_delegation(w):
    """CB_NOTIFY reports changes in the mounted directory, and none of that below or beside it."""
    cover(w, 'at', b'below', f=b'above')
    n = w.client.nfs()
    entered(w, n, 'at')
    a = nfs4_dir_watcher.Watcher(w, below=['at'], minor=2)
    at = handle(n, 'at')
    eq(n.create(n.root, 'beside').status, nfs4.OK)
    eq(n.create(at, 'one').status, nfs4.OK)
    eq(n.rename(at, 'one', at, 'two').status, nfs4.OK)
    put(w.path('at/three'), b'by a process')
    os.unlink(w.path('at/three'))
    eq(n.remove(at, 'two').status, nfs4.OK)
    eq(a.told(5), [(CREATED, b'one'), (RENAMED, b'one', b'two'), (CREATED, b'three'),
                   (REMOVED, b'three'), (REMOVED, b'two')])
    a.give_back(a.sid, a.root)
    uncover(w, 'at')
