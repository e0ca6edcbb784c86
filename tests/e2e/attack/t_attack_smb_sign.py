# SPDX-License-Identifier: GPL-2.0-only
"""An attacker that has read signed requests gets no reply signed with the client's keys."""
import struct

import smb2
import smbraw
from checks import eq
from harness import test
from shares import share_all
from smb2 import EMPTY_BODY
from smb_bodies import Close
from smbraw import AES_CMAC, AES_GMAC, Link, link


@test(smb=True, squash='none')
def replayed_elsewhere(w):
    """A signed request that is replayed on another connection gets no signed reply."""
    share_all(w)
    for signing in (AES_CMAC, AES_GMAC):
        with link(w.client, signing=(signing,)) as s:
            fid = s.create('f')
            sent = []
            for command, body in ((smb2.CLOSE, bytes(Close(fid=fid))),
                                  (smb2.CHANGE_NOTIFY, bytes([32]) + bytes(31)),
                                  (smb2.TREE_DISCONNECT, EMPTY_BODY),
                                  (smb2.ECHO, EMPTY_BODY)):
                s.answer(s.send(command, body))
                sent.append((command, s.sent))
            s.ntlm_first(sign=True)
            sent.append((smb2.SESSION_SETUP, s.sent))
            eq(s.ntlm_second('alice', sign=True), 'SUCCESS')
            for command, message in sent:
                with Link(w.client, s.guid).negotiate(signing=(signing,)) as t:
                    overheard(t, command, message, signing)
            eq(s.echo(), 'SUCCESS')


def overheard(t, command, message, signing):
    number, = struct.unpack_from('<Q', message, 24)
    t.raw(message)
    status, _ = t.answer(number)
    eq(smbraw.name(status), 'SUCCESS' if command == smb2.ECHO else 'USER_SESSION_DELETED')
    # The error of a login is signed by the session's key (MS-SMB2 3.3.4.1.1), but not by AES-GMAC.
    if command != smb2.SESSION_SETUP or signing == AES_GMAC:
        eq(t.frame[16] & smbraw.SIGNED, 0, f'command {command}, signing {signing}')
    eq(t.frame[:4], b'\xfeSMB', 'nor is it encrypted')
