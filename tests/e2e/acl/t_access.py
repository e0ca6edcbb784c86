# SPDX-License-Identifier: GPL-2.0-only
"""Access of users and groups: modes, squashing, access control lists."""
import errno
import os
import stat

import nfs3
import rpc
from checks import eq, expect_errno, one_of
from files import get, put
from harness import test
from nfs3 import sattr
from processes import as_user, run

DENIED = (errno.EACCES, errno.EPERM)


def make(path, uid, gid, mode, data=None):
    """Make a file or folder on the server."""
    if data is None:
        os.mkdir(path)
    else:
        put(path, data)
    os.chown(path, uid, gid)
    os.chmod(path, mode)
    return path


@test(nfs4='nfs4')
def owner_group_other(w):
    make(w.path('pub'), 0, 0, 0o777)
    make(w.path('u'), 1001, 2001, 0o640, b'secret')
    m = w.client.mount()
    eq(as_user(1001, lambda: get(f'{m}/u'), 500), b'secret', 'owner')
    eq(as_user(1002, lambda: get(f'{m}/u'), 2001), b'secret', 'group')
    eq(as_user(1002, lambda: get(f'{m}/u'), 500, [7, 2001]), b'secret', 'supplementary group')
    with expect_errno(*DENIED):
        as_user(1002, lambda: get(f'{m}/u'), 500)
    with expect_errno(*DENIED):
        as_user(1002, lambda: put(f'{m}/u', b'no'), 2001)
    with expect_errno(*DENIED):
        as_user(1002, lambda: os.chmod(f'{m}/u', 0o666))
    with expect_errno(*DENIED):
        as_user(1001, lambda: os.chown(f'{m}/u', 1002, -1))
    as_user(1001, lambda: os.chown(f'{m}/u', -1, 2002), 500, [2002])
    eq(os.stat(w.path('u')).st_gid, 2002, 'the owner gave it to a group of his')
    with expect_errno(*DENIED):
        as_user(1001, lambda: os.chown(f'{m}/u', -1, 2003), 500, [2002])
    as_user(1003, lambda: put(f'{m}/pub/mine', b'x', 0o600), 3003)
    st = os.stat(w.path('pub/mine'))
    eq((st.st_uid, st.st_gid, oct(st.st_mode)), (1003, 3003, oct(0o100600)))
    with expect_errno(*DENIED):
        as_user(1003, lambda: os.mkdir(f'{m}/not-mine'))
    # the owner goes on with a file that his own mode forbids: he has opened it before
    fd_data = as_user(1003, lambda: _write_after_chmod(f'{m}/pub/late'))
    eq(fd_data, b'late')


def _write_after_chmod(path):
    fd = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    os.fchmod(fd, 0)
    os.write(fd, b'late')
    os.fsync(fd)
    os.lseek(fd, 0, os.SEEK_SET)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    return os.read(fd, 10)


@test(nfs4='nfs4')
def search_and_list(w):
    """Names can be used with x but no r; they can only be listed with r but no x."""
    for name, mode in (('x', 0o711), ('r', 0o744), ('none', 0o700)):
        make(w.path(name), 1001, 1001, mode)
        make(w.path(name, 'f'), 0, 0, 0o644, b'f')
    n = w.client.nfs(rpc.auth_sys(1002, 1002))
    d = {name: n.lookup(n.root, name).fh for name in ('x', 'r', 'none')}
    eq(n.lookup(d['x'], 'f').status, nfs3.OK)
    eq(n.readdir(d['x']).status, nfs3.ACCES)
    eq(n.lookup(d['r'], 'f').status, nfs3.ACCES)
    eq(n.readdir(d['r']).status, nfs3.OK)
    for e in n.listing(d['r'], plus=True):
        if e.name == b'f':
            eq(e.attr, None, 'attributes of what may not be looked up')
            eq(e.fh, None, 'the handle of what may not be looked up')
    eq(n.lookup(d['none'], 'f').status, nfs3.ACCES)
    eq(n.readdirplus(d['none']).status, nfs3.ACCES)
    for name, want in (('x', nfs3.MAY_LOOKUP), ('r', nfs3.MAY_READ), ('none', 0)):
        eq(n.access(d[name]).access, want, f'ACCESS of {name}')
    root = w.client.nfs()
    eq(root.access(d['none']).access & 0x1f, 0x1f, 'ACCESS by root')
    f = root.lookup(d['x'], 'f').fh
    eq(n.access(f).access, nfs3.MAY_READ, 'ACCESS of a file')
    eq(n.access(f, nfs3.MAY_MODIFY).access, 0)
    eq(n.write(f, 0, b'x').status, nfs3.ACCES)
    eq(n.setattr(f, sattr(size=0)).status, nfs3.ACCES)
    one_of(n.setattr(f, sattr(mode=0o777)).status, (nfs3.PERM, nfs3.ACCES))


