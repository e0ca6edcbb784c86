# SPDX-License-Identifier: GPL-2.0-only
"""Sessions, trees and channels of SMB as MS-SMB2 demands."""
import os
import socket
import struct

import smb2
import smbraw
from checks import eq, one_of, wait_for
from client_lists import no_sessions, sessions
from files import get, put
from harness import Skip, test
from processes import process_stopped
from server_events import listening
from shares import share_all
from smb2 import EMPTY_BODY
from smb_bodies import Close, Read, Write
from smb_cachers import R, W, Cacher, key
from smb_durable import RWH, logged_in
from smbraw import Link, link


@test(smb=True, squash='none')
def shares_come_and_go(w):
    """A tree connect is refused while its share is not there; those of other shares are not."""
    share_all(w)
    where = f'{w.base}/other'
    os.mkdir(where)
    os.chmod(where, 0o777)
    with link(w.client) as s:
        for number in range(10):
            w.server.ctl('share', 'add', 'other', where, 'squash', 'none')
            s.create(f'f{number}')
            with link(w.client, share='other') as t:
                t.create('f')
                s.create('f')
                w.server.ctl('share', 'del', 'other')
                smb2.refused('NETWORK_NAME_DELETED', t.create, 'f')
                s.create('f')
                if number % 2:
                    w.server.ctl('share', 'add', 'other', where, 'squash', 'none')
                    t.create('f')
                    w.server.ctl('share', 'del', 'other')
                smb2.refused('NETWORK_NAME_DELETED', t.create, 'f')
                eq(t.disconnect_tree(), 'SUCCESS')


@test(smb=True, squash='none', clients=2)
def refused_user_lets_go(w):
    """A user who may not use a share any more can still release what he holds there."""
    share_all(w)
    for name in 'fg':
        put(w.path(name), b'', 0o666)
    bob = Cacher(w.clients[1], 'bob')
    with logged_in(w) as s:
        f = s.open('f', key=key(1), state=RWH, epoch=0, share=0)
        s.create('g', share=0)
        s.lock(f.fid, 0, 10)
        w.server.set('data', users=['alice=none'])
        smb2.refused('NETWORK_NAME_DELETED', s.read, f.fid, 1)
        smb2.refused('NETWORK_NAME_DELETED', s.lock, f.fid, 20, 10)
        number = bob.opening('f')
        eq(s.broken()[:4], (key(1), RWH, R | W, True))
        s.ack(key(1), R | W)
        smb2.refused('SHARING_VIOLATION', bob.opened, number)
        s.unlock(f.fid, 0, 10)
        eq(w.server.claims().get('ranges'), None)
        closing = bytes(Close(flags=1, fid=f.fid))
        eq((s.status(smb2.CLOSE, closing), any(s.body[2:])), ('SUCCESS', False), 'no attributes')
        bob.close(bob.create('f'))
        smb2.refused('SHARING_VIOLATION', bob.create, 'g')
        eq(s.disconnect_tree(), 'SUCCESS')
        bob.close(bob.create('g'))
        eq(w.server.claims(), {})
        eq(s.connect_tree(), 'ACCESS_DENIED')
    bob.end()
    no_sessions(w)


@test(smb=True, squash='none')
def undecided_rules(w):
    """While a name in the rules is looked up, clients are told to try again, and may let go."""
    share_all(w)
    with logged_in(w) as s:
        f = s.open('f', key=key(1), state=RWH, epoch=0, share=0)
        s.lock(f.fid, 0, 10)
        with process_stopped(w.server.helper.pid):
            w.server.ctl('cache', 'flush')
            w.server.set('data', allow=['client1.e2e.test=rw'])
            smb2.refused('FILE_NOT_AVAILABLE', s.write, f.fid, b'early')
            smb2.refused('FILE_NOT_AVAILABLE', s.lock, f.fid, 20, 10)
            s.unlock(f.fid, 0, 10)

        def decided():
            status = s.status(smb2.READ, bytes(Read(length=1, fid=f.fid)))
            one_of(status, ('FILE_NOT_AVAILABLE', 'END_OF_FILE'))
            return status == 'END_OF_FILE'
        wait_for('the name is known', decided)
        s.write(f.fid, b'later')
        s.close(f.fid)
    no_sessions(w)


