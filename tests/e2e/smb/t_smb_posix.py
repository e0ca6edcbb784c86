# SPDX-License-Identifier: GPL-2.0-only
"""The SMB3 POSIX extensions, by the kernel's client."""
import errno
import os
import stat

import smb
from checks import eq, expect_errno, wait_for
from files import get, put
from harness import test

ALICE = smb.UIDS['alice']
BOB = smb.UIDS['bob']

# all that a file system takes: what Windows refuses, in the middle and at the end
ODD = ('a:b', 'a*b', 'what?', '<in>', 'p|q', '"quoted"', 'back\\slash', 'dot.', 'space ', '...',
       ':', '\\', '\x01\x1f', 'stream:$DATA', 'a.b:c:$DATA', 'COM1', '\u00e4\u20ac\U0001f600')

# the client maps names, which it need not do with these extensions, or does not
MAPPED, PLAIN = 'posix', 'posix,nomapposix'


def mounted(w, opts=MAPPED, **kw):
    os.chmod(w.export, 0o777)
    return w.client.mount_smb(opts=f'{opts},cache=none,actimeo=0', **kw)


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


@test(smb=True, squash='none')
def modes(w):
    """Files get the requested modes, also those that no DACL can express."""
    m = mounted(w)
    for bits in (0o600, 0o640, 0o755, 0o777, 0o444, 0o200, 0o4755, 0o1777):
        name = f'f{bits:o}'
        os.close(os.open(f'{m}/{name}', os.O_CREAT | os.O_EXCL | os.O_RDWR, bits))
        eq(mode(w.path(name)), bits & ~0o022, name)
        os.chmod(f'{m}/{name}', bits)
        eq((mode(w.path(name)), mode(f'{m}/{name}')), (bits, bits), name)
        if not bits & 0o4000:
            os.mkdir(f'{m}/d{bits:o}', bits)
            eq(mode(w.path(f'd{bits:o}')), bits & ~0o022, name)
    os.chmod(f'{m}/d755', 0o2750)
    eq((mode(w.path('d755')), mode(f'{m}/d755')), (0o2750, 0o2750))
    put(w.path('here'), b'', 0o604)
    eq(mode(f'{m}/here'), 0o604)


@test(smb=True, squash='none')
def owners(w):
    m = mounted(w)
    put(f'{m}/mine', b'')
    st = os.stat(f'{m}/mine')
    eq((st.st_uid, st.st_gid), (ALICE, ALICE))
    put(w.path('his'), b'', 0o644)
    os.chown(w.path('his'), BOB, 12345)
    st = os.stat(f'{m}/his')
    eq((st.st_uid, st.st_gid), (BOB, 12345))
    with expect_errno(errno.EACCES, errno.EPERM):
        os.chmod(f'{m}/his', 0o666)
    eq(mode(w.path('his')), 0o644)


@test(smb=True, squash='none')
def case_counts(w):
    m = mounted(w)
    put(f'{m}/A', b'large')
    put(f'{m}/a', b'small')
    os.mkdir(f'{m}/Dir')
    os.mkdir(f'{m}/dir')
    put(f'{m}/dir/F', b'1')
    eq(sorted(os.listdir(m)), ['A', 'Dir', 'a', 'dir'])
    eq((get(f'{m}/A'), get(f'{m}/a')), (b'large', b'small'))
    with expect_errno(errno.ENOENT):
        get(f'{m}/Dir/F')
    with expect_errno(errno.ENOENT):
        get(f'{m}/dir/f')
    os.rename(f'{m}/dir/F', f'{m}/Dir/f')
    eq((os.listdir(f'{m}/dir'), os.listdir(f'{m}/Dir')), ([], ['f']))
    put(f'{m}/x', b'x')
    put(f'{m}/b', b'b')
    os.rename(f'{m}/x', f'{m}/B')
    eq((get(f'{m}/B'), get(f'{m}/b')), (b'x', b'b'))
    os.link(f'{m}/B', f'{m}/c')
    os.link(f'{m}/b', f'{m}/C')
    eq((get(f'{m}/C'), get(f'{m}/c')), (b'b', b'x'))
    os.unlink(f'{m}/A')
    eq(get(w.path('a')), b'small')
    with expect_errno(errno.ENOENT):
        os.stat(f'{m}/A')


