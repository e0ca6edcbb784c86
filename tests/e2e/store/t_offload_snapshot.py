# SPDX-License-Identifier: GPL-2.0-only
"""Snapshots of a share in the bucket, as users and administrators see them."""
import glob
import json
import os
import shutil
import signal
import subprocess
import threading
import time

import servers
from checks import eq, wait_for
from fault_points import Point, stopped
from files import MIB, get, put
from harness import test
from power_orders import NOTES
from smb import SmbClient
from store_files import (TREE, change, content, described_all, offloaded, same_number,
                         small_disk)
from stores import Store, collect

# Directories in each other, the attributes of each, of 64 KiB, and memory that is less than all.
DIRS, XATTRS, ENOUGH = 40, 48, 72 * MIB


@test(fs='ext4', smb=True, offload=True, timeout=300)
def old_versions(w):
    """Clients read what was there before a change, though all garbage was collected."""
    s = Store(w)
    w.server.ctl('share', 'set', 'data', 'snapshots', TREE)
    old, gone = content('old', 2 * MIB), content('gone', 70000)
    os.mkdir(w.path('d'))
    put(w.path('d/f'), old, 0o644)
    stub = offloaded(s, w.path('stub'), gone)
    put(w.path('empty'), b'', 0o644)
    os.utime(w.path('empty'), (-5, -5))
    said = s.tool('snapshot', 'create', 'data', 'monday')
    eq((said['entries'], said['uploads'], said['lost'], said['failed']), (5, 1, 0, 0), 'created')
    eq(s.states()['offloaded'], 1, 'nothing was released')
    assert 'there is a snapshot' in s.tool('snapshot', 'create', 'data', 'monday', check=False)[2]
    eq([(e['share'], e['name']) for e in s.tool('snapshot', 'list')], [('data', 'monday')])
    eq(sorted(e['path'] for e in s.tool('snapshot', 'show', 'data/monday')),
       ['', 'd', 'd/f', 'empty', 'stub'], 'show')
    eq([e['modified'] for e in s.tool('snapshot', 'show', 'data/monday', 'empty')], [-5], 'time')

    change(w.path('d/f'), b'new')
    os.unlink(stub)
    put(w.path('more'), b'm', 0o644)
    eq({e['path']: e['difference'] for e in s.tool('snapshot', 'diff', 'data/monday', 'now')
        if e['path'] not in ('', 'd')},
       {'d/f': 'changed', 'stub': 'removed', 'more': 'added'}, 'diff')
    s.forget()
    eq(s.tool('snapshot', 'create', 'data', 'tuesday')['uploads'], 2, 'only what has changed')
    notes = len(get(NOTES).split())
    s.tool('snapshot', 'delete', 'data/tuesday')
    eq(len(get(NOTES).split()), notes - 2, 'words of notes without that of the deleted one')
    # Only what the second one alone had is garbage.
    assert 0 < collect(s) < 12, 'deleted'
    eq(s.tool('scrub')['bad'], [], 'bad')
    eq(s.tool('rebuild')['missing'], 0, 'missing')
    eq(collect(s), 0, 'what a snapshot needs is no garbage after a rebuild, either')

    shown = s.tool('snapshot', 'expose', 'data/monday')
    eq((shown['files'], shown['failed']), (3, 0), 'exposed')
    at = f'{TREE}/{shown["path"]}'
    s.forget()
    m = w.client.mount(vers='4.2')
    eq(os.listdir(f'{m}/{TREE}'), [shown['path']], 'snapshots over NFS')
    eq(os.stat(f'{m}/{at}/d/f').st_size, len(old), 'size')
    eq(os.stat(f'{m}/{at}/d/f').st_mode & 0o222, 0, 'nobody may write')
    eq(s.requests('GET'), [], 'no data was read')
    eq(get(f'{m}/{at}/d/f') == old, True, 'the old version over NFS')
    eq(get(f'{m}/d/f'), b'new', 'the new version')
    smb = SmbClient(w.client)
    told = smb.do('allinfo d/f')
    assert '@GMT-' in told, told
    gmt = told[told.index('@GMT-'):].split()[0]
    smb.do(f'get {gmt}/d/f {w.base}/got')
    eq(get(f'{w.base}/got') == old, True, 'the previous version over SMB')
    smb.do(f'get {gmt}/stub {w.base}/got')
    eq(get(f'{w.base}/got') == gone, True, 'a version of what is gone')

    # A later snapshot does not have the exposed one in it.
    eq(any(TREE in e['path'] for e in s.tool('snapshot', 'diff', 'data/monday')), False, 'diff')
    s.tool('snapshot', 'hide', 'data/monday', check=False)
    eq(os.listdir(w.path(TREE)), [], 'hidden')
    s.tool('snapshot', 'delete', 'data/monday')
    eq(s.tool('snapshot', 'list'), [], 'list')
    assert collect(s) > 0, 'nothing was deleted'
    eq(s.tool('rebuild')['objects'], 0, 'objects')


