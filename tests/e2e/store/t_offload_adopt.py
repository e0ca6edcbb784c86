# SPDX-License-Identifier: GPL-2.0-only
"""A new server that has nothing but the bucket, the key and the credentials goes on."""
import contextlib
import glob
import os
import shutil
import signal
import subprocess
import time

import servers
from checks import eq, wait_for
from fault_points import Point, stopped
from files import MIB, get, put
from harness import test
from store_files import change, content, described_all, offloaded, refused, served_disk, small_disk
from processes import run
from stores import Store, collect

# Files whose paths, of 3500 bytes, SQLite does not keep in memory.
MANY = 2000


def lose(w, s, disk, name='disk'):
    """The server burns with its disk: another one has its address, an empty disk and the key."""
    w.server.delete(name)
    disk.umount()
    w.volumes.remove(disk)
    os.unlink(disk.image)
    w.server.helper_stop('KILL')
    shutil.rmtree(f'{w.base}/state')
    for path in glob.glob('/var/lib/ditto/*'):
        with contextlib.suppress(OSError):
            os.unlink(path)
    w.server.helper_start(w.server.conf)
    s.ready()
    return w.volume(disk.where, 'ext4', '100m')


def filled(s, where):
    """A tree with all that a share may have. Returns the content of its files."""
    os.makedirs(f'{where}/d/e')
    data = {'d/f': content('f', 3 * MIB), 'd/resident': content('resident', 70000),
            'd/e/small': b'small', 'empty': b''}
    offloaded(s, f'{where}/d/f', data['d/f'])
    for name in list(data)[1:]:
        put(f'{where}/{name}', data[name], 0o644)
    os.link(f'{where}/d/f', f'{where}/d/e/other')
    data['d/e/other'] = data['d/f']
    os.symlink('../nowhere', f'{where}/d/link')
    os.mkfifo(f'{where}/d/pipe')
    os.chown(f'{where}/d/f', 1000, 1001)
    os.setxattr(f'{where}/d/f', 'user.some', b'\0value')
    os.chmod(f'{where}/d/e', 0o2750)
    os.chmod(where, 0o751)
    for name in ('d/f', 'd/e', 'd'):
        os.utime(f'{where}/{name}', ns=(10**18, 10**18 + 5))
    return data


@test(smb=True, offload=True, timeout=300)
def from_bucket_and_key(w):
    """All of the last checkpoint is served again, byte for byte, and goes on being a share."""
    s = Store(w)
    disk = served_disk(w)
    data = filled(s, disk.where)
    wanted = described_all(disk.where), os.stat(disk.where).st_mode
    offloaded(s, f'{disk.where}/later', content('later', MIB))
    data['later'] = content('later', MIB)
    # Of two in a row the second is newer, whatever their names are.
    before = s.tool('snapshot', 'create', 'disk', 'old')['time']
    os.chmod(f'{disk.where}/later', 0o604)
    taken = s.tool('snapshot', 'create', 'disk', 'new')['time']
    eq(before < taken, True, 'each has a second of its own')
    wanted = described_all(disk.where), wanted[1]
    put(f'{disk.where}/too-late', b'x')
    burned, = [fs['id'] for fs in s.tool('filesystem', 'list') if fs['path'] == disk.where]
    disk = lose(w, s, disk)

    # What the server does not serve is named with what to do.
    status, said, errors = s.tool('adopt', 'main', check=False)
    assert status and '[share]' in errors and 'offload = on' in errors, (status, errors)
    eq((said['store'], said['shares']), ('main', []), 'nothing')
    w.server.serve('disk', disk.where, offload=True)
    s.forget()
    status, said, errors = s.tool('adopt', 'main', check=False)
    eq((status, said['problems'], said['absent_filesystems']), (0, 0, 1), errors)
    share, = said['shares']
    eq((share['share'], share['path'], share['snapshot'], share['time']),
       ('disk', disk.where, 'new', taken), 'which')
    eq((share['files'], share['failed'], share['lost']), (6, 0, []), 'how much')
    assert f'dittoctl offload filesystem forget {burned}' in errors, errors
    eq((described_all(disk.where), os.stat(disk.where).st_mode), wanted, 'attributes')
    eq(s.states(disk.where)['offloaded'], 5, 'stubs')
    m = w.client.mount('disk', vers='4.2')
    for name, bytes_ in data.items():
        eq(get(f'{m}/{name}') == bytes_, True, f'content of {name}')
    eq(os.stat(f'{disk.where}/d/f').st_nlink, 2, 'names of one file')

    # It is this server's now: users change it, and another run brings nothing back.
    os.unlink(f'{disk.where}/d/resident')
    eq(s.tool('adopt', 'main')['shares'][0]['adopted_before'], True, 'again')
    eq(os.path.exists(f'{disk.where}/d/resident'), False, 'what was removed')
    offloaded(s, f'{disk.where}/new', content('new', MIB))
    refused(s, burned)
    s.tool('filesystem', 'forget', burned)
    collect(s)
    s.tool('snapshot', 'create', 'disk', 'next')
    eq(s.tool('scrub')['bad'], [], 'bad')
    eq(s.tool('rebuild')['missing'], 0, 'missing')
    for name in ('d/f', 'later', 'new'):
        eq(s.push(f'{disk.where}/{name}')['failed'], 0, name)
        eq(get(f'{disk.where}/{name}') == data.get(name, content('new', MIB)), True, name)


