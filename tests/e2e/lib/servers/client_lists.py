# SPDX-License-Identifier: GPL-2.0-only
"""What the server has of its clients: budgets, sessions, requests."""
from checks import SLOW, wait_for


def budget(w, client=0):
    """Objects that the server holds for a machine, by kind: (used, limit)."""
    for found in w.server.json('client', 'list'):
        if found['address'] == w.clients[client].addr:
            return {b['kind']: (b['used'], b['limit']) for b in found.get('budget', [])}
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