@test(fs='ext4', smb=True, offload=True, timeout=300)
def restored(w):
    """A tree and a file come back with all attributes, at once, and never over another file."""
    s = Store(w)
    os.makedirs(w.path('d/e'))
    put(w.path('d/f'), content('f', MIB), 0o640)
    os.chown(w.path('d/f'), 1000, 1001)
    os.setxattr(w.path('d/f'), 'user.some', b'\0value')
    os.link(w.path('d/f'), w.path('d/e/other'))
    os.symlink('../nowhere', w.path('d/link'))
    os.mkfifo(w.path('d/pipe'))
    put(w.path('d/empty'), b'', 0o600)
    os.chmod(w.path('d/e'), 0o2750)
    os.utime(w.path('d/f'), ns=(10**18, 10**18 + 5))
    os.utime(w.path('d/e'), ns=(10**18, 10**18 + 7))
    before = described_all(w.export)
    s.tool('snapshot', 'create', 'data', 'one')
    s.forget()
    eq(s.tool('snapshot', 'diff', 'data/one'), [], 'nothing has changed')
    tree = s.requests('GET', 'chunks/')

    shutil.rmtree(w.path('d'))
    s.forget()
    said = s.tool('snapshot', 'restore', 'data/one', 'd')
    eq((said['files'], said['failed']), (3, 0), 'restored')
    eq(s.states()['offloaded'], 2, 'stubs: two names of one file')
    eq(set(s.requests('GET', 'chunks/')) - set(tree), set(), 'no data was read')
    eq(described_all(w.export), before, 'attributes')
    eq(os.stat(w.path('d/f')).st_ino, os.stat(w.path('d/e/other')).st_ino, 'names of one file')
    eq(get(f'{w.client.mount(vers="4.2")}/d/f') == content('f', MIB), True, 'content')

    # A file that is there stays, unless it is to be replaced.
    change(w.path('d/f'), b'mine')
    status, said, errors = s.tool('snapshot', 'restore', 'data/one', 'd/f', check=False)
    assert status and said['failed'] == 1 and 'File exists' in errors, (status, said, errors)
    eq(get(w.path('d/f')), b'mine', 'content')
    os.setxattr(w.path('d/f'), 'trusted.ditto.worm', b'1 1 0 g')
    status, said, errors = s.tool('snapshot', 'restore', 'data/one', '--replace', 'd/f', check=False)
    assert status and said['failed'] == 1 and 'committed' in errors, (status, said, errors)
    os.removexattr(w.path('d/f'), 'trusted.ditto.worm')
    s.tool('snapshot', 'restore', 'data/one', '--replace', 'd/f')
    eq(get(w.path('d/f')) == content('f', MIB), True, 'content')
    os.mkdir(w.path('there'))
    s.tool('snapshot', 'restore', 'data/one', '--to', w.path('there'), 'd/e/other')
    eq(get(w.path('there/d/e/other')) == content('f', MIB), True, 'content elsewhere')
    # A symbolic link is not a way out of the target.
    os.mkdir(f'{w.base}/outside')
    os.mkdir(w.path('trap'))
    os.symlink(f'{w.base}/outside', w.path('trap/d'))
    assert s.tool('snapshot', 'restore', 'data/one', '--to', w.path('trap'), 'd/f', check=False)[0]
    eq(os.listdir(f'{w.base}/outside'), [], 'outside')
    # Neither is the target: a client may have put the link there.
    os.symlink(f'{w.base}/outside', w.path('way'))
    for way in 'way', 'way/.':
        status, _, errors = s.tool('snapshot', 'restore', 'data/one', '--to', w.path(way), 'd/f',
                                   check=False)
        assert status and 'symbolic link' in errors, (way, status, errors)
    eq(os.listdir(f'{w.base}/outside'), [], 'outside by the target')
    # A target outside of all shares is named with the kernel's cause.
    status, _, errors = s.tool('snapshot', 'restore', 'data/one', '--to', f'{w.base}/outside', 'd/f',
                               check=False)
    assert status and 'outside/d/f: the file is in no share' in errors, (status, errors)
    for words, cause in ((('restore', 'data/two', '.'), 'no such snapshot'),
                         (('restore', 'data/one', 'x'), 'not in the snapshot'),
                         (('create', 'none'), 'none'), (('create', 'data', 'a/b'), 'no name')):
        status, _, errors = s.tool('snapshot', *words, check=False)
        assert status and cause in errors, (words, errors)


