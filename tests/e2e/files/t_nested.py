# SPDX-License-Identifier: GPL-2.0-only
"""File systems within a share: subvolumes, whose numbers repeat, snapshots, mount points."""
import collections
import contextlib
import errno
import functools
import os
import struct
import threading

import nfs3
import nfs4
import smb2
from checks import eq, expect_errno, wait_for
from files import get, put
from harness import test
from leftovers import under_base
from nested_mounts import cover, entered, fsid, handle, is_entered, uncover
from nfs4 import getattr, putfh, readdir
from processes import run
from smb2 import refused
from smb_bodies import QueryDirectory
from smb_quota import SNAPSHOTS, date_filetime
from volumes import Volume, mount, umount

wire = functools.partial(test, server='ditto')
VERSIONS = ('3', '4.0', '4.1', '4.2')
INTERNAL, ALL, ID, FULL_SIZE = 6, 18, 59, 7


def leave(client, where):
    """Unmount what the client has mounted below, too."""
    for below in reversed([m for m in under_base() if m.startswith(where + '/')]):
        umount(below)
    client.umount(where)


@contextlib.contextmanager
def mounted(w, vers, **kw):
    where = w.client.mount(vers=vers, opts='nosharecache', **kw)
    yield where
    leave(w.client, where)


def subvolumes(w):
    """A subvolume, one in it, a snapshot of the first, and files that have one number."""
    run('btrfs', 'subvolume', 'create', w.path('sub'))
    put(w.path('sub', 'f'), b'before')
    run('btrfs', 'subvolume', 'snapshot', w.path('sub'), w.path('snap'))
    run('btrfs', 'subvolume', 'create', w.path('sub/deep'))
    put(w.path('sub', 'f'), b'behind')
    put(w.path('sub/deep', 'f'), b'deeply')
    os.mkdir(w.path('plain'))
    put(w.path('f'), b'on top')
    files = {'f': b'on top', 'sub/f': b'behind', 'snap/f': b'before', 'sub/deep/f': b'deeply'}
    for name in files:
        os.chmod(w.path(name), 0o666)
    numbers = {os.stat(w.path(name)).st_ino for name in files if '/' in name}
    eq(numbers, {257}, 'the same number in all subvolumes')
    return files


@wire(fs='btrfs', squash='none', timeout=90)
def subvolume_mounts(w):
    """To the kernel's clients each subvolume is a file system."""
    files = subvolumes(w)
    for vers in VERSIONS:
        with mounted(w, vers) as where:
            for name, data in files.items():
                eq(get(f'{where}/{name}'), data, f'{vers} {name}')
            found = {(os.stat(f'{where}/{n}').st_dev, os.stat(f'{where}/{n}').st_ino)
                     for n in files}
            eq(len(found), len(files), f'{vers}: a number for each')
            found = {os.stat(f'{where}/{n}/.').st_dev for n in ('', 'sub', 'snap', 'sub/deep')}
            eq(len(found), 4, f'{vers}: file systems')
            eq(os.stat(f'{where}/plain').st_dev, os.stat(where).st_dev)
            eq(sorted(run('find', where, '-name', 'f').split()),
               sorted(f'{where}/{name}' for name in files), f'{vers}: no loops')
            put(f'{where}/snap/f', f'by {vers}'.encode())
            eq((get(w.path('snap/f')), get(f'{where}/sub/f')), (f'by {vers}'.encode(), b'behind'))
            with contextlib.suppress(OSError):
                os.link(f'{where}/f', f'{where}/sub/other')
                raise AssertionError('linked into a subvolume')
        put(w.path('snap/f'), b'before')


def mounted_on(w, c, name):
    """The numbers of a directory in a listing of the root, and its own."""
    fh = c.fh('data')
    names = ('fsid', 'fileid', 'mounted_on_fileid')
    entries = {e.name.decode(): e.attrs for e in
               c.compound(putfh(fh), readdir(0, bytes(8), *names)).ok()[-1].entries}
    there = c.compound(putfh(c.fh('data', *name.split('/'))), getattr(*names)).ok()[-1].attrs
    eq(entries[name], there, name)
    for number in ('fileid', 'mounted_on_fileid'):
        r = c.compound(putfh(fh), readdir(0, bytes(8), number)).ok()[-1]
        eq({e.name.decode(): e.attrs for e in r.entries}[name], {number: there[number]})
    return there


