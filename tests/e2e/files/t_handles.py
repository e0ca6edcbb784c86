# SPDX-License-Identifier: GPL-2.0-only
"""File handles keep naming the same file for ever, and nothing else."""
import os
import struct

import nfs3
from checks import eq, one_of
from files import get, put
from harness import test
from nfs3 import sattr
from processes import run

DEAD = (nfs3.BADHANDLE, nfs3.STALE)


@test
def forged(w):
    """A changed or cut handle never names a file; malformed and stale ones get different errors."""
    n = w.client.nfs()
    f = n.create(n.root, 'f').fh
    if w.server.name == 'ditto':
        for fh in (n.root, f):
            for at in range(len(fh)):
                for bit in (0x01, 0x80, 0xff):
                    bad = bytearray(fh)
                    bad[at] ^= bit
                    one_of(n.getattr(bytes(bad)).status, DEAD, f'byte {at} ^ {bit:#x}')
        eq(n.getattr(bytes(64)).status, nfs3.BADHANDLE, 'zeros')
        eq(n.getattr(b'').status, nfs3.BADHANDLE, 'an empty handle')
        eq(n.getattr(f[:-4]).status, nfs3.BADHANDLE, 'cut short')
        if len(f) < 64:
            eq(n.getattr(f + bytes(4)).status, nfs3.BADHANDLE, 'made longer')
    for size in range(1, 65):
        one_of(n.getattr(os.urandom(size)).status, DEAD, f'{size} random bytes')
    other = n.create(n.root, 'g').fh
    mixed = 0
    for cut in range(4, len(f), 4):
        bad = f[:cut] + other[cut:]
        if bad not in (f, other):
            mixed += 1
            if w.server.name == 'ditto':
                one_of(n.getattr(bad).status, DEAD, f'two handles joined at {cut}')
    assert mixed or w.server.name != 'ditto'
    bad = bytearray(f)
    bad[-1] ^= 1
    bad = bytes(bad)
    if w.server.name == 'ditto':  # every procedure looks at its handle
        for what, r in (('LOOKUP', n.lookup(bad, 'x')), ('ACCESS', n.access(bad)),
                        ('READ', n.read(bad, 0, 1)), ('WRITE', n.write(bad, 0, b'x')),
                        ('SETATTR', n.setattr(bad, sattr(mode=0))), ('CREATE', n.create(bad, 'x')),
                        ('MKDIR', n.mkdir(bad, 'x')), ('SYMLINK', n.symlink(bad, 'x', 'y')),
                        ('MKNOD', n.mknod(bad, 'x', nfs3.FIFO)), ('REMOVE', n.remove(bad, 'x')),
                        ('RMDIR', n.rmdir(bad, 'x')), ('RENAME', n.rename(bad, 'x', n.root, 'y')),
                        ('RENAME to', n.rename(n.root, 'f', bad, 'y')),
                        ('LINK', n.link(bad, n.root, 'x')), ('LINK to', n.link(f, bad, 'x')),
                        ('READDIR', n.readdir(bad)), ('READDIRPLUS', n.readdirplus(bad)),
                        ('READLINK', n.readlink(bad)), ('FSSTAT', n.fsstat(bad)),
                        ('FSINFO', n.fsinfo(bad)), ('PATHCONF', n.pathconf(bad)),
                        ('COMMIT', n.commit(bad))):
            one_of(r.status, DEAD, what)
    eq(n.getattr(f).status, nfs3.OK)


@test(nfs4='nfs4')
def removed_is_stale(w):
    n = w.client.nfs()
    f = n.create(n.root, 'f').fh
    d = n.mkdir(n.root, 'd').fh
    n.write(f, 0, b'x')
    n.remove(n.root, 'f')
    os.rmdir(w.path('d'))
    for fh in (f, d):
        eq(n.getattr(fh).status, nfs3.STALE)
    for i in range(50):  # a new file in the place of the old one is another file
        r = n.create(n.root, f'new{i}', nfs3.GUARDED)
        assert r.fh != f, 'a handle was used again'
    eq(n.getattr(f).status, nfs3.STALE)
    eq(n.read(f, 0, 1).status, nfs3.STALE)


