# SPDX-License-Identifier: GPL-2.0-only
"""Snapshots that the schedule makes in the file system of a share, and deletes again."""
import calendar
import contextlib
import errno
import json
import os
import signal
import struct
import subprocess
import time

import servers
from checks import eq, expect_errno, wait_for
from fault_points import Point, stopped
from files import MIB, get, put
from harness import test
from processes import run
from smb2 import Smb2
from smb_quota import SNAPSHOTS, date_filetime
from stores import DONE
from volumes import mount

HOUR, DAY = 3600, 86400
FORMAT = '@GMT-%Y.%m.%d-%H.%M.%S'
RECORD = 'trusted.ditto.local.'
FOLDER = 'trusted.ditto.local-folder'
OTHER_BOOT = '00000000-0000-4000-8000-000000000000'
JOB = 'local-snapshots'
REMOUNT, READ_ONLY = 32, 1


def reload(w, text):
    """Let dittod serve other shares."""
    done = w.server.helper_log().count('shares configured')
    w.server.reload(f'{w.server.conf}\n{text}')
    wait_for('they are served', lambda: w.server.helper_log().count('shares configured') > done)


def section(w, keep, name='data', path=None):
    return (f'[share {name}]\npath = {path or w.export}\nallow = any\nsquash = none\n'
            f'snapshots = .snapshots\nsnapshot-schedule = {keep}\n')


