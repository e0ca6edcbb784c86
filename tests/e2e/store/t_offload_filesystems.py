# SPDX-License-Identifier: GPL-2.0-only
"""What is garbage is decided by all file systems with offloaded files, whatever is mounted where."""
import ctypes
import errno
import os
import re
import time

from checks import eq, expect_errno
from files import MIB, get, put
from harness import test
from leftovers import GUARDED_LIST
from processes import run
from store_files import EVERYTHING, content, offloaded, refused, served_disk
from stores import Store, collect, deletions, forget_index
from volumes import libc, mount, syscall, umount

MS_BIND = 4096
PUNCH_HOLE, KEEP_SIZE = 2, 1
DAY = 86400


def garbage(s, w, name):
    """Objects that nothing needs."""
    os.unlink(offloaded(s, w.path(name), content(name, MIB)))


@test(smb=True, offload=True, timeout=300)
def one_is_away(w):
    """While a file system that was ever pushed from is away, nothing goes, index or not."""
    s, data = Store(w), content('x', 3 * MIB)
    disk = served_disk(w)
    path = offloaded(s, f'{disk.where}/f', data)
    known, = s.tool('filesystem', 'list')
    eq((known['type'], known['store'], known['mounted'], known['path']),
       ('ext4', 'main', True, disk.where), 'registered')
    garbage(s, w, 'first')
    w.server.delete('disk')
    disk.umount()
    eq({fs['path']: fs['mounted'] for fs in s.tool('filesystem', 'list')}[disk.where], False)
    for index in ('with an index', 'without'):
        refused(s, known['id'], f'last at {disk.where}, is not mounted',
                f'dittoctl offload filesystem forget {known["id"]}')
        if index == 'with an index':
            forget_index()
    disk.mount()
    # It need not be served.
    eq(collect(s), 2, 'chunk and manifest of the garbage')
    assert 'unmount it first' in s.tool('filesystem', 'forget', known['id'], check=False)[2]
    w.server.add('disk', disk.where, offload=True)
    eq(get(path) == data, True, 'content')

    # A disk that burned.
    offloaded(s, f'{disk.where}/g', content('g', MIB))
    w.server.delete('disk')
    disk.umount()
    assert f"{known['id']} ext4 {disk.where}\n" in get(GUARDED_LIST).decode(), 'for ditto-guard'
    s.tool('filesystem', 'forget', known['id'])
    assert known['id'] not in get(GUARDED_LIST).decode(), 'for ditto-guard'
    eq(known['id'] in [fs['id'] for fs in s.tool('filesystem', 'list')], False, 'registered')
    assert 'no store has files' in s.tool('filesystem', 'forget', known['id'], check=False)[2]
    assert collect(s) >= 2, 'what only the disk had'
    disk.mount()


@test(smb=True, offload=True, timeout=300)
def copies_of_a_disk(w):
    """Which of two file systems with one UUID has the files is not known."""
    s = Store(w)
    disk = served_disk(w)
    path = offloaded(s, f'{disk.where}/f', content('x', MIB))
    garbage(s, w, 'first')
    copy = w.volume(f'{w.base}/copy', 'ext4', '100m')
    copy.umount()
    os.sync()
    run('cp', '--sparse=always', disk.image, copy.image)
    copy.mount()
    refused(s, disk.where, copy.where, 'two file systems with one UUID')
    known = {fs['path']: fs['id'] for fs in s.tool('filesystem', 'list')}[disk.where]
    assert 'unmount it first' in s.tool('filesystem', 'forget', known, check=False)[2]
    copy.umount()
    eq(collect(s), 2, 'chunk and manifest of the garbage')
    eq(get(path) == content('x', MIB), True, 'content')
    copy.mount()