@wire(fs='btrfs')
def subvolume_numbers(w):
    """Numbers do not repeat within an fsid, in listings either."""
    files = subvolumes(w)
    n = w.client.nfs()
    handles = {name: functools.reduce(lambda fh, part: n.lookup(fh, part).fh, name.split('/'),
                                      n.root) for name in files}
    eq(len({n.getattr(fh).attr.fsid for fh in handles.values()}), len(files))
    names = {bytes(e.name).decode(): e.fileid for e in n.listing(n.root)}
    plus = {bytes(e.name).decode(): e.fileid for e in n.listing(n.root, plus=True)}
    eq(names, plus)
    del names['.'], names['..']
    eq(len(set(names.values())), len(names), names)
    for c in (nfs4.Nfs4(nfs4.connect(w.client), 0), nfs4.Session.make(nfs4.connect(w.client))):
        root = c.compound(putfh(c.fh('data')), getattr('fsid', 'fileid')).ok()[-1].attrs
        sub, snap, plain = (mounted_on(w, c, name) for name in ('sub', 'snap', 'plain'))
        eq((plain['fsid'], plain['fileid']), (root['fsid'], plain['mounted_on_fileid']))
        eq((sub['fileid'], snap['fileid']), (root['fileid'], root['fileid']), '256 each')
        eq(len({x['fsid'] for x in (root, sub, snap)}), 3)
        numbers = [x['mounted_on_fileid'] for x in (sub, snap, plain)] + [root['fileid']]
        eq(len(set(numbers)), 4)
        eq([names[x] for x in ('sub', 'snap', 'plain')], numbers[:3])


def is_stale(n, fh):
    return n.getattr(fh).status == nfs3.STALE


@wire(fs='btrfs')
def subvolume_handles(w):
    """Handles stay in their subvolume, and end with it."""
    files = subvolumes(w)
    n = w.client.nfs()

    def look(name):
        return functools.reduce(lambda fh, part: n.lookup(fh, part).fh, name.split('/'), n.root)
    handles = {name: look(name) for name in files}
    fsids = {name: n.getattr(fh).attr.fsid for name, fh in handles.items()}
    snap = look('snap')
    eq(n.lookup(snap, '..').fh, n.root)
    w.server.restart()
    n = w.client.nfs()
    for name, fh in handles.items():
        eq(n.read(fh, 0, 10).data, files[name], name)
        eq(n.getattr(fh).attr.fsid, fsids[name], 'after a restart')
    held = n.lookup(snap, 'f').fh
    eq(n.getattr(held).status, nfs3.OK)
    run('btrfs', 'subvolume', 'delete', '-c', w.path('snap'))
    run('btrfs', 'subvolume', 'create', w.path('snap'))
    put(w.path('snap/f'), b'new')
    for fh in (snap, held):
        wait_for('the end of the handle', functools.partial(is_stale, n, fh))
    # nothing of the server keeps what the subvolume took
    run('btrfs', 'subvolume', 'sync', w.export)
    eq(n.read(look('snap/f'), 0, 10).data, b'new')


@test(fs='btrfs', smb=True, squash='none')
def subvolume_smb(w):
    """To clients of SMB a share is one volume, in which no number repeats."""
    files = subvolumes(w)
    s = smb2.Smb2(w.client)
    opened = {name: s.create(name.replace('/', '\\'), how=smb2.OPEN) for name in files}
    inner = {name: struct.unpack('<Q', s.query(fid, INTERNAL))[0] for name, fid in opened.items()}
    eq(len(set(inner.values())), len(files), inner)
    eq(inner['f'], os.stat(w.path('f')).st_ino)
    ids = {name: struct.unpack('<QQ8x', s.query(fid, ID)) for name, fid in opened.items()}
    eq({name: number for name, (_, number) in ids.items()}, inner)
    eq(len({volume for volume, _ in ids.values()}), 1)
    s.end()
    where = w.client.mount_smb()
    for name, data in files.items():
        eq((get(f'{where}/{name}'), os.stat(f'{where}/{name}').st_ino), (data, inner[name]))
    listed = {e.name: e.inode() for e in os.scandir(where)}
    eq(listed['sub'], os.stat(f'{where}/sub').st_ino)
    eq(len(set(listed.values())), len(listed))