@test(nfs4='nfs4')
def follow_renames(w):
    """A handle keeps naming its file when the file is renamed within the share."""
    n = w.client.nfs()
    a, b = n.mkdir(n.root, 'a').fh, n.mkdir(n.root, 'b').fh
    f = n.create(a, 'f').fh
    n.write(f, 0, b'data')
    eq(n.rename(a, 'f', b, 'g').status, nfs3.OK)
    eq(n.read(f, 0, 10).data, b'data')
    eq(n.lookup(b, 'g').fh, f)
    os.rename(w.path('b'), w.path('a/b'))
    eq(n.read(f, 0, 10).data, b'data')
    eq(n.lookup(b, '..').fh, a)
    os.link(w.path('a/b/g'), w.path('h'))
    eq(n.lookup(n.root, 'h').fh, f, 'two names, one handle')


@test(fs='ext4', nfs4='nfs4')
def survive_restart(w):
    n = w.client.nfs()
    d = n.mkdir(n.root, 'd').fh
    f = n.create(d, 'f').fh
    n.write(f, 0, b'data')
    w.server.restart()
    n = w.client.nfs()
    eq(n.read(f, 0, 10).data, b'data')
    eq(n.lookup(d, 'f').fh, f)
    eq(n.lookup(n.root, 'd').fh, d)


@test(server='ditto', fs='ext4', share=False, nfs4='nfs4')
def order_of_shares(w):
    """Handles of two shares of one file system do not depend on the order they are added in."""
    for name in ('one', 'two'):
        os.mkdir(w.path(name))
        put(w.path(name, 'f'), name.encode())
        w.server.add(name, w.path(name))
    w.server.set('two', squash='all-to-guest', ro=True)
    n = w.client.nfs(path='one')
    handles = {}
    for name in ('one', 'two'):
        root = n.mnt(name).fh
        handles[name] = (root, n.lookup(root, 'f').fh)
    assert handles['one'][0] != handles['two'][0]
    w.server.restart(order=['two', 'one'])
    n = w.client.nfs(path='one')
    for name, (root, f) in handles.items():
        eq(n.mnt(name).fh, root, f'the root of {name}')
        eq(n.read(f, 0, 10).data, name.encode())
        eq(n.lookup(root, 'f').fh, f)
    # and each keeps its own options
    eq(n.write(handles['one'][1], 0, b'ONE').status, nfs3.OK)
    eq(n.write(handles['two'][1], 0, b'TWO').status, nfs3.ROFS)


@test(server='ditto', share=False, nfs4='nfs4')
def share_id_by_hand(w):
    ident = '6f1c0a52-93f4-4c1e-8b0a-1f2e3d4c5b6a'
    w.server.add('data', w.export, id=ident)
    put(w.path('f'), b'1')
    n = w.client.nfs(path='data')
    f = n.lookup(n.root, 'f').fh
    share = w.server.json('share', 'list')[0]
    eq(share['id'].replace('-', ''), ident.replace('-', ''))
    w.server.delete('data')
    eq(n.getattr(f).status, nfs3.STALE, 'the share is gone')
    w.server.add('other-name', w.export, id=ident)
    eq(n.getattr(f).status, nfs3.OK, 'the same id under another name')
    w.server.refused('share', 'add', 'twice', w.path(), 'id', ident)


