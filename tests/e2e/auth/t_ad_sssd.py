# SPDX-License-Identifier: GPL-2.0-only
"""A server that joined a domain of Active Directory, and asks SSSD about it."""
import os

from ad import DENIED, Domain, may_write, owner_of_new, why_refused
from ad_domain import DNS, REALM
from checks import eq
from harness import test
from processes import as_user, run


@test(smb=True, squash='none', timeout=300, sec=['krb5'])
def lists(w):
    """Users and nested groups of the domain act and are named as by winbind."""
    os.chmod(w.export, 0o755)
    domain = Domain(w)
    domain.join_sssd()
    mounted = domain.mount_nfs()
    uids = {user: domain.ticket(user) for user in ('anna', 'bert', 'alice')}
    os.mkdir(w.path('team'))
    os.chown(w.path('team'), uids['bert'], uids['bert'])
    entries = ['A:fd:OWNER@:RWX', f'A:fdg:sales-files@{DNS}:RWX']
    as_user(uids['bert'], lambda: run('nfs4_setfacl', '-s', ','.join(entries),
                                      f'{mounted}/team'))
    shown = as_user(uids['bert'], lambda: run('nfs4_getfacl', f'{mounted}/team'))
    eq(f':sales-files@{DNS}:' in shown, True, shown)
    eq(may_write(domain, mounted, 'team', uids),
       {'anna': (uids['anna'],) * 2, 'bert': (uids['bert'],) * 2, 'alice': (DENIED,) * 2})
    # by a rule, names of the domain are those of local accounts, except of the system
    os.chmod(w.export, 0o777)
    domain.helper(f'identity = sssd local\nuser-map = *@{REALM} = *')
    eq(owner_of_new(domain, domain.login(w.client, 'backup'), 'backup'),
       'NT_STATUS_LOGON_FAILURE')
    eq('would be' in why_refused(w, f'backup@{REALM}'), True)
    w.client.umount(mounted)
    domain.stop()
