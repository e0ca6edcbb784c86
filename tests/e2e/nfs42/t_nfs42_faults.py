# SPDX-License-Identifier: GPL-2.0-only
"""NFSv4.2: what happens to a copy in the background when something goes wrong meanwhile."""
import contextlib
import functools
import os
import threading

import nfs4
from checks import eq, expect_errno, wait_for
from files import MIB, get
from harness import test
from nfs4 import ANON, free_stateid, putfh
from nfs42_copiers import SIZE, Copier, calls, copied, copier_to, held_up, jobs, source
from nfs4_copy import between, copy, offload_cancel
from nfs4_opens import V41, last
from processes import Child, run
from quotas import ALICE, USER, limit, limited
from volumes import frozen

wire = functools.partial(test, server='ditto', clients=2, timeout=60)


def told(c, sid):
    """CB_OFFLOAD of a copy, after repeated ones of others."""
    while True:
        call = c.cb.wait(c.conn, 'offload')
        if call.stateid == sid:
            return call


def outcome(c, sid):
    """Result of a copy, the same by CB_OFFLOAD and by OFFLOAD_STATUS: (status, count)."""
    c.cb.answers['offload'] = nfs4.DELAY
    call = told(c, sid)
    r = c.progress(sid)
    eq((r.count, r.complete), (call.count, [call.status]))
    c.cb.answers['offload'] = nfs4.OK
    told(c, sid)
    wait_for('the stateid to be gone', lambda: c.compound(
        putfh(c.dst_fh), free_stateid(sid)).status == nfs4.BAD_STATEID)
    return call.status, call.count


def runs_out(w, c, path, most, want):
    """What fits is copied and reported; the next copy says why it cannot go on."""
    data = get(w.path('from'))
    status, done = outcome(c, c.start())
    eq((status, 0 < done <= most), (nfs4.OK, True), done)
    eq(get(f'{path}/to')[:done] == data[:done], True)
    eq(outcome(c, c.start(done, done)), (want, 0))
    m = w.client.mount(path, vers='4.2')
    where = w.client.mount(vers='4.2')
    # Linux takes the number in CB_OFFLOAD for one of its own, which NFS4ERR_DQUOT is not
    with expect_errno(want):
        copied(f'{where}/from', f'{m}/to')


def quota(w, kind):
    source(w)
    where, device = limited(w, kind)
    limit(device, USER, ALICE, 0, 24 * MIB)
    c = copier_to(w, 'limited', where)
    os.chown(f'{where}/to', ALICE, ALICE)
    runs_out(w, c, where, 24 * MIB, nfs4.DQUOT)


@wire
def quota_of_ext4(w):
    quota(w, 'ext4')


@wire
def quota_of_xfs(w):
    quota(w, 'xfs')


def no_space(w, kind):
    """Of the file system 24 MiB are free."""
    source(w)
    v = w.volume(f'{w.base}/small', kind, '310m')
    os.chmod(v.where, 0o777)
    free = os.statvfs(v.where)
    run('fallocate', '-l', str(free.f_bfree * free.f_frsize - 24 * MIB), f'{v.where}/full')
    w.server.add('small', v.where)
    runs_out(w, copier_to(w, 'small', v.where), v.where, 25 * MIB, nfs4.NOSPC)


@wire
def no_space_on_ext4(w):
    no_space(w, 'ext4')


@wire
def no_space_on_xfs(w):
    no_space(w, 'xfs')


@wire
def source_is_written(w):
    """Bytes that change after they were copied stay as they were; others are copied as they are."""
    data = source(w)
    c = Copier(w, target=False)
    with held_up(w, c) as sid:
        with open(w.path('from'), 'r+b') as f:
            f.seek(30 * MIB)
            f.write(b'changed')
    eq(c.ended(sid).count, SIZE)
    eq(get(w.path('to')) == data[:30 * MIB] + b'changed' + data[30 * MIB + 7:], True)


@wire
def files_are_removed(w):
    """An open file is copied to its end after its name is gone, by either name."""
    source(w)
    c = Copier(w, target=False)
    with held_up(w, c) as sid:
        os.unlink(w.path('from'))
    eq(c.ended(sid).count, SIZE)
    source(w)
    c = Copier(w)
    keep = os.open(w.path('to'), os.O_RDONLY)
    sid = c.start()
    os.unlink(w.path('to'))
    eq(c.ended(sid).count, SIZE)
    eq(os.fstat(keep).st_size, SIZE)
    os.close(keep)