@test(smb=True, squash='none', timeout=60)
def mount_points(w):
    """A file system mounted below a share is not part of it: the directory below is served."""
    os.mkdir(w.path('at'))
    put(w.path('at/below'), b'below', 0o666)
    number = os.stat(w.path('at')).st_ino
    mount('e2e', w.path('at'), 'tmpfs', 0, 'size=1m')
    put(w.path('at/above'), b'above')
    for where in [w.client.mount(vers=v, opts='nosharecache') for v in VERSIONS] + \
            [w.client.mount_smb()]:
        eq(os.listdir(f'{where}/at'), ['below'], where)
        eq((os.stat(f'{where}/at').st_ino, get(f'{where}/at/below')), (number, b'below'), where)
        eq({e.name: e.inode() for e in os.scandir(where)}, {'at': number}, where)
        eq(os.stat(f'{where}/at/.').st_dev, os.stat(where).st_dev, where)
    umount(w.path('at'))


@test(fs='btrfs', smb=True, squash='none', timeout=60)
def snapshots(w):
    """Snapshots are reached by the name of their directory, which is not listed."""
    names = ('2026-11-20_14:30:00', '2026-11-21_14:30:00')
    os.makedirs(w.path('kept/.past'))
    run('btrfs', 'subvolume', 'create', w.path('sub'))
    for i, name in enumerate(names):
        put(w.path('sub/f'), b'version %d' % i, 0o666)
        run('btrfs', 'subvolume', 'snapshot', '-r', w.path('sub'), w.path('kept/.past', name))
    put(w.path('sub/f'), b'now')
    os.makedirs(w.path('.past'))
    os.makedirs(w.path('sub/kept/.past'))
    w.server.ctl('share', 'set', 'data', 'snapshots', 'kept/.past')
    mounts = [w.client.mount(vers=v, opts='nosharecache') for v in VERSIONS]
    smb = w.client.mount_smb()
    for where in mounts + [smb]:
        eq((os.listdir(f'{where}/kept'), os.listdir(f'{where}/sub/kept')), ([], ['.past']), where)
        eq(sorted(os.listdir(where)), ['.past', 'kept', 'sub'], where)
        eq(sorted(os.listdir(f'{where}/kept/.past')), list(names), where)
        eq([get(f'{where}/kept/.past/{name}/f') for name in names],
           [b'version 0', b'version 1'], where)
        with expect_errno(errno.EROFS, errno.EACCES):
            put(f'{where}/kept/.past/{names[0]}/f', b'changed')
        with expect_errno(errno.EROFS, errno.EACCES):
            os.unlink(f'{where}/kept/.past/{names[0]}/f')
        eq(run('find', where, '-name', 'f').split(), [f'{where}/sub/f'])
    for where in mounts:
        eq(len({os.stat(f'{where}/kept/.past/{name}/.').st_dev for name in ('',) + names}), 3)
        leave(w.client, where)
    n = w.client.nfs()
    kept = n.lookup(n.root, 'kept').fh
    one = n.lookup(n.lookup(n.lookup(kept, '.past').fh, names[0]).fh, 'f').fh
    eq(n.write(one, 0, b'x').status, nfs3.ROFS)
    w.server.set('data', list_snapshots=True)
    eq(sorted(bytes(e.name) for e in n.listing(kept)), [b'.', b'..', b'.past'])
    eq(sorted(bytes(e.name) for e in n.listing(kept, plus=True)), [b'.', b'..', b'.past'])
    w.server.set('data', list_snapshots=False)
    eq(sorted(bytes(e.name) for e in n.listing(kept)), [b'.', b'..'])


