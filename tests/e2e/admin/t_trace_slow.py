# SPDX-License-Identifier: GPL-2.0-only
"""dittoctl trace slow: which calls were slow, whose, on what file, and what they waited for."""
import contextlib
import json
import subprocess
import time

import json_schema
import nfs3
import nfs4
import smb2
import smb_compound
import smbraw
from checks import eq, wait_for
from files import get
from harness import test
from helper_files import helper, offloaded
from nfs4_opens import V41
from one_file import setup
from processes import Child
from servers import tool
from smb2 import Smb2
from smb_cachers import Cacher, H, R, W, key, later, two
from smb_compound import SAME

PHASES = ('queue', 'break', 'range', 'helper', 'data', 'run', 'sched', 'sleep', 'send')
# So long, in seconds, somebody lets others wait.
LATE = 0.5
TRACERS = 8


class Trace:
    """A running dittoctl trace slow."""

    number = 0

    def __init__(self, w, *options):
        Trace.number += 1
        self.path = f'{w.base}/trace-{Trace.number}.log'
        with open(self.path, 'wb') as log:
            self.process = w.server_ns.spawn(tool('dittoctl'), 'trace', 'slow', *options,
                                             stdout=log)

    def text(self):
        return get(self.path).decode()

    def told(self):
        """The documents whose lines are complete."""
        return [json.loads(line) for line in self.text().splitlines(True) if line.endswith('\n')]

    def call(self, phase=None, **members):
        """Wait for a call with these members that was in a phase, whose times are all of its own."""
        def found():
            return next((d for d in self.told() if 'calls' not in d and
                         (not phase or d[f'{phase}_ns']) and members.items() <= d.items()), None)
        call = wait_for(f'a call with {phase or members}', found)
        whole(call)
        return call

    def end(self):
        self.process.terminate()
        eq(self.process.wait(), 0, 'exit status')


@contextlib.contextmanager
def tracing(w, n, *options, begun=True):
    """Trace all calls; it has @begun when a call of @n was told."""
    trace = Trace(w, '--over', '0', *options)
    wait_for('the trace', lambda: not begun or n.getattr(n.root) and trace.text())
    try:
        yield trace
    finally:
        if trace.process.poll() is None:
            trace.end()


def whole(call):
    """Check that the phases of a call are all of its time."""
    eq(sum(call[f'{p}_ns'] for p in PHASES), call['total_ns'], call)


def seen(call, *names):
    return tuple(call.get(name) for name in names)


def breaks(holder, lease):
    """Take the notification of a break that is not answered yet: the state that is left."""
    of, _, left, wanted, _ = holder.broken()
    eq((of, wanted), (lease, True))
    return left