def read_copy(s, folder, *words):
    """What the reader that knows only the documentation says about a copy of a bucket."""
    return subprocess.run([f'{servers.TOP}/userspace/offload/ditto-offload-read', '-k',
                           f'{s.folder}/key', folder, *words], check=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60).stdout


@test(smb=True, offload=True, timeout=300)
def nothing_goes_in_doubt(w):
    """While a snapshot cannot be read, nothing is deleted; a damaged part of one is told."""
    s = Store(w, timeout=3)
    path = put(w.path('f'), content('f', 2 * MIB), 0o644)
    s.tool('snapshot', 'create', 'data', 'one')
    os.unlink(path)
    s.forget()
    eq(collect(s), 0, 'deleted')
    # The list is wrong, too: the snapshot is asked for by its name.
    for mode in ('wrong', '500'):
        s.mode(mode)
        status, said, errors = s.tool('gc', '--grace', '0', '--force', check=False)
        assert status and not said['deleted'] and 'nothing is deleted' in errors, (said, errors)
    eq(s.requests('DELETE'), [], 'requests')
    s.mode('ok')
    # It waits longer and longer between its attempts.
    s.kill_process()
    s.ready()
    eq(collect(s), 0, 'deleted')
    eq(s.tool('scrub')['bad'], [], 'bad')
    tree = s.tool('snapshot', 'list')[0]['object']
    s.forget()
    s.tool('snapshot', 'restore', 'data/one', 'f')
    eq(get(path) == content('f', 2 * MIB), True, 'content')
    # The object that only the snapshot has is damaged now.
    chunk = s.requests('GET', 'chunks/')[-1].split(f'{s.bucket}/', 1)[1]
    s.delete(chunk)
    status, said, _ = s.tool('scrub', check=False)
    eq((status, {e['file'] for e in said['bad']}), (1, {tree}), 'what the snapshot lost')