@wire(smb=True, squash='none', timeout=120)
def nested_clients(w):
    """With the option nested, to the kernel's clients each mounted file system is one."""
    cover(w, 'dir/at', b'below', above=b'above')
    cover(w, 'dir/at/in', b'under', deep=b'deep')
    n = w.client.nfs()
    entered(w, n, 'dir/at', 'dir/at/in')
    for vers in VERSIONS:
        with mounted(w, vers) as where:
            eq(get(f'{where}/dir/at/above'), b'above', vers)
            eq(get(f'{where}/dir/at/in/deep'), b'deep', vers)
            found = {os.stat(f'{where}/{x}/.').st_dev for x in ('', 'dir/at', 'dir/at/in')}
            eq(len(found), 3, f'{vers}: file systems')
            eq(sorted(os.listdir(f'{where}/dir/at')), ['above', 'in'], vers)
            space = os.statvfs(f'{where}/dir/at')
            eq(space.f_blocks * space.f_frsize, 1 << 20, vers)
            put(f'{where}/dir/at/in/new', vers.encode())
            eq(get(w.path('dir/at/in/new')), vers.encode())
            eq(sorted(run('find', where, '-type', 'f').split()),
               sorted(f'{where}/dir/at/{x}' for x in ('above', 'in/deep', 'in/new')), vers)
        # a mount of the directory, by its own path
        where = w.client.mount(path=f'{w.export}/dir/at', vers=vers, opts='nosharecache')
        eq(get(f'{where}/above'), b'above', vers)
        leave(w.client, where)
    at = handle(n, 'dir/at')
    eq(n.lookup(at, '..').fh, handle(n, 'dir'))
    eq(n.rename(at, 'above', n.root, 'above').status, nfs3.XDEV)
    eq(n.link(n.lookup(at, 'above').fh, n.root, 'above').status, nfs3.XDEV)
    w.server.delete('data')
    for path in ('dir/at/in', 'dir/at'):
        uncover(w, path)


@wire(smb=True, timeout=60)
def nested_numbers(w):
    """Attributes in listings are those of the mounted file system, as in LOOKUP."""
    cover(w, 'at', b'below', above=b'above')
    n = w.client.nfs()
    under = n.getattr(handle(n, 'at')).attr
    entered(w, n, 'at')
    eq({bytes(e.name).decode(): e.fileid for e in n.listing(n.root)}['at'], under.fileid)
    plus = {bytes(e.name).decode(): e for e in n.listing(n.root, plus=True)}
    eq((plus['at'].fileid, plus['at'].fh), (under.fileid, None))
    for c in (nfs4.Nfs4(nfs4.connect(w.client), 0), nfs4.Session.make(nfs4.connect(w.client))):
        root = c.compound(putfh(c.fh('data')), getattr('fsid', 'fileid')).ok()[-1].attrs
        there = mounted_on(w, c, 'at')
        eq(there['mounted_on_fileid'], under.fileid)
        eq(there['fsid'] == root['fsid'], False)
        up = c.compound(putfh(c.fh('data', 'at')), nfs4.lookupp(), getattr('fsid', 'fileid'))
        eq(up.ok()[-1].attrs, root)
        eq(c.compound(putfh(c.fh('data', 'at', 'above')), nfs4.savefh(), putfh(c.fh('data')),
                      nfs4.link('other')).status, nfs3.XDEV)
    uncover(w, 'at')


@wire(locks='raw', squash='none', timeout=90)
def nested_changes(w):
    """Mounts come and go while they are served; no handle leads into another file system."""
    n = w.client.nfs()
    cover(w, 'at', b'below', above=b'first')
    entered(w, n, 'at')
    first = n.lookup(handle(n, 'at'), 'above').fh
    eq(n.read(first, 0, 9).data, b'first')
    # being served does not keep it
    uncover(w, 'at')
    eq(n.read(n.lookup(handle(n, 'at'), 'below').fh, 0, 9).data, b'below')
    wait_for('the end of the handle', functools.partial(is_stale, n, first))
    cover(w, 'at', b'below', above=b'second')
    wait_for('the second', functools.partial(is_entered, n, 'at'))
    second = n.lookup(handle(n, 'at'), 'above').fh
    eq((n.read(second, 0, 9).data, n.getattr(first).status), (b'second', nfs3.STALE))
    put(w.path('f'), b'', 0o666)
    w.server.set('data', nested='look')
    eq((n.write(second, 0, b'x').status, n.write(handle(n, 'f'), 0, b'x').status),
       (nfs3.ROFS, nfs3.OK))
    w.server.set('data', nested='on')
    eq(n.write(second, 0, b'S').status, nfs3.OK)
    # handles stay valid over a restart, without a lookup
    w.server.restart()
    n = w.client.nfs()
    eq((n.getattr(second).status, n.getattr(first).status), (nfs3.OK, nfs3.STALE))
    w.server.set('data', nested='off')
    eq((n.getattr(second).status, fsid(n, 'at')), (nfs3.STALE, fsid(n, '')))
    uncover(w, 'at')