@test(nfs4='nfs4')
def setgid_sticky_suid(w):
    make(w.path('sgid'), 0, 2500, 0o2777)
    make(w.path('tmp'), 0, 0, 0o1777)
    m = w.client.mount()
    as_user(1001, lambda: (put(f'{m}/sgid/f'), os.mkdir(f'{m}/sgid/d')), 1001)
    eq(os.stat(w.path('sgid/f')).st_gid, 2500, 'a file in a setgid folder')
    eq(os.stat(w.path('sgid/d')).st_gid, 2500, 'a folder in a setgid folder')
    assert os.stat(w.path('sgid/d')).st_mode & stat.S_ISGID, 'setgid is not handed down'
    as_user(1001, lambda: put(f'{m}/tmp/f', b'1', 0o666))
    with expect_errno(*DENIED):
        as_user(1002, lambda: os.unlink(f'{m}/tmp/f'))
    with expect_errno(*DENIED):
        as_user(1002, lambda: os.rename(f'{m}/tmp/f', f'{m}/tmp/g'))
    as_user(1001, lambda: os.unlink(f'{m}/tmp/f'))
    acts = {'write': lambda p: put(p, b'new'), 'append': _append}
    if w.server.name == 'ditto':  # knfsd leaves the bits, a local truncate(2) does not
        acts['truncate'] = lambda p: os.truncate(p, 1)
    for what, act in acts.items():
        path = make(w.path('suid'), 1001, 1001, 0o6777, b'prog')
        as_user(1002, lambda act=act: act(f'{m}/suid'))
        eq(oct(os.stat(path).st_mode & 0o6000), oct(0), f'suid after {what} by another user')
        os.unlink(path)
    path = make(w.path('c'), 1001, 1001, 0o6755, b'prog')
    as_user(1001, lambda: os.chown(f'{m}/c', -1, 1005), 1001, [1005])
    eq(oct(os.stat(path).st_mode & 0o6000), oct(0), 'suid after chown')
    as_user(1001, lambda: os.chmod(f'{m}/c', 0o2755), 1001, [])  # not in group 1005
    eq(oct(os.stat(path).st_mode & 0o2000), oct(0), 'setgid for a group one is not in')


def _append(path):
    with open(path, 'ab') as f:
        f.write(b'more')


def acting(w, uid, **options):
    """The owner of a new file under these options, and whether root's file can be read."""
    if options:
        w.server.set('data', **options)
    n = w.client.nfs(rpc.auth_sys(uid, uid))
    r = n.create(n.lookup(n.root, 'open').fh, f'by{uid}', nfs3.GUARDED, sattr(mode=0o600))
    eq(r.status, nfs3.OK)
    st = os.stat(w.path(f'open/by{uid}'))
    os.unlink(w.path(f'open/by{uid}'))
    closed = n.read(n.lookup(n.root, 'closed').fh, 0, 10).status
    return st.st_uid, st.st_gid, closed == nfs3.OK


@test(nfs4='nfs4')
def squash_modes(w):
    make(w.path('open'), 0, 0, 0o777)
    make(w.path('closed'), 1001, 1001, 0o600, b'closed')
    table = {'root-to-guest': {0: (65534, 65534, False), 1001: (1001, 1001, True),
                               1002: (1002, 1002, False)},
             'root-to-admin': {0: (0, 0, True), 1001: (1001, 1001, True),
                               1002: (1002, 1002, False)},
             'all-to-guest': {0: (65534, 65534, False), 1001: (65534, 65534, False)},
             'all-to-admin': {0: (0, 0, True), 1002: (0, 0, True)}}
    if w.server.name == 'ditto':
        # ids of the client, but root is an ordinary user without privileges
        table['none'] = {0: (0, 0, False), 1001: (1001, 1001, True)}
    for mode, users in table.items():
        for uid, want in users.items():
            eq(acting(w, uid, squash=mode), want, f'{mode}: user {uid} acts as')
    w.server.set('data', squash='root-to-guest', anon=(4001, 4002))
    eq(acting(w, 0), (4001, 4002, False), 'the anonymous user')
    w.server.set('data', squash='all-to-guest', anon=(1001, 4002))
    eq(acting(w, 7), (1001, 4002, True), 'everybody is user 1001')


