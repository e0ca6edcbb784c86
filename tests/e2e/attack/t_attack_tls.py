# SPDX-License-Identifier: GPL-2.0-only
"""Attacks on the TLS handshakes of NFS."""
import time

import bystander
import rpc
from checks import eq, wait_for
from client_lists import budget
from files import put
from harness import test
from tls_clients import NFS, Agent, Certificates, mount, probe, tls

# Connections that the attacker keeps open.
OPEN = 48


def stalls(client, until):
    """Begin handshakes and say nothing, or something that is no TLS, until the server hangs up."""
    conns = []
    while time.monotonic() < until:
        try:
            conn = probe(client)
            conns.append(conn)
            if len(conns) % 3 == 0:
                # the head of a record that never comes
                conn.sock.sendall(b'\x16\x03\x01\x40\x00\x01')
            elif len(conns) % 3 == 1:
                conn.send(rpc.call_bytes(NFS, 3, 0))
        except OSError:
            # The server has hung up.
            pass
        if len(conns) == OPEN:
            for conn in conns:
                conn.close(abort=True)
            conns = []
        time.sleep(0.005)
    for conn in conns:
        conn.close(abort=True)


@test(server='ditto', clients=2, timeout=300)
def stalled_handshakes(w):
    """A machine that begins handshakes and stalls keeps no other from its work, nor from TLS."""
    certs = Certificates(w)
    w.server.helper_start(certs.section('server'))
    w.server.set('data', allow=[f'{w.clients[1].addr}=rw'])

    def attack(until):
        stalls(w.clients[0], until)
    with bystander.memory_returns(seconds=60):
        bystander.survives(w.clients[1], attack, smb=False)
    agent = Agent(w.clients[1], certs.section())
    with bystander.Attack(attack, bystander.WINDOW):
        where = mount(w, w.clients[1], '4.2', 'tls')
        put(f'{where}/f', b'in time')
        w.clients[1].umount(where)
        conn = tls(w.clients[1], certs)
        eq(conn.call(NFS, 3, 0).stat, rpc.SUCCESS)
        conn.close()
    agent.stop()
    wait_for('no handshake is left', lambda: 'handshakes' not in budget(w, 0), seconds=30)
