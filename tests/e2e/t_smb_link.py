# SPDX-License-Identifier: GPL-2.0-only
"""SMB: new names of files (FileLinkInformation), also in place of other files."""
import os
import struct

from harness import eq, get, put, run, test
from smb2 import DELETE, GENERIC_READ, SHARE_ALL, Smb2, refused
from t_smb_lease import H, R, Cacher

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
