# SPDX-License-Identifier: GPL-2.0-only
"""An overlay (Linux overlayfs) with files in its lower layer, which clients change."""
import array
import functools
import os
import socket
import struct
import threading
import time

import netlink
import nfs3
import nfs4
import smb2
from checks import eq, one_of
from files import get, put
from harness import test
from nfs3 import NOENT, OK, STALE, XDEV, sattr
from nfs4 import getattr, putfh
from nfs4_opens import V41, last
from processes import as_user, run
from smb2 import Smb2, refused
from volumes import mount, umount

both = functools.partial(test, smb=True, squash='none', fs='lower')
INTERNAL = 6


def setup(w):
    """A raw client of each protocol; both may change everything."""
    os.chmod(w.export, 0o777)
    for folder, _, files in os.walk(f'{w.volumes[0].lower.where}/l'):
        # below it, so that nothing is copied yet
        for path in (folder, *(os.path.join(folder, f) for f in files)):
            os.chmod(path, 0o777)
    run('mount', '-o', 'remount', w.export)
    return w.client.nfs(), Smb2(w.client)


def number(s, fid):
    return struct.unpack('<Q', s.query(fid, INTERNAL))[0]


@both
def open_when_it_is_copied(w):
    """A file that is open keeps its number, its handle and its locks, and shows what is written."""
    n, s = setup(w)
    f = n.lookup(n.root, 'from-lower').fh
    fid = s.create('from-lower', how=smb2.OPEN, access=smb2.GENERIC_READ)
    eq(s.read(fid, 100), b'lower\n')
    was = number(s, fid)
    eq(n.write(f, 0, b'LOWER').status, OK)
    eq((s.read(fid, 100), number(s, fid)), (b'LOWER\n', was))
    eq((n.lookup(n.root, 'from-lower').fh, n.getattr(f).attr.fileid), (f, was))
    s.close(fid)
    # by an SMB client's lock, in a directory that is copied, too
    deep = n.lookup(n.lookup(n.lookup(n.root, 'lower-dir').fh, 'deep').fh, 'file').fh
    fid = s.create('lower-dir\\deep\\file', how=smb2.OPEN, access=smb2.GENERIC_READ)
    s.lock(fid, 0, 2)
    one_of(n.write(deep, 0, b'x').status, (nfs3.JUKEBOX, nfs3.ACCES))
    eq(n.setattr(deep, sattr(mode=0o640)).status, OK)
    one_of(n.write(deep, 0, b'x').status, (nfs3.JUKEBOX, nfs3.ACCES))
    eq(n.write(deep, 2, b'EP').status, OK)
    eq(s.read(fid, 100), b'deEP\n')
    s.close(fid)
    eq(n.write(deep, 0, b'DE').status, OK)
    eq(get(w.path('lower-dir/deep/file')), b'DEEP\n')
    s.end()


@both
def streams_and_lists(w):
    """Streams, attributes and a list of a file of the lower layer."""
    n, s = setup(w)
    f = n.lookup(n.root, 'from-lower').fh
    was = n.getattr(f).attr.fileid
    stream = s.create('from-lower:stream')
    s.write(stream, b'in a stream')
    s.close(stream)
    eq((n.lookup(n.root, 'from-lower').fh, n.getattr(f).attr.fileid), (f, was))
    w.server.restart()
    n, s = w.client.nfs(), Smb2(w.client)
    stream = s.create('from-lower:stream', how=smb2.OPEN)
    eq(s.read(stream, 100), b'in a stream')
    s.close(stream)
    eq((n.lookup(n.root, 'from-lower').fh, n.read(f, 0, 100).data), (f, b'lower\n'))
    run('setfacl', '-m', 'u:1002:r', w.path('lower-dir/deep/file'))
    as_user(1002, lambda: get(w.path('lower-dir/deep/file')))
    s.end()