def entries(s, name=''):
    """{name: file id} of a listing, by FileIdBothDirectoryInformation."""
    fid = s.create(name, access=smb2.GENERIC_READ, how=smb2.OPEN, options=smb2.DIRECTORY_FILE)
    query = QueryDirectory(level=37, flags=1, fid=fid, pattern_length=2)
    body = s.call(smb2.QUERY_DIRECTORY, bytes(query) + '*'.encode('utf-16-le'))
    s.close(fid)
    at, out = struct.unpack_from('<H', body, 2)[0] - 64, {}
    while True:
        following, size = struct.unpack_from('<I56xI', body, at)
        file = body[at + 104:at + 104 + size].decode('utf-16-le')
        out[file], = struct.unpack_from('<Q', body, at + 96)
        if not following:
            return out
        at += following


def numbers(s, name):
    """The volume's serial number and the file's, its full name, and the bytes of the volume."""
    fid = s.create(name, access=smb2.GENERIC_READ, how=smb2.OPEN)
    volume, number = struct.unpack('<QQ8x', s.query(fid, ID))
    eq(struct.unpack('<Q', s.query(fid, INTERNAL))[0], number, name)
    total, unit, sector = struct.unpack_from('<Q8x8xII', s.query(fid, FULL_SIZE, kind=2))
    serial, = struct.unpack_from('<8xI', s.query(fid, 1, kind=2))
    eq(serial, volume & 0xffffffff ^ volume >> 32, name)
    eq(s.query(fid, ALL)[100:].decode('utf-16-le'), '\\' + name)
    s.close(fid)
    return volume, number, total * unit * sector


@test(server='ditto', smb=True, squash='none', timeout=60)
def nested_smb(w):
    """Paths of SMB lead into mounted file systems, which are volumes of their own."""
    cover(w, 'dir/at', b'below', above=b'above')
    cover(w, 'dir/at/in', b'under', deep=b'deep')
    put(w.path('dir/f'), b'outside', 0o666)
    os.chmod(w.path('dir'), 0o777)
    os.chmod(w.export, 0o777)
    entered(w, w.client.nfs(), 'dir/at', 'dir/at/in')
    s = smb2.Smb2(w.client)
    found = {name: numbers(s, name) for name in
             ('dir', 'dir\\f', 'dir\\at', 'dir\\at\\above', 'dir\\at\\in', 'dir\\at\\in\\deep')}
    eq(len({number for _, number, _ in found.values()}), len(found), found)
    eq(len({volume for volume, _, _ in found.values()}), 3)
    eq([found[name][2] for name in ('dir\\at', 'dir\\at\\in\\deep')], [1 << 20] * 2)
    eq(found['dir'][2] == 1 << 20, False)
    # listings have the numbers of the mounted roots
    for where, name in (('dir', 'at'), ('dir\\at', 'in')):
        eq(entries(s, where)[name], found[f'{where}\\{name}'][1], name)
    eq(entries(s, 'dir\\at')['..'], 0, 'no id of what is above')
    eq(sorted(entries(s, 'DIR\\AT')), ['.', '..', 'above', 'in'])
    # changes stay within a file system
    changing = smb2.GENERIC_READ | smb2.GENERIC_WRITE | smb2.DELETE
    new = s.create('dir\\AT\\New', how=smb2.MAKE, access=changing)
    s.write(new, b'data')
    eq(get(w.path('dir/at/New')), b'data')
    s.rename(new, 'dir\\at\\other')
    eq(get(w.path('dir/at/other')), b'data')
    for target in ('dir\\other', 'other', 'dir\\at\\in\\other'):
        refused('NOT_SAME_DEVICE', s.rename, new, target)
        name = target.encode('utf-16-le')
        refused('NOT_SAME_DEVICE', s.set, new, 11,
                struct.pack('<B7xQI', 0, 0, len(name)) + name)
    s.delete_on_close(new)
    s.close(new)
    eq(os.path.exists(w.path('dir/at/other')), False)
    f = s.create('dir\\f', access=changing)
    refused('NOT_SAME_DEVICE', s.rename, f, 'dir\\at\\f')
    s.rename(f, 'dir\\g')
    s.close(f)
    # the mount point itself cannot be removed or renamed
    for name in ('dir\\at', 'dir\\at\\in'):
        at = s.create(name, access=smb2.DELETE, how=smb2.OPEN)
        refused('CANNOT_DELETE', s.delete_on_close, at)
        refused('ACCESS_DENIED', s.rename, at, f'{name}\\new')
        s.close(at)
    # a symbolic link is for the client, with what is behind it
    os.symlink('in', w.path('dir/at/link'))
    refused('STOPPED_ON_SYMLINK', s.create, 'dir\\at\\link\\deep', how=smb2.OPEN)
    eq(struct.unpack_from('<H', s.frame, 64 + 8 + 14)[0], len('\\deep'.encode('utf-16-le')))
    os.unlink(w.path('dir/at/link'))
    s.end()
    for path in ('dir/at/in', 'dir/at'):
        uncover(w, path)


