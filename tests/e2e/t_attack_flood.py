# SPDX-License-Identifier: GPL-2.0-only
"""Floods that need no knowledge of the protocols."""
import contextlib
import os
import socket
import time

import bystander
from harness import test


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


@test(smb=True, clients=2, timeout=120)
def connections_to_nfs(w):
    with bystander.memory_returns():
        bystander.survives(w.clients[1], connections(w.client, w.server.port))


@test(smb=True, clients=2, timeout=120)
def connections_to_smb(w):
    with bystander.memory_returns():
        bystander.survives(w.clients[1], connections(w.client, 445))