@test(fs='ext4', smb=True, offload=True, timeout=300)
def read_by_others(w):
    """Whoever has the bucket, the key and the documentation reads snapshots."""
    s, data = Store(w), content('f', 3 * MIB)
    os.mkdir(w.path('d'))
    put(w.path('d/f'), data, 0o640)
    os.setxattr(w.path('d/f'), 'user.a', b'\x01')
    os.symlink('d/f', w.path('link'))
    object_name = s.tool('snapshot', 'create', 'data', 'one')['object']
    folder = f'{w.base}/copy'
    s.copy(folder)
    head = json.loads(read_copy(s, folder, 'snapshots'))
    eq((head['share'], head['name'], head['entries'], head['bytes']), ('data', 'one', 4, len(data)),
       'head')
    eq(object_name, f'snapshots/{head["object"][:2]}/{head["object"]}', 'name')
    tree = {e['path']: e for e in map(json.loads, read_copy(s, folder, 'entries', 'data/one').splitlines())}
    eq(sorted(tree), ['', 'd', 'd/f', 'link'], 'paths')
    eq((tree['link']['target'], tree['d/f']['mode'], tree['d/f']['xattrs']),
       ('d/f', 0o100640, {'user.a': '01'}), 'attributes')
    manifest = tree['d/f']['cookie'].split('\n')[1]
    eq(read_copy(s, folder, 'file', manifest) == data, True, 'content')

    # All of it, with packs and with what is not in a share any more.
    os.link(w.path('d/f'), w.path('d/g'))
    os.setxattr(w.path('d'), 'trusted.b', b'')
    os.mkfifo(w.path('pipe'), 0o600)
    os.chown(w.path('link'), 7, 8, follow_symlinks=False)
    put(w.path('small'), b'small', 0o4755)
    put(w.path('empty'), b'', 0o600)
    os.utime(w.path('d'), (5, 7))
    wanted = described_all(w.export)
    s.tool('snapshot', 'create', 'data', 'two')
    shutil.rmtree(folder)
    s.copy(folder)
    read_copy(s, folder, 'restore', 'data/two', f'{w.base}/again')
    eq(described_all(f'{w.base}/again'), wanted, 'what was read')
    eq(os.stat(f'{w.base}/again/d/g').st_nlink, 2, 'names of one file')
    # What was changed is not read.
    chunk = max(glob.glob(f'{folder}/chunks/*/*'), key=os.path.getsize)
    with open(chunk, 'r+b') as f:
        f.seek(100)
        f.write(b'other bytes')
    p = subprocess.run([f'{servers.TOP}/userspace/offload/ditto-offload-read', '-k',
                        f'{s.folder}/key', folder, 'restore', 'data/two', f'{w.base}/damaged'],
                       stderr=subprocess.PIPE, text=True, check=False)
    assert p.returncode == 2 and 'not those that were encrypted' in p.stderr, p


@test(smb=True, offload=True, timeout=300)
def changing_files(w):
    """A file that changes during its upload is uploaded again, and told if it never settles."""
    s = Store(w)
    put(w.path('f'), content('first', MIB), 0o644)
    fault = Point.prepare(s.folder)
    put(fault, 'snapshot-file-sent')
    tool = [servers.tool('dittoctl'), '--json', 'offload', 'snapshot', 'create', 'data']

    def begin(name):
        return w.server.ns.spawn(*tool, name, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 text=True)

    def step(n):
        wait_for('the file was sent', lambda: stopped('dittoctl'))
        change(w.path('f'), content(n, MIB))
        if n == 'last':
            put(fault, b'')
        for pid in stopped('dittoctl'):
            os.kill(pid, signal.SIGCONT)
    run = begin('settles')
    step('last')
    out = run.communicate()[0]
    eq(run.returncode, 0, out)
    eq(s.tool('snapshot', 'list')[0]['lost'], 0, 'lost')
    s.tool('snapshot', 'restore', 'data/settles', '--replace', 'f')
    eq(get(w.path('f')) == content('last', MIB), True, 'the content of one moment')

    put(fault, 'snapshot-file-sent')
    change(w.path('f'), b'other')
    run = begin('never')
    stop = threading.Event()

    def always():
        n = 0
        while not stop.wait(0.1):
            for pid in stopped('dittoctl'):
                n += 1
                change(w.path('f'), content(n, 5000))
                os.kill(pid, signal.SIGCONT)
    thread = threading.Thread(target=always)
    thread.start()
    out = run.communicate()[0]
    stop.set()
    thread.join()
    put(fault, b'')
    assert run.returncode and 'changes all the time' in out, out
    eq([e['lost'] for e in s.tool('snapshot', 'list')], [0, 1], 'lost')
    status, _, errors = s.tool('snapshot', 'restore', 'data/never', '--replace', 'f', check=False)
    assert status and 'does not have its content' in errors, errors