@wire
def rules_withdrawn(w):
    """A client that may not use the share any more does not have it copied to."""
    source(w)
    both = ['192.168.1.2=rw', '192.168.2.2=rw']
    w.server.set('data', allow=both)
    for rule, status in ((['192.168.1.2=ro'], nfs4.ROFS), ([], nfs4.ACCESS)):
        c = Copier(w, target=False)
        with held_up(w, c) as sid:
            w.server.set('data', allow=[*rule, '192.168.2.2=rw'])
            call = c.ended(sid)
        eq((call.status, call.count), (status, 0))
        w.server.set('data', allow=both)
    eq((get(w.path('to')), jobs(w)), (b'', []))


@wire
def user_withdrawn(w):
    """When other options change, the client asks again, and its user is checked again."""
    source(w)
    c = Copier(w, target=False)
    with held_up(w, c) as sid:
        w.server.set('data', users=['1234=read'], default_access='none')
        call = c.ended(sid)
    eq((call.status, call.count), (nfs4.DELAY, 0))
    last(between(c, c.src_fh, c.dst_fh, copy(c.src, ANON, sync=False)), nfs4.ACCESS)
    eq(get(w.path('to')), b'')
    w.server.set('data', default_access='write')


@wire
def progress_rises(w):
    """The tool shows how far a copy is."""
    source(w, 2 * SIZE)
    # a file system that has to copy, and that can be stopped
    v = w.volume(f'{w.base}/other', 'ext4')
    os.chmod(v.where, 0o777)
    w.server.add('other', v.where)
    c = copier_to(w, 'other', v.where)

    def some():
        sid = c.start()
        # it waits behind the piece that it is writing
        with frozen(v.where):
            shown = [j['done'] for j in jobs(w)]
        shown += [j['done'] for j in iter(lambda: jobs(w)[:1], []) for j in j]
        eq(shown, sorted(shown))
        eq(c.ended(sid).count, 2 * SIZE)
        return [done for done in shown if 0 < done < 2 * SIZE]
    wait_for('a part of a copy', some)


@wire
def cancelled_at_every_stage(w):
    """Before a piece, in the middle of one, at the end, and when the client knows the end."""
    data = source(w)
    c = Copier(w, target=False)

    def cancel(sid):
        return c.compound(putfh(c.dst_fh), offload_cancel(sid)).status
    with held_up(w, c) as sid:
        wait_for('OFFLOAD_CANCEL', lambda: cancel(sid) == nfs4.OK)
    eq((get(w.path('to')), jobs(w)), (b'', []))
    c.is_forgotten(sid)
    # as far as it is when the request comes; it may be at its end
    sid = c.start()
    wait_for('OFFLOAD_CANCEL', lambda: cancel(sid) in (nfs4.OK, nfs4.BAD_STATEID))
    eq(jobs(w), [])
    got = get(w.path('to'))
    eq(got == data[:len(got)], True)
    c = Copier(w, target=False)
    c.cb.answers['offload'] = nfs4.DELAY
    sid = c.start()
    told(c, sid)
    eq(cancel(sid), nfs4.OK)
    c.is_forgotten(sid)
    c.cb.answers['offload'] = nfs4.OK
    sid = c.start()
    told(c, sid)
    wait_for('the stateid to be gone', lambda: cancel(sid) == nfs4.BAD_STATEID)


@wire
def restart_at_the_end(w):
    """A client that was not told of the end yet loses the stateid with the server."""
    source(w)
    c = Copier(w, target=False)
    c.cb.answers['offload'] = nfs4.DELAY
    sid = c.start()
    c.ended(sid)
    w.server.restart()
    again = V41.at(w, minor=2, reclaimed=False)
    last(again.compound(putfh(c.dst_fh), offload_cancel(sid)), nfs4.BAD_STATEID)
    eq(jobs(w), [])


def module_is_going():
    with open('/sys/module/ditto_nfs/initstate', encoding='ascii') as f:
        return f.read() == 'going\n'


@wire(fs='xfs', timeout=400)
def restart_in_the_middle(w):
    """The server ends after the piece that is being copied; the kernel's client copies again."""
    data = source(w)
    m = w.client.mount(vers='4.2')
    run('sync')
    with contextlib.ExitStack() as ice:
        ice.enter_context(frozen(w.export))
        child = Child(copied, f'{m}/from', f'{m}/to')
        wait_for('the copy', lambda: jobs(w))

        def thaw():
            wait_for('the end of the server', module_is_going)
            ice.close()
        thread = threading.Thread(target=thaw)
        thread.start()
        w.server.restart()
        thread.join()
    # the client notices when it calls the next time; it connects again after half a minute, or
    # later if it was refused more often meanwhile
    wait_for('the state', lambda: os.stat(f'{m}/from') and calls(w)['create_session'], 300)
    child.join()
    eq(get(w.path('to')) == data, True)
