# SPDX-License-Identifier: GPL-2.0-only
"""Policies of offloaded data, and the marks that keep files from them."""
import errno
import json
import os
import signal
import subprocess
import time

import nfs3
import rpc
import servers
from checks import eq, wait_for
from files import MIB, get, put
from harness import test
from helper_files import CAPABILITIES
from processes import run
from store_files import content
from stores import Store

DAY = 86400
POLICIES = """
[policy old]
path = {export}
accessed = 30d
min-size = 100K
exclude = *.keep

[policy space]
path = {export}/space
start = 1
stop = 1

[policy night]
path = {export}/night
changed = 1s
schedule = {schedule}
"""

# A file system that does not tell how much room it has.
NO_ROOM = """
#include <errno.h>

int statvfs(const char *path, void *fs) { errno = EIO; return -1; }
int statvfs64(const char *path, void *fs) { errno = EIO; return -1; }
"""


def aged(path, size, days):
    """A file that was not used for some days."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    put(path, content(path, size), 0o644)
    when = time.time() - days * DAY
    os.utime(path, (when, when))
    return path


def another_hour():
    """A schedule that does not allow this time, nor the next hours."""
    hour = (time.localtime().tm_hour + 6) % 24
    return f'{hour:02}:00-{(hour + 1) % 24:02}:00'


def configured(w):
    s = Store(w)
    s.configure('key-file = {folder}/key\n' +
                POLICIES.format(export=w.export, schedule=another_hour()))
    wait_for('the policies are read', lambda: len(s.tool('policy', 'list')) == 3)
    s.ready()
    return s


def by_name(said):
    return {entry['policy']: entry for entry in said}


@test(smb=True, offload=True, timeout=240)
def policies_choose(w):
    """Age, size, patterns, directories, schedules and marks decide; a dry run moves nothing."""
    s = configured(w)
    old = aged(w.path('a/old'), MIB, 40)
    aged(w.path('a/new'), MIB, 20)
    aged(w.path('a/small'), 1000, 40)
    aged(w.path('a/x.keep'), MIB, 40)
    pinned = aged(w.path('pinned/d/f'), MIB, 40)
    back = aged(w.path('pinned/auto/f'), MIB, 40)
    never = aged(w.path('never'), MIB, 40)
    night = aged(w.path('night/f'), MIB, 40)
    s.tool('pin', w.path('pinned'))
    s.tool('auto', w.path('pinned/auto'))
    s.tool('never', never)
    eq(sorted(p['policy'] for p in s.tool('policy', 'list')), ['night', 'old', 'space'])

    s.forget()
    plan = by_name(s.tool('policy', 'run', '--dry-run', '--scheduled'))
    eq(sorted(plan['old']['files']), sorted([old, back]), 'plan')
    eq((plan['old']['bytes'], plan['old']['requests']), (2 * MIB, 8), 'cost')
    assert 'not scheduled' in plan['night']['skipped'], plan
    eq(s.requests(), [], 'requests')
    eq(s.states()['offloaded'], 0, 'offloaded')

    done = by_name(s.tool('policy', 'run', '--scheduled', 'old'))
    eq(list(done), ['old'], 'policies')
    eq(sorted(f['path'] for f in done['old']['files']), sorted([old, back]), 'files')
    eq(s.states()['offloaded'], 2, 'offloaded')
    said = by_name(s.tool('policy', 'run', 'old'))
    eq(said['old']['skipped'], 'no file is due', 'again')
    # By hand, the schedule does not matter.
    eq(by_name(s.tool('policy', 'run', 'night'))['night']['done'], 1, 'night')
    eq(get(night), content(night, MIB), 'content')

    # A push does not take marked files either, and a pin brings the data back.
    for path, word in ((pinned, 'pin'), (never, 'never')):
        assert f'marked "{word}"' in s.push(path, check=False)
    eq(s.tool('pin', old)['done'], 1, 'recalled')
    eq(s.states(old)['resident'], 1, 'resident')
    assert 'no [policy x]' in s.tool('policy', 'run', 'x', check=False)[2]


@test(smb=True, offload=True, fs='ext4', timeout=240)
def capabilities_stay(w):
    """Files with capabilities, which they would lose, are left out, and that is told once."""
    s = configured(w)
    old = aged(w.path('a/old'), MIB, 40)
    programs = [aged(w.path(f'a/program{i}'), MIB, 40) for i in range(2)]
    for path in programs:
        os.setxattr(path, 'security.capability', CAPABILITIES)
    s.forget()
    status, said, errors = s.tool('policy', 'run', '--dry-run', 'old', check=False)
    eq((status, by_name(said)['old']['files']), (0, [old]), 'plan')
    eq([line.count('capabilities (setcap)') for line in errors.splitlines()], [1], errors)
    eq(by_name(s.tool('policy', 'run', 'old'))['old']['done'], 1, 'offloaded')
    s.forget()
    status, said, errors = s.tool('policy', 'run', 'old', check=False)
    eq((status, by_name(said)['old'].get('skipped')), (0, 'no file is due'), 'again')
    assert 'capabilities (setcap)' in errors, errors
    assert 'capabilities (setcap)' in s.push(programs[0], check=False)
    eq(s.requests(), [], 'requests')
    eq([os.getxattr(path, 'security.capability') for path in programs], [CAPABILITIES] * 2)


@test(smb=True, offload=True, fs='ext4', timeout=240)
def immutable_files_stay(w):
    """Immutable files, whose blocks cannot be freed, are left out, and that is told once."""
    s = configured(w)
    old = aged(w.path('a/old'), MIB, 40)
    fixed = {flag: aged(w.path(f'a/{flag}'), MIB, 40) for flag in 'ia'}
    for flag, path in fixed.items():
        run('chattr', f'+{flag}', path)
    s.forget()
    status, said, errors = s.tool('policy', 'run', '--dry-run', 'old', check=False)
    eq((status, by_name(said)['old']['files']), (0, [old]), 'plan')
    eq([line.count('chattr') for line in errors.splitlines()], [1], errors)
    for flag, path in fixed.items():
        assert 'immutable' in s.push(path, check=False), path
        run('chattr', f'-{flag}', path)
        eq(get(path), content(path, MIB), 'content')
    eq(s.requests(), [], 'requests')


@test(smb=True, fs='overlay', offload=True, timeout=240)
def nothing_in_vain(w):
    """What no file system below can release is not uploaded, and the error says what to do."""
    s = configured(w)
    old = aged(w.path('a/old'), MIB, 40)
    s.forget()
    words = ('share data: ', 'overlayfs', 'serve a directory of ext4, XFS or Btrfs itself')
    for dry in ((), ('--dry-run',)):
        status, said, errors = s.tool('policy', 'run', *dry, 'old', check=False)
        eq((bool(status), by_name(said)['old']['skipped']),
           (True, 'the files cannot be released'), 'policy')
        assert all(word in errors for word in (w.export, *words)), errors
    said = s.push(old, check=False)
    assert all(word in said for word in (old, *words)), said
    eq(s.requests(), [], 'requests')
    eq(get(old), content(old, MIB), 'content')


@test(smb=True, offload=True, timeout=240)
def interrupted(w):
    """A run that is interrupted begins with no other policy."""
    s = configured(w)
    old, night = aged(w.path('a/old'), MIB, 40), aged(w.path('night/f'), MIB, 40)
    s.mode('slow 1')
    run = w.server.ns.spawn(servers.tool('dittoctl'), '--json', 'offload', 'policy', 'run',
                            'old', 'night', stdout=subprocess.PIPE, text=True)
    wait_for('a request', s.requests)
    run.send_signal(signal.SIGTERM)
    said = json.loads(run.communicate()[0])
    eq([(p['policy'], p['interrupted']) for p in said], [('old', True)], 'policies')
    assert run.returncode, 'it is not complete'
    s.mode('ok')
    eq((s.states(old)['resident'], s.states(night)['resident']), (1, 1), 'resident')


@test(smb=True, offload=True, timeout=240)
def room_is_not_known(w):
    """If the file system does not tell how much room it has, the run fails and says why."""
    configured(w)
    os.mkdir(w.path('space'))
    source, library = put(f'{w.base}/room.c', NO_ROOM), f'{w.base}/room.so'
    run('cc', '-shared', '-fPIC', '-o', library, source)
    p = w.server.ns.run('env', f'LD_PRELOAD={library}', servers.tool('dittoctl'), 'offload',
                        'policy', 'run', 'space', check=False)
    assert p.returncode and f'{w.path("space")}: Input/output error' in p.stdout, p.stdout


@test(smb=True, offload=True, timeout=240)
def space_is_made(w):
    """Above the upper mark, what was not used for longest goes, until the lower one."""
    s = configured(w)
    disk = w.volume(w.path('space'), 'ext4', '64m')
    w.server.add('disk', disk.where, offload=True)
    names = [aged(f'{disk.where}/f{i}', 4 * MIB, 10 + i) for i in range(4)]
    conf = POLICIES.format(export=w.export, schedule='00:00-24:00')

    def limits(start, stop):
        s.configure('key-file = {folder}/key\n' +
                    conf.replace('start = 1\nstop = 1', f'start = {start}\nstop = {stop}'))
        wait_for('the policy is read', lambda: [
            p['start'] for p in s.tool('policy', 'list') if p['policy'] == 'space'] == [start])
        s.ready()

    fs = os.statvfs(disk.where)
    used = (fs.f_blocks - fs.f_bfree) * fs.f_frsize
    room = used + fs.f_bavail * fs.f_frsize
    limits(99, 98)
    eq(by_name(s.tool('policy', 'run', 'space'))['space']['skipped'],
       'the file system has room')
    # Two files are enough.
    stop = int((used - 6 * MIB) * 100 / room)
    limits(stop + 1, stop)
    done = by_name(s.tool('policy', 'run', 'space'))['space']
    eq([f['path'] for f in sorted(done['files'], key=lambda f: f['path'])], names[2:], 'oldest')
    eq(get(names[3]), content(names[3], 4 * MIB), 'content')


@test(smb=True, offload=True, timeout=300)
def watch(w):
    """After a reload of the module nothing gives way by itself: the policies free the disk."""
    where = w.served_volume('small', 'ext4', '96m', offload=True)
    s = Store(w)
    s.configure('key-file = {folder}/key\n\n'
                f'[policy small]\npath = {where}\nstart = 80\nstop = 50\n'
                'exclude = filler new\n')
    wait_for('the policy is read', lambda: len(s.tool('policy', 'list')) == 1)
    s.ready()
    names = [f'{where}/f{i}' for i in range(5)]
    for name in names:
        put(name, content(name, 12 * MIB), 0o644)
        s.push(name)

    def back(name):
        try:
            return get(name) == content(name, 12 * MIB)
        except OSError as e:
            eq(e.errno, errno.ENOSPC, 'read')
            return None

    def fill():
        """What came back is not trusted any more, and there is no other room."""
        w.server.restart()
        fs = os.statvfs(where)
        with open(f'{where}/filler', 'ab') as f:
            os.posix_fallocate(f.fileno(), f.tell(), fs.f_bavail * fs.f_bsize)

    def watching():
        return s.server.ns.spawn(servers.tool('dittoctl'), 'offload', 'policy', 'watch',
                                 stdout=subprocess.PIPE, text=True)
    for name in names[:4]:
        eq(back(name), True, name)
    put(f'{where}/new', b'')
    os.chmod(f'{where}/new', 0o666)
    s.forget()
    p = watching()
    try:
        eq('the file system has room' in p.stdout.readline(), True, 'first run')
        fill()
        # Only the superuser has room left.
        n = w.client.nfs(rpc.auth_sys(1000, 1000), where)
        fh = n.lookup(n.root, 'new').fh
        eq(n.write(fh, 0, b'x' * 65536).status, nfs3.NOSPC, 'WRITE')
        wait_for('room by the event', lambda: n.write(fh, 0, b'x' * 65536).status == nfs3.OK, 60)
        # The same for a reader.
        for name in names[:4]:
            eq(back(name), True, name)
        fill()
        wait_for('data by the event', lambda: back(names[4]), 60)
        os.truncate(f'{where}/filler', 0)
    finally:
        p.kill()
        p.wait()
    s.push(names[4])
    for name in names[:4]:
        eq(back(name), True, name)
    fill()
    eq(back(names[4]), None, 'without the policies')
    p = watching()
    try:
        wait_for('the data', lambda: back(names[4]), 60)
    finally:
        p.kill()
        p.wait()
    eq(s.requests('PUT', 'chunks/'), [], 'what was sent')


def tiny(w, kind):
    """Files of one block stay where a record may take as much, unless they are named."""
    options = ('-b', '4096') if kind == 'ext4' else ()
    where = w.volume(f'{w.base}/disk', kind, '400m', options=options).where
    w.server.add('disk', where, offload=True)
    s = Store(w)
    s.configure('key-file = {folder}/key\n\n'
                f'[policy small]\npath = {where}\naccessed = 1d\nmin-size = 0\n')
    wait_for('the policy is read', lambda: len(s.tool('policy', 'list')) == 1)
    s.ready()
    folder = f'{where}/d'
    os.mkdir(folder)
    files = {size: [aged(f'{folder}/{size}.{i}', size, 2) for i in range(20)]
             for size in (1, 4096, 4097)}
    put(f'{folder}/empty', b'')
    os.sync()

    def used():
        os.sync()
        fs = os.statvfs(where)
        return (fs.f_blocks - fs.f_bfree) * fs.f_frsize
    plan = by_name(s.tool('policy', 'run', '--dry-run'))['small']
    eq((plan['count'], plan['tiny']), (20, 40), 'plan')
    before = used()
    said = s.push(folder)
    eq((said['done'], said['tiny'], said['failed']), (20, 40, 0), 'push')
    eq(s.states(folder), {'resident': 41, 'partial': 0, 'offloaded': 20, 'recalling': 0}, 'states')
    eq(before - used() >= 20 * 4096, True, f'{before - used()} bytes were freed')
    eq(s.push(files[4096][0])['done'], 1, 'a file that is named')
    said = s.push(folder)
    eq((said['done'], said['tiny'], said['skipped']), (0, 39, 22), 'once more')


@test(offload=True)
def tiny_files_on_ext4(w):
    tiny(w, 'ext4')


@test(offload=True)
def tiny_files_on_xfs(w):
    tiny(w, 'xfs')