@test(smb=True, squash='none')
def previous_session(w):
    """A client that reconnects ends its own previous session only (section 3.3.5.5.3)."""
    share_all(w)
    old = link(w.client)
    fid = old.create('f', share=0)
    with Link(w.client) as s:
        s.negotiate()
        eq(s.login('bob', how={'previous': old.session}), 'SUCCESS')
        eq(old.echo(), 'SUCCESS', 'of another user')
    with Link(w.client) as s:
        s.negotiate()
        eq(s.login(how={'previous': old.session}), 'SUCCESS')
        s.sign = True
        eq(s.connect_tree(), 'SUCCESS')
        s.create('f', share=0)
        smb2.refused('USER_SESSION_DELETED', old.read, fid, 1)
    old.end()
    no_sessions(w)


@test(smb=True, squash='none')
def one_dialect_of_a_client(w):
    """All sessions of a ClientGuid have one dialect (section 3.3.5.5.3)."""
    share_all(w)

    def login(guid, dialect, **how):
        with Link(w.client, guid).negotiate(dialect) as t:
            return t.login(how=how)
    with link(w.client) as s:
        fid = s.create('f', share=0)
        for dialect in (0x210, 0x302):
            eq(login(s.guid, dialect), 'USER_SESSION_DELETED')
        eq(login(s.guid, 0x302, previous=s.session), 'USER_SESSION_DELETED')
        s.write(fid, b'it is still there')
        eq(login(s.guid, 0x311), 'SUCCESS')
        eq(login(s.guid, 0x202), 'SUCCESS', 'which has no ClientGuid')
        eq(login(None, 0x302), 'SUCCESS', 'another client')
        guid = s.guid
    no_sessions(w)
    with link(w.client, 0x302, guid=guid):
        eq(login(guid, 0x311), 'USER_SESSION_DELETED')
    no_sessions(w)
    # zero is nobody's
    with link(w.client, guid=bytes(16)):
        eq(login(bytes(16), 0x302), 'SUCCESS')
    # who has no name keeps nobody out
    w.server.ctl('share', 'set', 'data', 'guest', 'on')
    with Link(w.client, guid).negotiate() as t:
        eq(t.anonymous(), 'SUCCESS')
        eq(login(guid, 0x210), 'SUCCESS')
    no_sessions(w)


@test(smb=True, squash='none', clients=2)
def rules_of_the_admitted_address(w):
    """A tree connect stays under the rules of the address that it was made from."""
    share_all(w)
    first, second = (f'{client.addr}=rw' for client in w.clients)
    w.server.set('data', allow=[second])
    with link(w.client, share=None) as s, Link(w.clients[1], s.guid).negotiate() as t:
        eq(s.connect_tree(), 'ACCESS_DENIED')
        eq(t.bind(s), 'SUCCESS')
        t.sign = True
        eq(t.connect_tree(), 'SUCCESS')
        s.tree = t.tree
        fid = t.create('f')
        t.write(fid, b'data')
        for channel in t, s:
            w.server.ctl('share', 'set', 'data', 'comment', f'before {channel.host}')
            eq((channel.read(fid, 4), s.read(fid, 4), t.read(fid, 4)), (b'data',) * 3)
        w.server.set('data', allow=[first])
        for channel in s, t:
            smb2.refused('NETWORK_NAME_DELETED', channel.read, fid, 4)
        eq((t.connect_tree(), s.connect_tree()), ('ACCESS_DENIED', 'SUCCESS'))
    no_sessions(w)


@test(smb=True, squash='none')
def logoff(w):
    share_all(w)
    with link(w.client) as s:
        fid = s.create('f', share=0)
        other = link(w.client, share=None)
        s.lock(fid, 0, 10)
        eq(s.logoff(), 'SUCCESS')
        smb2.refused('USER_SESSION_DELETED', s.read, fid, 1)
        eq(s.connect_tree(), 'USER_SESSION_DELETED')
        eq(other.echo(), 'SUCCESS')
        other.end()
        # the connection takes another session
        s.session = s.tree = 0
        s.sign_key, s.sign = None, False
        eq(s.login('bob'), 'SUCCESS')
    no_sessions(w)


