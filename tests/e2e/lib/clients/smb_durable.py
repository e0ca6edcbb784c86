# SPDX-License-Identifier: GPL-2.0-only
"""SMB clients with durable opens, which lose their connection and come back."""
import struct
from unittest import mock

from impacket import smb3
from impacket.smb3structs import SMB2_DIALECT_30

import smb2
import smbraw
from checks import eq, wait_for
from smb2 import DELETE, GENERIC_READ, GENERIC_WRITE, OPEN_IF, SHARE_ALL
from smb_bodies import Create, Write
from smb_cachers import H, LEASE, R, W, Cacher, key
from smb_contexts import TIMEOUT_MS, Answer, contexts, durable_v2, lease_v2, reconnect_v2

RWH = R | W | H


class Durable(Cacher):
    """A session of a client that always has the same ClientGuid."""

    def __init__(self, client, number=1, **kw):
        name = 'client of tests' + chr(ord('a') + number)
        with mock.patch.object(smb3.SMB3, 'ClientGuid', property(lambda _: name, lambda *_: None),
                               create=True):
            super().__init__(client, **kw)

    def body(self, name, *parts, level=0, share=SHARE_ALL, access=None, how=OPEN_IF, options=0):
        name = name.encode('utf-16-le')
        if any(kind == b'RqLs' for kind, _ in parts):
            level = LEASE
        tail = contexts(parts)
        pad = -(120 + len(name)) % 8
        at = 120 + len(name) + pad if tail else 0
        if access is None:
            access = GENERIC_READ | GENERIC_WRITE | DELETE
        body = Create(oplock=level, access=access, share=share, how=how, options=options,
                      name_length=len(name), contexts_at=at, contexts_length=len(tail))
        return bytes(body) + (name + bytes(pad) + tail or b'\0')

    def make(self, name, *parts, flags=0, **kw):
        return Answer(self.call(smb2.CREATE, self.body(name, *parts, **kw), flags=flags))

    def lasting(self, name='f', number=1, state=RWH, ms=TIMEOUT_MS, **kw):
        """A durable open with a lease."""
        g = self.make(name, lease_v2(key(number), state), durable_v2(number, ms), **kw)
        eq((g.state, g.durable), (state, b'DH2Q'))
        return g

    def back(self, fid, name='f', number=1, lease=1, **kw):
        """Reconnect to the open."""
        return self.make(name, lease_v2(key(lease), 0), reconnect_v2(fid, number), **kw)

    def sequenced(self, fid, data, sequence, flags=0):
        """A WRITE with a ChannelSequence."""
        number, self.next_id = self.next_id, self.next_id + 1
        head = bytearray(self.header(smb2.WRITE, number, flags=flags))
        struct.pack_into('<H', head, 8, sequence)
        self.raw(bytes(head) + bytes(Write(length=len(data), fid=fid)) + data)
        said, _ = self.answer(number)
        if said:
            raise smb2.Status(smb2.WRITE, said)


def session(w, number=1, client=None, **kw):
    kw.setdefault('dialect', SMB2_DIALECT_30)
    return Durable(client or w.client, number, **kw)


def waiting(w):
    """Paths of the opens that wait for their client."""
    return sorted(o['path'] for o in w.server.json('open', 'list') if o.get('waits_s'))


def away(w, s, count=1):
    """Close the session's connection; its opens wait."""
    s.end()
    wait_for(f'{count} opens wait', lambda: len(waiting(w)) == count)


def gone(w):
    """Check that nothing is held."""
    wait_for('claims go', lambda: w.server.claims() == {})
    eq(w.server.json('open', 'list'), [])


def close_all(w):
    """Close all opens that are left."""
    def all_closed():
        opened = w.server.json('open', 'list')
        for one in opened:
            w.server.ctl('open', 'close', str(one['id']), check=False)
        return not opened
    wait_for('all is closed', all_closed)


class Channel(smbraw.Link, Cacher):
    """A connection by hand, whose opens have leases."""


def logged_in(w, share='data', **kw):
    s = Channel(w.client).negotiate()
    eq(s.login(), 'SUCCESS')
    s.sign = True
    eq(s.connect_tree(share, **kw), 'SUCCESS')
    return s