@test(nfs4='nfs4')
def squashed_groups(w):
    """Group 0 and supplementary groups do not survive squashing."""
    make(w.path('g0'), 1001, 0, 0o640, b'group 0')
    make(w.path('g7'), 1001, 7, 0o640, b'group 7')

    def status(cred):
        n = w.client.nfs(cred)
        return tuple(n.read(n.lookup(n.root, name).fh, 0, 9).status == nfs3.OK
                     for name in ('g0', 'g7'))
    w.server.set('data', squash='root-to-guest')
    eq(status(rpc.auth_sys(0, 0, [0, 7])), (False, False), 'root, squashed')
    eq(status(rpc.auth_sys(1002, 5, [7])), (False, True), 'a user of group 7')
    eq(status(rpc.auth_sys(1002, 0, [])), (False, False), 'a user who says group 0')
    eq(status(rpc.auth_sys(1002, 5, [0])), (False, False), 'a user who says group 0 besides')
    w.server.set('data', squash='all-to-guest')
    eq(status(rpc.auth_sys(1001, 0, [7])), (False, False), 'everybody squashed')


@test
def flavor_none(w):
    make(w.path('pub'), 0, 0, 0o777)
    none = (rpc.AUTH_NONE, b'')
    w.server.set('data', sec=('sys', 'none'), squash='root-to-admin', anon=(4001, 4002))
    n = w.client.nfs(none)
    if w.server.name == 'ditto':
        assert rpc.AUTH_NONE in n.mnt(w.export).flavors, 'MNT does not offer AUTH_NONE'
    eq(n.create(n.lookup(n.root, 'pub').fh, 'f', nfs3.GUARDED).status, nfs3.OK)
    st = os.stat(w.path('pub/f'))
    eq((st.st_uid, st.st_gid), (4001, 4002), 'AUTH_NONE is the anonymous user')
    w.server.set('data', sec=('sys',))
    r = n.raw(nfs3.LOOKUP, nfs3.diropargs(n.root, 'pub'))
    assert r.stat == rpc.AUTH_ERROR or r.body[:4] == b'\0\0\0\x0d', f'AUTH_NONE is let in: {r.stat}'
    w.server.set('data', sec=('none',))
    r = n.raw(nfs3.LOOKUP, nfs3.diropargs(n.root, 'pub'), cred=rpc.ROOT)
    assert r.stat == rpc.AUTH_ERROR or r.body[:4] == b'\0\0\0\x0d', f'AUTH_SYS is let in: {r.stat}'


@test(nfs4='nfs4')
def read_only_share(w):
    put(w.path('f'), b'data')
    os.mkdir(w.path('d'))
    os.symlink('x', w.path('l'))
    w.server.set('data', ro=True)
    n = w.client.nfs()
    f, d = n.lookup(n.root, 'f').fh, n.lookup(n.root, 'd').fh
    changes = {'WRITE': n.write(f, 0, b'x'), 'SETATTR': n.setattr(f, sattr(mode=0)),
               'SETATTR size': n.setattr(f, sattr(size=0)), 'CREATE': n.create(d, 'x'),
               'CREATE exclusive': n.create(d, 'x', nfs3.EXCLUSIVE),
               'MKDIR': n.mkdir(d, 'x'), 'SYMLINK': n.symlink(d, 'x', 'y'),
               'MKNOD': n.mknod(d, 'x', nfs3.FIFO), 'REMOVE': n.remove(n.root, 'f'),
               'RMDIR': n.rmdir(n.root, 'd'), 'RENAME': n.rename(n.root, 'f', d, 'g'),
               'LINK': n.link(f, d, 'g')}
    for what, r in changes.items():
        eq(r.status, nfs3.ROFS, what)
    eq(n.read(f, 0, 10).data, b'data')
    eq(n.readlink(n.lookup(n.root, 'l').fh).target, b'x')
    eq(n.access(d).access & (nfs3.MAY_MODIFY | nfs3.MAY_EXTEND | nfs3.MAY_DELETE), 0, 'ACCESS')
    m = w.client.mount()
    with expect_errno(errno.EROFS, errno.EACCES):
        put(f'{m}/new', b'')
    eq(get(f'{m}/f'), b'data')
    w.server.set('data', ro=False)
    eq(n.write(f, 0, b'DATA').status, nfs3.OK, 'writable again')


