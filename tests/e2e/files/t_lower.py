# SPDX-License-Identifier: GPL-2.0-only
"""The same small set of tests on every file system that can be served."""
import os
import stat

import nfs3
from checks import eq, expect_errno
from files import get, pattern, put
from harness import test
from processes import as_user, run
from trees import digest, make_tree
from volumes import KINDS


def smoke(w):
    m = w.client.mount()
    os.mkdir(f'{m}/t')
    make_tree(f'{m}/t')
    eq(digest(f'{m}/t'), digest(w.path('t')))
    with open(f'{m}/sparse', 'wb') as f:
        f.seek(5 << 30)
        f.write(b'far')
        f.flush()
        os.fsync(f.fileno())
    eq(os.stat(w.path('sparse')).st_size, (5 << 30) + 3)
    os.unlink(f'{m}/sparse')
    if w.vers == '3':
        put(f'{m}/acl', b'x')
        run('setfacl', '-m', 'u:1002:r', f'{m}/acl')
        assert 'user:1002:r--' in run('getfacl', '-cnp', w.path('acl'))
    os.mknod(f'{m}/null', stat.S_IFCHR | 0o666, os.makedev(1, 3))
    eq(os.lstat(w.path('null')).st_rdev, os.makedev(1, 3))
    os.mkdir(f'{m}/private', 0o700)
    with expect_errno(13):
        as_user(1002, lambda: os.listdir(f'{m}/private'))
    os.mkdir(f'{m}/many')
    for i in range(400):
        put(w.path('many', f'{i}'))
    eq(len(os.listdir(f'{m}/many')), 400)


def raw(w):
    """Handles, cookies, exclusive creation and commits, which depend on the file system."""
    n = w.client.nfs()
    eq(n.create(n.root, 'x', nfs3.EXCLUSIVE, verf=b'\xfe\xdc\xba\x98vT2\x10').status, nfs3.OK)
    f = n.lookup(n.root, 'x').fh
    eq(n.write(f, 0, pattern(1, 70000), nfs3.UNSTABLE).count, 70000)
    eq(n.commit(f).status, nfs3.OK)
    many = n.lookup(n.root, 'many').fh
    names = [e.name for e in n.listing(many, count=2000)]
    names = [n for n in names if n not in (b'.', b'..')]
    eq((len(names), len(set(names))), (400, 400))
    plus = n.listing(many, plus=True, maxcount=5000)
    eq({e.name for e in plus} - {b'.', b'..'}, set(names))
    ids = {e.fileid for e in plus}
    eq(0 in ids, False, 'a file number 0')
    handles = {e.name: e.fh for e in plus if e.fh and e.name not in (b'.', b'..')}
    eq(n.rename(n.root, 'x', many, 'y').status, nfs3.OK)
    w.server.restart()
    n = w.client.nfs()
    eq(n.create(many, 'z', nfs3.EXCLUSIVE, verf=bytes(8)).status, nfs3.OK)
    eq(n.read(f, 69990, 100).data, pattern(1, 70000)[69990:], 'by a handle from before')
    for name, fh in handles.items():
        eq(n.lookup(many, name).fh, fh, f'the handle of {name}')
    eq(n.lookup(many, '..').fh, n.root)
    n.remove(many, 'y')
    if w.server.name == 'ditto':  # knfsd's open files keep it alive on overlayfs
        eq(n.getattr(f).status, nfs3.STALE)


def make(kind):
    def smoke_set(w):
        smoke(w)
        raw(w)
        if kind == 'overlay':
            copy_up(w)
    smoke_set.__name__ = kind
    test(fs='lower' if kind == 'overlay' else kind, timeout=60, nfs4='nfs4')(smoke_set)


def copy_up(w):
    """A file of the lower layer keeps its handle at its first write."""
    n = w.client.nfs()
    f = n.lookup(n.root, 'from-lower').fh
    deep = n.lookup(n.lookup(n.lookup(n.root, 'lower-dir').fh, 'deep').fh, 'file').fh
    eq(n.read(f, 0, 100).data, b'lower\n')
    ino = n.getattr(f).attr.fileid
    eq(n.write(f, 0, b'LOWER').status, nfs3.OK)
    eq(n.read(f, 0, 100).data, b'LOWER\n')
    eq(n.lookup(n.root, 'from-lower').fh, f, 'the handle after the copy')
    eq(n.getattr(f).attr.fileid, ino, 'the file number after the copy')
    eq(get(w.path('from-lower')), b'LOWER\n')
    eq(n.read(deep, 0, 100).data, b'deep\n')
    w.server.restart()
    n = w.client.nfs()
    eq(n.read(f, 0, 100).data, b'LOWER\n', 'by the old handle after a restart')
    eq(n.read(deep, 0, 100).data, b'deep\n')


for one in KINDS:
    make(one)


@test(server='ditto', share=False)
def refused(w):
    """A directory that cannot be served is refused with a reason, and without handles for NFS."""
    os.makedirs(w.path('d'))
    put(w.path('file'))
    for path in (w.path('file'), w.path('nothing'), 'relative/path'):
        said = w.server.refused('share', 'add', 'bad', path)
        assert len(said) > 20, f'{path}: {said}'
    eq(w.server.json('share', 'list'), [])
    if not w.server.ctl('share', 'add', 'proc', '/proc', check=False).returncode:
        w.server.shares['proc'] = ('/proc', {})
        w.server.listen()
        n = nfs3.Nfs3(w.client.connect())
        assert n.mnt('proc').status != nfs3.OK, 'procfs has no handles'


@test(server='ditto', share=False)
def read_only_mount(w):
    """A directory on a read-only mount can be read; changes get ROFS."""
    put(w.path('f'), b'data')
    run('mount', '-o', 'remount,ro', w.export)
    w.server.add('data', w.export)
    n = w.client.nfs()
    f = n.lookup(n.root, 'f').fh
    eq(n.read(f, 0, 10).data, b'data')
    eq(n.write(f, 0, b'x').status, nfs3.ROFS)
    eq(n.create(n.root, 'g').status, nfs3.ROFS)
    eq(n.remove(n.root, 'f').status, nfs3.ROFS)
    eq(n.setattr(f, nfs3.sattr(mode=0o600)).status, nfs3.ROFS)
