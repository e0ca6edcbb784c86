# SPDX-License-Identifier: GPL-2.0-only
"""AES-GMAC takes its nonce from the MessageId, so each is signed once (MS-SMB2 section 3.1.4.1)."""
import fcntl
import os
import struct
import subprocess
import time

import smb
import smb2
import smbraw
from checks import eq
from client_lists import no_sessions, sessions
from files import put
from harness import test
from processes import Child
from shares import share_all
from smb2 import EMPTY_BODY
from smb_bodies import ChangeNotify
from smbraw import AES_CMAC, AES_GMAC, HMAC, Link, link
from tap import Nonces, Tap

NOTIFY_IOCTL = 0x4005cf09       # CIFS_IOC_NOTIFY of linux/fs/smb/client/cifs_ioctl.h
SUITES = ('smb2.notify.valid-req', 'smb2.notify.close', 'smb2.lock.async', 'smb2.compound_async',
          'smb2.lock.cancel', 'smb2.oplock.batch1', 'smb2.session.reauth1', 'smb2.rw',
          'smb2.compound')


def signed(s):
    return bool(s.frame[16] & smbraw.SIGNED)


def watch(s, fid):
    """A CHANGE_NOTIFY that waits; returns its message id."""
    number = s.send(smb2.CHANGE_NOTIFY, bytes(ChangeNotify(flags=1, room=4096, fid=fid, filter=3)))
    eq(s.answer(number, pending=True)[0], smb2.PENDING)
    return number


def interim(s):
    """Check that an interim response has no signature."""
    fid = s.create('d', options=smb2.DIRECTORY_FILE, access=smb2.GENERIC_READ)
    number = watch(s, fid)
    eq((signed(s), s.frame[48:64]), (False, bytes(16)), 'STATUS_PENDING')
    s.cancel(number)
    eq(smb2.NAMES[s.answer(number)[0]], 'CANCELLED')
    eq(bool(s.is_signed_right()), True, 'CANCELLED')
    f, g = s.create('f'), s.create('f')
    s.lock(f, 0, 10)
    number = s.send(smb2.LOCK, s.lock_body(g, (0, 10, smb2.EXCLUSIVE)))
    eq(s.answer(number, pending=True)[0], smb2.PENDING)
    eq(signed(s), False)
    s.unlock(f, 0, 10)
    eq(s.answer(number)[0], smb2.OK)
    eq(bool(s.is_signed_right()), True, 'granted at last')
    # the next connection may be there before the server ends this one
    s.unlock(g, 0, 10)
    # replies before it in the compound are sent with it, and signed
    notify = ChangeNotify(flags=1, room=4096, fid=fid, filter=3)
    first = s.chain((smb2.ECHO, EMPTY_BODY), (smb2.CHANGE_NOTIFY, bytes(notify)))
    eq(s.answer(first[0])[0], smb2.OK)
    eq(bool(s.is_signed_right()), True, 'before it')
    eq(s.answer(first[1], pending=True)[0], smb2.PENDING)
    eq(signed(s), False)
    s.cancel(first[1])
    eq(smb2.NAMES[s.answer(first[1])[0]], 'CANCELLED')


@test(smb=True, squash='none')
def interim_answers(w):
    """No interim response is signed (sections 3.3.4.1.1 and 3.2.5.1.3)."""
    share_all(w)
    os.mkdir(w.path('d'), 0o777)
    os.chmod(w.path('d'), 0o777)
    for required in ('off', 'on'):
        w.server.ctl('server', 'set', 'require-signing', required)
        for alg in (HMAC, AES_CMAC, AES_GMAC):
            with link(w.client, signing=(alg,)) as s:
                eq(s.signing, alg)
                interim(s)
        with link(w.client, 0x210) as s:
            interim(s)
    no_sessions(w)


