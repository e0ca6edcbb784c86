# SPDX-License-Identifier: GPL-2.0-only
"""Files and directories that nobody may change: immutable and append-only ones, read-only mounts."""
import errno
import os

import smb2
from checks import eq
from files import put
from harness import test
from processes import as_user, run
from volumes import mount, umount

MS_BIND, MS_REMOUNT, MS_RDONLY = 0x1000, 0x20, 0x1
VERSIONS = ('3', '4.0', '4.1', '4.2')


def write(path, flags=0):
    fd = os.open(path, os.O_WRONLY | flags)
    try:
        os.pwrite(fd, b'x', 0)
        os.fsync(fd)
    finally:
        os.close(fd)


# What is done to a file, and to a directory with an entry.
TO_FILES = {
    'write': write,
    'truncate': lambda p: os.truncate(p, 1),
    'open to truncate': lambda p: write(p, os.O_TRUNC),
    'chmod': lambda p: os.chmod(p, 0o640),
    'times': lambda p: os.utime(p, (1, 1)),
    'link': lambda p: os.link(p, f'{p}.link'),
    'rename': lambda p: os.rename(p, f'{p}.new'),
    'remove': os.unlink,
}
TO_DIRECTORIES = {
    'make': lambda p: put(f'{p}/new'),
    'mkdir': lambda p: os.mkdir(f'{p}/newdir'),
    'link': lambda p: os.link(f'{p}/x', f'{p}/y'),
    'remove': lambda p: os.unlink(f'{p}/x'),
    'rename': lambda p: os.rename(f'{p}/x', f'{p}/z'),
}


# What the Linux client finds out by ACCESS, which has no other error than EACCES.
BY_ACCESS = {'3': ('write', 'truncate', 'open to truncate'), '4.0': ('truncate',),
             '4.1': ('truncate',), '4.2': ('truncate',)}


ALL = {(kind, what): (f'{kind}{i}', action)
       for kind, actions in (('f', TO_FILES), ('d', TO_DIRECTORIES))
       for i, (what, action) in enumerate(actions.items())}


def error_of(action, path):
    """The name of the error of an action, or None."""
    try:
        action(path)
    except OSError as e:
        return errno.errorcode[e.errno]
    return None


def errors_of(w, uid, where, owner, mode, flag):
    """The errors of all actions, each on an object of its own with an attribute."""
    made = [make(w, name, owner, mode) for name, _ in ALL.values()]
    run('chattr', f'+{flag}', *made)
    try:
        return as_user(uid, lambda: {what: error_of(action, f'{where}/{name}')
                                     for what, (name, action) in ALL.items()})
    finally:
        run('chattr', '-R', '-ia', w.export)
        run('sh', '-c', f'rm -rf {w.export}/*')


def make(w, name, owner, mode):
    path = w.path(name)
    if name[0] == 'd':
        os.mkdir(path)
        put(f'{path}/x', b'data')
        os.chown(f'{path}/x', owner, owner)
    else:
        put(path, b'data')
    os.chmod(path, mode | (0o111 if name[0] == 'd' else 0))
    os.chown(path, owner, owner)
    return path


@test(fs='ext4', server='ditto', squash='root-to-admin')
def the_same_errors(w):
    """Over every version the errors are those of local processes, whoever asks."""
    os.chmod(w.export, 0o777)
    mounts = {vers: w.client.mount(vers=vers, opts='noac') for vers in VERSIONS}
    for flag in 'ia':
        # the owner, one whom the mode admits, one whom it does not, and root
        for uid, owner, mode in ((1000, 1000, 0o600), (1001, 1000, 0o666), (1001, 1000, 0o444),
                                 (0, 1000, 0o600)):
            want = errors_of(w, uid, w.export, owner, mode, flag)
            for vers, m in mounts.items():
                got = errors_of(w, uid, m, owner, mode, flag)
                other = {k: v for k, v in got.items() if v != want[k] and
                         not (k[1] in BY_ACCESS[vers] and (v, want[k]) == ('EACCES', 'EPERM'))}
                eq(other, {}, f'vers={vers} +{flag} user {uid}, mode {mode:o}: locally '
                              f'{ {k: want[k] for k in other} }')


@test(fs='ext4', smb=True, squash='none')
def smb_is_denied(w):
    """Over SMB an immutable or append-only file is ACCESS_DENIED for writing."""
    os.chmod(w.export, 0o777)
    s = smb2.Smb2(w.client)
    put(w.path('f'), b'fixed', 0o666)
    for flag in 'ia':
        run('chattr', f'+{flag}', w.path('f'))
        try:
            smb2.refused('ACCESS_DENIED', s.create, 'f', access=smb2.GENERIC_WRITE,
                         how=smb2.OPEN)
            smb2.refused('ACCESS_DENIED', s.create, 'f', access=smb2.DELETE, how=smb2.OPEN)
            s.close(s.create('f', access=smb2.GENERIC_READ, how=smb2.OPEN))
        finally:
            run('chattr', f'-{flag}', w.path('f'))


@test(fs='ext4', server='ditto', share=False, squash='root-to-admin')
def read_only_mounts(w):
    """A share on a mount that is read-only is EROFS for writing, as it is locally."""
    real = w.path('real')
    os.mkdir(real)
    where = w.path('ro')
    os.mkdir(where)
    put(f'{real}/f', b'data', 0o666)
    mount(real, where, '', MS_BIND)
    mount('none', where, '', MS_BIND | MS_REMOUNT | MS_RDONLY)
    w.server.add('data', where, squash='root-to-admin')
    try:
        for vers in VERSIONS:
            m = w.client.mount(path=where, vers=vers)
            eq(as_user(1000, lambda m=m: error_of(write, f'{m}/f')),
               'EACCES' if vers == '3' else 'EROFS', vers)
    finally:
        for m in w.client.mounts:
            umount(m, 2)
        w.client.mounts.clear()
        w.server.delete('data')
        umount(where)