@both
def streams_of_an_earlier_file(w):
    """A file has no streams of one that had its number, and was removed while nobody served it."""
    _, s = setup(w)
    s.close(s.create('f:earlier'))
    s.end()
    path, options = w.server.shares['data']
    w.server.delete('data')
    was = os.stat(w.path('f')).st_ino
    os.unlink(w.path('f'))
    run('mount', '-o', 'remount', w.export)
    made = (put(w.path(f'g{i}'), b'', 0o666) for i in range(1000))
    name = os.path.basename(next(path for path in made if os.stat(path).st_ino == was))
    w.server.add('data', path, **options)
    s = Smb2(w.client)
    refused('OBJECT_NAME_NOT_FOUND', s.create, f'{name}:earlier', how=smb2.OPEN)
    s.close(s.create(f'{name}:own'))
    s.close(s.create(f'{name}:own', how=smb2.OPEN))
    s.end()


@both
def removed_and_made_again(w):
    """A name whose file was removed is free for another file, in listings as well."""
    n, s = setup(w)
    f = n.lookup(n.root, 'from-lower')
    was = n.getattr(f.fh).attr.fileid
    eq(n.remove(n.root, 'from-lower').status, OK)
    eq((n.lookup(n.root, 'from-lower').status, n.getattr(f.fh).status), (NOENT, STALE))
    eq(b'from-lower' in {e.name for e in n.listing(n.root)}, False)
    refused('OBJECT_NAME_NOT_FOUND', s.create, 'from-lower', how=smb2.OPEN)
    fid = s.create('from-lower', how=smb2.MAKE)
    eq(number(s, fid) != was, True)
    s.close(fid)
    again = n.lookup(n.root, 'from-lower').fh
    eq((again != f.fh, n.read(again, 0, 100).data), (True, b''))
    top = n.lookup(n.root, 'lower-dir').fh
    deep = n.lookup(top, 'deep').fh
    eq(n.rmdir(n.root, 'lower-dir').status, nfs3.NOTEMPTY)
    eq([r.status for r in (n.remove(deep, 'file'), n.rmdir(top, 'deep'),
                           n.rmdir(n.root, 'lower-dir'))], [OK] * 3)
    eq(n.mkdir(n.root, 'lower-dir').status, OK)
    eq({e.name for e in n.listing(n.lookup(n.root, 'lower-dir').fh)}, {b'.', b'..'})
    eq(n.getattr(top).status, STALE)
    s.end()


@both
def linked(w):
    """Hard links to a file of the lower layer are one file."""
    n, s = setup(w)
    f = n.lookup(n.root, 'from-lower').fh
    eq(n.link(f, n.root, 'second').status, OK)
    eq(n.lookup(n.root, 'second').fh, f)
    fid = s.create('second', how=smb2.OPEN)
    s.write(fid, b'both')
    s.close(fid)
    eq((n.read(f, 0, 9).data, get(w.path('from-lower'))), (b'bothr\n', b'bothr\n'))
    eq(n.getattr(f).attr.nlink, 2)
    eq(n.remove(n.root, 'from-lower').status, OK)
    eq((n.read(f, 0, 9).data, n.getattr(f).attr.nlink), (b'bothr\n', 1))
    s.end()


@both
def directories_move(w):
    """A directory of the lower layer moves, or the client is told to copy it."""
    n, s = setup(w)
    top = n.lookup(n.root, 'lower-dir').fh
    status = n.rename(n.root, 'lower-dir', n.root, 'moved').status
    one_of(status, (OK, XDEV))
    fid = s.create('moved' if status == OK else 'lower-dir', access=smb2.DELETE, how=smb2.OPEN)
    if status == OK:
        s.rename(fid, 'again')
        eq(n.lookup(n.root, 'again').fh, top)
    else:
        refused('NOT_SAME_DEVICE', s.rename, fid, 'again')
    s.close(fid)
    # files of it do
    deep = n.lookup(n.lookup(n.root, 'lower-dir' if status else 'again').fh, 'deep').fh
    f = n.lookup(deep, 'file').fh
    eq(n.rename(deep, 'file', n.root, 'file').status, OK)
    eq((n.lookup(n.root, 'file').fh, n.read(f, 0, 9).data), (f, b'deep\n'))
    s.end()


