# SPDX-License-Identifier: GPL-2.0-only
"""What ditto-offload.timer does by itself, and how it is known that it was done."""
import json
import os
import signal
import subprocess
import time

import servers
from checks import eq, wait_for
from fault_points import Point, stopped
from files import MIB, get, put
from harness import test
from store_files import content, offloaded
from stores import DONE, Store, collect, forget_index
from volumes import mount, umount

HOUR, DAY = 3600, 86400
JOBS = 'policies', 'snapshots', 'gc', 'scrub'


def scheduled(w, text='', **options):
    """A store with a schedule, and nothing done yet."""
    s = Store(w, **options)
    s.configure(f'key-file = {s.folder}/key\n\n[schedule]\n{text}\n')
    s.ready()
    return s


def run(s, *words):
    """Do jobs. Returns which of them succeeded, by name, and what went wrong."""
    _, said, errors = s.tool('run', *words, check=False)
    return {e['job']: e['good'] for e in said if 'job' in e}, errors


def done():
    """What is remembered of each job."""
    with open(DONE, encoding='ascii') as f:
        return {line.split()[0]: line.split()[1:] for line in f}


def remember(job, *words):
    """As if a job had been done at another time, and so."""
    lines = {**done(), job: [str(word) for word in words]}
    put(DONE, ''.join(f'{name} {" ".join(words)}\n' for name, words in lines.items()))


def status(w):
    """What dittoctl says, whatever its exit status is."""
    return json.loads(w.server.ctl('--json', 'status', check=False).stdout)


def problems(w):
    return [p['problem'] for p in status(w)['problems'] if p['subject'] == 'offload']


def automatic(s):
    return [e for e in s.tool('snapshot', 'list') if e['name'].startswith('auto-')]


def metrics(w):
    """What the exporter tells, by name with labels."""
    text = w.server.ns.run('curl', '-sf', 'http://127.0.0.1:9955/metrics')
    return {line.rpartition(' ')[0]: float(line.rpartition(' ')[2])
            for line in text.splitlines() if line[:1] not in ('', '#')}


@test(smb=True, offload=True, timeout=300)
def done_when_due(w):
    """Each job is done once in its period, and a later one as soon as it is due; status tells."""
    s = scheduled(w, timeout=3)
    put(w.path('f'), content('f', MIB), 0o644)
    eq(problems(w), [], 'before it is due')
    good, errors = run(s, '--scheduled')
    eq(good, dict.fromkeys(JOBS, True), errors)
    eq([e['share'] for e in automatic(s)], ['data'], 'snapshots')
    jobs = {e['job']: e for e in status(w)['jobs']}
    eq({job: e['result'] for job, e in jobs.items()}, dict.fromkeys(JOBS, 'good'), 'status')
    assert all(e['success'] for e in jobs.values()), jobs
    eq([e['job'] for e in s.tool('status') if 'job' in e], list(JOBS), 'offload status')
    assert 'LAST SUCCESS' in w.server.ctl('offload', 'status'), 'for people'
    # Whoever has no privileges is told so by the exporter.
    w.server.ns.spawn('setpriv', '--reuid=1001', '--regid=1001', '--clear-groups',
                      servers.tool('ditto-exporter'), '9955')
    wait_for('the exporter listens', lambda: ':9955 ' in w.server.ns.run('ss', '-Hltn'))
    said = metrics(w)
    eq([said[f'ditto_job_failed{{job="{job}"}}'] for job in JOBS], [0] * len(JOBS), 'metrics')
    eq((said['ditto_job_age_limit_seconds{job="snapshots"}'], said['ditto_bad_objects']), (3 * HOUR, 0))
    assert said['ditto_job_age_seconds{job="gc"}'] < HOUR, said

    # Nothing is due but the policies, which have schedules of their own.
    now = int(time.time())
    for job in JOBS[1:]:
        remember(job, now, now, 0)
    again = list(run(s, '--scheduled')[0])
    # If an hour has ended meanwhile, it may be due, and was not if it has not.
    if int(time.time()) // HOUR == now // HOUR:
        eq(again, ['policies'], 'again')
    now = int(time.time())
    remember('snapshots', now - HOUR, now - HOUR, 0)
    remember('scrub', now - DAY, now - DAY, 0)
    eq(sorted(run(s, '--scheduled')[0]), ['policies', 'scrub', 'snapshots'], 'an hour later')
    eq(list(run(s, 'gc')[0]), ['gc'], 'by hand')

    # The timer was not enabled, or it does not come to its end.
    remember('gc', now - 8 * DAY, now - 8 * DAY, 0)
    w.server.helper_stop()
    w.server.helper_start(w.server.conf)
    s.ready()
    eq(problems(w), [], 'since dittod has started')
    s.mode('500')
    good, errors = run(s, 'snapshots')
    eq(good, {'snapshots': False}, errors)
    eq(metrics(w)['ditto_job_failed{job="snapshots"}'], 1)
    text, = problems(w)
    assert 'the last run of snapshots failed' in text and 'offload run snapshots' in text, text
    eq(status(w)['state'], 'degraded', 'state')
    s.mode('ok')
    s.kill_process()
    s.ready()
    eq(run(s, 'snapshots')[0], {'snapshots': True}, 'good again')
    eq(problems(w), [], 'after that')


