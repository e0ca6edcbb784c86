# SPDX-License-Identifier: GPL-2.0-only
"""Packs: small files share objects in the store."""
import os
import subprocess

import servers
from checks import eq, wait_for
from files import get, put
from harness import test
from store_files import content, mounts, offloaded
from stores import KEY, Store, collect

RECORD = 'trusted.ditto.offload'
FILES = 300


def make(w, folder, count, size=4096):
    """Files with contents of their own. Returns them by path."""
    os.mkdir(w.path(folder))
    return {put(w.path(f'{folder}/{i}'), content(f'{folder}/{i}', size + i), 0o644):
            content(f'{folder}/{i}', size + i) for i in range(count)}


def packed(s, files):
    """Push files together."""
    said = s.push(*files)
    eq((said['done'], said['failed']), (len(files), 0), 'pushed')
    return said


def one_pack(s, files):
    """Push files until a quick enough machine has put them into one pack. Returns its name."""
    def done():
        packed(s, files)
        if len({place(path)[0] for path in files}) == 1:
            return True
        s.recall(*files)
        return False
    wait_for('the files are in one pack', done, 120)
    collect(s)
    return place(next(iter(files)))[0]


def place(path):
    """What the record of a file says: pack, and member."""
    record = os.getxattr(path, RECORD)
    _, pack, version, _, rest = record[48:48 + record[36] + 256 * record[37]].decode().split('\n')
    eq(version, '4', 'version')
    return pack, rest.split()[2]


@test(smb=True, offload=True, timeout=240)
def small_files_share_objects(w):
    """Hundreds of files take few requests, and come back by one each, over all protocols."""
    s = Store(w, packing='on')
    files = make(w, 'd', FILES)
    said = packed(s, files)
    # A pack has up to 96 files; on a busy machine, some are not full.
    eq(len(s.requests('PUT', 'packs/')), said['requests'], 'only packs')
    assert said['requests'] <= FILES / 10, said
    eq(s.states(w.path('d'))['offloaded'], FILES, 'offloaded')
    s.forget()
    where = list(mounts(w.client).values())
    some = list(files)[:30]
    for i, path in enumerate(some):
        eq(get(path.replace(w.export, where[i % 3])), files[path], path)
    eq(len(s.requests()), len(some), 'requests for 30 files')
    for path in list(files)[30:60]:
        eq(get(path), files[path], path)
    back = s.recall(w.path('d'))
    eq((back['done'] + back['skipped'], back['failed']), (FILES, 0), 'recalled')
    eq({path: get(path) for path in files}, files, 'content')


@test(smb=True, offload=True, timeout=240)
def packs_live_as_long_as_a_member(w):
    """Garbage collection deletes a pack with its last file; scrub names the files of a bad one."""
    s = Store(w, packing='on')
    files = make(w, 'd', 12)
    packed(s, files)
    packs = {place(path)[0] for path in files}
    known = s.tool('rebuild')
    eq((known['files'], known['objects'], known['garbage'], known['missing'], known['problems']),
       (12, len(packs), 0, 0, 0))
    eq(s.tool('scrub')['objects'], len(packs), 'checked')
    keep = list(files)[-1]
    for path in files:
        if place(path)[0] == place(keep)[0] and path != keep:
            os.unlink(path)
    eq(collect(s), 0, 'a member is left')
    eq(get(keep), files[keep], 'content')
    # Its record is gone with the recall.
    assert collect(s) >= 1, 'nothing was deleted'
    eq(s.tool('rebuild')['missing'], 0, 'missing')

    eq(s.push(keep)['done'], 1, 'pushed again')
    bad = place(keep)[0]
    s.mode('wrong')
    status, said, _ = s.tool('scrub', check=False)
    assert status and keep in {entry['file'] for entry in said['bad']}, said
    s.mode('ok')
    eq(s.tool('scrub')['bad'], [], 'bad')
    s.delete(f'packs/{bad[:2]}/{bad}')
    status, said, _ = s.tool('scrub', '--quick', check=False)
    eq([(e['file'], e['object']) for e in said['bad'] if e['file'] == keep],
       [(keep, f'packs/{bad[:2]}/{bad}')], 'bad')