@test(smb=True, squash='none')
def binding(w):
    """Binding a session to a second connection, and its refusals (section 3.3.5.5)."""
    share_all(w)
    for dialect in (0x300, 0x311):
        with link(w.client, dialect) as s:
            with Link(w.client, s.guid).negotiate(dialect) as t:
                eq(t.bind(s, sign=False), 'INVALID_PARAMETER')
            with Link(w.client, s.guid).negotiate(dialect) as t:
                eq(t.bind(s, key=b'not the key 1234'), 'ACCESS_DENIED')
            with Link(w.client, s.guid).negotiate(dialect) as t:
                eq(t.bind(s, 'bob'), 'ACCESS_DENIED')
            with Link(w.client, s.guid).negotiate(dialect) as t:
                eq(t.bind(s, password='wrong'), 'LOGON_FAILURE')
            with Link(w.client).negotiate(dialect) as t:
                eq(t.bind(s), 'USER_SESSION_DELETED', 'another client')
                eq(t.is_signed_right(), True, 'why it is refused')
            with Link(w.client, s.guid).negotiate(0x302) as t:
                eq(t.bind(s), 'INVALID_PARAMETER', 'another dialect')
            with Link(w.client, s.guid).negotiate(dialect) as t:
                s_session, s.session = s.session, 12345
                eq(t.bind(s), 'USER_SESSION_DELETED', 'no session')
                s.session = s_session
            eq(s.bind(s), 'REQUEST_NOT_ACCEPTED', 'it is here')
            eq(s.echo(), 'SUCCESS', 'nothing of this hurt the session')
            both(w, s, dialect)
    with link(w.client, 0x210) as s, Link(w.client, s.guid).negotiate(0x210) as t:
        eq(t.bind(s), 'REQUEST_NOT_ACCEPTED', 'before 3.0')
    with link(w.client) as s, Link(w.client, s.guid) as t:
        t.negotiate(ciphers=(smbraw.CCM,))
        eq(t.bind(s), 'INVALID_PARAMETER', 'another cipher')
    no_sessions(w)


def both(w, s, dialect):
    """Use two channels for I/O; the loss of one has no effect."""
    t = Link(w.client, s.guid).negotiate(dialect)
    eq(t.bind(s), 'SUCCESS')
    eq(t.is_signed_right(), True)
    t.sign = True
    eq(len(sessions(w)), 1)
    eq(len(sessions(w)[0]['address']), 2)
    fid = s.create(f'both{dialect}', share=0)
    s.lock(fid, 0, 10)
    t.write(fid, b'by the second')
    eq(s.read(fid, 13), b'by the second')
    eq(t.echo(sign=True, key=s.sign_key), 'ACCESS_DENIED', 'by the key of the session')
    # a renewal and another binding, too; with the key the error is signed by it
    own, t.channel_key = t.channel_key, None
    for again in (lambda: t.ntlm_first(sign=True), lambda: t.bind(s)):
        eq(again(), 'ACCESS_DENIED')
        eq(t.is_signed_right(), True)
    t.channel_key = own
    eq(t.bind(s), 'REQUEST_NOT_ACCEPTED')
    t.sign, t.seal = False, True
    eq(t.read(fid, 13), b'by the second')
    t.end()
    wait_for('the channel is lost', lambda: len(sessions(w)[0]['address']) == 1)
    s.write(fid, b'by the first')
    eq(w.server.claims().get('ranges'), 1)
    # the first channel may go, too, while another is there
    u = Link(w.client, s.guid).negotiate(dialect)
    eq(u.bind(s), 'SUCCESS')
    u.sign = True
    s.end()
    wait_for('the channel is lost', lambda: len(sessions(w)[0]['address']) == 1)
    eq(u.read(fid, 12), b'by the first')
    eq(w.server.claims().get('ranges'), 1)
    u.end()
    no_sessions(w)


