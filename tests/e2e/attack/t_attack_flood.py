# SPDX-License-Identifier: GPL-2.0-only
"""Floods that need no knowledge of the protocols."""
import contextlib
import os
import socket
import struct
import time

import bystander
from checks import eq
from harness import test
from nfs3 import NFS


def connections(client, port):
    """Clients that connect, send rubbish, and close, as fast as they can."""
    def attack(until):
        rubbish = os.urandom(64)
        with client:
            while time.monotonic() < until:
                with contextlib.suppress(OSError), socket.create_connection(
                        (client.server_addr, port), timeout=2) as s:
                    s.sendall(rubbish)
    return attack


@test(smb=True, clients=2, timeout=300)
def connections_to_nfs(w):
    with bystander.memory_returns():
        bystander.survives(w.clients[1], connections(w.client, w.server.port))


@test(smb=True, clients=2, timeout=300)
def connections_to_smb(w):
    with bystander.memory_returns():
        bystander.survives(w.clients[1], connections(w.client, 445))


def left(client, port, linger):
    """The seconds that 600 clients take that connect and leave, one after the other."""
    stays = client.connect()
    began = time.monotonic()
    for i in range(600):
        with client, socket.create_connection((client.server_addr, port), timeout=20) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                         struct.pack('ii', linger is not None, linger or 0))
        if i % 20 == 19:
            # fewer than the server lets wait, on a machine of one CPU
            eq(stays.call(NFS, 3, 0).stat, 0, 'NULL')
    return time.monotonic() - began


@test(server='ditto', timeout=180)
def left_before_accepted(w):
    """Clients that leave by a reset, before they are accepted, do not hold off the next one."""
    # Again where the machine was slow for a moment.
    for _ in range(3):
        ends, resets = (left(w.client, w.server.port, linger) for linger in (None, 0))
        # at one for each tick of the clock it would be twelve seconds more
        if resets < 3 * ends + 6:
            return
    raise AssertionError(f'{resets:.1f} s after resets, {ends:.1f} s after others')