@test(smb=True, offload=True, timeout=240)
def sparse_packs_are_repacked(w):
    """The last files of packs move together, and the old packs become garbage."""
    s = Store(w, packing='on')
    files = make(w, 'd', 30)
    old = one_pack(s, files)
    eq(s.tool('repack', '--dry-run'), [], 'nothing to do')
    keep = list(files)[::6]
    for path in set(files) - set(keep):
        os.unlink(path)
    eq(s.tool('repack', '--dry-run'), sorted(keep), 'files to be moved')
    eq(s.tool('repack')[-1], {'changed': 0}, 'files that have changed')
    eq(s.states(w.path('d'))['offloaded'], len(keep), 'offloaded')
    new = {place(path)[0] for path in keep}
    assert old not in new, new
    eq(s.tool('repack', '--dry-run', '100'), [], 'the list belongs to the files')
    eq(collect(s), 1, 'garbage')
    known = s.tool('rebuild')
    eq((known['objects'], known['missing']), (len(new), 0), 'objects')
    assert known['packed'] >= known['packed_used'] > known['packed'] / 2, known
    eq({path: get(path) for path in keep}, {path: files[path] for path in keep}, 'content')


@test(smb=True, offload=True, timeout=240)
def failed_packs_are_tried_again(w):
    """If a pack cannot be sent, its files stay as they are, and others are not touched."""
    s = Store(w, packing='on', timeout=3)
    files = make(w, 'd', 20)
    first = offloaded(s, put(w.path('first'), b''), b'first')
    s.mode('500')
    errors = s.push(*files, check=False)
    assert '500' in errors or 'does not answer' in errors, errors
    eq(s.states(w.path('d'))['resident'], len(files), 'resident')
    s.mode('ok')
    wait_for('the store is asked again', lambda: s.push(first, *files, check=False) == '', 60)
    eq(s.states(w.path('d'))['offloaded'], len(files), 'offloaded')
    eq({path: get(path) for path in files}, files, 'content')
    eq(get(first), b'first', 'content')


@test(smb=True, offload=True, timeout=240)
def packs_are_read_by_others(w):
    """A reader that knows only the documentation finds each file; also after a change of the key."""
    s = Store(w, packing='on')
    files = make(w, 'd', 5)
    packed(s, files)
    folder = f'{w.base}/copy'

    def check(*keys):
        for path, data in files.items():
            pack, member = place(path)
            os.makedirs(f'{folder}/packs/{pack[:2]}', exist_ok=True)
            put(f'{folder}/packs/{pack[:2]}/{pack}', s.fetch(f'packs/{pack[:2]}/{pack}'))
            put(f'{w.base}/keys', '\n'.join(keys))
            got = subprocess.run([f'{servers.TOP}/userspace/offload/ditto-offload-read', '-k',
                                  f'{w.base}/keys', folder, 'file', f'{pack}/{member}'],
                                 stdout=subprocess.PIPE, check=True)
            eq(got.stdout, data, path)
    check(KEY)
    put(f'{s.folder}/key', '77' * 32 + '\n' + KEY + '\n', 0o600)
    s.configure('key-file = {folder}/key')
    s.ready()
    # The configuration is read again in the background.
    wait_for('the new key is used', lambda: s.tool('rekey')['rewritten'])
    eq(s.tool('rekey')['rewritten'], 0, 'rewritten again')
    check('77' * 32, KEY)
    eq(s.tool('scrub')['bad'], [], 'bad')
    eq({path: get(path) for path in files}, files, 'content')


@test(smb=True, offload=True, timeout=240)
def interrupted_pushes_leave_nothing(w):
    """After dittoctl is killed in the middle, the files are whole and the store has only garbage."""
    s = Store(w, packing='on', timeout=3)
    files = make(w, 'd', 40)
    s.mode('hang')
    p = s.spawn_push(*files)
    wait_for('a pack is sent', lambda: s.requests('PUT', 'packs/') or
             s.status().get('pushes', 0) >= len(files))
    p.kill()
    p.communicate()
    s.mode('ok')
    wait_for('all pushes have ended', lambda: not s.status().get('pushes'))
    eq(s.states(w.path('d'))['resident'], len(files), 'resident')
    wait_for('the store is asked again', lambda: s.push(*files, check=False) == '', 60)
    eq(s.tool('scrub')['bad'], [], 'bad')
    collect(s)
    eq({path: get(path) for path in files}, files, 'content')
