# SPDX-License-Identifier: GPL-2.0-only
"""File systems within a share: subvolumes, whose numbers repeat, snapshots, mount points."""
import contextlib
import errno
import functools
import os
import struct

import nfs3
import nfs4
import smb2
from harness import eq, expect_errno, get, mount, put, run, test, umount, under_base, wait_for
from nfs4 import getattr, putfh, readdir

wire = functools.partial(test, server='ditto')
VERSIONS = ('3', '4.0', '4.1', '4.2')
INTERNAL, ID = 6, 59


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


def cover(w, name, below, **files):
    """Mount a file system of memory on a directory of the share, which has another file below."""
    os.makedirs(w.path(name), exist_ok=True)
    put(w.path(name, 'below'), below, 0o666)
    mount('e2e', w.path(name), 'tmpfs', 0, 'size=1m,mode=777')
    for file, data in files.items():
        put(w.path(name, file), data, 0o666)


def is_uncovered(path):
    try:
        umount(path)
    except OSError as e:
        eq(e.errno, errno.EBUSY)
        return False
    return True


def uncover(w, name):
    """Unmount what is on a directory of the share. The server may look for mounts just now."""
    wait_for('the end of the mount', functools.partial(is_uncovered, w.path(name)))


def handle(n, path):
    return functools.reduce(lambda fh, part: n.lookup(fh, part).fh, path.split('/'), n.root)


def fsid(n, path):
    return n.getattr(handle(n, path)).attr.fsid if path else n.getattr(n.root).attr.fsid


def is_entered(n, path):
    """True if this path leads into another file system; false also while one is released."""
    try:
        return fsid(n, path) != fsid(n, '')
    except AttributeError:  # a reply with an error
        return False


def entered(w, n, *paths):
    """Make mounts part of the share, and wait for the helper to have told of them."""
    w.server.set('data', nested='on')
    for path in paths:
        wait_for('the mount', functools.partial(is_entered, n, path))


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