@test(server='ditto', smb=True, squash='none', timeout=60)
def nested_smb_changes(w):
    """What clients of SMB have open ends with the mount; look allows no changes."""
    cover(w, 'at', b'below', above=b'above')
    n = w.client.nfs()
    entered(w, n, 'at')
    s = smb2.Smb2(w.client)
    held = s.create('at\\above')
    s.write(held, b'A')
    os.chmod(w.export, 0o777)
    w.server.set('data', nested='look')
    refused('MEDIA_WRITE_PROTECTED', s.create, 'at\\above')
    refused('MEDIA_WRITE_PROTECTED', s.create, 'at\\new', how=smb2.MAKE)
    name = 'at\\other'.encode('utf-16-le')
    refused('MEDIA_WRITE_PROTECTED', s.set, held, 11,
            struct.pack('<B7xQI', 0, 0, len(name)) + name)
    eq(s.read(held, 9), b'Above')
    eq(s.query(held, 4, kind=2)[4] & 2, 2, 'read-only device')
    s.close(s.create('new', how=smb2.MAKE))
    w.server.set('data', nested='on')
    s.close(s.create('at\\new', how=smb2.MAKE))
    uncover(w, 'at')
    eq(s.read(s.create('at\\below', how=smb2.OPEN), 9), b'below')

    def closed():
        try:
            s.read(held, 9)
        except smb2.Status as e:
            eq(e.name, 'FILE_CLOSED')
            return True
        return False
    wait_for('the end of the open', closed)
    cover(w, 'at', b'below', above=b'second')
    wait_for('the second', functools.partial(is_entered, n, 'at'))
    eq(s.read(s.create('at\\above', how=smb2.OPEN), 9), b'second')
    refused('FILE_CLOSED', s.read, held, 9)
    s.end()
    w.server.set('data', nested='off')
    uncover(w, 'at')


@test(server='ditto', smb=True, squash='none', timeout=60)
def nested_smb_mount(w):
    """To the kernel's client of SMB a share is one file system, in which no number repeats."""
    cover(w, 'at', b'below', above=b'above')
    cover(w, 'at/in', b'under', deep=b'deep')
    entered(w, w.client.nfs(), 'at', 'at/in')
    where = w.client.mount_smb()
    eq((get(f'{where}/at/above'), get(f'{where}/at/in/deep')), (b'above', b'deep'))
    put(f'{where}/at/in/new', b'new')
    eq(get(w.path('at/in/new')), b'new')
    found = {name: os.stat(f'{where}/{name}').st_ino
             for name in ('', 'at', 'at/above', 'at/in', 'at/in/deep', 'at/in/new')}
    eq(len(set(found.values())), len(found), found)
    listed = {f'{path}/{e.name}'.lstrip('/'): e.inode() for path in ('', 'at', 'at/in')
              for e in os.scandir(f'{where}/{path}')}
    del found['']
    eq(listed, found)
    with expect_errno(errno.EXDEV):
        os.rename(f'{where}/at/above', f'{where}/above')
    os.rename(f'{where}/at/above', f'{where}/at/away')
    eq(os.listdir(w.path('at')).count('away'), 1)
    w.client.umount(where)
    for path in ('at/in', 'at'):
        uncover(w, path)


