# SPDX-License-Identifier: GPL-2.0-only
"""Two machines that call themselves the same, as virtual machines of one image do."""
import os
import socket
import time

import nfs4
from checks import eq, wait_for
from files import get, put
from harness import test
from nfs4 import exchange_id
from processes import Child
from server_events import kernel_log

NAME = b'the same name'


class Machine:
    """A machine whose verifier stays, which is how it differs from one that was restarted."""

    def __init__(self, w, client, verf):
        self.client, self.verf = client, verf
        self.nfs = nfs4.Nfs4(nfs4.connect(client), 1)

    def begin(self):
        """EXCHANGE_ID and CREATE_SESSION; the status of the latter."""
        r = self.nfs.compound(exchange_id(NAME, self.verf)).ok()[0]
        reply = self.nfs.compound(nfs4.create_session(r.clientid, r.seqid))
        if reply.status == nfs4.OK:
            self.id, self.seq = reply[0].sessionid, 0
        return reply.status

    def work(self):
        self.seq += 1
        return self.nfs.compound(nfs4.sequence(self.id, self.seq, 0, 0),
                                 nfs4.putrootfh()).status


@test(server='ditto', clients=2)
def take_turns(w):
    """One that comes back waits while the other works, and the log names both."""
    one, two = Machine(w, w.clients[0], b'verifier'), Machine(w, w.clients[1], b'VERIFIER')
    with kernel_log() as lines:
        eq(one.begin(), nfs4.OK)
        eq(one.work(), nfs4.OK)
        # this may be a restart
        eq((two.begin(), two.work(), one.work()), (nfs4.OK, nfs4.OK, nfs4.BADSESSION))
        # this is none
        eq((one.begin(), two.work()), (nfs4.DELAY, nfs4.OK))
        log = ''.join(lines())
        assert 'have the same name' in log and NAME.decode() in log, log
        for machine in one, two:
            assert machine.client.addr in log, log
    # it stops working
    wait_for('its turn', lambda: one.begin() == nfs4.OK)
    eq((one.work(), two.work()), (nfs4.OK, nfs4.BADSESSION))

    # it goes on working

    def taken():
        eq(one.work(), nfs4.OK)
        return two.begin() == nfs4.OK
    wait_for('the end of the turn of the other', taken)
    eq((one.work(), two.work()), (nfs4.BADSESSION, nfs4.OK))


@test(server='ditto', clients=2)
def restarts_wait_for_nothing(w):
    """A machine that comes with a new verifier each time was restarted."""
    for i in range(6):
        machine = Machine(w, w.client, bytes([i] * 8))
        eq((machine.begin(), machine.work()), (nfs4.OK, nfs4.OK))


def use_files(where, name, count):
    """Make, write, read, rename and remove files, one of which stays open."""
    os.mkdir(f'{where}/{name}')
    with open(f'{where}/{name}/open', 'w+b', buffering=0) as kept:
        for i in range(count):
            path = f'{where}/{name}/{i}'
            put(path, name * 1000)
            eq(get(path), name.encode() * 1000)
            os.rename(path, f'{path}.new')
            if i % 2:
                os.unlink(f'{path}.new')
            kept.write(b'x')
            if not i % 20:
                os.fsync(kept.fileno())
    eq(os.path.getsize(f'{where}/{name}/open'), count)
    eq(len(os.listdir(f'{where}/{name}')), count // 2 + 1)


def mounted(w, vers):
    with w.clients[1]:
        socket.sethostname(w.clients[0].hostname)
    mounts = [c.mount(vers=vers, opts='nosharecache') for c in w.clients]
    begun = time.monotonic()
    users = [Child(lambda m=m, i=i: use_files(m, f'{vers}-{i}', 300))
             for i, m in enumerate(mounts)]
    for user in users:
        user.join()
    print(f'{vers}: {time.monotonic() - begun:.1f} s')


@test(server='ditto', clients=2, squash='root-to-admin', timeout=300)
def both_finish_41(w):
    """Programs on two such machines finish without an error."""
    mounted(w, '4.1')


@test(server='ditto', clients=2, squash='root-to-admin', timeout=300)
def both_finish_42(w):
    """The same by 4.2, with delegations instead of opens."""
    mounted(w, '4.2')