@both
def listed_while_it_changes(w):
    """Names that were there all the time are listed, whatever is removed between the pieces."""
    n, s = setup(w)
    top = n.lookup(n.root, 'lower-dir').fh
    for i in range(600):
        put(w.path('lower-dir', f'file{i:04}'))
    seen, cookie, verf = [], 0, bytes(8)
    while True:
        r = n.readdir(top, cookie, verf, count=2000)
        eq(r.status, OK)
        names = [e.name.decode() for e in r.entries if e.name.startswith(b'file')]
        seen += names
        for name in names:
            eq(n.remove(top, name).status, OK)
        if r.eof:
            break
        cookie, verf = r.entries[-1].cookie, r.verf
    eq((len(seen), len(set(seen))), (600, 600))
    s.end()


@both
def change_attribute(w):
    """The change attribute of a copied file or directory is another one, and a greater one."""
    n, s = setup(w)
    s.end()
    c = V41.at(w, minor=2)
    for where, do in (
            (('from-lower',), lambda: n.write(n.lookup(n.root, 'from-lower').fh, 0, b'L')),
            (('lower-dir',), lambda: put(w.path('lower-dir/new'))),
            (('lower-dir', 'deep', 'file'), lambda: os.chmod(w.path('lower-dir/deep/file'), 0o600))):
        fh, seen = c.fh('data', *where), []

        def change(fh=fh):
            return last(c.compound(putfh(fh), getattr('change')), nfs4.OK).attrs['change']
        # it has changed before, and was looked at, which file systems count
        for i in range(20):
            os.chmod(os.path.join(w.volumes[0].lower.where, 'l', *where), 0o700 + i % 2)
            change()
        time.sleep(0.02)
        for _ in range(2):
            seen.append(change())
            do()
        seen.append(change())
        # the second time the directory and the mode were as they are
        eq((seen[0] < seen[1], seen[1] <= seen[2]), (True, True), (where, seen))


def closed_by_the_kernel():
    """Sockets of generic netlink that nobody can reach are closed by a thread of the kernel."""
    for _ in range(20):
        near, far = socket.socketpair(socket.AF_UNIX)
        lost = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, netlink.NETLINK_GENERIC)
        far.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                              array.array('i', [near.fileno(), lost.fileno()]))])
        for s in (near, far, lost):
            s.close()


@test(server='ditto')
def unmounted_with_its_share(w):
    """An overlay can be unmounted once its share is removed, whatever else is closed meanwhile."""
    where = f'{w.base}/over'
    layers = [f'{w.base}/layers/{name}' for name in 'luw']
    for path in (where, f'{w.base}/layers'):
        os.mkdir(path)
    mount('e2e', f'{w.base}/layers', 'tmpfs')
    for path in layers:
        os.mkdir(path)
        os.chmod(path, 0o777)
    put(f'{layers[0]}/file', b'lower')
    done = threading.Event()

    def close():
        while not done.wait(0.001):
            closed_by_the_kernel()

    closer = threading.Thread(target=close)
    closer.start()
    try:
        for i in range(10):
            mount('e2e', where, 'overlay', 0,
                  'lowerdir={},upperdir={},workdir={},nfs_export=on,index=on'.format(*layers))
            try:
                w.server.add('over', where, squash='none')
                n = w.client.nfs(path=where)
                n.listing(n.root)
                eq(n.read(n.lookup(n.root, 'file').fh, 0, 9).data, b'lower')
                fh = n.create(n.root, f'new{i}').fh
                eq(n.write(fh, 0, b'upper').status, OK)
                n.rpc.close()
                w.server.delete('over')
            finally:
                umount(where)
    finally:
        done.set()
        closer.join()
        umount(f'{w.base}/layers')


@both
def names_beside_streams(w):
    """Names in any case on an overlay, and streams on the file system of its layers (lockdep)."""
    _, s = setup(w)
    s.close(s.create('FROM-LOWER', how=smb2.OPEN, access=smb2.GENERIC_READ))
    put(w.path('local'), b'')
    w.served_volume('plain', 'tmpfs', '16m', squash='none')
    other = Smb2(w.client, share='plain')
    for name in 'f:s', 'F:S':
        other.close(other.create(name))
    other.end()
    s.end()