@test(smb=True, offload=True, timeout=300)
def others_while_policies_run(w):
    """A policy may push for hours; the snapshot of each hour is made all the same."""
    s = Store(w)
    s.configure(f'key-file = {s.folder}/key\n\n[policy all]\npath = {w.export}\nchanged = 1s\n')
    s.ready()
    put(w.path('f'), content('f', MIB), 0o644)
    os.utime(w.path('f'), (5, 5))
    point = Point('push-release', Point.prepare(s.folder))
    p = w.server.ns.spawn(servers.tool('dittoctl'), 'offload', 'run', '--scheduled',
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    point.wait()
    wait_for('the others are done', lambda: done()['scrub'][0] != '0', 60)
    eq((len(automatic(s)), done()['policies'][2]), (1, '1'), 'policies are at work')
    # There is one such run at a time.
    assert 'another run' in s.tool('run', 'gc', check=False)[2], 'a second run'
    point.go_on()
    for pid in stopped('dittoctl'):
        os.kill(pid, signal.SIGCONT)
    out = p.communicate()[0]
    eq((p.returncode, s.states()['offloaded'], done()['policies'][2]), (0, 1, '0'), out)


@test(fs='btrfs', smb=True, offload=True, timeout=300)
def local_ones_wait_for_no_store(w):
    """Local snapshots are made while a store is at work, and keep the objects of stubs."""
    s = scheduled(w, f'\n[share data]\npath = {w.export}\nallow = any\noffload = on\n'
                  'snapshots = .snapshots\nsnapshot-schedule = monthly 1\n')
    offloaded(s, w.path('f'), content('f', MIB))
    points = Point.prepare(s.folder)
    put(points, 'snapshot-tree')
    p = w.server.ns.spawn(servers.tool('dittoctl'), 'offload', 'run', '--scheduled',
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_for('the schedule works on the store', lambda: stopped('dittoctl'))
    wait_for('the local one is made', lambda: done()['local-snapshots'][0] != '0', 60)
    name, = os.listdir(w.path('.snapshots'))
    eq((done()['snapshots'][2], automatic(s)), ('1', []), 'the store')
    put(points)
    # Another run does them while that one works on the store.
    assert 'another run' in s.tool('run', 'gc', check=False)[2], 'a second run'
    eq(run(s, 'local-snapshots')[0], {'local-snapshots': True}, 'by hand')
    for pid in stopped('dittoctl'):
        os.kill(pid, signal.SIGCONT)
    out = p.communicate()[0]
    eq((p.returncode, done()['snapshots'][2]), (0, '0'), out)
    assert f'data: made .snapshots/{name}' in out, out
    for snapshot in s.tool('snapshot', 'list'):
        s.tool('snapshot', 'delete', f'data/{snapshot["name"]}')
    stub = s.states(w.path('f'))
    os.unlink(w.path('f'))
    collect(s)
    past = w.path('.snapshots', name, 'f')
    eq((stub['offloaded'], [e['path'] for e in s.tool('check', past)]), (1, [past]), 'the stub')
    subprocess.run(['btrfs', 'subvolume', 'snapshot', w.path('.snapshots', name), w.path('back')],
                   check=True, stdout=subprocess.DEVNULL)
    eq(get(w.path('back/f')) == content('f', MIB), True, 'its content')


@test(fs='btrfs', smb=True, offload=True, timeout=300)
def file_system_hangs(w):
    """Stores do not wait for local snapshots."""
    s = scheduled(w, f'\n[share data]\npath = {w.export}\nallow = any\noffload = on\n'
                  'snapshots = .snapshots\nsnapshot-schedule = monthly 1\n')
    # The share has its new keys then.
    offloaded(s, w.path('f'), content('f', MIB))
    points = Point.prepare(s.folder)
    put(points, 'local-made')
    p = w.server.ns.spawn(servers.tool('dittoctl'), 'offload', 'run', '--scheduled',
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_for('it hangs', lambda: stopped('dittoctl'))
    wait_for('the others are done', lambda: done()['scrub'][0] != '0', 60)
    put(points)
    wait_for('others may run', lambda: run(s, 'gc')[0] == {'gc': True})
    good, errors = run(s, 'local-snapshots')
    eq((good, 'another process works there' in errors), ({'local-snapshots': False}, True), errors)
    eq((done()['local-snapshots'][2], len(automatic(s))), ('1', 1), 'it still hangs')
    for pid in stopped('dittoctl'):
        os.kill(pid, signal.SIGCONT)
    out = p.communicate()[0]
    eq((p.returncode, done()['local-snapshots'][2]), (0, '0'), out)


@test(smb=True, offload=True, timeout=300)
def old_ones_go(w):
    """The retention keeps the newest of each hour; what an administrator made stays."""
    s = scheduled(w, 'snapshots = hourly 2 daily 2')
    put(w.path('f'), content('f', MIB), 0o644)
    s.tool('snapshot', 'create', 'data', 'mine')
    s.tool('snapshot', 'create', 'data', 'auto-not')
    times = []
    for i in range(3):
        put(w.path('f'), content(i, MIB), 0o644)
        eq(run(s, 'snapshots')[0], {'snapshots': True}, 'made')
        times.append(max(e['time'] for e in automatic(s)))
        wait_for('the next second', lambda: time.time() >= times[-1] + 1)
    made = [e['time'] for e in automatic(s) if e['name'] != 'auto-not']
    last = {t // HOUR: t for t in times}
    eq(made, sorted(last.values()), 'the newest of each hour')
    eq({'mine', 'auto-not'} <= {e['name'] for e in s.tool('snapshot', 'list')}, True, 'others')


@test(smb=True, offload=True, timeout=300)
def off_deletes_nothing(w):
    """Whoever turns the schedule off keeps the snapshots that there are, also when the server stops."""
    s = scheduled(w)
    put(w.path('f'), content('f', MIB), 0o644)
    for _ in range(2):
        eq(run(s, 'snapshots')[0], {'snapshots': True}, 'made')
        last = max(e['time'] for e in automatic(s))
        wait_for('the next second', lambda t=last: time.time() >= t + 1)
    made = automatic(s)
    s.configure(f'key-file = {s.folder}/key\n\n[schedule]\nsnapshots = off\n')
    s.ready()
    # As ditto.service does when it stops.
    good, errors = run(s, 'snapshots')
    eq((good, automatic(s)), ({}, made), errors)
    assert 'snapshots: it is off' in errors, errors
    eq(sorted(run(s)[0]), ['gc', 'policies', 'scrub'], 'the others')
    eq(automatic(s), made, 'still')


@test(smb=True, offload=True, timeout=300)
def unreadable_is_no_success(w):
    """What cannot be read makes the job fail, and the good snapshots stay until there is a new one."""
    s = scheduled(w, 'snapshots = hourly 1')
    put(w.path('f'), content('f', MIB), 0o644)
    eq(run(s, 'snapshots')[0], {'snapshots': True}, 'good')
    good, = automatic(s)
    wait_for('the next second', lambda: time.time() >= good['time'] + 1)
    put(w.path('g'), content('g', MIB), 0o644)
    # The path of the last of these directories is longer than the kernel's paths.
    folder = os.open(w.export, os.O_RDONLY)
    for _ in range(20):
        os.mkdir('d' * 250, dir_fd=folder)
        below = os.open('d' * 250, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)
    done_, errors = run(s, 'snapshots')
    eq(done_, {'snapshots': False}, errors)
    assert 'no older one is deleted' in errors, errors
    eq([(e['time'], e['lost'] > 0) for e in automatic(s)][0], (good['time'], False), 'the good one')
    eq(automatic(s)[1]['lost'], 1, 'incomplete')


@test(smb=True, offload=True, timeout=300)
def less_is_doubted(w):
    """The empty disk of a new server takes the place of no good snapshot."""
    s = scheduled(w)
    for i in range(20):
        put(w.path(f'f{i}'), b'x', 0o644)
    eq(run(s, 'snapshots')[0], {'snapshots': True}, 'made')
    for i in range(18):
        os.unlink(w.path(f'f{i}'))
    good, errors = run(s, 'snapshots')
    eq(good, {'snapshots': False}, errors)
    assert 'dittoctl offload adopt' in errors and 'snapshot create data' in errors, errors
    eq([e['entries'] for e in automatic(s)], [21], 'snapshots')
    s.tool('snapshot', 'create', 'data', 'meant')
    eq(run(s, 'snapshots')[0], {'snapshots': True}, 'meant')
    # Small shares, too, and one that has its names and no content.
    for i in 18, 19:
        os.unlink(w.path(f'f{i}'))
    eq(run(s, 'snapshots')[0], {'snapshots': False}, 'nothing is left')
    put(w.path('f'), content('f', MIB), 0o644)
    eq(run(s, 'snapshots')[0], {'snapshots': True}, 'one is')
    put(w.path('f'), b'x', 0o644)
    good, errors = run(s, 'snapshots')
    eq(good, {'snapshots': False}, errors)


@test(smb=True, offload=True, timeout=300)
def another_disk_is_doubted(w):
    """A share whose disk is not mounted gets no snapshot of what is below, however much that is."""
    s = scheduled(w)
    where = f'{w.base}/other'
    os.makedirs(where)
    for i in range(3):
        put(f'{where}/f{i}', content(i, MIB), 0o644)
    disk = w.volume(where, 'ext4', '100m')
    for i in range(3):
        put(f'{where}/f{i}', content(i, MIB), 0o644)
    w.server.serve('other', where, offload=True)
    good, errors = run(s, 'snapshots')
    eq([e['share'] for e in automatic(s)].count('other'), 1, errors)
    w.server.delete('other')
    disk.umount()
    w.volumes.remove(disk)
    w.server.serve('other', where, offload=True)
    good, errors = run(s, 'snapshots')
    eq(good, {'snapshots': False}, errors)
    assert 'is another directory or file system' in errors, errors
    eq([e['share'] for e in automatic(s)].count('other'), 1, 'snapshots')


@test(smb=True, offload=True, timeout=300)
def no_room_to_compare(w):
    """A share gets no snapshot while the last one, with which it is compared, cannot be read."""
    s = scheduled(w)
    where, room = f'{w.base}/other', f'{w.base}/room'
    for path in where, room:
        os.makedirs(path)
    disk = w.volume(where, 'ext4', '100m')
    put(f'{where}/f', content('f', MIB), 0o644)
    for i in range(4000):
        put(f'{where}/{i:0240}')
    w.server.serve('other', where, offload=True)
    good, errors = run(s, 'snapshots')
    eq(good, {'snapshots': True}, errors)
    w.server.delete('other')
    disk.umount()
    w.volumes.remove(disk)
    # Not so much less that it would be doubted for that.
    put(f'{where}/f', content('f', MIB), 0o644)
    for i in range(1500):
        put(f'{where}/{i}')
    w.server.serve('other', where, offload=True)
    mount('tmpfs', room, 'tmpfs', 0, 'size=1m')
    os.environ['SQLITE_TMPDIR'] = room
    try:
        good, errors = run(s, 'snapshots')
    finally:
        del os.environ['SQLITE_TMPDIR']
        umount(room)
    eq(good, {'snapshots': False}, errors)
    assert 'No space left on device' in errors, errors
    eq([e['share'] for e in automatic(s)].count('other'), 1, 'snapshots')


@test(smb=True, offload=True, timeout=300)
def shares_that_are_away(w):
    """Shares that are not served get no snapshot, and that is no success."""
    away = ''.join(f'[share away{i}]\npath = {w.base}/away{i}\noffload = on\n' for i in range(2))
    s = scheduled(w, f'\n{away}')
    good, errors = run(s, 'snapshots')
    eq(good, {'snapshots': False}, errors)
    assert 'of 2 shares that offload, 1 are not served' in errors, errors
    first, = automatic(s)
    eq(first['share'], 'data', 'the others')
    # It is tried again, for those that have failed only.
    now = int(time.time())
    remember('snapshots', 0, now - HOUR, 2)
    good, errors = run(s, '--scheduled', 'snapshots')
    eq((good, first in automatic(s)), ({'snapshots': False}, True), errors)


@test(fs='ext4', smb=True, offload=True, timeout=300)
def without_resident_content(w):
    """Who wants so pays for no content but that of offloaded files; the others are named."""
    s = scheduled(w, 'snapshot-content = offloaded')
    offloaded(s, w.path('stub'), content('stub', MIB))
    offloaded(s, w.path('back'), content('back', MIB))
    eq(get(w.path('back')) == content('back', MIB), True, 'back')
    put(w.path('here'), content('here', MIB), 0o644)
    s.forget()
    good, errors = run(s, 'snapshots')
    eq(good, {'snapshots': True}, errors)
    snapshot, = automatic(s)
    eq(snapshot['lost'], 1, 'lost')
    eq({e['path']: e['lost'] for e in s.tool('snapshot', 'show', f'data/{snapshot["name"]}')
        if e['type'] == 'file'}, {'stub': False, 'back': False, 'here': True}, 'which')


@test(smb=True, offload=True, timeout=300)
def marked_files_stay_here(w):
    """The schedule sends nothing of files that are marked; who makes a snapshot by hand wants it."""
    s = scheduled(w)
    os.makedirs(w.path('private'))
    put(w.path('private/secret'), content('secret', MIB), 0o644)
    put(w.path('pinned'), content('pinned', MIB), 0o644)
    put(w.path('open'), content('open', MIB), 0o644)
    s.tool('never', w.path('private'))
    s.tool('pin', w.path('pinned'))
    eq(run(s, 'snapshots')[0], {'snapshots': True}, 'made')
    snapshot, = automatic(s)
    eq({e['path']: e['lost'] for e in s.tool('snapshot', 'show', f'data/{snapshot["name"]}')
        if e['type'] == 'file'}, {'open': False, 'pinned': True, 'private/secret': True}, 'which')
    eq(s.tool('snapshot', 'create', 'data', 'all')['uploads'], 2, 'by hand')


def chunks(s, method='GET'):
    """The chunks that are read, or sent; each once."""
    return sorted({path.split(f'{s.bucket}/', 1)[1] for path in s.requests(method, 'chunks/')})


@test(smb=True, offload=True, timeout=300)
def scrub_goes_on(w):
    """Parts of a pass add up to all objects, each once, also after an interruption."""
    s = scheduled(w)
    for i in range(12):
        offloaded(s, w.path(f'f{i}'), content(i, MIB))
    s.forget()
    whole = s.tool('scrub')
    eq((whole['objects'], len(chunks(s))), (24, 12), 'whole')
    parts = []
    for i in range(4):
        s.forget()
        said = s.tool('scrub', '--percent', '30')
        parts.append((said['objects'], chunks(s)))
        eq(done()['position'][0] == '0', i == 3, f'position after part {i}')
    eq(sum(n for n, _ in parts), 24, 'parts')
    eq(sorted(sum((c for _, c in parts), [])), sorted(set(sum((c for _, c in parts), []))), 'once')
    assert max(n for n, _ in parts) < 20, parts

    # The survey of a pass is not made again for its parts, and what was done is not done again.
    s.tool('scrub', '--percent', '50')
    put(f'{DONE}.copy', get(DONE))
    s.forget()
    rest = s.tool('scrub', '--percent', '100')['objects']
    eq(s.requests('GET', 'prefix'), [], 'lists')
    # A lost index is made again, or nothing would be checked.
    put(DONE, get(f'{DONE}.copy'))
    forget_index()
    eq(s.tool('scrub', '--percent', '100')['objects'], rest, 'without an index')
    put(DONE, get(f'{DONE}.copy'))
    p = w.server.ns.spawn(servers.tool('dittoctl'), 'offload', 'scrub', '--percent', '100')
    p.kill()
    p.wait()
    assert s.tool('scrub', '--percent', '100')['objects'] <= rest
    eq(done()['position'][0], '0', 'the end')


@test(smb=True, offload=True, timeout=300)
def an_outage_is_no_damage(w):
    """A store that does not answer makes scrub fail; its objects are not bad, and are due still."""
    s = scheduled(w, timeout=3)
    offloaded(s, w.path('f'), content('f', MIB))
    objects = s.tool('scrub')['objects']
    before = done()['position']
    s.mode('500')
    code, said, errors = s.tool('scrub', '--percent', '100', check=False)
    eq((code, said['bad'], said['bad_objects'], said['problems'] > 0), (1, [], 0, True), errors)
    eq([p for p in problems(w) if 'damaged' in p], [], 'status')
    # It may be behind names that no object has, and is in front of the first one of these.
    eq(done()['position'][1:], before[1:], 'position')
    s.mode('ok')
    s.kill_process()
    s.ready()
    said = s.tool('scrub', '--percent', '100')
    eq((said['objects'], said['bad']), (objects, []), 'the next run')


@test(fs='ext4', smb=True, offload=True, timeout=300)
def repaired(w):
    """What is missing or damaged in the store is made again from files that came back."""
    s = scheduled(w)
    data = content('x', 3 * MIB)
    path = offloaded(s, w.path('f'), data)
    gone = offloaded(s, w.path('gone'), content('gone', MIB))
    s.forget()
    eq(get(path) == data, True, 'it comes back')
    mine = chunks(s)
    s.forget()
    s.tool('scrub')
    objects = chunks(s)
    for harm in (s.delete, lambda name: s.put(name, 'x' * 1000),
                 lambda name: s.call('PUT', name, b'y' + s.fetch(name)[1:])):
        harm(mine[0])
        code, said, _ = s.tool('scrub', check=False)
        eq((code, {e['file'] for e in said['bad']}, said['repaired']), (1, {path}, 0), 'told')
        eq(len(problems(w)), 1, 'status')
        said = s.tool('scrub', '--repair')
        eq((said['bad'], said['repaired'], problems(w)), ([], 1, []), 'repaired')
        eq(s.tool('scrub')['bad'], [], 'good')
    # The store says that it has the object, and gives others: it is sent again all the same.
    s.mode('wrong')
    s.forget()
    assert s.tool('scrub', '--repair', check=False)[0], 'it gives others still'
    eq(chunks(s, 'PUT'), mine, 'sent')
    s.mode('ok')
    eq(s.tool('scrub')['bad'], [], 'the store has it')
    # It gives way without an upload, as before, and comes back from what was made again.
    eq(s.push(path)['uploaded'], 0, 'pushed')
    eq(get(path) == data, True, 'content')

    # Nothing here has the content of a stub: that stays a problem, and is told each time.
    s.forget()
    eq(s.tool('scrub')['bad'], [])
    lost, = set(objects) - set(mine)
    s.delete(lost)
    # All objects are due.
    remember('position', 0, 0, 0, 1)
    good, errors = run(s, 'scrub')
    eq(good, {'scrub': False}, errors)
    text, = problems(w)
    assert '1 objects are missing or damaged' in text, text
    code, said, _ = s.tool('scrub', '--repair', check=False)
    eq((code, {e['file'] for e in said['bad']}, said['repaired']), (1, {gone}, 0), 'lost')


@test(fs='ext4', smb=True, offload=True, timeout=300)
def packs_repaired(w):
    """Files that came back leave a damaged pack, if all of its files have."""
    s = scheduled(w, packing='on')
    paths = [put(w.path(f'f{i}'), content(i, 5000), 0o644) for i in range(3)]
    eq(s.push(*paths)['done'], 3, 'pushed')
    s.forget()
    s.tool('scrub')
    pack, = {p.split(f'{s.bucket}/', 1)[1] for p in s.requests('GET', 'packs/')}
    for path in paths[:2]:
        eq(len(get(path)), 5000, 'it comes back')
    whole = s.fetch(pack)
    s.put(pack, 'damaged')
    code, said, _ = s.tool('scrub', '--repair', check=False)
    eq((code, said['repaired'], {e['file'] for e in said['bad']}), (1, 0, {paths[2]}), 'one is away')
    s.call('PUT', pack, whole)
    eq(len(get(paths[2])), 5000, 'the last one comes back')
    s.delete(pack)
    eq(s.tool('scrub', '--repair')['repaired'], 1, 'repaired')
    eq(s.push(*paths)['done'], 3, 'pushed')
    eq([get(p) for p in paths] == [content(i, 5000) for i in range(3)], True, 'content')
    eq(s.tool('scrub')['bad'], [], 'bad')


@test(smb=True, offload=True, timeout=300)
def policies_by_time_rest(w):
    """The timer lets a policy by time rest after a look, unless it was changed since."""
    def old(name):
        put(w.path(name), content(name, MIB), 0o644)
        os.utime(w.path(name), (1e9, 1e9))

    def policies(*words):
        good, errors = run(s, *words, 'policies')
        eq(good, {'policies': True}, errors)
        return s.states()['offloaded']

    def configure(age):
        s.configure(f'key-file = {s.folder}/key\n\n[policy old]\npath = {w.export}\n'
                    f'accessed = {age}d\n')
        wait_for('the policy', lambda: [p['accessed'] for p in s.tool('policy', 'list')] ==
                 [age * DAY])
        s.ready()

    s = Store(w)
    configure(90)
    old('a')
    eq(policies('--scheduled'), 1, 'the first look')
    old('b')
    eq(policies('--scheduled'), 1, 'not again')
    eq(policies(), 2, 'by hand')
    old('c')
    configure(80)
    eq(policies('--scheduled'), 3, 'another policy')


@test(smb=True, offload=True, timeout=300)
def policies_look_where_others_are(w):
    """What a policy finds anew below its path does not wait until it has rested."""
    where = f'{w.base}/other'
    old = {'key': 'key-file = {folder}/key\n', 'policy': f'\n[policy old]\npath = {where}\n'
           'changed = 90d\n', 'below': f'\n[policy below]\npath = {where}/d\nchanged = 5000w\n'}

    def put_old(name):
        put(f'{where}/{name}', content(name, MIB), 0o644)
        os.utime(f'{where}/{name}', (5e8, 5e8))

    def configure(*parts):
        s.configure(''.join(old[part] for part in parts))
        wait_for('the policies', lambda: len(s.tool('policy', 'list')) == len(parts) - 1)
        s.ready()

    def offloaded_now():
        good, errors = run(s, '--scheduled', 'policies')
        eq(good, {'policies': True}, errors)
        return s.states(where)['offloaded']

    os.makedirs(f'{where}/d')
    w.server.serve('other', where, offload=True)
    s = Store(w)
    configure('key', 'policy', 'below')
    eq(offloaded_now(), 0, 'nothing is there')
    put_old('a')
    eq(offloaded_now(), 1, 'it was empty')
    put_old('b')
    put_old('d/c')
    eq(offloaded_now(), 1, 'it rests')
    configure('key', 'policy')
    eq(offloaded_now(), 3, 'a directory that was left to another policy')
    put_old('e')
    eq(offloaded_now(), 3, 'it rests again')
    w.server.delete('other')
    disk = w.volume(where, 'ext4', '100m')
    w.server.serve('other', where, offload=True)
    put_old('f')
    eq(offloaded_now(), 1, 'another file system')
    put_old('g')
    eq(offloaded_now(), 1, 'it rests there')
    w.server.delete('other')
    disk.umount()
    w.volumes.remove(disk)
    w.server.serve('other', where, offload=True)
    eq(offloaded_now(), 3, 'the first one, which rests')
    # Another directory under the same name.
    os.rename(where, f'{where}.old')
    os.mkdir(where)
    w.server.delete('other')
    w.server.serve('other', where, offload=True)
    put_old('h')
    eq(offloaded_now(), 1, 'another directory')
