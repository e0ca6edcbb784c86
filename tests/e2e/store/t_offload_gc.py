# SPDX-License-Identifier: GPL-2.0-only
"""Garbage collection: garbage is condemned, deleted later, and nobody waits for that."""
import contextlib
import json
import os
import re
import subprocess
import time

import servers
from checks import eq
from fault_points import Point
from files import MIB, get, put
from harness import test
from power_orders import NOTES
from store_files import content, offloaded
from stores import Store, collect, deletions, forget_index

DAY = 86400


@contextlib.contextmanager
def days_later(days):
    """All clocks are ahead meanwhile."""
    time.clock_settime(time.CLOCK_REALTIME, time.time() + days * DAY)
    try:
        yield
    finally:
        time.clock_settime(time.CLOCK_REALTIME, time.time() - days * DAY)


def spawn_gc(s, *words):
    """gc in the background."""
    return s.server.ns.spawn(servers.tool('dittoctl'), '--json', 'offload', 'gc', *words,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def said(p):
    """What it says at its end."""
    out, errors = p.communicate()
    eq(p.returncode, 0, errors)
    return json.loads(out)


def known_deletions(s):
    """The number of deletions whose end is known."""
    return sum('deleted' in row for row in s.tool('gc', '--history'))


def condemned(s):
    """The names of condemned objects."""
    return sorted(row['object'] for row in s.tool('gc', '--list'))


@test(smb=True, offload=True, timeout=300)
def in_two_steps(w):
    """A lost index and another store process neither shorten the time nor begin it anew."""
    s = Store(w)
    path = offloaded(s, w.path('f'), content('f', MIB))
    gone = offloaded(s, w.path('gone'), content('gone', MIB))
    eq(s.tool('gc')['condemned'], 0, 'condemned')
    os.unlink(gone)
    s.forget()
    eq((s.tool('gc')['condemned'], deletions(s)), (2, []), 'chunk and manifest')
    names = condemned(s)
    eq(sorted(name.split('/')[0] for name in names), ['chunks', 'manifests'], 'kinds')
    with days_later(6):
        again = s.tool('gc')
        eq((again['condemned'], again['due'], again['deleted']), (0, 0, 0), 'too early')
    forget_index()
    s.kill_process()
    s.ready()
    eq(condemned(s), names, 'condemned, says the store')
    with days_later(8):
        last = s.tool('gc')
        eq((last['condemned'], last['due'], last['deleted']), (0, 2, 2), 'in time')
        history = s.tool('gc', '--history')
    eq(sorted(row['object'] for row in history), names, 'history')
    eq({row['deleted'] - row['condemned'] > 7 * DAY for row in history}, {True}, 'times')
    eq((condemned(s), s.tool('gc')['condemned']), ([], 0), 'condemned')
    eq(get(path) == content('f', MIB), True, 'content')
    # The list goes a day after nothing has counted on it.
    eq(len(s.requests('DELETE', 'garbage/')), 0, 'lists that were deleted')
    with days_later(10):
        s.tool('gc')
        eq(len(s.requests('DELETE', 'garbage/')), 1, 'lists that were deleted')


@test(smb=True, offload=True, timeout=300)
def what_comes_back(w):
    """What is pushed again, undeleted, or referred to again has a new life."""
    # Uploads of what is condemned may wait for twice this time, see LATE of condemned.c.
    s = Store(w, timeout=10)
    data = {name: content(name, MIB) for name in ('again', 'undeleted', 'found')}
    for name in data:
        os.unlink(offloaded(s, w.path(name), data[name]))
    eq(s.tool('gc')['condemned'], 6, 'condemned')
    names = condemned(s)

    # Sent again by a process that knows the lists from the bucket alone.
    s.kill_process()
    s.ready()
    s.forget()
    again = offloaded(s, w.path('again'), data['again'])
    sent = sorted(path.split(f'{s.bucket}/', 1)[1] for path in s.requests('PUT', '/chunks/') +
                  s.requests('PUT', '/manifests/'))
    eq(len(set(sent) & set(names)), 2, 'sent again')
    s.forget()
    offloaded(s, w.path('twin'), data['again'])
    eq(s.requests('PUT'), [], 'once is enough')

    keep = [name for name in names if name not in sent][:1]
    eq(s.tool('undelete', 'main', *keep)['objects'], 1, 'undeleted')
    eq(keep[0] in condemned(s), False, 'condemned')
    assert 'no such object' in s.tool('undelete', 'main', *keep, check=False)[2]
    with days_later(8):
        later = s.tool('gc')
        # The one that was undeleted is condemned anew.
        eq((later['condemned'], later['due'], later['deleted']), (1, 3, 3), 'later')
    eq(condemned(s), keep, 'condemned')
    eq(s.tool('undelete', 'main')['objects'], 1, 'all of the store')
    eq(condemned(s), [], 'condemned')
    eq(get(again) == data['again'], True, 'content')
    eq(s.tool('scrub')['bad'], [], 'bad')


def between_requests(w):
    """gc that stands still behind the first of several requests: store, point and process."""
    s = Store(w)
    point = Point('gc-deleted', Point.prepare(w.base))
    os.mkdir(w.path('d'))
    for i in range(80):
        put(w.path(f'd/{i}'), content(i, 5000), 0o644)
    eq(s.push(w.path('d'))['done'], 80, 'pushed')
    for i in range(80):
        os.unlink(w.path(f'd/{i}'))
    s.forget()
    gc = spawn_gc(s, '--grace', '0', '--force')
    point.wait()
    return s, point, gc


@test(smb=True, offload=True, timeout=300)
def nobody_waits(w):
    """While gc stands still between two requests, files are pushed, also what it would delete."""
    s, point, gc = between_requests(w)
    # Some manifests are gone, and no chunk.
    eq(len(deletions(s)), 1, 'requests to delete')
    new = offloaded(s, w.path('new'), content('new', MIB))
    s.forget()
    again = offloaded(s, w.path('again'), content(7, 5000))
    eq(len(s.requests('PUT', '/chunks/')), 1, 'a condemned chunk is sent again')
    point.go_on()
    end = said(gc)
    assert end['relied'] in (1, 2), end
    eq(end['deleted'] + end['relied'], 160, 'deleted')
    # The rest of the manifests, and the chunks; a slow store gets smaller requests.
    assert 2 <= len(deletions(s)) < 80, deletions(s)
    eq(get(new) == content('new', MIB), True, 'content')
    eq(get(again) == content(7, 5000), True, 'content of what was sent again')
    eq(s.tool('scrub')['bad'], [], 'bad')


@test(smb=True, offload=True, timeout=300)
def undeleted_meanwhile(w):
    """What is undeleted while gc deletes stays, and others use the index meanwhile."""
    s, point, gc = between_requests(w)
    eq((len(s.tool('gc', '--history')), known_deletions(s)), (64, 0), 'history')
    eq(s.tool('undelete', 'main')['objects'], 160, 'undeleted')
    point.go_on()
    out, errors = gc.communicate()
    eq((gc.returncode, json.loads(out)['deleted'], len(deletions(s))), (1, 64, 1), errors)
    assert 'another gc has begun anew' in errors, errors
    eq(known_deletions(s), 64, 'history')
    eq((condemned(s), len(re.findall('<Key>chunks/', s.fetch().decode()))), ([], 80), 'they stay')
    s.tool('gc')
    eq(len(s.tool('gc', '--history')), 64, 'history, when it is known what became of the others')


@test(smb=True, offload=True, timeout=300)
def it_ends_early(w):
    """gc that is killed after it condemned, or after it deleted, is gone on with by the next one."""
    # Uploads of what is condemned may wait for twice this time, see LATE of condemned.c.
    s = Store(w, timeout=10)
    file = Point.prepare(w.base)
    path = offloaded(s, w.path('f'), content('f', MIB))
    os.unlink(offloaded(s, w.path('gone'), content('gone', MIB)))

    def killed(name, *words):
        point = Point(name, file)
        gc = spawn_gc(s, *words)
        point.wait()
        gc.kill()
        gc.wait()
        point.go_on()
    killed('gc-condemned')
    names = condemned(s)
    eq(len(names), 2, 'condemned')
    eq(s.tool('gc')['condemned'], 0, 'condemned again')
    s.forget()
    killed('gc-deleted', '--grace', '0', '--force')
    eq(len(deletions(s)), 1, 'requests to delete')
    eq(collect(s), 1, 'the rest')
    eq(s.tool('scrub')['bad'], [], 'bad')

    # The store process ends: what uploads rely on is not known any more.
    os.unlink(offloaded(s, w.path('gone'), content('gone', MIB)))
    point = Point('gc-delete', file)
    gc = spawn_gc(s, '--grace', '0', '--force')
    point.wait()
    s.kill_process()
    s.ready()
    s.forget()
    point.go_on()
    out, errors = gc.communicate()
    eq((gc.returncode, json.loads(out)['deleted'], deletions(s)), (1, 0, []), errors)
    assert 'has begun anew' in errors, errors
    eq(collect(s), 2, 'by the next run')
    eq(get(path) == content('f', MIB), True, 'content')


@test(smb=True, offload=True, timeout=300)
def head_that_is_sent(w):
    """A snapshot whose head was not there yet when gc looked keeps its objects, with old lists."""
    s = Store(w)
    s.tool('snapshot', 'create', 'data', 'empty')
    point = Point('snapshot-noted', Point.prepare(w.base))
    offloaded(s, w.path('f'), content('f', MIB))
    create = s.server.ns.spawn(servers.tool('dittoctl'), 'offload', 'snapshot', 'create', 'data',
                               'one', stdout=subprocess.DEVNULL)
    point.wait()
    eq(len(get(NOTES).split()), 4, 'words of two notes')
    s.tool('gc')
    eq(len(get(NOTES).split()), 2, 'only the note of what is not there stays')
    s.mode('old-lists')
    point.go_on()
    eq(create.wait(), 0, 'status')
    os.unlink(w.path('f'))
    eq(s.tool('gc')['condemned'], 0, 'condemned')
    eq(get(NOTES), b'', 'notes, when the index has the snapshot')
    s.mode('ok')
    s.tool('snapshot', 'restore', 'data/one', 'f')
    eq(get(w.path('f')) == content('f', MIB), True, 'content')


@test(smb=True, offload=True, timeout=300)
def damaged_list(w):
    """A list that cannot be used is named; what was condemned before gets its whole time again."""
    # Uploads of what is condemned may wait for twice this time, see LATE of condemned.c.
    s = Store(w, timeout=10)
    path = offloaded(s, w.path('f'), content('f', MIB))
    os.unlink(offloaded(s, w.path('gone'), content('gone', MIB)))
    eq(s.tool('gc')['condemned'], 2, 'condemned')
    name, = re.findall('<Key>(garbage/.*?)</Key>', s.fetch().decode())
    with days_later(8):
        s.put(name, 'damaged')
        time.sleep(1.1)
        status, last, errors = s.tool('gc', check=False)
        eq((status, last['condemned'], last['deleted'], last['problems']), (0, 2, 0, 0), errors)
        assert f'{name}: ' in errors and 'condemned anew' in errors, errors
        # Any object may be among those that it named, but only once.
        os.unlink(w.path('f'))
        s.forget()
        offloaded(s, path, content('f', MIB))
        eq(len(s.requests('PUT', '/chunks/')), 1, 'sent again')
        s.forget()
        offloaded(s, w.path('twin'), content('f', MIB))
        eq(s.requests('PUT', '/chunks/'), [], 'sent once more')
    # What is condemned within a day of it may have been so before: the clocks may differ.
    with days_later(10):
        eq(s.tool('gc')['condemned'], 2, 'condemned once more')
    with days_later(18):
        eq(s.tool('gc')['deleted'], 2, 'deleted')
    # The list of the day goes, then the damaged one, a day after nothing counts on them.
    with days_later(20):
        s.tool('gc')
    with days_later(22):
        s.forget()
        s.tool('gc')
        eq(len(s.requests('DELETE', name)), 1, 'no list is left to which it could say the opposite')
        eq(s.tool('gc', check=False)[2], '', 'problems')
    eq(get(path) == content('f', MIB), True, 'content')


@test(smb=True, offload=True, timeout=300)
def one_by_one(w):
    """A store that does not delete many objects at once deletes each."""
    s = Store(w)
    path = offloaded(s, w.path('f'), content('f', MIB))
    for name in ('a', 'b'):
        os.unlink(offloaded(s, w.path(name), content(name, MIB)))
    s.mode('no-bulk')
    s.forget()
    eq(collect(s), 4, 'deleted')
    eq((len(s.requests('POST')), len(s.requests('DELETE'))), (1, 4), 'requests')
    s.mode('ok')
    eq(get(path) == content('f', MIB), True, 'content')
    eq(s.tool('scrub')['bad'], [], 'bad')
