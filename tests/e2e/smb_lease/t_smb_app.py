# SPDX-License-Identifier: GPL-2.0-only
"""Application instances of SMB (MS-SMB2 section 3.3.5.9.13): who may take over whose opens."""
import os

import smb
from checks import eq
from harness import test
from one_file import setup
from smb2 import GENERIC_READ, GENERIC_WRITE, refused
from smb_contexts import app, app_version
from smb_durable import close_all, gone, session
from smb_lasting import client


@test(smb=True, squash='none')
def newer_versions_take_over(w):
    """Opens of an instance with a version are closed by a newer version only."""
    setup(w)
    old, new, older = client(w, 1), client(w, 2), session(w, 3)
    g = old.make('f', app(7), app_version(1, 2), share=0)
    for version in (1, 1), (1, 2), (0, 9):
        refused('FILE_FORCED_CLOSED', new.make, 'f', app(7), app_version(*version))
    refused('FILE_FORCED_CLOSED', new.make, 'f', app(7))
    # versions exist in 3.1.1 only
    refused('FILE_FORCED_CLOSED', older.make, 'f', app(7), app_version(9, 9))
    eq(old.read(g.fid, 1), b'0')
    h = new.make('f', app(7), app_version(1, 3), share=0)
    refused('FILE_CLOSED', old.read, g.fid, 1)
    new.close(h.fid)
    # an open without a version gives way to any
    for version in [], [app_version(0, 0)]:
        g = old.make('f', app(7), share=0)
        new.close(new.make('f', app(7), *version, share=0).fid)
        refused('FILE_CLOSED', old.read, g.fid, 1)
    for s in old, new, older:
        s.end()
    close_all(w)
    gone(w)


@test(smb=True, squash='none')
def readers_take_over(w):
    """Opens of an instance are closed only for a user who may read the file."""
    setup(w)
    os.chown(w.path('f'), smb.UIDS['alice'], smb.UIDS['alice'])
    old, new = session(w), session(w, 2, user='bob')
    g = old.make('f', app(7), share=0)
    for mode, access, status in ((0o600, GENERIC_READ, 'ACCESS_DENIED'),
                                 (0o602, GENERIC_WRITE, 'SHARING_VIOLATION')):
        os.chmod(w.path('f'), mode)
        refused(status, new.make, 'f', app(7), access=access)
        eq(old.read(g.fid, 1), b'0')
    os.chmod(w.path('f'), 0o604)
    new.close(new.make('f', app(7), access=GENERIC_READ, share=0).fid)
    refused('FILE_CLOSED', old.read, g.fid, 1)
    old.end()
    new.end()
    close_all(w)
    gone(w)
