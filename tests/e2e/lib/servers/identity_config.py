# SPDX-License-Identifier: GPL-2.0-only
"""Configurations of identities: a map file, a group of administrators."""
import contextlib
import os

import servers
import smb
from files import put

MAP = '/etc/ditto/idmap'
LINES = f"""S-1-5-21-7-8-9-1104 uid {smb.UIDS['alice']} EXAMPLE\\alice
S-1-5-21-7-8-9-1201 gid {smb.UIDS['carol']} EXAMPLE\\Sales people
"""
SERVER = '[server]\nidentity = map local\nbuiltin = Users = alice\n'


@contextlib.contextmanager
def mapped(w):
    """dittod with a map file."""
    put(MAP, LINES.encode())
    w.server.helper_stop()
    try:
        w.server.helper_start(SERVER + servers.LISTENERS + servers.SMB_LISTENER)
        yield
    finally:
        os.unlink(MAP)


def administrate(w, group, *lines):
    """Let a group stand for BUILTIN\\Administrators; with more lines of the section [server]."""
    s = w.server
    s.conf += '\n'.join(['', '[server]', f'builtin = Administrators = {group}', *lines, ''])
    s.reload(s.conf)