def configured(w, keep, path=None, more=''):
    """A share with a schedule, and nothing remembered of other tests."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(DONE)
    reload(w, section(w, keep, path=path) + more)


def tool(w, *words):
    """Run dittoctl. Returns its exit status, its JSON and its errors."""
    with w.server.ns:
        p = subprocess.run([servers.tool('dittoctl'), '--json', *words], capture_output=True,
                           text=True, check=False, timeout=100)
    return p.returncode, json.loads(p.stdout) if p.stdout else None, p.stderr


def run_job(w, *words):
    """Do what is due. Returns whether that was good, what changed, and the errors."""
    _, said, errors = tool(w, 'offload', 'run', *(words or [JOB]))
    good = {e['job']: e['good'] for e in said if 'job' in e}
    eq(list(good), [JOB], errors)
    return good[JOB], [(e['change'], e['snapshot']) for e in said if 'change' in e], errors


def made(w):
    """Let one be made, and return its name."""
    good, changes, errors = run_job(w)
    eq((good, [c[0] for c in changes][:1]), (True, ['made']), errors)
    return changes[0][1]


def names(w, path=None):
    return sorted(os.listdir(f'{path or w.export}/.snapshots'))


def name_at(when):
    return time.strftime(FORMAT, time.gmtime(when))


def time_of(name):
    return calendar.timegm(time.strptime(name, FORMAT))


def move(w, name, new):
    """As if the schedule had made a snapshot at another time, before the machine was started."""
    folder = w.path('.snapshots')
    os.rename(f'{folder}/{name}', f'{folder}/{new}')
    uuid, uptime, _, share = os.getxattr(folder, RECORD + name).decode().split(' ', 3)
    os.removexattr(folder, RECORD + name)
    os.setxattr(folder, RECORD + new, f'{uuid} {uptime} {OTHER_BOOT} {share}'.encode())
    return new


def made_before(w, seconds):
    """A snapshot that the schedule made some time ago."""
    name = made(w)
    return move(w, name, name_at(time_of(name) - seconds))


def records(w):
    """The names of which the schedule remembers that it has made them."""
    return sorted(x[len(RECORD):] for x in os.listxattr(w.path('.snapshots'))
                  if x.startswith(RECORD))


def problem(w):
    """What dittoctl status says about the schedule."""
    found = tool(w, 'status')[1]['problems']
    return [p['problem'] for p in found if p['subject'] == 'offload']


@test(fs='btrfs', smb=True, timeout=120)
def clients_read_the_past(w):
    """The schedule makes a snapshot once in its period, and clients of NFS and SMB read it."""
    put(w.path('f'), b'old', 0o666)
    configured(w, 'monthly 2')
    good, changes, errors = run_job(w, '--scheduled')
    eq(good, True, errors)
    name, = names(w)
    put(w.path('f'), b'new')
    eq(run_job(w, '--scheduled')[0], True, 'again')
    eq((names(w), abs(time_of(name) - time.time()) < DAY), ([name], True), 'not due')
    job, = tool(w, 'status')[1]['jobs']
    eq((job['job'], job['result'], job['period']), (JOB, 'good', 30 * DAY), 'status')
    eq(problem(w), [], 'problems')
    assert JOB in w.server.ctl('offload', 'status'), 'for people'

    for vers in '3', '4.2':
        m = w.client.mount(vers=vers)
        eq((get(f'{m}/.snapshots/{name}/f'), get(f'{m}/f')), (b'old', b'new'), vers)
        eq(os.listdir(m), ['f'], vers)
        with expect_errno(errno.EROFS, errno.EACCES):
            put(f'{m}/.snapshots/{name}/f', b'changed')
        w.client.umount(m)
    s = Smb2(w.client)
    fid = s.create('f')
    out = s.ioctl(fid, SNAPSHOTS)
    eq((struct.unpack_from('<II', out), out[12:].decode('utf-16-le')), ((1, 1), f'{name}\0\0'))
    s.end()
    when = date_filetime(*time.strptime(name, FORMAT)[:6])
    m = w.client.mount_smb(opts=f'snapshot={when}')
    eq(get(f'{m}/f'), b'old', 'SMB')

    # The schedule outlives dittod, and what was made before.
    conf = get(f'{w.base}/ditto.conf').decode()
    w.server.helper_stop()
    w.server.helper_start(conf)
    eq((run_job(w, '--scheduled')[0], names(w)), (True, [name]), 'after a restart')
    move(w, name, name_at(time_of(name) - 31 * DAY))
    eq((run_job(w, '--scheduled')[0], len(names(w))), (True, 2), 'a period later')


@test(fs='btrfs', smb=True, timeout=120)
def old_ones_go(w):
    """The newest of each period stay, as many as the schedule says."""
    configured(w, 'hourly 99')
    before = [made_before(w, hours * HOUR) for hours in (200, 100, 99, 60, 30, 3, 2, 1)]
    configured(w, 'hourly 2 daily 3')
    good, changes, errors = run_job(w)
    eq((good, changes[0][0]), (True, 'made'), errors)
    times = sorted(time_of(name) for name in before + [changes[0][1]])
    last = [{t // period: t for t in times} for period in (HOUR, DAY)]
    stay = {t for slots, n in zip(last, (2, 3)) for t in sorted(slots.values())[-n:]}
    eq(names(w), sorted(map(name_at, stay)), 'names')
    eq(sorted(c[1] for c in changes[1:]), sorted(name_at(t) for t in set(times) - stay), 'deleted')
    eq(records(w), names(w), 'records')
    # That of one that somebody has deleted goes, too.
    run('btrfs', 'subvolume', 'delete', w.path('.snapshots', names(w)[0]))
    eq(run_job(w)[0], True, 'without it')
    eq(records(w), names(w), 'records')
    # Under another name the share has others.
    reload(w, section(w, 'hourly 1', name='other'))
    before = names(w)
    good, changes, errors = run_job(w)
    eq((good, [c[0] for c in changes]), (True, ['made']), errors)
    eq((len(before) > 1, names(w)), (True, sorted([*before, changes[0][1]])), 'renamed')
    reload(w, section(w, 'off'))


@test(fs='btrfs', smb=True, timeout=120)
def others_stay(w):
    """What the schedule did not make, or somebody has changed since, is never deleted."""
    configured(w, 'hourly 1', more=section(w, 'monthly 9', name='same') + f'id = {"1" * 32}\n')
    folder = w.path('.snapshots')
    # Two shares, of which each has its own.
    good, changes, errors = run_job(w)
    eq((good, [c[0] for c in changes]), (True, ['made', 'made']), errors)
    first, second = names(w)
    same = first if b'same' in os.getxattr(folder, RECORD + first) else second
    move(w, same, '@GMT-2020.01.01-00.00.00')
    move(w, first if same == second else second, '@GMT-2020.01.01-01.00.00')
    stay = {'@GMT-2020.01.01-00.00.00'}
    # By name only; by name, without a record; one of a snapshot, with a record that is another's.
    os.mkdir(f'{folder}/@GMT-2020.01.02-00.00.00')
    run('btrfs', 'subvolume', 'snapshot', '-r', w.export, f'{folder}/@GMT-2020.01.02-01.00.00')
    own = made_before(w, 9 * HOUR)
    copy = f'{folder}/@GMT-2020.01.02-02.00.00'
    run('btrfs', 'subvolume', 'snapshot', '-r', f'{folder}/{own}', copy)
    os.setxattr(folder, RECORD + os.path.basename(copy), os.getxattr(folder, RECORD + own))
    stay |= {f'@GMT-2020.01.02-0{i}.00.00' for i in range(3)}
    # One that was renamed, and one that was made writable.
    os.rename(f'{folder}/{made_before(w, 8 * HOUR)}', f'{folder}/@GMT-2020.01.02-03.00.00')
    writable = made_before(w, 7 * HOUR)
    run('btrfs', 'property', 'set', f'{folder}/{writable}', 'ro', 'false')
    # One that was changed, and is read-only again.
    changed = made_before(w, 6 * HOUR)
    run('btrfs', 'property', 'set', f'{folder}/{changed}', 'ro', 'false')
    put(f'{folder}/{changed}/more', b'')
    run('btrfs', 'property', 'set', f'{folder}/{changed}', 'ro', 'true')
    # A symbolic link to one.
    link = made_before(w, 5 * HOUR)
    os.rename(f'{folder}/{link}', f'{folder}/elsewhere')
    os.symlink('elsewhere', f'{folder}/{link}')
    stay |= {changed, link, 'elsewhere'}
    stay |= {'@GMT-2020.01.02-03.00.00', writable}
    good, _, errors = run_job(w)
    assert good and 'data: 2 snapshots in .snapshots stay: they were changed' in errors, errors
    found = set(names(w))
    eq((stay <= found, '@GMT-2020.01.01-01.00.00' in found, own in found), (True, False, False),
       found)
    # Whoever takes the schedule away keeps all.
    reload(w, section(w, 'off'))
    code, _, errors = tool(w, 'offload', 'run', JOB)
    assert code and 'no share has the key snapshot-schedule' in errors, errors
    eq(set(names(w)), found, 'off')


@test(fs='btrfs', smb=True, timeout=120)
def rolled_back(w):
    """After a rollback the snapshots of the subvolume before stay, and are named."""
    path, before = w.path('sub'), w.path('before')
    for name in path, f'{path}/.snapshots':
        run('btrfs', 'subvolume', 'create', name)
    configured(w, 'monthly 1', path=path)
    name = made(w)
    reload(w, '')
    os.rename(path, before)
    run('btrfs', 'subvolume', 'snapshot', before, path)
    os.rmdir(f'{path}/.snapshots')
    os.rename(f'{before}/.snapshots', f'{path}/.snapshots')
    configured(w, 'monthly 1', path=path)
    good, changes, errors = run_job(w)
    eq((good, [c[0] for c in changes]), (True, ['made']), errors)
    assert 'data: 1 snapshots in .snapshots stay: they are of another subvolume' in errors, errors
    eq(names(w, path), sorted([name, changes[0][1]]), 'both')


@test(fs='btrfs', smb=True, timeout=120)
def changed_in_between(w):
    """What somebody replaces while a snapshot is made is not deleted."""
    points = Point.prepare(w.base)
    configured(w, 'hourly 2')
    old = [made_before(w, hours * HOUR) for hours in (9, 8)]
    configured(w, 'hourly 1')
    put(points, 'local-made')
    p = w.server.ns.spawn(servers.tool('dittoctl'), 'offload', 'run', JOB,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_for('one is made', lambda: stopped('dittoctl'))
    # Only one process at a time works there, though it may hang.
    good, changes, errors = run_job(w)
    eq((good, changes, 'another process works there on local-snapshots' in errors), (False, [], True), errors)
    os.rename(w.path('.snapshots', old[0]), w.path('.snapshots/kept'))
    put(points)
    for pid in stopped('dittoctl'):
        os.kill(pid, signal.SIGCONT)
    out = p.communicate()[0]
    assert p.returncode and f'{old[0]} is not deleted: somebody has just changed it' in out, out
    eq(('kept' in names(w), old[1] in names(w)), (True, False), names(w))


@test(fs='btrfs', smb=True, timeout=120)
def folder_is_renamed(w):
    """A directory of snapshots that a client has renamed is missed, and no other one is made."""
    configured(w, 'monthly 9')
    name = made(w)
    for other in False, True:
        os.rename(w.path('.snapshots'), w.path('renamed'))
        if other:
            os.mkdir(w.path('.snapshots'))
        before = sorted(os.listdir(w.export))
        good, changes, errors = run_job(w)
        eq((good, changes), (False, []), errors)
        assert 'it was renamed' in errors and f'setfattr -x {FOLDER} {w.export}' in errors, errors
        eq((sorted(os.listdir(w.export)), os.listdir(w.path('renamed'))), (before, [name]), other)
        if other:
            os.rmdir(w.path('.snapshots'))
        os.rename(w.path('renamed'), w.path('.snapshots'))
        eq((run_job(w)[0], names(w)), (True, [name]), 'it is back')
    os.rename(w.path('.snapshots'), w.path('renamed'))
    os.removexattr(w.export, FOLDER)
    made(w)
    eq(os.listdir(w.path('renamed')), [name], 'begun anew')


@test(fs='btrfs', smb=True, timeout=120)
def clock_is_wrong(w):
    """While the clock cannot be relied on, snapshots are made, and none is deleted."""
    configured(w, 'hourly 9')
    old = made_before(w, 31 * DAY)
    later = move(w, made(w), name_at(time.time() + 90 * DAY))
    configured(w, 'monthly 1')
    good, changes, errors = run_job(w)
    eq((good, [c[0] for c in changes]), (False, ['made']), errors)
    assert f'data: .snapshots/{later}: ' in errors and 'from the future' in errors, errors
    text, = problem(w)
    assert f'dittoctl offload run {JOB}' in text, text
    run('btrfs', 'subvolume', 'delete', w.path('.snapshots', later))
    eq((run_job(w)[:2], problem(w)), ((True, [('deleted', old)]), []), 'without it')

    # The clock is set within the life of the machine.
    before = names(w)
    time.clock_settime(time.CLOCK_REALTIME, time.time() + 31 * DAY)
    try:
        good, changes, errors = run_job(w)
        eq((good, [c[0] for c in changes]), (True, ['made']), errors)
        assert 'the clock was set by more than an hour' in errors, errors
        eq(names(w), before + [changes[0][1]], 'names')
    finally:
        time.clock_settime(time.CLOCK_REALTIME, time.time() - 31 * DAY)


@test(fs='btrfs', smb=True, timeout=180)
def no_room(w):
    """A file system that is full or read-only is named, and is a problem until it has room."""
    disk = w.volume(f'{w.base}/small', 'btrfs', '110m', options=('-M',))
    configured(w, 'hourly 3', path=disk.where)
    eq(run_job(w)[0], True, 'first')
    first, = names(w, disk.where)
    os.rename(f'{disk.where}/.snapshots/{first}', f'{disk.where}/.snapshots/first')
    for size in MIB, MIB // 16, 1024, 0:
        with expect_errno(errno.ENOSPC):
            for i in range(1 << 20):
                put(f'{disk.where}/{size}-{i}', bytes(size))
    good, changes, errors = run_job(w)
    eq((good, changes), (False, []), errors)
    assert 'data: ' in errors and 'No space left on device; remove files' in errors, errors
    text, = problem(w)
    assert f'the last run of {JOB} failed' in text, text
    for i in range(50):
        os.unlink(f'{disk.where}/{MIB}-{i}')
    os.sync()
    good, changes, errors = run_job(w)
    eq((good, [c[0] for c in changes], problem(w)), (True, ['made'], []), errors)
    name = changes[0][1]
    os.rename(f'{disk.where}/.snapshots/{name}', f'{disk.where}/.snapshots/second')
    mount('none', disk.where, '', REMOUNT | READ_ONLY)
    good, changes, errors = run_job(w)
    eq((good, changes), (False, []), errors)
    assert 'Read-only file system; dmesg' in errors, errors
    eq(len(problem(w)), 1, 'status')
    mount('none', disk.where, '', REMOUNT)
    good, _, errors = run_job(w)
    eq((good, problem(w)), (True, []), errors)


@test(fs='btrfs', smb=True, timeout=120)
def refused_in_words(w):
    """A share that cannot have such snapshots is named by the check, and by the job."""
    other = w.volume(f'{w.base}/other', 'ext4', '100m').where
    below = w.path('below')
    os.mkdir(below)
    for path, why in ((other, 'only Btrfs does'), (below, 'btrfs subvolume create')):
        configured(w, 'daily 7', path=path)
        code, said, _ = tool(w, 'config', 'check')
        text, = said['remarks']
        assert not code and '[share data]: snapshot-schedule: ' in text and why in text, text
        good, changes, errors = run_job(w)
        eq((good, changes), (False, []), errors)
        assert 'data: ' in errors and why in errors, errors
        code, said, errors = tool(w, 'offload', 'run', '--scheduled')
        assert code and why in errors and said == [{'job': JOB, 'good': False}], (said, errors)
        eq(os.listdir(path), [], path)
    # Where nothing is mounted, nothing is known of the file system.
    os.mkdir(f'{other}/empty')
    configured(w, 'daily 7', path=f'{other}/empty', more='mountpoint = yes\n')
    eq(tool(w, 'config', 'check')[1]['remarks'], [], 'not mounted')
    configured(w, 'daily 7')
    os.symlink('below', w.path('.snapshots'))
    good, changes, errors = run_job(w)
    eq((good, changes, os.listdir(below)), (False, [], []), errors)
    assert 'data: directory of snapshots .snapshots: ' in errors, errors
    os.unlink(w.path('.snapshots'))
    os.setxattr(w.export, 'trusted.ditto.adopting', b'1')
    good, changes, errors = run_job(w)
    eq((good, changes, 'dittoctl offload adopt' in errors), (False, [], True), errors)
    os.removexattr(w.export, 'trusted.ditto.adopting')
    os.mkdir(w.path('.snapshots'))
    os.chown(w.path('.snapshots'), 1001, 1001)
    good, changes, errors = run_job(w)
    eq((good, changes), (False, []), errors)
    assert 'data: directory of snapshots .snapshots: others than root' in errors, errors
    os.chown(w.path('.snapshots'), 0, 0)
    eq(run_job(w)[0], True, 'mended')