@test(server='ditto', fs='ext4', share=False)
def subtree(w):
    """A share of a part of a file system gives no access to the rest."""
    for d in ('in/deep', 'out'):
        os.makedirs(w.path(d))
    put(w.path('in/deep/f'), b'inside')
    put(w.path('out/g'), b'outside')
    w.server.add('in', w.path('in'))
    n = w.client.nfs(path='in')
    deep = n.lookup(n.root, 'deep').fh
    f = n.lookup(deep, 'f').fh
    eq(n.lookup(n.root, '..').fh, n.root, '.. of the root')
    eq(n.read(f, 0, 10).data, b'inside')
    # moved out by a local process: gone, although the handle was good and is cached
    os.rename(w.path('in/deep/f'), w.path('out/f'))
    eq(n.getattr(f).status, nfs3.STALE, 'a file moved out')
    eq(n.read(f, 0, 10).status, nfs3.STALE)
    eq(n.write(f, 0, b'x').status, nfs3.STALE)
    eq(get(w.path('out/f')), b'inside')
    os.rename(w.path('out/f'), w.path('in/deep/f'))
    eq(n.getattr(f).status, nfs3.OK, 'and back')
    os.rename(w.path('in/deep'), w.path('out/deep'))
    eq(n.getattr(deep).status, nfs3.STALE, 'a folder moved out')
    eq(n.getattr(f).status, nfs3.STALE, 'a file in it')
    eq(n.lookup(deep, 'f').status, nfs3.STALE)
    eq(n.readdir(deep).status, nfs3.STALE)
    eq(n.create(deep, 'new').status, nfs3.STALE)
    os.rename(w.path('out/deep'), w.path('in/deep'))
    w.server.ctl('cache', 'flush')
    eq(n.read(f, 0, 10).data, b'inside')
    # a sibling's handle with this share's identity
    w.server.add('out', w.path('out'))
    out = n.mnt('out').fh
    g = n.lookup(out, 'g').fh
    eq(n.read(g, 0, 10).data, b'outside')
    w.server.delete('out')
    eq(n.getattr(g).status, nfs3.STALE)
    for cut in range(4, len(g), 4):
        for bad in (f[:cut] + g[cut:], g[:cut] + f[cut:]):
            if bad not in (f, g):
                one_of(n.getattr(bad).status, DEAD, f'joined at {cut}')
    for at in range(0, len(f) - 8, 4):  # inode numbers counted up and down
        for step in (-2, -1, 1, 2):
            value = (struct.unpack_from('<I', f, at)[0] + step) & 0xffffffff
            bad = f[:at] + struct.pack('<I', value) + f[at + 4:]
            one_of(n.getattr(bad).status, DEAD, f'word at {at} {step:+}')
    m = w.client.mount('in')
    eq(get(f'{m}/deep/f'), b'inside')
    eq(os.listdir(f'{m}/..') != os.listdir(w.export), True)


@test(server='ditto', fs='ext4', share=False)
def nested_shares(w):
    """A share inside another serves the same files by rules of its own."""
    os.makedirs(w.path('top/inner'))
    put(w.path('top/inner/f'), b'x')
    w.server.add('top', w.path('top'), ro=True)
    w.server.add('inner', w.path('top/inner'))
    n = w.client.nfs(path='top')
    inner = n.mnt('inner').fh
    via_top = n.lookup(n.lookup(n.root, 'inner').fh, 'f').fh
    via_inner = n.lookup(inner, 'f').fh
    assert via_top != via_inner, 'a handle says which share it came through'
    eq(n.getattr(via_top).attr.fileid, n.getattr(via_inner).attr.fileid)
    eq(n.write(via_inner, 0, b'by inner').status, nfs3.OK)
    eq(n.read(via_top, 0, 20).data, b'by inner')
    eq(n.write(via_top, 0, b'by top').status, nfs3.ROFS)
    eq(n.lookup(inner, '..').fh, inner, '.. of the inner share')
    one_of(n.rename(n.root, 'inner', inner, 'x').status, (nfs3.XDEV, nfs3.INVAL, nfs3.ROFS))
    w.server.delete('inner')
    eq(n.getattr(via_inner).status, nfs3.STALE)
    eq(n.read(via_top, 0, 20).data, b'by inner', 'the outer share goes on')