@test(server='ditto', fs='ext4', smb=True, squash='none', timeout=120)
def nested_kinds(w):
    """File systems of other kinds, one of them with subvolumes."""
    volumes = [Volume(w.path(kind), kind, image=f'{w.base}/{kind}.img')
               for kind in ('xfs', 'btrfs')]
    run('btrfs', 'subvolume', 'create', w.path('btrfs/sub'))
    files = ('f', 'xfs/f', 'btrfs/f', 'btrfs/sub/f')
    for name in files:
        put(w.path(name), name.encode(), 0o666)
        os.chmod(os.path.dirname(w.path(name)), 0o777)
    entered(w, w.client.nfs(), 'xfs', 'btrfs')
    mounts = [w.client.mount(vers=vers, opts='nosharecache') for vers in ('3', '4.2')]
    for where in mounts + [w.client.mount_smb()]:
        eq([get(f'{where}/{name}') for name in files], [name.encode() for name in files], where)
        numbered = {(os.stat(f'{where}/{name}').st_dev, os.stat(f'{where}/{name}').st_ino)
                    for name in files}
        eq(len(numbered), len(files), where)
        with open(f'{where}/xfs/f', 'rb') as held:
            with expect_errno(errno.EXDEV):
                os.rename(f'{where}/xfs/f', f'{where}/g')
            eq(held.read(), b'xfs/f', where)
    for where in mounts:
        eq(len({os.stat(f'{where}/{name}/.').st_dev
                for name in ('', 'xfs', 'btrfs', 'btrfs/sub')}), 4, where)
        leave(w.client, where)
    # what clients have open does not keep a file system from being unmounted
    n = w.client.nfs()
    held = handle(n, 'xfs/f')
    for kind in ('xfs', 'btrfs'):
        uncover(w, kind)
    wait_for('the end of the handle', functools.partial(is_stale, n, held))
    # its device is free when nothing of the server uses it any more
    for v in volumes:
        wait_for('the device', lambda image=v.image: not run('losetup', '-j', image).strip())
    # the same file system in the same place has the same handles
    mount(run('losetup', '-f', '--show', volumes[0].image).strip(), w.path('xfs'), 'xfs')
    wait_for('the handle', lambda: n.getattr(held).status == nfs3.OK)
    eq(n.read(held, 0, 9).data, b'xfs/f')
    # another one in the same place has not
    loop = os.stat(w.path('xfs')).st_dev
    uncover(w, 'xfs')
    run('losetup', '-d', f'/dev/loop{os.minor(loop)}')
    wait_for('the end of the handle', functools.partial(is_stale, n, held))
    other = Volume(w.path('xfs'), 'ext4', '32m', image=f'{w.base}/other.img')
    put(w.path('xfs/f'), b'other', 0o666)
    wait_for('the other one', functools.partial(is_entered, n, 'xfs'))
    eq(n.read(handle(n, 'xfs/f'), 0, 9).data, b'other')
    eq(n.getattr(held).status, nfs3.STALE)
    w.server.set('data', nested='off')
    uncover(w, 'xfs')