@test(smb=True, clients=2)
def breaks_of_leases(w):
    """Calls that wait for leases of SMB name their holders, also those that are to come again."""
    holder, other, n, fh = two(w)
    v4 = V41.at(w)
    schema = json_schema.load('dittoctl.json')['$defs']
    # Calls are told that come again, whatever takes long.
    with tracing(w, n, '--json') as trace, tracing(w, n, '--over', '86400000', '--json',
                                                   begun=False) as brief:
        holder.open('f', key=key(1), state=R | W | H)
        write = later(n, 'write', fh, 0, b'NEW')
        left = breaks(holder, key(1))
        for one in (trace, brief):
            call = one.call('break', protocol='nfs3', operation='WRITE', again='break')
            eq(seen(call, 'share', 'path', 'address', 'holder_phase', 'holder_protocol'),
               ('data', w.path('f'), w.client.addr, 'break', 'smb'))
            assert call['holder_client'], call
        holder.ack(key(1), left)
        eq(write.join(), nfs3.OK)
        wait_for('the last WRITE', lambda: any(
            c['operation'] == 'WRITE' and 'again' not in c for c in trace.told()))

        holder.open('h', key=key(3), state=R | W | H)
        eq(v4.try_open('h').status, nfs4.DELAY)
        left = breaks(holder, key(3))
        call = brief.call('break', protocol='nfs4', operation='OPEN', again='break')
        eq(seen(call, 'share', 'path', 'holder_phase', 'holder_protocol'),
           ('data', w.path('h'), 'break', 'smb'))
        holder.ack(key(3), left)

        holder.open('g', key=key(2), state=R | W | H)
        number = other.opening('g')
        holder.ack(key(2), breaks(holder, key(2)))
        other.opened(number)
        call = trace.call('break', protocol='smb', operation='create')
        eq(seen(call, 'share', 'path', 'address', 'again', 'holder_phase', 'holder_protocol'),
           ('data', w.path('g'), w.clients[-1].addr, None, 'break', 'smb'))
        assert call['holder_client'] and call['user'], call
        for one in (trace, brief):
            one.end()
            *calls, total = one.told()
            for call in calls:
                json_schema.check(call, schema['trace slow'])
            json_schema.check(total, schema['trace slow sum'])
            eq(total['calls'], len(calls))
            eq(total['total_ns'], sum(c['total_ns'] for c in calls))
            whole(total)
            assert all('again' in c for c in calls) == (one is brief), calls
    holder.end()
    other.end()


@test(smb=True, clients=2)
def compound_behind_a_break(w):
    """The time of a request of SMB is not that of the one before it."""
    holder, _, n, _ = two(w)
    s = smbraw.link(w.clients[-1])
    with tracing(w, n, '--json') as trace:
        holder.open('g', key=key(1), state=R | W | H)
        numbers = s.chain((smb2.CREATE, Cacher.ask(s, 'g')), smb_compound.close(SAME))
        eq(s.answer(numbers[0], pending=True)[0], smb2.PENDING)
        left = breaks(holder, key(1))
        time.sleep(LATE)
        holder.ack(key(1), left)
        eq(smb_compound.statuses(s, numbers), ['SUCCESS'] * 2)
        create = trace.call('break', operation='create', path=w.path('g'))
        close = trace.call(operation='close')
        assert close['queue_ns'] < create['break_ns'], (create, close)
    s.end()
    holder.end()


@test(smb=True)
def login(w):
    """A login waits for the helper."""
    _, n, _ = setup(w)
    with tracing(w, n, '--json') as trace:
        Smb2(w.client).end()
        eq(trace.call('helper', operation='session_setup')['range_ns'], 0)


@test(smb=True)
def locked_range(w):
    """A LOCK that waits tells whose range it waits for; one without a reply is not told."""
    a, n, _ = setup(w)
    b = Smb2(w.client)
    with tracing(w, n, '--json') as trace:
        mine, theirs = a.create('f'), b.create('f')
        a.lock(mine, 0, 10)
        b.wait_lock(theirs, 5, 1)
        b.end()
        wait_for('the connection ends', lambda: len(w.server.json('session', 'list')) == 1)
        b = Smb2(w.client)
        theirs = b.create('f')
        number = b.wait_lock(theirs, 5, 1)
        a.unlock(mine, 0, 10)
        eq(b.answer(number)[0], smb2.OK)
        call = trace.call('range', protocol='smb', operation='lock')
        eq(seen(call, 'share', 'path', 'holder_phase', 'holder_protocol'),
           ('data', w.path('f'), 'range', 'smb'))
        assert call['holder_client'], call
        eq(len([c for c in trace.told() if c['range_ns']]), 1)
    a.end()
    b.end()