@test(fs='ext4', smb=True, offload=True, timeout=300)
def links_part(w):
    """A file keeps its content under its other names when the first one becomes another file."""
    s, old = Store(w), content('old', MIB)
    fault = Point.prepare(s.folder)

    def saved(path):
        put(f'{path}.new', b'new', 0o644)
        os.rename(f'{path}.new', path)

    for part, files in ((os.unlink, 2), (saved, 3)):
        name = part.__name__
        for other in ('f1', 'f2', 'f3'):
            if os.path.exists(w.path(other)):
                os.unlink(w.path(other))
        put(w.path('f1'), old, 0o644)
        os.link(w.path('f1'), w.path('f2'))
        os.link(w.path('f1'), w.path('f3'))
        put(fault, 'snapshot-file-sent')
        run = w.server.ns.spawn(servers.tool('dittoctl'), '--json', 'offload', 'snapshot',
                                'create', 'data', name, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)
        wait_for('the file was sent', lambda: stopped('dittoctl'))
        part(w.path('f1'))
        put(fault, b'')
        for pid in stopped('dittoctl'):
            os.kill(pid, signal.SIGCONT)
        out = run.communicate()[0]
        eq((run.returncode, json.loads(out)['lost']), (0, 0), out)
        os.mkdir(w.path(name))
        said = s.tool('snapshot', 'restore', f'data/{name}', '--to', w.path(name), 'f2', 'f3',
                      *(['f1'] if files == 3 else []))
        eq((said['files'], said['failed']), (files, 0), 'restored')
        eq(os.path.samefile(w.path(f'{name}/f2'), w.path(f'{name}/f3')), True, 'names')
        eq(get(w.path(f'{name}/f3')) == old, True, 'content')
        if files == 3:
            eq(get(w.path(f'{name}/f1')), b'new', 'the other file')
        shutil.rmtree(w.path(name))


