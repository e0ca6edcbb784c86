# SPDX-License-Identifier: GPL-2.0-only
"""An open may do exactly what it was granted (MS-FSA section 2.1.5)."""
import os
import socket
import struct

import smb
import smb2
from checks import eq
from files import get, put
from harness import test
from shares import share_all
from smb2 import EMPTY_BODY, GENERIC_READ, OPEN, refused
from smb_bodies import Ioctl
from smbraw import link

WRITE_DATA, APPEND_DATA, WRITE_ATTRIBUTES = 2, 4, 0x100
RESUME_KEY, COPYCHUNK_WRITE = 0x00140078, 0x001480f2
HIDDEN = 2
INTERFACES, NO_FILE = 0x001401fc, b'\xff' * 16
TICKS = 116444736000000000      # from 1601 to 1970, in units of 100 ns


def copy_chunk(s, source, target, start, to, length):
    key = s.ioctl(source, RESUME_KEY)[:24]
    s.ioctl(target, COPYCHUNK_WRITE, key + struct.pack('<IIQQII', 1, 0, start, to, length, 0))


@test(smb=True, squash='none')
def append_only(w):
    """An open for appending only cannot overwrite by any command."""
    share_all(w)
    put(w.path('f'), b'a' * 100, 0o666)
    put(w.path('g'), b'b' * 50, 0o666)
    with link(w.client) as s:
        source = s.create('g', access=GENERIC_READ, how=OPEN)
        fid = s.create('f', access=APPEND_DATA | smb2.READ_ATTRIBUTES, how=OPEN)
        refused('ACCESS_DENIED', s.write, fid, b'x', 0)
        refused('ACCESS_DENIED', s.write, fid, b'x', 99)
        refused('ACCESS_DENIED', copy_chunk, s, source, fid, 0, 0, 50)
        refused('ACCESS_DENIED', copy_chunk, s, source, fid, 0, 99, 50)
        eq(get(w.path('f')), b'a' * 100)
        copy_chunk(s, source, fid, 0, 100, 50)
        s.write(fid, b'cc', 150)
        s.write(fid, b'd', 160)
        eq(get(w.path('f')), b'a' * 100 + b'b' * 50 + b'cc' + bytes(8) + b'd')


@test(smb=True, squash='none')
def write_attributes(w):
    """A user who may write a file may open it for WRITE_ATTRIBUTES and set times."""
    share_all(w)
    put(w.path('f'), b'a', 0o666)
    os.chown(w.path('f'), smb.UIDS['bob'], smb.UIDS['bob'])
    os.mkdir(w.path('d'))
    os.chmod(w.path('d'), 0o777)
    os.chown(w.path('d'), smb.UIDS['bob'], smb.UIDS['bob'])
    when = 1700000000
    basic = struct.pack('<QQQQII', 0, 0, TICKS + when * 10 ** 7, 0, HIDDEN, 0)
    with link(w.client) as s:
        for name, options in (('f', 0), ('d', smb2.DIRECTORY_FILE)):
            fid = s.create(name, access=WRITE_ATTRIBUTES | smb2.READ_ATTRIBUTES, how=OPEN,
                           options=options)
            s.set(fid, 4, basic)
            written, attributes = struct.unpack_from('<16xQ8xI', s.query(fid, 4))
            eq((written, attributes & HIDDEN), (TICKS + when * 10 ** 7, HIDDEN), name)
            s.close(fid)
            eq(os.stat(w.path(name)).st_mtime, when)
            # and no more than that
            fid = s.create(name, access=smb2.READ_ATTRIBUTES, how=OPEN, options=options)
            refused('ACCESS_DENIED', s.set, fid, 4, basic)
        os.chmod(w.path('f'), 0o644)
        refused('ACCESS_DENIED', s.create, 'f', access=WRITE_ATTRIBUTES, how=OPEN)


@test(smb=True, squash='none')
def validated_later(w):
    """FSCTL_VALIDATE_NEGOTIATE_INFO uses the negotiated values, not later settings."""
    share_all(w)
    with link(w.client, 0x300) as s:
        w.server.ctl('server', 'set', 'min-dialect', '3.1.1')
        eq(s.validate(), 'SUCCESS')


@test(smb=True, squash='none')
def cancel_is_proven(w):
    """A CANCEL without a session cancels nothing of a session."""
    share_all(w)
    w.server.ctl('server', 'set', 'require-signing', 'on')
    with link(w.client) as s:
        f, g = s.create('f'), s.create('f')
        s.lock(f, 0, 10)
        number = s.wait_lock(g, 0, 10)
        asynchronous = s.frame[32:40]
        for session in (0, s.session):
            for flags, which in ((0, bytes(8)), (2, asynchronous)):
                head = bytearray(s.header(smb2.CANCEL, number, flags=flags, session=session))
                head[32:40] = which
                s.raw(bytes(head) + EMPTY_BODY)
        eq(s.echo(), 'SUCCESS')
        s.unlock(f, 0, 10)
        eq(s.answer(number)[0], smb2.OK, 'it waited on')


def interfaces(s):
    """The addresses in the response (MS-SMB2 section 2.2.32.5)."""
    data, at, out = s.ioctl(NO_FILE, INTERFACES), 0, []
    while True:
        following, family = struct.unpack_from('<I20xH', data, at)
        if family == 2:
            out.append(socket.inet_ntop(socket.AF_INET, data[at + 28:at + 32]))
        else:
            out.append(socket.inet_ntop(socket.AF_INET6, data[at + 32:at + 48]))
        if not following:
            return sorted(out)
        at += following


@test(smb=True, squash='none', clients=2)
def many_ask_for_addresses(w):
    """All simultaneous queries are answered, also while the list is made."""
    body = bytes(Ioctl(code=INTERFACES, fid=NO_FILE, output_room=65536))
    with link(w.client) as s:
        for port in ('4450', '4451', '4452'):
            w.server.ctl('listener', 'add', 'smb', 'tcp', '192.168.1.1', 'port', port)
            numbers = [s.send(smb2.IOCTL, body) for _ in range(60)]
            eq({smb2.NAMES[s.answer(n)[0]] for n in numbers}, {'SUCCESS'})


@test(smb=True, squash='none', clients=2)
def addresses_listened_on(w):
    """FSCTL_QUERY_NETWORK_INTERFACE_INFO returns only addresses with a listener."""
    everywhere = ['192.168.1.1', '192.168.2.1', 'fd00:1::1', 'fd00:2::1']
    s = link(w.client)
    eq(interfaces(s), everywhere)
    eq(interfaces(s), everywhere)
    s.end()
    for listener in w.server.json('listener', 'list'):
        if listener['protocol'] == 'smb':
            w.server.ctl('listener', 'del', str(listener['id']))
    w.server.ctl('listener', 'add', 'smb', 'tcp', '192.168.1.1')
    with link(w.client) as s:
        eq(interfaces(s), ['192.168.1.1'])
        w.server.ctl('listener', 'add', 'smb', 'tcp', 'fd00:2::1')
        eq(interfaces(s), ['192.168.1.1', 'fd00:2::1'])