@test(smb=True, squash='none')
def binding_by_gmac(w):
    """On other connections the session's key has few nonces, and each is used once."""
    share_all(w)
    tap = Tap(w.client)
    with link(w.client, signing=(AES_GMAC,)) as s:
        links = []
        for i in range(3):
            t = Link(w.client, s.guid).negotiate(signing=(AES_GMAC,))
            t.session, t.sign_key = s.session, s.sign_key
            eq(t.ntlm_first({'flags': smbraw.BINDING}, sign=True), 'MORE_PROCESSING_REQUIRED')
            # MessageId 1 precedes that of the login, and was not used otherwise
            eq(bool(signed(t)), i == 0, f'channel {i + 2}')
            if not i:
                eq(bool(t.is_signed_right()), True)
            t.end()
            t = Link(w.client, s.guid).negotiate(signing=(AES_GMAC,))
            eq(t.bind(s), 'SUCCESS')
            eq(bool(t.is_signed_right()), True, 'by its own key')
            t.sign = True
            eq(t.echo(), 'SUCCESS')
            eq(bool(t.is_signed_right()), True)
            # a renewal goes by the channel's key, all of it
            eq(t.ntlm_first(sign=True), 'MORE_PROCESSING_REQUIRED')
            eq(bool(t.is_signed_right()), True, 'a leg of a renewal')
            eq(t.ntlm_second('alice', sign=True), 'SUCCESS')
            eq(bool(t.is_signed_right()), True, 'a renewal')
            links.append(t)
        eq(len(sessions(w)[0]['address']), 4)
        with Link(w.client).negotiate(signing=(AES_GMAC,)) as t:
            eq(t.bind(s), 'USER_SESSION_DELETED', 'another client')
            eq(signed(t), False)
        eq(s.bind(s), 'REQUEST_NOT_ACCEPTED', 'it is here')
        eq(bool(s.is_signed_right()), True, 'the key is at home')
        for t in links:
            t.end()
    heard = tap.end()
    eq((heard.twice, heard.lost), ([], 0))
    eq(heard.gmac > 10, True, heard.gmac)
    no_sessions(w)


def parked(where, filter):
    """Let the kernel's client wait for a change."""
    fd = os.open(where, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.ioctl(fd, NOTIFY_IOCTL, struct.pack('=IB', filter, 0))
    finally:
        os.close(fd)


def keep_making(w):
    while True:
        time.sleep(0.5)
        os.close(os.open(w.path(f'd/{time.monotonic_ns()}'), os.O_CREAT))


@test(smb=True, squash='none')
def kernel_client(w):
    """The kernel's client signs while locks and a CHANGE_NOTIFY wait."""
    share_all(w)
    os.mkdir(w.path('d'), 0o777)
    os.chmod(w.path('d'), 0o777)
    tap = Tap(w.client)
    where = w.client.mount_smb(opts='sign')
    waiting = [Child(parked, f'{where}/d', 1) for _ in range(3)]
    for i in range(50):
        put(f'{where}/f{i}', b'x' * 5000)
        os.rename(f'{where}/f{i}', f'{where}/g{i}')
    making = Child(keep_making, w)  # nobody tells when the requests have come
    for child in waiting:
        child.join()
    making.kill()
    w.client.umount(where)
    heard = tap.end()
    eq((heard.twice, heard.signed_interim, heard.lost), ([], [], 0))
    eq(heard.interim >= 1 and heard.signed > 100, True, (heard.interim, heard.signed))
    no_sessions(w)


@test(smb=True, squash='none', timeout=150)
def torture(w):
    """Some tests of smbtorture with AES-GMAC signatures."""
    share_all(w)
    tap = Tap(w.client)
    for suite in SUITES:
        with w.client:
            subprocess.run(['smbtorture', f'//{w.client.server_addr}/data', '-s', '/dev/null',
                            '-U', f'alice%{smb.USERS["alice"]}',
                            '--option=client signing=required', suite],
                           stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd='/tmp',
                           timeout=120, check=False)
    heard = tap.end()
    print(f'{heard.signed} answers are signed, {heard.gmac} by AES-GMAC; {heard.interim} interim')
    eq((heard.twice, heard.signed_interim, heard.lost), ([], [], 0))
    eq(heard.gmac > 200 and heard.interim > 3, True)


def message(number, status=0, flags=smbraw.SIGNED | 1, signature=b's' * 16, command=5, session=7):
    return struct.pack('<4sHHIHHIIQIIQ16s', b'\xfeSMB', 64, 1, status, command, 1, flags, 0,
                       number, 0, 0, session, signature)


@test(smb=True, share=False)
def decoder(w):
    """The decoder detects the violations that it is for."""
    for frames, twice, interim in (
            ([message(1), message(2)], 0, 0),
            ([message(1), message(1, signature=b't' * 16)], 1, 0),
            ([message(1), message(1)], 0, 0),
            ([message(1, smb2.PENDING), message(1, signature=b't' * 16)], 1, 1),
            ([message(1, smb2.PENDING, flags=3), message(1)], 0, 0),
            ([message(1), message(1, session=8, signature=b't' * 16)], 0, 0)):
        n = Nonces()
        for frame in frames:
            n.frame('connection', True, frame)
        eq((len(n.twice), len(n.signed_interim)), (twice, interim), frames)
    n = Nonces()
    for text in b'ab':
        n.frame('connection', True, b'\xfdSMB' + bytes([text]) * 16 + bytes(32))
    eq(len(n.twice), 1)