@test(smb=True, offload=True, timeout=300)
def hidden_by_another(w):
    """What lies below a mount, at the same paths, is another file, and as good."""
    s = Store(w)
    disk = served_disk(w)
    below = offloaded(s, f'{disk.where}/f', content('below', MIB))
    known = {fs['path']: fs['id'] for fs in s.tool('filesystem', 'list')}[disk.where]
    w.server.delete('disk')
    # A file system that is hidden as a whole, and a directory of one.
    over = w.volume(f'{w.base}/over', 'ext4', '100m')
    mount(over.where, disk.where, '', MS_BIND)
    w.server.add('over', over.where, offload=True)
    above = offloaded(s, f'{over.where}/f', content('above', MIB))
    for _ in range(2):
        garbage(s, w, 'first')
        eq(collect(s), 2, 'chunk and manifest of the garbage')
    assert 'unmount it first' in s.tool('filesystem', 'forget', known, check=False)[2]
    umount(disk.where)
    w.server.add('disk', disk.where, offload=True)
    eq(get(below) == content('below', MIB), True, 'content below')
    eq(get(above) == content('above', MIB), True, 'content above')


@test(smb=True, offload=True, timeout=300)
def shares_on_bind_mounts(w):
    """A file that left its share, and what is mounted of its file system, is found."""
    s, data = Store(w), content('x', 3 * MIB)
    disk, exp = w.volume(f'{w.base}/disk', 'ext4', '100m').where, f'{w.base}/exp'
    for name in (f'{disk}/projects', f'{disk}/archive', exp):
        os.mkdir(name)
    mount(f'{disk}/projects', exp, '', MS_BIND)
    w.server.add('exp', exp, offload=True)
    offloaded(s, f'{exp}/f', data)
    garbage(s, w, 'first')
    os.rename(f'{disk}/projects/f', f'{disk}/archive/f')
    eq(collect(s), 2, 'chunk and manifest of the garbage')
    # Now it has no path.
    garbage(s, w, 'second')
    device = next(line.split()[0] for line in open('/proc/self/mounts', encoding='utf-8')
                  if line.split()[1] == disk)
    umount(disk)
    eq(collect(s), 2, 'the same, while only a part is mounted')
    mount(device, disk, 'ext4')
    eq(get(f'{disk}/archive/f') == data, True, 'content')
    w.server.delete('exp')
    umount(exp)


@test(smb=True, offload=True, timeout=300, fs='btrfs')
def subvolumes(w):
    """Files of subvolumes and of their snapshots are found, also of those outside of the share."""
    s = Store(w)
    run('btrfs', 'subvolume', 'create', w.path('sub'))
    nested = offloaded(s, w.path('sub/f'), content('nested', 3 * MIB))
    origin = offloaded(s, w.path('f'), content('origin', 3 * MIB))
    eq(collect(s), 0, 'garbage')
    run('btrfs', 'subvolume', 'snapshot', w.export, w.path('snap'))
    os.unlink(origin)
    garbage(s, w, 'first')
    eq(collect(s), 2, 'chunk and manifest of the garbage')
    eq(get(nested) == content('nested', 3 * MIB), True, 'content of the nested one')
    eq(get(w.path('snap/f')) == content('origin', 3 * MIB), True, 'content in the snapshot')


@test(smb=True, offload=True, timeout=300)
def lost_records(w):
    """What e2fsck took the record of is told each time, and its objects stay."""
    s, data = Store(w), content('x', 3 * MIB)
    disk = served_disk(w)
    path = offloaded(s, f'{disk.where}/f', data)
    eq(collect(s), 0, 'garbage')
    inode = os.stat(path).st_ino
    w.server.delete('disk')
    disk.umount()
    said = run('debugfs', '-R', f'stat <{inode}>', disk.image)
    block = int(re.search(r'File ACL: (\d+)', said).group(1))
    size = int(re.search(r'Block size:\s+(\d+)', run('dumpe2fs', '-h', disk.image)).group(1))
    assert block, said
    with open(disk.image, 'r+b') as f:
        f.seek(block * size)
        f.write(bytes(size))
    run('e2fsck', '-fy', disk.image, check=False)
    disk.mount()
    w.server.add('disk', disk.where, offload=True)
    garbage(s, w, 'first')
    for _ in range(2):
        status, said, errors = s.tool(*EVERYTHING, check=False)
        eq((status, said['lost'], said['emptied'], said['problems']), (1, 1, 0, 0), errors)
        assert f'{path}: its record is lost' in errors, errors
    eq(s.tool('rebuild', check=False)[1]['missing'], 0, 'missing')
    garbage(s, w, 'second')
    eq(s.tool(*EVERYTHING, check=False)[1]['lost'], 1, 'lost after a rebuild')
    # Whoever removes the file, or fills it, has no use for the objects.
    os.unlink(path)
    assert collect(s) >= 2, 'objects of the file that is gone'