@test
def posix_acls(w):
    """getfacl and setfacl by a client, and the effect of the entries."""
    make(w.path('f'), 1001, 1001, 0o600, b'data')
    make(w.path('d'), 1001, 1001, 0o700)
    m = w.client.mount()
    with expect_errno(*DENIED):
        as_user(1002, lambda: get(f'{m}/f'))
    run('setfacl', '-m', 'u:1002:r,g:3003:rw,m::rw', f'{m}/f')
    acl = run('getfacl', '-cnp', f'{m}/f')
    for line in ('user::rw-', 'user:1002:r--', 'group::---', 'group:3003:rw-', 'mask::rw-',
                 'other::---'):
        assert line in acl, f'{line} is missing:\n{acl}'
    eq(run('getfacl', '-cnp', w.path('f')), acl, 'the same on the server')
    eq(as_user(1002, lambda: get(f'{m}/f')), b'data', 'a named user')
    with expect_errno(*DENIED):
        as_user(1002, lambda: put(f'{m}/f', b''))
    as_user(1009, lambda: put(f'{m}/f', b'by group'), 5, [3003])
    run('setfacl', '-m', 'm::---', f'{m}/f')
    with expect_errno(*DENIED):
        as_user(1002, lambda: get(f'{m}/f'))
    with expect_errno(errno.EPERM, errno.EACCES):
        as_user(1002, lambda: os.removexattr(f'{m}/f', 'system.posix_acl_access'))
    run('setfacl', '-b', f'{m}/f')
    eq(run('getfacl', '-cnp', w.path('f')).split(), ['user::rw-', 'group::---', 'other::---'])
    # default entries are handed down, whatever the client's umask
    run('setfacl', '-m', 'd:u:1002:rwx,d:g::rx,d:o::-', f'{m}/d')
    assert 'default:user:1002:rwx' in run('getfacl', '-cnp', f'{m}/d')
    as_user(1001, lambda: (os.mkdir(f'{m}/d/sub'), put(f'{m}/d/new', b'n')))
    for where in (w.export, m):
        assert 'user:1002:rw' in run('getfacl', '-cnp', f'{where}/d/new')
        sub = run('getfacl', '-cnp', f'{where}/d/sub')
        assert 'default:user:1002:rwx' in sub and '\nuser:1002:rwx' in sub, sub
    run('setfacl', '-k', f'{m}/d')
    assert 'default' not in run('getfacl', '-cnp', w.path('d'))
    run('setfacl', '-m', 'u:1005:rwx', w.path('d'))  # locally, seen by the client
    assert 'user:1005:rwx' in run('getfacl', '-cnp', f'{m}/d')


@test
def acl_calls(w):
    """NFSACL by a raw client: invalid entries are refused."""
    n = w.client.nfs()
    f = n.create(n.root, 'f').fh

    def setacl(*entries, mask=1, count=None, cred=rpc.ROOT):
        e = rpc.Enc().opaque(f).u32(mask)
        e.u32(len(entries) if count is None else count, len(entries) if count is None else count)
        for entry in entries:
            e.u32(*entry)
        e.u32(0, 0)
        r = n.raw(2, e.bytes(), prog=nfs3.NFSACL, cred=cred)
        return r.stat if r.stat else int.from_bytes(r.body[:4], 'big')
    user, group, other = (1, 0, 7), (4, 0, 5), (0x20, 0, 4)
    eq(setacl(user, group, (0x10, 0, 5), other), nfs3.OK, 'four entries')
    eq(oct(os.stat(w.path('f')).st_mode & 0o777), oct(0o754))
    r = n.raw(1, rpc.Enc().opaque(f).u32(0xf).bytes(), prog=nfs3.NFSACL)
    eq((r.stat, r.body[:4]), (rpc.SUCCESS, bytes(4)), 'GETACL')
    eq(n.raw(0, prog=nfs3.NFSACL).stat, rpc.SUCCESS)
    for what, entries in (('an unknown tag', (user, group, (0x40, 0, 7), other)),
                          ('a permission over 7', ((1, 0, 8), group, (0x10, 0, 7), other)),
                          ('no other', (user, group, (0x10, 0, 7))),
                          ('two owners', (user, user, group, other))):
        assert setacl(*entries), f'SETACL with {what} worked'
    assert setacl(user, group, count=0xffffffff), 'SETACL with 4 billion entries worked'
    assert setacl(*[(2, i, 7) for i in range(1100)]), 'SETACL with 1100 entries worked'
    one_of(setacl(user, group, (0x10, 0, 7), other, cred=rpc.auth_sys(1002, 1002)),
           (nfs3.PERM, nfs3.ACCES), 'SETACL by a stranger')
    eq(oct(os.stat(w.path('f')).st_mode & 0o777), oct(0o754), 'in the end')