@test(server='ditto', fs='ext4', share=False)
def names_in_two_shares(w):
    """A handle of a file with a name in each of two shares is good as long as the share's own name
    is, whichever name the server met first."""
    for name in ('one', 'two'):
        os.mkdir(w.path(name))
        w.server.add(name, w.path(name))
    put(w.path('one/f'), b'data')
    os.link(w.path('one/f'), w.path('two/g'))
    one, two = w.client.nfs(path='one'), w.client.nfs(path='two')
    f, g = one.lookup(one.root, 'f').fh, two.lookup(two.root, 'g').fh
    made = two.link(g, two.root, 'h')
    eq((made.status, two.lookup(two.root, 'h').status), (nfs3.OK, nfs3.OK))
    for what in (lambda: put('/proc/sys/vm/drop_caches', b'2'), w.server.restart):
        what()
        one, two = w.client.nfs(path='one'), w.client.nfs(path='two')
        eq((two.read(g, 0, 9).status, one.read(f, 0, 9).data), (nfs3.OK, b'data'))
    os.unlink(w.path('two/h'))
    os.unlink(w.path('two/g'))
    eq((two.getattr(g).status, one.read(f, 0, 9).data), (nfs3.STALE, b'data'))


@test(server='ditto', fs='btrfs', share=False)
def moved_in_a_subvolume(w):
    """In a share that is a subvolume a file is found by its handle wherever it is moved, as in one
    that is a file system; a subvolume that leaves the share takes its files along."""
    for name in ('sub', 'sub/deep', 'other'):
        run('btrfs', 'subvolume', 'create', w.path(name))
    for name in ('a', 'b', 'deep/a', 'deep/b'):
        os.mkdir(w.path('sub', name))
    for name in ('a/f', 'a/g', 'deep/a/f'):
        put(w.path('sub', name), name.encode())
    put(w.path('other/f'), b'of others')
    w.server.add('sub', w.path('sub'))
    n = w.client.nfs(path='sub')
    a, b = (n.lookup(n.root, name).fh for name in ('a', 'b'))
    f, g = (n.lookup(a, name).fh for name in ('f', 'g'))
    deep = n.lookup(n.lookup(n.lookup(n.root, 'deep').fh, 'a').fh, 'f').fh

    def forget():
        w.server.ctl('cache', 'flush')
        put('/proc/sys/vm/drop_caches', b'2')
    eq(n.rename(a, 'f', b, 'moved').status, nfs3.OK)
    os.rename(w.path('sub/a/g'), w.path('sub/b/g'))
    for what in (forget, w.server.restart):
        what()
        n = w.client.nfs(path='sub')
        eq([n.read(fh, 0, 9).data for fh in (f, g, deep)], [b'a/f', b'a/g', b'deep/a/f'])
        eq(n.lookup(b, 'moved').status, nfs3.OK)
    os.rename(w.path('sub/deep'), w.path('deep'))
    for what in (lambda: None, forget):
        what()
        eq(n.getattr(deep).status, nfs3.STALE, 'a subvolume that left the share')
    os.unlink(w.path('sub/b/moved'))
    forget()
    eq(n.getattr(f).status, nfs3.STALE, 'removed')


@test(share=False, nfs4='nfs4')
def between_shares(w):
    """Files cannot be renamed or linked from one share into another."""
    for name in ('one', 'two'):
        w.volume(f'{w.base}/{name}', 'tmpfs', '10m')
        w.server.add(name, f'{w.base}/{name}')
    n = w.client.nfs(path=f'{w.base}/one')
    two = n.mnt(f'{w.base}/two').fh
    f = n.create(n.root, 'f').fh
    eq(n.rename(n.root, 'f', two, 'f').status, nfs3.XDEV)
    eq(n.link(f, two, 'f').status, nfs3.XDEV)
    eq(n.getattr(n.root).attr.fsid != n.getattr(two).attr.fsid, True, 'file systems differ')


@test(server='ditto')
def key_is_the_servers(w):
    """A server with another key does not accept the handles of the former one."""
    n = w.client.nfs()
    f = n.create(n.root, 'f').fh
    server = w.server
    assert 'handle_key' not in server.json('server', 'show'), 'the key is told'
    server.refused('server', 'set', 'handle-key', 'ff' * 16)  # there are shares already
    shares = server.shares
    server.unload()
    server.load()
    server.ctl('server', 'set', 'handle-key', 'ff' * 16)
    server.shares = {}
    server.add('data', shares['data'][0])
    n = w.client.nfs()
    one_of(n.getattr(f).status, DEAD, 'a handle signed with another key')
    assert n.lookup(n.root, 'f').fh != f
