# SPDX-License-Identifier: GPL-2.0-only
"""The controller of the domain does not answer."""
import os

import smb
from ad import Domain, owner_of_new
from ad_domain import DNS
from checks import eq, one_of, wait_for
from files import get, put
from harness import test
from processes import as_user, run

# The answer to a client: a password that nobody can check, or no answer in time.
NO_ANSWER = ('NT_STATUS_NO_LOGON_SERVERS', 'NT_STATUS_LOGON_FAILURE')


@test(smb=True, squash='none', timeout=300, sec=['krb5'])
def controller(w):
    """Known users stay known, the rest are refused with the reason, and all come back."""
    os.chmod(w.export, 0o777)
    domain = Domain(w)
    domain.join_winbind()
    mounted = domain.mount_nfs()
    anna, cache = domain.ticket('anna'), domain.login(w.client, 'anna')
    eq(owner_of_new(domain, cache, 'file'), anna)
    entries = f'A::OWNER@:RWX,A:g:sales-files@{DNS}:RX'
    as_user(anna, lambda: run('nfs4_setfacl', '-s', entries, f'{mounted}/file'))
    before = as_user(anna, lambda: run('nfs4_getfacl', f'{mounted}/file'))
    eq(f':sales-files@{DNS}:' in before, True, before)
    domain.controller.stop()
    # contexts and sessions go on, names are known
    as_user(anna, lambda: put(f'{mounted}/file', b'written'))
    eq(get(w.path('file')), b'written')
    eq(as_user(anna, lambda: run('nfs4_getfacl', f'{mounted}/file')), before)
    # logins: with a ticket as far as winbind remembers, with a password of the domain not
    one_of(owner_of_new(domain, cache, 'by-ticket', 1), (anna, *NO_ANSWER))
    one_of(owner_of_new(domain, domain.password('bert'), 'by-password', 1), NO_ANSWER)
    eq(owner_of_new(domain, f'alice%{smb.USERS["alice"]}', 'local'), smb.UIDS['alice'])
    eq('user-map' in w.server.helper_log(), False, w.server.helper_log())
    domain.controller.start()
    wait_for('users log in again', lambda: owner_of_new(
        domain, domain.password('bert'), 'by-password', 1) == domain.uid('bert'), 120)
    w.client.umount(mounted)
    domain.stop()