def odd_names(w, opts):
    m = mounted(w, opts)
    for name in ODD:
        put(f'{m}/{name}', name.encode())
    eq(sorted(os.listdir(w.export)), sorted(ODD))
    eq(sorted(os.listdir(m)), sorted(ODD))
    for name in ODD:
        eq(get(w.path(name)), name.encode(), name)
        eq(get(f'{m}/{name}'), name.encode(), name)
        os.rename(f'{m}/{name}', f'{m}/{name}2')
        os.rename(w.path(name + '2'), w.path(name))
        eq(os.stat(f'{m}/{name}').st_size, len(name.encode()), name)
        os.unlink(f'{m}/{name}')
        os.mkdir(f'{m}/{name}')
        put(f'{m}/{name}/{name}', b'')
        eq(os.listdir(w.path(name)), [name])
        os.unlink(f'{m}/{name}/{name}')
        os.rmdir(f'{m}/{name}')
    eq(os.listdir(w.export), [])


@test(smb=True, squash='none')
def names_as_they_are(w):
    odd_names(w, PLAIN)


@test(smb=True, squash='none')
def names_mapped(w):
    odd_names(w, MAPPED)


@test(smb=True, squash='none')
def links(w):
    m = mounted(w)
    put(f'{m}/f', b'')
    os.link(f'{m}/f', f'{m}/g')
    eq((os.stat(f'{m}/f').st_nlink, os.stat(f'{m}/g').st_nlink), (2, 2))
    eq(os.stat(f'{m}/f').st_ino, os.stat(f'{m}/g').st_ino)
    os.unlink(f'{m}/f')
    eq(os.stat(f'{m}/g').st_nlink, 1)
    os.mkdir(f'{m}/d')
    put(f'{m}/d/below', b'deep')
    os.mkdir(f'{m}/sub')
    # to a directory, through one, with odd characters, to nowhere, to the root of the machine
    for name, target in (('file', 'g'), ('folder', 'd'), ('sub/up', '../d/below'),
                         ('odd', 'b:c?d'), ('none', 'no/where.'), ('root', '/etc/hosts')):
        os.symlink(target, f'{m}/{name}')
        eq((os.readlink(w.path(name)), os.readlink(f'{m}/{name}')), (target, target), name)
        eq(stat.S_ISLNK(os.lstat(f'{m}/{name}').st_mode), True, name)
    eq((get(f'{m}/folder/below'), get(f'{m}/sub/up')), (b'deep', b'deep'))
    os.symlink('d', w.path('here'))
    eq((os.readlink(f'{m}/here'), get(f'{m}/here/below')), ('d', b'deep'))
    eq(sorted(e.name for e in os.scandir(m) if e.is_symlink()),
       ['file', 'folder', 'here', 'none', 'odd', 'root'])
    for name in ('file', 'folder', 'none'):
        os.unlink(f'{m}/{name}')
    eq((os.path.isdir(w.path('d')), os.path.exists(w.path('g'))), (True, True))


@test(smb=True, squash='none')
def links_without(w):
    """Links that Linux makes without the extensions have any target, absolute ones too."""
    os.chmod(w.export, 0o777)
    m = w.client.mount_smb()
    put(f'{m}/g', b'here')
    targets = {'file': 'g', 'root': '/etc/hosts', 'none': '/no/where', 'up': '../x'}
    for name, target in targets.items():
        os.symlink(target, f'{m}/{name}')
        eq(os.readlink(w.path(name)), target)
    w.client.umount(m)
    m = w.client.mount_smb()
    eq({name: os.readlink(f'{m}/{name}') for name in targets}, targets)
    eq((get(f'{m}/file'), get(f'{m}/root')), (b'here', get('/etc/hosts')))
    eq([os.path.exists(f'{m}/{name}') for name in ('none', 'up')], [False, False])