@test(fs='ext4', smb=True, offload=True, timeout=300)
def killed_at_each_step(w):
    """A snapshot is there as a whole or not at all, and a restored file is the old or the new."""
    s, data = Store(w), content('f', 100000)
    put(w.path('f'), data, 0o644)
    fault = Point.prepare(s.folder)

    def killed(point, *words):
        put(fault, point)
        p = w.server.ns.spawn(servers.tool('dittoctl'), 'offload', 'snapshot', *words,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(f'it stops at {point}', lambda: stopped('dittoctl'))
        p.kill()
        p.wait()
        put(fault, b'')
    for point in ('snapshot-file-sent', 'snapshot-tree', 'snapshot-tree-sent'):
        killed(point, 'create', 'data', 'x')
        eq(s.tool('snapshot', 'list'), [], f'snapshots after {point}')
    assert collect(s) > 0, 'the rest is garbage'
    s.tool('snapshot', 'create', 'data', 'x')
    change(w.path('f'), b'new')
    for point in ('snapshot-adopt', 'snapshot-adopted', 'snapshot-rename'):
        killed(point, 'restore', 'data/x', '--replace', 'f')
        eq(get(w.path('f')), b'new', f'the file after {point}')
    killed('snapshot-delete', 'delete', 'data/x')
    collect(s)
    s.tool('snapshot', 'restore', 'data/x', '--replace', 'f')
    eq(get(w.path('f')) == data, True, 'restored')
    eq(s.tool('scrub')['bad'], [], 'bad')


@test(fs='ext4', smb=True, offload=True, timeout=300)
def hidden_safely(w):
    """Only what was exposed is removed, and nothing behind a link that its owner put there."""
    s = Store(w)
    w.server.ctl('share', 'set', 'data', 'snapshots', TREE)
    os.makedirs(w.path('d/e'))
    put(w.path('d/e/f'), b'f', 0o644)
    for path in ('d', 'd/e', 'd/e/f'):
        os.chown(w.path(path), 1000, 1000)
    s.tool('snapshot', 'create', 'data', 'one')

    # Others may not write to the directory of snapshots, and it is no link.
    os.mkdir(f'{w.base}/outside')
    put(f'{w.base}/outside/kept', b'kept', 0o644)
    os.symlink(f'{w.base}/outside', w.path(TREE))
    assert s.tool('snapshot', 'expose', 'data/one', check=False)[0]
    os.unlink(w.path(TREE))
    os.mkdir(w.path(TREE))
    os.chmod(w.path(TREE), 0o777)
    status, _, errors = s.tool('snapshot', 'expose', 'data/one', check=False)
    assert status and 'others than root' in errors, (status, errors)
    eq(os.listdir(w.path(TREE)), [], 'exposed')
    os.chmod(w.path(TREE), 0o755)

    shown = s.tool('snapshot', 'expose', 'data/one')['path']
    status, _, errors = s.tool('snapshot', 'expose', 'data/one', check=False)
    assert status and 'it is exposed' in errors, (status, errors)
    eq(os.listdir(w.path(TREE)), [shown], 'nothing is left of the second try')
    at = w.path(f'{TREE}/{shown}')
    eq(os.stat(f'{at}/d/e/f').st_uid, 1000, 'owner')
    # Its owner makes it deep, and puts a link in the place of a directory.
    os.makedirs(at + '/d/e' + '/deep' * 300)
    put(at + '/d/e' + '/deep' * 300 + '/f', b'f', 0o644)
    os.symlink(f'{w.base}/outside', f'{at}/d/link')

    # The administrator's own has such a name, too.
    os.mkdir(w.path(f'{TREE}/2026-01-01_00:00:00_one'))
    put(w.path(f'{TREE}/2026-01-01_00:00:00_one/mine'), b'mine', 0o644)
    status, _, errors = s.tool('snapshot', 'hide', 'data/one', check=False)
    assert status and 'expose did not make it' in errors, (status, errors)
    eq(os.listdir(w.path(TREE)), ['2026-01-01_00:00:00_one'], 'what expose did not make')
    eq(os.listdir(w.path(f'{TREE}/2026-01-01_00:00:00_one')), ['mine'], 'what is in it')
    eq(get(f'{w.base}/outside/kept'), b'kept', 'what is behind a link')


@test(fs='ext4', smb=True, offload=True, timeout=300)
def directory_swapped(w):
    """Who puts a link in the place of a directory during a snapshot gets no data of others."""
    s = Store(w)
    secret = content('secret', 70000)
    theirs = w.served_volume('theirs', size='64m', offload=True)
    os.mkdir(w.path('d'))
    same_number(w, secret, w.path('d/f'), theirs)
    eq(s.push(f'{theirs}/f')['done'], 1, 'pushed')
    fault = Point.prepare(s.folder)

    def swap(linked):
        if linked and not os.path.islink(w.path('d')):
            os.rename(w.path('d'), w.path('kept'))
            os.symlink(theirs, w.path('d'))
        elif not linked and os.path.islink(w.path('d')):
            os.unlink(w.path('d'))
            os.rename(w.path('kept'), w.path('d'))
    for name, first in ('a', True), ('b', False):
        put(fault, 'snapshot-look')
        p = w.server.ns.spawn(servers.tool('dittoctl'), 'offload', 'snapshot', 'create', 'data',
                              name, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for turn in range(3):
            wait_for('it stops or ends', lambda: stopped('dittoctl') or p.poll() is not None)
            swap(first == (turn % 2 == 0))
            if turn == 2:
                put(fault)
            for pid in stopped('dittoctl'):
                os.kill(pid, signal.SIGCONT)
        p.communicate()
        swap(False)
        os.mkdir(w.path(name))
        s.tool('snapshot', 'restore', f'data/{name}', '--to', w.path(name), 'd/f', check=False)
        if os.path.exists(w.path(name, 'd/f')):
            eq(get(w.path(name, 'd/f')) == secret, False, f'snapshot {name}')
        shutil.rmtree(w.path(name))


@test(fs='ext4', smb=True, offload=True, timeout=300)
def names_swapped(w):
    """Who has the directory swaps names while files are restored: others keep what they are."""
    s = Store(w)
    w.server.ctl('share', 'set', 'data', 'snapshots', TREE)
    secret = put(f'{w.base}/secret', b'secret', 0o600)
    put(w.path('f'), content('f', 100000), 0o666)
    os.chown(w.path('f'), 1000, 1000)
    s.tool('snapshot', 'create', 'data', 'x')
    change(w.path('f'), b'new')
    fault = Point.prepare(s.folder)

    def swapped(point, swap, *words):
        put(fault, point)
        p = w.server.ns.spawn(servers.tool('dittoctl'), 'offload', 'snapshot', *words,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        wait_for(f'it stops at {point}', lambda: stopped('dittoctl'))
        put(fault, b'')
        swap()
        for pid in stopped('dittoctl'):
            os.kill(pid, signal.SIGCONT)
        out = p.communicate()[0]
        assert p.returncode, out
        return out

    def swap_file():
        new, = (name for name in os.listdir(w.export) if name.startswith('.ditto-restore.'))
        os.rename(w.path(new), w.path('stolen'))
        os.symlink(secret, w.path(new))
    for point in ('snapshot-adopt', 'snapshot-adopted', 'snapshot-rename'):
        out = swapped(point, swap_file, 'restore', 'data/x', '--replace', 'f')
        assert 'another file' in out, out
        st = os.stat(secret)
        eq((st.st_mode & 0o7777, st.st_uid, get(secret)), (0o600, 0, b'secret'), point)
        eq(get(w.path('f')), b'new', f'the file after {point}')

    # The name is taken meanwhile: nothing is left of the tree.
    made = time.gmtime(s.tool('snapshot', 'list')[0]['time'])
    name = time.strftime('%Y-%m-%d_%H:%M:%S_x', made)
    out = swapped('snapshot-expose', lambda: os.mkdir(w.path(f'{TREE}/{name}')), 'expose', 'data/x')
    assert 'File exists' in out, out
    eq(os.listdir(w.path(TREE)), [name], 'what is left')


def memory(pid):
    """Most bytes of memory that a process has had."""
    with open(f'/proc/{pid}/status', encoding='ascii') as f:
        return next(int(line.split()[1]) << 10 for line in f if line.startswith('VmHWM'))


@test(smb=True, offload=True, timeout=300)
def large_attributes(w):
    """Memory does not grow with the attributes of entries that wait, or of directories in directories."""
    s = Store(w, timeout=60)
    where = w.served_volume('large', 'xfs', offload=True)
    put(f'{where}/a', content('a', MIB), 0o644)
    deepest = where + '/d' * DIRS
    os.makedirs(deepest)
    put(f'{deepest}/f', b'f', 0o644)
    for i in range(1, DIRS + 1):
        for k in range(XATTRS):
            os.setxattr(where + '/d' * i, f'user.{k}', bytes(65536))
    fault = Point.prepare(s.folder)

    def begin(*words):
        return w.server.ns.spawn(servers.tool('dittoctl'), 'offload', 'snapshot', *words,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def step(point, after=''):
        """Let it run to this point. Returns its process, which goes on to the next one."""
        wait_for(f'it stops at {point}', lambda: stopped('dittoctl'))
        pid, = stopped('dittoctl')
        put(fault, after)
        return pid

    put(fault, 'snapshot-look')
    child = begin('create', 'large', 'one')
    pid = step('snapshot-look', 'snapshot-full')
    # The content of the first entry does not get there, so all others wait.
    s.mode('hang')
    os.kill(pid, signal.SIGCONT)
    eq(step('snapshot-full', 'snapshot-tree'), pid)
    assert memory(pid) < ENOUGH, memory(pid)
    s.mode('ok')
    os.kill(pid, signal.SIGCONT)
    eq(step('snapshot-tree'), pid)
    assert memory(pid) < ENOUGH, memory(pid)
    os.kill(pid, signal.SIGCONT)
    eq((child.wait(), s.tool('snapshot', 'list')[0]['entries']), (0, DIRS + 3), child.stdout.read())

    os.mkdir(f'{where}/again')
    s.forget()
    put(fault, 'snapshot-rename')
    child = begin('restore', 'large/one', '--to', f'{where}/again', 'd')
    pid = step('snapshot-rename')
    assert memory(pid) < ENOUGH, memory(pid)
    os.kill(pid, signal.SIGCONT)
    eq(child.wait(), 0, child.stdout.read())
    for path in 'd', 'd' + '/d' * (DIRS - 1):
        eq(len(os.listxattr(f'{where}/again/{path}')), XATTRS, path)

    # Without room for the tree, the rest of it is not fetched.
    needed = set(s.requests('GET'))
    with small_disk(w, '1m'):
        s.forget()
        status, _, errors = s.tool('snapshot', 'restore', 'large/one', '--to', where, 'd', check=False)
    assert status and 'No space left' in errors, errors
    assert len(set(s.requests('GET'))) * 2 < len(needed), (s.requests('GET'), needed)