@test(smb=True, offload=True, timeout=300)
def emptied_files(w):
    """What was emptied, or is all zeros, is not lost: gc succeeds, and deletes nothing in doubt."""
    s, disk, size = Store(w), served_disk(w), 3 * MIB
    cut, punched = (offloaded(s, f'{disk.where}/{name}', content(name, size))
                    for name in ('cut', 'punched'))
    zeros = offloaded(s, f'{disk.where}/zeros', bytes(size))
    eq(collect(s), 0, 'garbage')
    s.recall(cut, punched, zeros)
    os.truncate(cut, 0)
    os.truncate(cut, size)
    with open(punched, 'r+b') as f:
        syscall(libc.fallocate(f.fileno(), PUNCH_HOLE | KEEP_SIZE, ctypes.c_long(0),
                               ctypes.c_long(size)), 'fallocate')
    for deleted in (True, False):
        status, said, errors = s.tool(*EVERYTHING, check=False)
        eq((status, said['lost'], said['emptied'], said['problems'], bool(said['deleted'])),
           (0, 0, 2, 0, deleted), errors)
        eq([f'{path}: it was emptied' in errors for path in (cut, punched, zeros)],
           [True, True, False], errors)
    # What has data, or is gone, has no use for the objects.
    put(cut, b'data')
    os.unlink(punched)
    assert collect(s) >= 4, 'objects of both'
    eq(get(zeros) == bytes(size), True, 'zeros')


@test(smb=True, offload=True, timeout=300)
def copies_of_files(w):
    """Copies of stubs have the content and no record that counts; gc goes on."""
    s, data = Store(w), content('x', 3 * MIB)
    for tool in ('rsync', 'cp', 'tar'):
        os.mkdir(w.path(tool))
        offloaded(s, w.path(tool, 'f'), data)
        copy = w.path(f'{tool}.copy')
        os.mkdir(copy)
        run('sh', '-c', {'rsync': f'rsync -aX {w.path(tool)}/ {copy}/',
                         'cp': f'cp -a {w.path(tool)}/. {copy}',
                         'tar': f'tar -C {w.path(tool)} --xattrs --xattrs-include="*" -cf - . | '
                                f'tar -C {copy} --xattrs --xattrs-include="*" -xf -'}[tool],
            # rsync and tar say that the record is gone meanwhile.
            check=False)
        eq(get(f'{copy}/f') == data, True, f'content of the copy by {tool}')
    garbage(s, w, 'first')
    s.tool(*EVERYTHING)
    m = w.client.mount(vers='4.2')
    for tool in ('rsync', 'cp', 'tar'):
        eq(get(f'{m}/{tool}.copy/f') == data, True, f'the same over NFS, by {tool}')
        eq(s.push(w.path(f'{tool}.copy/f'))['failed'], 0, f'pushed, by {tool}')


@test(smb=True, offload=True, timeout=300)
def not_registered(w):
    """A store that does not name a file system may not name others: that is mended by rebuild."""
    s = Store(w)
    path = offloaded(s, w.path('f'), content('x', MIB))
    garbage(s, w, 'first')
    known, = s.tool('filesystem', 'list')
    s.delete(known['object'])
    refused(s, f'main: the store has data of the file system {known["id"]}', 'dittoctl offload rebuild')
    eq(s.tool('filesystem', 'list'), [], 'registered')
    s.tool('rebuild')
    eq(s.tool('filesystem', 'list')[0]['id'], known['id'], 'registered again')
    eq(collect(s), 2, 'chunk and manifest of the garbage')
    eq(get(path) == content('x', MIB), True, 'content')


