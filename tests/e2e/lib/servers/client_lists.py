# SPDX-License-Identifier: GPL-2.0-only
"""What the server has of its clients: budgets, sessions, requests."""
import ipaddress

import netlink
from checks import SLOW, wait_for


def counters(w, addr):
    """Bytes that the counters of a machine hold, which stay for some time after it has gone."""
    packed = ipaddress.ip_address(addr).packed
    name = netlink.NUMBERS['DITTO_A_TRAFFIC_CLIENT']
    with open('/sys/devices/system/cpu/possible', encoding='ascii') as f:
        cpus = int(f.read().split('-')[-1]) + 1
    return 32 * cpus * sum(r.attrs[name] == packed
                           for r in w.server.call('CLIENT_TRAFFIC_GET', dump=True))


def budget(w, client=0):
    """Objects that the server holds for a machine, by kind: (used, limit); without its counters."""
    addr = w.clients[client].addr
    for found in w.server.json('client', 'list'):
        if found['address'] == addr:
            held = {b['kind']: (b['used'], b['limit']) for b in found.get('budget', [])}
            used, limit = held.pop('memory-bytes', (0, 0))
            used -= counters(w, addr) if used else 0
            return dict(held, **{'memory-bytes': (used, limit)}) if used else held
    return {}


def clients(w):
    return w.server.json('lock', 'client', 'list')


def requests(w, client):
    """How many requests of a client have begun."""
    return sum(c['requests'] for c in w.server.json('client', 'list')
               if c['address'] == client.addr)


def begun(w, client, count):
    wait_for(f'{count} requests have begun', lambda: requests(w, client) >= count, 60 * SLOW)


def sessions(w):
    return w.server.json('session', 'list')


def no_sessions(w):
    wait_for('all sessions are gone', lambda: not sessions(w))
    wait_for('claims go', lambda: w.server.claims() == {})
