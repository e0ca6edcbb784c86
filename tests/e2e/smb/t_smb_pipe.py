# SPDX-License-Identifier: GPL-2.0-only
"""Named pipes of IPC$: a READ waits for data (MS-SMB2 section 3.3.5.12)."""
import struct

import smb2
from checks import SLOW, eq
from harness import test
from lsarpc import BIND, lookup_names4
from smb_bodies import Read
from smb_compound import SAME, close, statuses, write
from smbraw import link, name

TRANSCEIVE = 0x11c017
BIND_ACK, RESPONSE = 12, 2


def read(fid, count=4096):
    return smb2.READ, bytes(Read(length=count, fid=fid))


def reading(s, fid, **kw):
    """A READ that waits; returns its message id after STATUS_PENDING."""
    number = s.send(*read(fid, **kw))
    eq(s.answer(number, pending=True)[0], smb2.PENDING)
    return number


def data_of(s, number):
    """(status, data) of a READ."""
    status, out = s.answer(number, 20 * SLOW)
    if name(status) not in ('SUCCESS', 'BUFFER_OVERFLOW'):
        return name(status), b''
    start, length = struct.unpack_from('<BxI', out, 2)
    return name(status), out[start - 64:start - 64 + length]


def kind_of(answer):
    """The type of a PDU of DCE/RPC."""
    return answer[2]


@test(smb=True)
def read_waits_for_an_answer(w):
    with w.client, link(w.client, share='IPC$') as s:
        fid = s.create('lsarpc')
        first = reading(s, fid)
        # a part of a message has no answer
        eq(s.status(*write(fid, BIND[:20])), 'SUCCESS')
        eq(s.echo(), 'SUCCESS')
        eq(first in s.answers, False)
        eq(s.status(*write(fid, BIND[20:])), 'SUCCESS')
        status, data = data_of(s, first)
        eq((status, kind_of(data)), ('SUCCESS', BIND_ACK))
        # nothing is left of it
        number = reading(s, fid)
        s.cancel(number)
        eq(data_of(s, number)[0], 'CANCELLED')


@test(smb=True)
def long_writes(w):
    """What a WRITE has is a piece of the stream, however long it is."""
    question = lookup_names4([f'{n:030}' for n in range(50)])
    with w.client, link(w.client, 0x302, share=None) as s:
        eq(s.connect_tree('IPC$', sign=True), 'SUCCESS')
        for count in (1, 5):
            fid = s.create('lsarpc')
            eq(s.status(*write(fid, BIND)), 'SUCCESS')
            eq(kind_of(data_of(s, s.send(*read(fid)))[1]), BIND_ACK)
            eq(s.status(*write(fid, count * question)), 'SUCCESS')
            eq(kind_of(data_of(s, s.send(*read(fid)))[1]), RESPONSE)
            eq(s.status(*close(fid)), 'SUCCESS')
        fid = s.create('lsarpc')
        eq(s.status(*write(fid, bytes(65_001))), 'INVALID_PARAMETER')


@test(smb=True)
def readers_have_their_turns(w):
    with w.client, link(w.client, share='IPC$') as s:
        fid = s.create('lsarpc')
        s.ioctl(fid, TRANSCEIVE, BIND)
        first, second, third = reading(s, fid, count=8), reading(s, fid), reading(s, fid)
        # concurrent transactions each get their own answer
        eq(kind_of(s.ioctl(fid, TRANSCEIVE, lookup_names4(['root']))), RESPONSE)
        eq(s.status(*write(fid, lookup_names4(['root']))), 'SUCCESS')
        status, head = data_of(s, first)
        eq((status, len(head), kind_of(head)), ('BUFFER_OVERFLOW', 8, RESPONSE))
        status, rest = data_of(s, second)
        eq((status, len(head + rest)), ('SUCCESS', struct.unpack_from('<H', head + rest, 8)[0]))
        eq(s.status(*write(fid, lookup_names4(['root']))), 'SUCCESS')
        eq(kind_of(data_of(s, third)[1]), RESPONSE)


@test(smb=True)
def waiting_read_ends(w):
    """A waiting READ ends by CANCEL, and with its open, tree or session."""
    with w.client, link(w.client, share='IPC$') as s:
        fid = s.create('lsarpc')
        number = reading(s, fid)
        s.cancel(number)
        eq(data_of(s, number)[0], 'CANCELLED')
        number = reading(s, fid)
        s.close(fid)
        eq(data_of(s, number)[0], 'PIPE_BROKEN')
        number = reading(s, s.create('lsarpc'))
        eq(s.disconnect_tree(), 'SUCCESS')
        eq(data_of(s, number)[0], 'PIPE_BROKEN')
        eq(s.connect_tree('IPC$'), 'SUCCESS')
        number = reading(s, s.create('lsarpc'))
        eq(s.logoff(), 'SUCCESS')
        eq(data_of(s, number)[0], 'PIPE_BROKEN')


@test(smb=True)
def read_before_others_of_its_message(w):
    """A READ does not wait for later requests of its compound."""
    with w.client, link(w.client, share='IPC$') as s:
        fid = s.create('lsarpc')
        eq(statuses(s, s.chain(read(fid), write(SAME, BIND), read(SAME), close(SAME))),
           ['PIPE_EMPTY'] + ['SUCCESS'] * 3)
        fid = s.create('lsarpc')
        s.chain(write(fid, BIND[:20]), read(SAME))
        eq(s.echo(), 'SUCCESS')
        eq(s.status(*close(fid)), 'SUCCESS')
