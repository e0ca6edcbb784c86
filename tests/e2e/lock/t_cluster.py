# SPDX-License-Identifier: GPL-2.0-only
"""A file system that other machines have, too: what one server knows does not hold.

It is mounted by one machine here; t_nodes.py has several.
"""
import os

import nfs4
from checks import eq
from files import put
from harness import test
from nfs4 import DELEG_NONE, DELEG_NONE_EXT, READ, WANT_READ, WANT_WRITE, WRITE, putfh
from nfs4_callers import Caller, files
from second_server import Second
from smb2 import DIRECTORY_FILE, GENERIC_READ, OPEN
from smb_cachers import BATCH, II, NONE, OPLOCK_EXCLUSIVE, Cacher, H, R, W, key

READ_ATTRIBUTES = 0x80
SMB_30 = 0x0300


@test(smb=True, squash='none', fs='gfs2')
def nothing_is_cached(w):
    """No delegation, lease or oplock is granted, of files or directories, shown to the VFS or not."""
    files(w)
    os.mkdir(w.path('d'), 0o777)
    for number, shown in enumerate((True, False)):
        w.server.set('data', local_locks=shown)
        a = Caller(w)
        for name, access, want in (('f', READ, 0), ('f', WRITE, 0), ('f', READ, WANT_READ),
                                   ('f', WRITE, WANT_WRITE)):
            r, _ = a.open(name, access | want, own=b'%d' % (access | want))
            eq(r.deleg.type in (DELEG_NONE, DELEG_NONE_EXT), True, (name, access, want, shown))
        eq(a.compound(putfh(a.root), nfs4.get_dir_delegation(0, 1, 2)).ok()[-1].nonfatal, 1)
        s = Cacher(w.client, dialect=SMB_30)
        for i, (name, kw) in enumerate((('f', {}), ('f', {'access': READ_ATTRIBUTES}),
                                        ('d', {'options': DIRECTORY_FILE, 'how': OPEN,
                                               'access': GENERIC_READ}))):
            g = s.open(name, key=key(10 * number + i + 1), state=R | H | W, epoch=0, **kw)
            eq(g.state or 0, 0, (name, kw, shown))
            s.close(g.fid)
        for level in (II, OPLOCK_EXCLUSIVE, BATCH):
            g = s.open('f', level=level)
            eq(g.level, NONE, (level, shown))
            s.close(g.fid)
        eq(w.server.claims().get('leases', 0), 0)
        s.end()


@test(squash='none', fs='gfs2')
def the_administrator_is_told(w):
    """What holds on all machines, and what on this one alone, when such a share is added."""
    os.mkdir(w.path('d'))
    said = w.server.ctl('share', 'add', 'more', w.path('d'), 'allow', 'any')
    for words in ('other machines have this file system', 'no client gets a delegation',
                  'deny modes hold on this server alone'):
        eq(words in said, True, said)
    w.server.ctl('share', 'del', 'more')
    # What another node wrote to a file may not be known where it is removed.
    assert 'other nodes' in w.server.refused('share', 'set', 'data', 'trash', 'on')


@test(smb=True, squash='none')
def nothing_of_another_server_is_cached(w):
    """A share of what is mounted from another server, which others may change there."""
    second = Second(w)
    os.mkdir(f'{second.export}/d', 0o777)
    put(f'{second.export}/f', b'', 0o666)
    w.server.add('again', second.mounted)
    s = Cacher(w.client, share='again', dialect=SMB_30)
    for i, (name, kw) in enumerate((('f', {}), ('f', {'access': READ_ATTRIBUTES}),
                                    ('d', {'options': DIRECTORY_FILE, 'how': OPEN,
                                           'access': GENERIC_READ}))):
        g = s.open(name, key=key(i + 1), state=R | H | W, epoch=0, **kw)
        eq(g.state or 0, 0, (name, kw))
        s.close(g.fid)
    s.end()
    w.server.delete('again')
    second.end(w)