@test(smb=True, offload=True, timeout=300)
def registered_first(w):
    """Nothing is released while the registration cannot be written; a later push is as good."""
    s = Store(w)
    path = put(w.path('f'), content('x', MIB), 0o644)
    s.mode('deny filesystems/')
    said = s.push(path, check=False)
    assert 'filesystems' in said or '403' in said, said
    eq(s.states(path)['resident'], 1, 'resident')
    eq(s.tool('filesystem', 'list', check=False)[1], [], 'registered')
    s.mode('ok')
    eq(s.push(path)['done'], 1, 'pushed')
    eq(len(s.tool('filesystem', 'list')), 1, 'registered')
    # A stub that is made elsewhere from a snapshot counts as well.
    s.tool('snapshot', 'create', 'data', 'one')
    disk = served_disk(w).where
    s.tool('snapshot', 'restore', 'data/one', '--to', disk, 'f')
    eq(sorted(fs['path'] for fs in s.tool('filesystem', 'list')), sorted([w.export, disk]))
    eq(get(f'{disk}/f') == content('x', MIB), True, 'content')


@test(smb=True, offload=True, timeout=600)
def too_much_garbage(w):
    """Much garbage at once is a mistake until somebody says that it is none."""
    s = Store(w)
    os.mkdir(w.path('d'))
    for i in range(40):
        put(w.path(f'd/{i}'), content(i, 5000), 0o644)
    eq(s.push(w.path('d'))['done'], 40, 'pushed')
    eq(s.tool('gc')['due'], 0, 'due')
    for i in range(40):
        os.unlink(w.path(f'd/{i}'))
    assert '--force' in s.tool('gc', '--grace', '0', check=False)[2]
    eq(s.tool('gc')['due'], 0, 'due at once')
    s.forget()
    time.clock_settime(time.CLOCK_REALTIME, time.time() + 8 * DAY)
    try:
        status, said, errors = s.tool('gc', check=False)
        # A store that has lost what it named is told from one with much garbage.
        s.delete(s.tool('filesystem', 'list')[0]['object'])
        unnamed = s.tool('gc', check=False)
    finally:
        time.clock_settime(time.CLOCK_REALTIME, time.time() - 8 * DAY)
    eq((status, said['due'], said['deleted'], deletions(s)), (1, 80, 0, []), errors)
    assert '80 of 80 objects are without a file' in errors and 'gc --force' in errors, errors
    eq((unnamed[0], unnamed[1]['deleted']), (1, 0), unnamed)
    assert 'names no file system' in unnamed[2] and 'offload rebuild' in unnamed[2], unnamed
    eq(collect(s), 80, 'deleted')


@test(smb=True, offload=True, timeout=300)
def unserved(w):
    """While no share serves a file system, its stubs are neither read as zeros nor written."""
    s, data = Store(w), content('x', 3 * MIB)
    disk = served_disk(w)
    path, whole = offloaded(s, f'{disk.where}/f', data), put(f'{disk.where}/g', b'whole', 0o644)
    w.server.delete('disk')
    for _ in range(2):
        for mode in ('rb', 'r+b'):
            with expect_errno(errno.EIO):
                open(path, mode).close()
        with expect_errno(errno.EIO):
            os.open(path, os.O_WRONLY | os.O_TRUNC)
        eq(get(whole), b'whole', 'a file that is whole')
        assert 'no share serves it' in run('dmesg'), 'log'
        # Also where it is mounted next, and after another share came and went.
        w.server.add('disk', disk.where, offload=True)
        w.server.delete('disk')
    w.server.add('disk', disk.where, offload=True)
    eq(get(path) == data, True, 'content')
    # The mark goes with the file system.
    w.server.delete('disk')
    disk.umount()
    disk.mount()