@test(server='ditto', smb=True, squash='none', timeout=60)
def nested_snapshots(w):
    """A snapshot that is mounted below the share is a previous version."""
    day = (2026, 11, 20, 14, 30, 0)
    where = w.path('.snapshots', '2026-11-20_14:30:00')
    os.makedirs(where)
    put(w.path('f'), b'now', 0o666)
    past = Volume(where, 'ext4', '32m', image=f'{w.base}/past.img')
    os.mkdir(f'{where}/dir')
    for name in ('f', 'dir/g'):
        put(f'{where}/{name}', b'then', 0o666)
    run('mount', '-o', 'remount,ro', where)
    w.server.ctl('share', 'set', 'data', 'snapshots', '.snapshots', 'nested', 'look')
    n = w.client.nfs()
    wait_for('the mount', functools.partial(is_entered, n, '.snapshots/2026-11-20_14:30:00'))
    for vers in ('3', '4.2'):
        with mounted(w, vers) as m:
            eq(os.listdir(m), ['f'], vers)
            eq(os.listdir(f'{m}/.snapshots'), ['2026-11-20_14:30:00'], vers)
            eq(get(f'{m}/.snapshots/2026-11-20_14:30:00/dir/g'), b'then', vers)
            with expect_errno(errno.EROFS):
                put(f'{m}/.snapshots/2026-11-20_14:30:00/f', b'changed')
    s = smb2.Smb2(w.client)
    root = s.create('', access=smb2.GENERIC_READ, how=smb2.OPEN)
    eq(s.ioctl(root, SNAPSHOTS)[12:62].decode('utf-16-le'), '@GMT-2026.11.20-14.30.00\0')
    when = (b'TWrp', struct.pack('<Q', date_filetime(*day)))
    for name in ('f', 'dir\\g'):
        fid = s.create_answer(name, access=smb2.GENERIC_READ, how=smb2.OPEN, context=when)[64:80]
        eq(s.read(fid, 9), b'then')
    refused('MEDIA_WRITE_PROTECTED', s.create_answer, 'f', context=when)
    eq(s.read(s.create('f', how=smb2.OPEN), 9), b'now')
    s.end()
    w.server.set('data', nested='off')
    uncover(w, '.snapshots/2026-11-20_14:30:00')


@test(server='ditto', smb=True, squash='none', timeout=90)
def nested_churn(w):
    """Mounts come and go under clients that use them."""
    cover(w, 'at', b'below', above=b'above')
    n, s = w.client.nfs(), smb2.Smb2(w.client)
    entered(w, n, 'at')
    stop, did, wrong = threading.Event(), collections.Counter(), []

    def nfs():
        at = n.lookup(n.root, 'at')
        if at.status == nfs3.OK:
            n.readdirplus(at.fh)
            file = n.lookup(at.fh, 'above')
            if file.status == nfs3.OK:
                did['nfs'] += n.write(file.fh, 0, b'nfs').status == nfs3.OK

    def smb():
        fid = s.create('at\\above', how=smb2.OPEN)
        s.write(fid, b'smb')
        s.close(fid)
        did['smb'] += 1

    def use(what):
        try:
            while not stop.is_set():
                with contextlib.suppress(smb2.Status):
                    what()
        except Exception as e:
            wrong.append(e)
    threads = [threading.Thread(target=use, args=(what,)) for what in (nfs, smb)]
    for t in threads:
        t.start()
    for _ in range(20):
        uncover(w, 'at')
        mount('e2e', w.path('at'), 'tmpfs', 0, 'size=1m,mode=777')
        put(w.path('at/above'), b'above', 0o666)
    before = did.copy()
    wait_for('both work', lambda: wrong or all(did[x] > before[x] + 5 for x in ('nfs', 'smb')))
    stop.set()
    for t in threads:
        t.join()
    eq(wrong, [])
    s.end()
    w.server.set('data', nested='off')
    uncover(w, 'at')


@test(fs='btrfs', smb=True, squash='none', timeout=90)
def subvolume_streams(w):
    """Files of subvolumes and snapshots that have one number have streams of their own."""
    files = subvolumes(w)
    s = smb2.Smb2(w.client)

    def stream(name, how=smb2.OPEN):
        fid = s.create(f'{name}:s'.replace('/', '\\'), how=how)
        data = s.read(fid, 100) if how == smb2.OPEN else s.write(fid, name.encode())
        s.close(fid)
        return data

    stream('sub/f', smb2.MAKE)
    run('btrfs', 'subvolume', 'snapshot', w.path('sub'), w.path('late'))
    os.chmod(w.path('late'), 0o777)
    for name in ('late/f', 'snap/f', 'sub/deep/f'):
        refused('OBJECT_NAME_NOT_FOUND', stream, name)
    for name in files:
        stream(name, smb2.OPEN_IF)
    eq([stream(name) for name in files], [name.encode() for name in files])
    os.unlink(w.path('snap/f'))
    fid = s.create('late\\f', access=smb2.DELETE, how=smb2.OPEN)
    s.delete_on_close(fid)
    s.close(fid)
    eq([stream(name) for name in files if name != 'snap/f'],
       [name.encode() for name in files if name != 'snap/f'])
    s.end()