@test(smb=True, offload=True, timeout=300)
def goes_on(w):
    """A run that was interrupted goes on with the same snapshot, and keeps what users have made."""
    s = Store(w)
    disk = served_disk(w)
    for i in range(4):
        put(f'{disk.where}/f{i}', content(i, 70000), 0o644)
    s.tool('snapshot', 'create', 'disk', 'whole')
    disk = lose(w, s, disk)
    w.server.serve('disk', disk.where, offload=True)
    fault = Point.prepare(s.folder)
    put(fault, 'snapshot-rename')
    p = w.server.ns.spawn(servers.tool('dittoctl'), 'offload', 'adopt', 'main',
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def files():
        return sorted(name for name in os.listdir(disk.where) if name[0] == 'f')
    for done in (1, 2):
        wait_for('the next file is made', lambda: stopped('dittoctl'))
        for pid in stopped('dittoctl'):
            os.kill(pid, signal.SIGCONT)
        wait_for('it has its name', lambda n=done: len(files()) == n)
    p.kill()
    p.wait()
    put(fault, b'')
    # Others are newer than what there is of it, and users work with it.
    s.tool('snapshot', 'create', 'disk', 'part')
    change(f'{disk.where}/f1', b'mine')
    os.utime(f'{disk.where}/f1', (5, 5))
    put(f'{disk.where}/f3', b'mine, too', 0o644)
    status, said, errors = s.tool('adopt', 'main', check=False)
    share, = said['shares']
    eq((status, share['snapshot'], share['there'], share['kept'], share['failed']),
       (0, 'whole', 1, 2, 0), errors)
    assert f'{disk.where}/f3: it stays, because another file' in errors, errors
    eq([get(f'{disk.where}/f{i}') for i in range(4)],
       [content(0, 70000), b'mine', content(2, 70000), b'mine, too'], 'content')
    eq(s.tool('adopt', 'main')['shares'][0]['adopted_before'], True, 'again')


@test(smb=True, offload=True, timeout=300)
def users_are_first(w):
    """What users have made since stays as it is, also in the place of directories; the rest comes."""
    s = Store(w)
    disk = served_disk(w)
    for name in 'a', 'b/c', 'd':
        os.makedirs(f'{disk.where}/{name}')
        put(f'{disk.where}/{name}/f', content(name, 70000), 0o644)
        os.chmod(f'{disk.where}/{name}', 0o2750)
    s.tool('snapshot', 'create', 'disk', 'whole')
    disk = lose(w, s, disk)
    w.server.serve('disk', disk.where, offload=True)
    os.mkdir(f'{disk.where}/a', 0o711)
    put(f'{disk.where}/b', b'a file', 0o644)
    status, said, errors = s.tool('adopt', 'main', check=False)
    share, = said['shares']
    eq((status, share['kept'], share['failed']), (0, 3, 0), errors)
    eq([os.stat(f'{disk.where}/{name}').st_mode & 0o7777 for name in 'ad'], [0o711, 0o2750], 'modes')
    eq([name for name in os.listxattr(f'{disk.where}/d') if 'adopting' in name], [], 'marks')
    eq(get(f'{disk.where}/b'), b'a file', 'the file')
    eq([get(f'{disk.where}/{name}/f') == content(name, 70000) for name in 'ad'], [True] * 2, 'content')
    eq(s.tool('adopt', 'main')['shares'][0]['adopted_before'], True, 'complete')


@test(smb=True, offload=True, timeout=300)
def what_is_missing(w):
    """Files without content are named; a snapshot that cannot be read gives way to an older one."""
    s = Store(w)
    disk = served_disk(w)
    put(f'{disk.where}/whole', content('w', MIB), 0o644)
    s.tool('snapshot', 'create', 'disk', 'one')
    time.sleep(1.1)
    put(f'{disk.where}/busy', content('b', MIB), 0o644)
    fault = Point.prepare(s.folder)
    put(fault, 'snapshot-file-sent')
    p = w.server.ns.spawn(servers.tool('dittoctl'), 'offload', 'snapshot', 'create', 'disk', 'two',
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for turn in range(5):
        wait_for('the file was sent', lambda: stopped('dittoctl') or p.poll() is not None)
        change(f'{disk.where}/busy', content(turn, MIB))
        for pid in stopped('dittoctl'):
            os.kill(pid, signal.SIGCONT)
    p.communicate()
    put(fault, b'')
    eq([e['lost'] for e in s.tool('snapshot', 'list')], [0, 1], 'lost')
    disk = lose(w, s, disk)
    w.server.serve('disk', disk.where, offload=True)
    os.mkdir(f'{disk.where}/to')
    said = s.tool('adopt', 'main', '--to', f'{disk.where}/to')
    share, = said['shares']
    eq((share['path'], share['snapshot'], share['files'], share['lost']),
       (f'{disk.where}/to/disk', 'two', 1, ['busy']), 'two')
    # The records have the name of the store.
    conf = w.server.conf
    put(f'{w.base}/ditto.conf', conf.replace('[store main]', '[store other]'))
    w.server.helper.send_signal(signal.SIGHUP)
    wait_for('the other name', lambda: s.status().get('store') == 'other')
    status, _, errors = s.tool('adopt', 'other', check=False)
    assert status and 'it is the bucket of [store main]' in errors, errors
    put(f'{w.base}/ditto.conf', conf)
    w.server.helper.send_signal(signal.SIGHUP)
    wait_for('the old name', lambda: s.status().get('store') == 'main')
    # The tree of the newest does not come now, and may come later.
    s.forget()
    s.tool('snapshot', 'show', 'disk/two')
    tree = {path.split(f'{s.bucket}/', 1)[1] for path in s.requests('GET', 'chunks/')}
    for chunk in tree:
        s.put(chunk, 'x' * 1000)
    status, said, errors = s.tool('adopt', 'main', check=False)
    eq((status, said['shares']), (1, []), errors)
    assert 'two: ' in errors and '--older' in errors, errors
    eq([name for name in os.listxattr(disk.where) if 'adopting' in name], [], 'marks')
    # The store has lost it.
    for chunk in tree:
        s.delete(chunk)
    status, said, errors = s.tool('adopt', 'main', check=False)
    share, = said['shares']
    # The snapshot is one problem of the share, and one of the index.
    eq((status, said['problems'], share['snapshot'], share['files']), (1, 2, 'one', 1), errors)
    assert 'two: ' in errors and 'an older one is taken' in errors, errors
    eq(get(f'{disk.where}/whole') == content('w', MIB), True, 'content')


@test(smb=True, offload=True, timeout=300)
def an_older_one(w):
    """A snapshot that cannot be read now keeps the share from being adopted, except with --older."""
    s = Store(w)
    disk = served_disk(w)
    put(f'{disk.where}/f', content('old', MIB), 0o644)
    s.tool('snapshot', 'create', 'disk', 'one')
    time.sleep(1.1)
    put(f'{disk.where}/f', content('new', MIB), 0o644)
    s.tool('snapshot', 'create', 'disk', 'two')
    disk = lose(w, s, disk)
    w.server.serve('disk', disk.where, offload=True)
    s.tool('take', 'main')
    s.forget()
    s.tool('snapshot', 'show', 'disk/two')
    chunks = [path.split(f'{s.bucket}/', 1)[1] for path in s.requests('GET', 'chunks/')]
    s.mode(f'deny {chunks[-1]}')
    status, said, errors = s.tool('adopt', 'main', check=False)
    eq((status, said['shares'], os.listdir(disk.where)), (1, [], []), errors)
    assert '--older' in errors, errors
    status, said, errors = s.tool('adopt', '--older', 'main', check=False)
    eq((status, [share['snapshot'] for share in said['shares']]), (1, ['one']), errors)
    assert 'two: ' in errors and 'an older one is taken' in errors, errors
    s.mode('ok')
    eq(get(f'{disk.where}/f') == content('old', MIB), True, 'content')
    # The newer one is not lost.
    s.tool('snapshot', 'restore', 'disk/two', '--replace', 'f')
    eq(get(f'{disk.where}/f') == content('new', MIB), True, 'content of the newer one')


@test(smb=True, offload=True, timeout=300)
def what_fails_is_accepted(w):
    """A share of which something cannot be made is not complete until that is given up."""
    s = Store(w)
    disk = served_disk(w)
    for name in 'a', 'b':
        os.mkdir(f'{disk.where}/{name}')
        put(f'{disk.where}/{name}/f', content(name, 70000), 0o644)
    os.chmod(disk.where, 0o751)
    s.tool('snapshot', 'create', 'disk', 'whole')
    disk = lose(w, s, disk)
    w.server.serve('disk', disk.where, offload=True)
    os.mkdir(f'{disk.where}/b')
    run('chattr', '+i', f'{disk.where}/b')
    for _ in range(2):
        status, said, errors = s.tool('adopt', 'main', check=False)
        share, = said['shares']
        eq((status, share['adopted_before'], share['failed']), (1, False, 1), errors)
        assert f'{disk.where}/b/f: ' in errors and '--accept' in errors, errors
        eq(os.stat(disk.where).st_mode & 0o777 == 0o751, False, 'attributes of the root')
    status, said, errors = s.tool('adopt', '--accept', 'main', check=False)
    eq((status, said['shares'][0]['failed']), (1, 1), errors)
    assert '--accept' not in errors, errors
    eq(os.stat(disk.where).st_mode & 0o777, 0o751, 'attributes of the root')
    run('chattr', '-i', f'{disk.where}/b')
    eq(s.tool('adopt', 'main')['shares'][0]['adopted_before'], True, 'complete')
    eq(os.listdir(f'{disk.where}/b'), [], 'what was given up')
    eq(get(f'{disk.where}/a/f') == content('a', 70000), True, 'content')


@test(smb=True, offload=True, timeout=300)
def names_not_noted(w):
    """Without room to note names of files, the rest comes later, and two names of a file stay so."""
    s = Store(w)
    disk = served_disk(w)
    deepest = '/'.join(['n' * 250] * 14)
    os.makedirs(f'{disk.where}/{deepest}')
    first, last = (f'{disk.where}/{deepest}/{name}' for name in 'az')
    put(first, b'content', 0o644)
    os.link(first, last)
    for i in range(MANY):
        put(f'{disk.where}/{deepest}/f{i:04}', b'', 0o644)
    os.chmod(disk.where, 0o751)
    for path in deepest.rsplit('/', 1)[0], deepest:
        os.utime(f'{disk.where}/{path}', (5, 5))
    s.tool('snapshot', 'create', 'disk', 'whole')
    wanted = described_all(disk.where)
    disk = lose(w, s, disk)
    w.server.serve('disk', disk.where, offload=True)
    # Enough for the tree, and not for the names.
    with small_disk(w, MANY * (len(deepest) + 200) + MIB):
        for words in (), ('--accept',):
            status, said, errors = s.tool('adopt', *words, 'main', check=False)
            share, = said['shares']
            eq((status, share['adopted_before'], share['failed']), (1, False, 1), errors)
            eq((errors.count('note the names'), '--accept' in errors), (1, False), errors)
            assert share['files'] + share['there'] < MANY, share
            eq(os.stat(disk.where).st_mode & 0o777 == 0o751, False, 'attributes of the root')
    status, said, errors = s.tool('adopt', 'main', check=False)
    share, = said['shares']
    eq((status, share['adopted_before'], share['failed']), (0, False, 0), errors)
    eq(os.stat(first).st_ino, os.stat(last).st_ino, 'inode of both names')
    eq((described_all(disk.where), os.stat(disk.where).st_mode & 0o777), (wanted, 0o751), 'attributes')