@test(offload=True)
def absent_data(w):
    """A read of an offloaded file tells that it waited for its data."""
    w.server.ctl('server', 'set', 'offload-read-ahead', '0')
    with helper(w, lambda request: 'hold', 60000) as h:
        offloaded(w, h, 'f')
        offloaded(w, h, 'g')
        n, other = w.client.nfs(timeout=60), w.client.nfs(timeout=60)
        fh = n.lookup(n.root, 'f').fh
        with tracing(w, other, '--json') as trace:
            read = Child(lambda: n.read(fh, 0, 100).status)
            wait_for('the question', lambda: h.requests)
            h.go()
            eq(read.join(), nfs3.OK)
            call = trace.call('data', protocol='nfs3', operation='READ')
            eq(seen(call, 'share', 'path', 'again'), ('data', w.path('f'), None))
            # a client that is to come again
            w.server.ctl('server', 'set', 'offload-wait-ms', '0')
            eq(n.read(n.lookup(n.root, 'g').fh, 0, 100).status, nfs3.JUKEBOX)
            call = trace.call(protocol='nfs3', operation='READ', again='data')
            eq(seen(call, 'share', 'path', 'data_ns'), ('data', w.path('g'), 0))
            h.go()


@test(smb=True)
def for_people(w):
    """Each call is a line, and the last line says where the time went."""
    _, n, fh = setup(w)
    with tracing(w, n) as trace:
        eq(n.write(fh, 0, b'x').status, nfs3.OK)
        wait_for('the WRITE', lambda: 'nfs3 WRITE' in trace.text())
        line = next(x for x in trace.text().splitlines() if 'nfs3 WRITE' in x)
        for word in (w.client.addr, 'data', w.path('f')):
            assert word in line, f'{word} is not in {line}'
        assert any(f'{phase} ' in line for phase in PHASES), line
        # of a COMPOUND, what took the longest
        mount = w.client.mount(vers='4.2')
        with open(f'{mount}/f', 'rb') as f:
            f.read()
        wait_for('NFSv4', lambda: any(
            'nfs4 ' in x and w.path('f') in x for x in trace.text().splitlines()))
        trace.end()
    assert ' calls took at least 0 ms, together ' in trace.text().splitlines()[-1], trace.text()
    text = w.server.ctl('trace', 'slow', '--over', '86400000', '--for', '1')
    eq(text.startswith('0 calls took at least 86400000 ms'), True, text)
    for words in (('--over',), ('--over', 'x'), ('--for', '0'), ('more',)):
        eq(w.server.ctl('trace', 'slow', *words, check=False).returncode, 2, words)


@test(smb=True)
def several(w):
    """Two trace at a time, with limits of their own, and nothing is left of those that were killed."""
    _, n, _ = setup(w)
    with tracing(w, n, '--json') as trace:
        other = w.server_ns.spawn(tool('dittoctl'), 'trace', 'slow', '--over', '86400000', '--for',
                                  '2', '--json', stdout=subprocess.PIPE)
        eq(n.getattr(n.root).status, nfs3.OK)
        eq(json.loads(other.communicate()[0])['calls'], 0)
        for _ in range(TRACERS + 1):
            with tracing(w, n, '--json') as another:
                another.process.kill()
                another.process.wait()
        with contextlib.ExitStack() as more:
            others = [more.enter_context(tracing(w, n)) for _ in range(TRACERS - 1)]
            why = w.server.ctl('trace', 'slow', '--for', '1', check=False)
            eq(why.returncode, 1, why.stdout)
            assert 'trace slow calls already' in why.stdout, why.stdout
            for one in others:
                one.process.kill()
                one.process.wait()
        w.server.ctl('trace', 'slow', '--for', '1')
        seen = len(trace.told())
        n.getattr(n.root)
        wait_for('the trace goes on', lambda: len(trace.told()) > seen)
    # when nobody traces, calls are served as before
    eq(n.getattr(n.root).status, nfs3.OK)


@test(smb=True)
def stranger(w):
    """Only the administrator may trace."""
    p = w.server.ns.run('setpriv', '--reuid=1001', '--regid=1001', '--clear-groups',
                        tool('dittoctl'), 'trace', 'slow', '--for', '1', check=False)
    eq((p.returncode, 'this needs root' in p.stdout), (1, True), p.stdout)