@test(smb=True, squash='none')
def special_files(w):
    m = mounted(w)
    os.mkfifo(w.path('fifo'), 0o620)
    os.mknod(w.path('null'), stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod(w.path('sock'), stat.S_IFSOCK | 0o600)
    os.mknod(w.path('disk'), stat.S_IFBLK | 0o600, os.makedev(8, 17))
    for name in ('fifo', 'null', 'sock', 'disk'):
        there, here = os.lstat(w.path(name)), os.lstat(f'{m}/{name}')
        eq(stat.S_IFMT(here.st_mode), stat.S_IFMT(there.st_mode), name)
    eq(os.lstat(f'{m}/disk').st_rdev, os.makedev(8, 17))
    os.mkfifo(f'{m}/made', 0o600)
    eq(stat.S_ISFIFO(os.lstat(w.path('made')).st_mode), True)


@test(smb=True, squash='none')
def rename_over_an_open_file(w):
    m, n = mounted(w), mounted(w)
    put(f'{m}/old', b'old')
    put(f'{m}/new', b'new')
    fd = os.open(f'{m}/old', os.O_RDONLY)
    os.rename(f'{m}/new', f'{m}/old')
    eq((os.listdir(w.export), get(f'{n}/old')), (['old'], b'new'))
    eq(os.pread(fd, 10, 0), b'old')
    os.close(fd)


@test(smb=True, squash='none')
def directory_of_open_files(w):
    """Files stay open when their directory is renamed."""
    m = mounted(w)
    os.mkdir(f'{m}/d')
    fd = os.open(f'{m}/d/f', os.O_CREAT | os.O_RDWR)
    os.write(fd, b'1')
    os.rename(f'{m}/d', f'{m}/e')
    os.write(fd, b'2')
    os.close(fd)
    eq((get(f'{m}/e/f'), get(w.path('e/f'))), (b'12', b'12'))
    os.mkdir(f'{m}/empty')
    os.rename(f'{m}/e', f'{m}/empty')
    eq(os.listdir(w.export), ['empty'])


@test(smb=True, squash='none')
def unlink_an_open_file(w):
    """The name is free at once, and the file exists until it is closed."""
    m, n = mounted(w), mounted(w)
    put(f'{m}/f', b'first')
    fd = os.open(f'{n}/f', os.O_RDWR)
    os.unlink(f'{m}/f')
    eq(os.listdir(w.export), [])
    put(f'{m}/f', b'second')
    eq((os.pread(fd, 10, 0), get(f'{m}/f')), (b'first', b'second'))
    os.write(fd, b'FIRST')
    eq(os.pread(fd, 10, 0), b'FIRST')
    os.close(fd)
    eq(get(w.path('f')), b'second')
    fd = os.open(f'{n}/f', os.O_RDONLY)
    os.unlink(f'{n}/f')
    eq(os.listdir(w.export), [])
    put(f'{n}/f', b'third')
    eq(os.pread(fd, 10, 0), b'second')
    os.close(fd)
    eq(get(f'{m}/f'), b'third')


@test(smb=True, squash='none', fs='ext4')
def space_and_nodes(w):
    m = mounted(w)
    here, there = os.statvfs(m), os.statvfs(w.export)
    eq((here.f_frsize * here.f_blocks, here.f_files), (there.f_frsize * there.f_blocks,
                                                        there.f_files))
    put(f'{m}/f', b'x' * 10000)
    st = os.stat(f'{m}/f')
    eq(st.st_size, 10000)
    eq(os.statvfs(m).f_ffree, os.statvfs(w.export).f_ffree)


@test(smb=True, squash='none')
def many_names(w):
    """A listing of several replies, with attributes."""
    m = mounted(w)
    names = [f'name {i:04d} {"x" * (i % 150)}' for i in range(1500)]
    for i, name in enumerate(names):
        put(w.path(name), b'x' * (i % 7), 0o600 | i % 8)
    eq(sorted(os.listdir(m)), names)
    for i, name in enumerate(names[:50]):
        st = os.stat(f'{m}/{name}')
        eq((st.st_size, stat.S_IMODE(st.st_mode)), (i % 7, 0o600 | i % 8), name)


@test(smb=True, squash='none')
def beside_one_without(w):
    """A mount without the extensions has its usual names and ignores case."""
    m = mounted(w)
    plain = w.client.mount_smb(opts='cache=none,actimeo=0')
    put(f'{m}/Mixed', b'1')
    put(f'{m}/a:b', b'2')
    eq((get(f'{plain}/mIXED'), get(f'{plain}/a:b')), (b'1', b'2'))
    eq(sorted(os.listdir(plain)), ['Mixed', 'a:b'])
    put(f'{plain}/mixed', b'3')
    eq((get(f'{m}/Mixed'), sorted(os.listdir(m))), (b'3', ['Mixed', 'a:b']))
    # a deletion without the extensions waits for the last open
    fd = os.open(f'{m}/Mixed', os.O_RDONLY)
    os.unlink(f'{plain}/Mixed')
    eq(os.pread(fd, 10, 0), b'3')
    os.close(fd)
    wait_for('it is gone', lambda: os.listdir(w.export) == ['a:b'])
    os.mkdir(f'{plain}/d')
    os.symlink('d', f'{plain}/l')
    eq((os.readlink(w.path('l')), os.readlink(f'{m}/l')), ('d', 'd'))