@test(smb=True, squash='none')
def refused_binding(w):
    """A binding that is refused for want of a connection leaves the session's other channels."""
    share_all(w)
    w.server.ctl('server', 'set', 'budget-connections', '4')
    with link(w.client) as s, Link(w.client, s.guid).negotiate() as t, \
            link(w.client, user='bob', share=None) as third:
        eq(t.bind(s), 'SUCCESS')
        t.sign = True
        fid = s.create('f', share=0)
        s.lock(fid, 0, 10)
        with link(w.client, user='bob', share=None), Link(w.client, s.guid).negotiate() as u:
            eq(u.bind(s), 'INSUFFICIENT_RESOURCES')
            eq(u.is_signed_right(), True)
            eq(u.bind(s), 'INSUFFICIENT_RESOURCES', 'the channel is gone again')
        mine, = (x for x in sessions(w) if x['id'] == s.session)
        eq(len(mine['address']), 2)
        t.write(fid, b'by the second')
        eq(s.read(fid, 13), b'by the second')
        eq(w.server.claims().get('ranges'), 1)
        third.end()
        wait_for('there is room', lambda: len(sessions(w)) == 1)
        with Link(w.client, s.guid).negotiate() as u:
            eq(u.bind(s), 'SUCCESS')
            u.sign = True
            eq(u.read(fid, 13), b'by the second')
    no_sessions(w)


@test(smb=True, squash='none', timeout=120)
def limits(w):
    """Limits on channels of a session, sessions of a connection, trees of a session."""
    with link(w.client, share=None) as s:
        more = []
        for i in range(31):
            t = Link(w.client, s.guid).negotiate()
            eq(t.bind(s), 'SUCCESS', f'channel {i + 2}')
            more.append(t)
        with Link(w.client, s.guid).negotiate() as t:
            eq(t.bind(s), 'INSUFFICIENT_RESOURCES', 'channel 33')
        for t in more:
            t.end()
        wait_for('the channels are lost', lambda: len(sessions(w)[0]['address']) == 1)
        eq(s.echo(), 'SUCCESS')
    with Link(w.client).negotiate() as s:
        for i in range(4):
            s.session = 0
            eq(s.ntlm_first(), 'MORE_PROCESSING_REQUIRED', f'session {i + 1}')
        s.session = 0
        eq(s.ntlm_first(), 'INSUFFICIENT_RESOURCES', 'session 5, before anybody has logged in')
    with link(w.client, share=None) as s:
        for i in range(64):
            s.session = 0
            eq(s.ntlm_first(), 'MORE_PROCESSING_REQUIRED', f'session {i + 2}')
    with link(w.client, share=None) as s:
        for i in range(4096):
            if s.connect_tree() != 'SUCCESS':
                raise AssertionError(f'tree {i + 1}')
        eq(s.connect_tree(), 'INSUFFICIENT_RESOURCES')
        eq(s.disconnect_tree(), 'SUCCESS')
        eq(s.connect_tree(), 'SUCCESS')
    no_sessions(w)


@test(smb=True, squash='none')
def message_ids(w):
    """Message ids are used once and within the granted window (section 3.3.5.2.3)."""
    share_all(w)
    for what, number in (('used', lambda s: s.next_id - 1), ('far', lambda s: s.next_id + 9000),
                         ('no id', lambda s: 2 ** 64 - 1)):
        with link(w.client) as s:
            eq(s.status(smb2.ECHO, EMPTY_BODY, number=number(s)), 'DROPPED', what)
    with link(w.client) as s:
        for i in (5, 3, 4, 0, 2, 1):
            eq(s.echo(number=s.next_id + i), 'SUCCESS', 'in any order')
    with link(w.client) as s:
        # the charge takes more ids than were granted
        eq(s.echo(charge=9000), 'DROPPED')


@test(smb=True, squash='none')
def credit_charge(w):
    """The credit charge must cover the request, from 2.1 on (section 3.3.5.2.5)."""
    share_all(w)
    for dialect in (0x210, 0x311):
        with link(w.client, dialect) as s:
            fid = s.create('f')
            s.write(fid, bytes(60000))
            for charge, size, want in ((0, 65536, 'SUCCESS'), (1, 65536, 'SUCCESS'),
                                       (0, 65537, 'INVALID_PARAMETER'),
                                       (1, 65537, 'INVALID_PARAMETER'), (2, 65537, 'SUCCESS'),
                                       (2, 131073, 'INVALID_PARAMETER')):
                body = bytes(Read(length=size, fid=fid))
                eq(s.status(smb2.READ, body, charge=charge), want, f'{size} for {charge}')
            body = bytes(Write(length=65537, fid=fid))
            eq(s.status(smb2.WRITE, body + bytes(65537), charge=1), 'INVALID_PARAMETER')
    with link(w.client, 0x202) as s:
        fid = s.create('f')
        eq(s.status(smb2.READ, bytes(Read(length=65536, fid=fid)), charge=0), 'SUCCESS')


