# SPDX-License-Identifier: GPL-2.0-only
"""A Kerberos realm with logins to the server, and accounts beside it."""
import os

import kdc
from checks import eq
from files import put
from kdc import HOST
from smb import USERS
from smbraw import Link


class Realm(kdc.Realm):
    """A realm with one more user, and logins by it."""

    def __init__(self, w, keytab=True, rules=(kdc.ALL_USERS,), users=()):
        super().__init__(w, dict(USERS, stranger='Nobody at a11', **dict(users)), keytab, rules)

    def account(self, client, user, password):
        """The uid that a principal acts with, or the reason in the log why it has no account."""
        server, cache = self.world.server, self.login(client, user, password)
        name, at = f'of-{len(os.listdir(self.world.export))}', len(server.helper_log())
        out = self.smbclient(client, cache, f'put {put(f"{self.dir}/{name}", b"x")} {name}')
        if 'NT_STATUS_LOGON_FAILURE' in out or 'NT_STATUS_ACCESS_DENIED' in out:
            eq(os.path.exists(self.world.path(name)), False)
            line, = [line for line in server.helper_log()[at:].splitlines()
                     if f'refused: {user}@{kdc.REALM} ' in line]
            return line
        eq('putting file' in out, True, out)
        return os.stat(self.world.path(name)).st_uid

    def smbclient(self, client, cache, command, *args, share='data'):
        """Output of smbclient, which must use Kerberos."""
        p = self.run('smbclient', '-s', '/dev/null', f'//{HOST}/{share}',
                     '--use-kerberos=required', f'--use-krb5-ccache={cache}', *args, '-c',
                     command, ns=client, check=False, env={'KRB5CCNAME': cache})
        return p.stdout

    def link(self, client, cache, dialect=0x311):
        """A raw connection that is logged in by Kerberos."""
        self.service_ticket(client, cache)
        s = Link(client).negotiate(dialect)
        eq(s.kerberos(cache), 'SUCCESS')
        s.sign = True
        eq(s.connect_tree(), 'SUCCESS')
        return s


def add_shadow(name, password, expires=''):
    """Give an account an entry in the shadow file."""
    with open('/etc/shadow', 'a', encoding='ascii') as f:
        f.write(f'{name}:{password}:19000:0:99999:7::{expires}:\n')
