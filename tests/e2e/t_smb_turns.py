# SPDX-License-Identifier: GPL-2.0-only
"""Requests that wait for a worker are served in turns of the peers."""
import os
import struct

import smb2
from harness import SLOW, eq, put, run, test, wait_for
from smbraw import link
from t_attack_smb_user import with_credits

ZERO_DATA = 0x000980c8          # FSCTL_SET_ZERO_DATA (MS-FSCC section 2.3)
CALLS = 240


def requests(w, client):
    """How many requests of a client have begun."""
    return sum(c['requests'] for c in w.server.json('client', 'list') if c['address'] == client.addr)


def begun(w, client, count):
    wait_for(f'{count} requests have begun', lambda: requests(w, client) >= count, 60 * SLOW)


def zero(fid, at):
    """The body of an IOCTL that makes a byte zero."""
    return smb2.ioctl_body(fid, ZERO_DATA, struct.pack('<QQ', at, at + 1), 0)


def read(fid, count):
    return struct.pack('<HBBIQ16sIIIHHB', 49, 0, 0, count, 0, fid, 0, 0, 0, 0, 0, 0)


@test(smb=True, clients=2, timeout=180)
def flood_of_slow_requests(w):
    """A request waits for a few of the requests that came before it from another machine."""
    flood, other = w.client, w.clients[1]
    frozen = w.volume(f'{w.base}/frozen', 'ext4')
    os.chmod(frozen.where, 0o777)
    put(f'{frozen.where}/f', b'x' * CALLS, 0o666)
    w.server.add('frozen', frozen.where)
    with link(flood, share='frozen') as a, link(other, share='frozen') as b:
        mine, fid = with_credits(a, 2 * CALLS).create('f'), b.create('f', access=smb2.GENERIC_READ)
        before = requests(w, flood)
        run('fsfreeze', '-f', frozen.where)
        try:
            sent = [a.send(smb2.IOCTL, zero(mine, i)) for i in range(CALLS)]
            begun(w, flood, before + CALLS)
            before = requests(w, other)
            number = b.send(smb2.READ, read(fid, CALLS))
            begun(w, other, before + 1)
        finally:
            run('fsfreeze', '-u', frozen.where)
        status, body = b.answer(number)
        eq((status, len(body[16:])), (smb2.OK, CALLS))
        done = body[16:].count(0)
        for number in sent:
            eq(a.answer(number)[0], smb2.OK)
    # At most 40 have begun (an eighth of the workers, and what may be borrowed); the rest waits.
    assert 1 <= done <= CALLS // 2, f'{done} of {CALLS} requests of another machine were done first'