@test(smb=True, squash='none', timeout=60)
def dead_connections(w):
    """A connection that the other end has lost ends when a reset arrives."""
    held = [link(w.client, share=None) for _ in range(3)]
    eq(len(sessions(w)), 3)
    for s in held:
        s.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        s.end()
    no_sessions(w)


@test(smb=True, squash='none')
def trees_are_shown_and_closed(w):
    share_all(w)
    with link(w.client, 0x302) as s, link(w.client, user='bob', share='IPC$') as other:
        fid, first = s.create('f', share=0), s.tree
        eq(s.connect_tree(), 'SUCCESS')
        second = s.tree
        trees = w.server.json('tree', 'list')
        eq([(t['share'], t['user'], t['writable'], t['encrypt']) for t in trees
            if t['session'] == s.session], [('data', 'alice', True, False)] * 2)
        eq([t['share'] for t in w.server.json('tree', 'list', '--session', str(other.session))],
           ['IPC$'])
        w.server.ctl('tree', 'close', str(s.session), str(first))
        s.tree = first
        smb2.refused('NETWORK_NAME_DELETED', s.read, fid, 1)
        eq(w.server.claims(), {})
        s.tree = second
        s.create('f', share=0)
        eq('has no tree' in w.server.refused('tree', 'close', str(s.session), str(first)), True)
        w.server.refused('tree', 'close', '77', '1')
        w.server.refused('tree', 'close', str(s.session))
    no_sessions(w)
    eq(w.server.json('tree', 'list'), [])


@test(smb=True, squash='none')
def events_and_log(w):
    """Logins, disconnects and refusals are reported with reasons."""
    w.server.set('data', users=['bob=none'])
    with listening(w) as told, open('/dev/kmsg', encoding='utf-8') as log:
        os.set_blocking(log.fileno(), False)
        os.lseek(log.fileno(), 0, os.SEEK_END)
        with link(w.client) as s:
            who = f'alice@{w.client.addr} #{s.session}'
            wait_for('session-opened', lambda: told('session-opened', who))
        wait_for('session-closed', lambda: told('session-closed', who))
        with Link(w.client).negotiate() as s:
            eq(s.login('alice', 'wrong'), 'LOGON_FAILURE')
        wait_for('auth-refused', lambda: told('auth-refused', f'alice@{w.client.addr}'))
        with Link(w.client).negotiate() as s:
            eq(s.login('evil\nname\x1b', 'x'), 'LOGON_FAILURE')
        wait_for('the name is escaped',
                 lambda: told('auth-refused', f'evil\\nname\\e@{w.client.addr}'))
        with link(w.client, user='bob', share=None) as s:
            eq(s.connect_tree(sign=True), 'ACCESS_DENIED')
        lines = kernel_lines(log)
    for words in (('cannot log in as "alice"', w.client.addr, 'refused'),
                  ('(bob)', 'share "data"', w.client.addr, 'gives this user no permission')):
        eq(any(all(x in line for x in words) for line in lines), True, f'{words} in {lines}')


def kernel_lines(log):
    lines = []
    while True:
        try:
            lines.append(os.read(log.fileno(), 8192).decode(errors='replace'))
        except BlockingIOError:
            return lines


@test(smb=True, squash='none', timeout=120)
def several_channels(w):
    """The kernel's client uses four connections, to as many addresses."""
    share_all(w)
    for i in range(3):
        w.server_ns.run('ip', 'addr', 'add', f'192.168.1.{10 + i}/24', 'dev', 'veth1')
    data = os.urandom(1 << 20) * 16
    where = w.client.mount_smb(opts='multichannel,max_channels=4')
    if b'DFS' not in get('/proc/fs/cifs/DebugData'):
        raise Skip('the client of a kernel without CONFIG_CIFS_DFS_UPCALL has one channel')
    wait_for('four channels', lambda: any(len(s['address']) == 4 for s in sessions(w)))
    put(f'{where}/big', data)
    eq(get(w.path('big')) == data, True)
    with open(f'{where}/big', 'rb') as f:
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        eq(f.read() == data, True)
    w.client.umount(where)
    no_sessions(w)
