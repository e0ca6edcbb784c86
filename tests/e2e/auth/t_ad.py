# SPDX-License-Identifier: GPL-2.0-only
"""A server that joined a domain of Active Directory by winbind, and users of that domain."""
import os
import re
import stat

import nfs3
import rpc
import smb
from ad import DENIED, Domain, may_write, owner_of_new, why_refused
from ad_domain import DNS, DOMAIN, REALM
from checks import eq, wait_for
from files import get, put
from harness import test
from processes import as_user, run


def gid(group):
    """The number of a group of the domain on the server."""
    return int(run('getent', 'group', f'{DOMAIN}\\{group}').split(':')[2])


@test(smb=True, squash='none', timeout=240)
def logins(w):
    """Users of the domain act as its accounts, whatever the names of local accounts are."""
    os.chmod(w.export, 0o777)
    domain = Domain(w)
    domain.join_winbind()
    uids = {user: domain.uid(user) for user in ('anna', 'alice', 'erik', 'backup', 'root')}
    eq(min(uids.values()) > smb.UIDS['alice'], True)
    for user in 'anna', 'alice', 'backup', 'root':
        cache = domain.login(w.client, user)
        eq(owner_of_new(domain, cache, f'{user}-krb5'), uids[user], user)
        eq(owner_of_new(domain, domain.password(user), f'{user}-ntlm'), uids[user], user)
    eq(owner_of_new(domain, f'{DOMAIN}\\anna%wrong', 'wrong'), 'NT_STATUS_LOGON_FAILURE')
    # the file of local users has alice, too: not as a user of the domain
    for i, name in enumerate(('alice', r'SERVER\alice', r'WORKGROUP\alice')):
        eq(owner_of_new(domain, f'{name}%{smb.USERS["alice"]}', f'local{i}'), smb.UIDS['alice'])
    eq(owner_of_new(domain, f'{DOMAIN}\\alice%{smb.USERS["alice"]}', 'wrong'),
       'NT_STATUS_LOGON_FAILURE')
    # disabled: the controller gives no ticket, and winbind refuses the password
    p = w.client.run('kinit', f'dora@{REALM}', check=False, input='Dora-pw-1\n')
    eq('revoked' in p.stdout, True, p.stdout)
    eq(owner_of_new(domain, domain.password('dora'), 'dora'), 'NT_STATUS_LOGON_FAILURE')
    # renamed: another name, the same account
    eq(owner_of_new(domain, domain.password('erik'), 'erik'), uids['erik'])
    domain.controller.accounts("""db.modify_ldif('''dn: CN=erik,CN=Users,%s
changetype: modify
replace: sAMAccountName
sAMAccountName: erika
-
replace: userPrincipalName
userPrincipalName: erika@ad.test
''' % db.domain_dn())""")
    cache = domain.login(w.client, 'erika', 'Erik-pw-1')
    # refused while winbind calls the account by a name that it does not find any more
    wait_for('a login by the new name', lambda: domain.smb(w.client, cache, 'del erik') == '')
    eq(os.path.exists(w.path('erik')), False)
    eq(owner_of_new(domain, cache, 'erika'), uids['erik'])
    # the groups of the account are found, though winbind may go on with its old name
    os.mkdir(w.path('sales'))
    os.chown(w.path('sales'), 0, gid('sales-files'))
    os.chmod(w.path('sales'), 0o770)
    n = w.client.nfs(rpc.auth_sys(uids['erik'], uids['erik']))
    sales = n.lookup(n.root, 'sales').fh
    w.server.set('data', manage_gids=True)
    w.server.ctl('cache', 'flush')
    wait_for('the groups', lambda: n.mkdir(sales, 'd').status in (nfs3.OK, nfs3.EXIST), 60)
    # a rule makes no user of the domain another one than winbind knows
    domain.helper(f'identity = winbind local\nuser-map = *@{REALM} = *')
    eq(owner_of_new(domain, domain.login(w.client, 'alice'), 'mapped'), 'NT_STATUS_LOGON_FAILURE')
    eq(f'who is uid {uids["alice"]} here, and not uid {smb.UIDS["alice"]}'
       in w.server.helper_log(), True, w.server.helper_log())
    # by a rule, names of the domain are those of local accounts, except of the system
    domain.helper(f'identity = map local\nuser-map = *@{REALM} = *')
    eq(owner_of_new(domain, domain.login(w.client, 'alice'), 'mapped'), smb.UIDS['alice'])
    for user in 'backup', 'root':
        eq(owner_of_new(domain, domain.login(w.client, user), user), 'NT_STATUS_LOGON_FAILURE')
        eq('would be' in why_refused(w, f'{user}@{REALM}'), True)
    domain.stop()


@test(smb=True, squash='none', timeout=300, sec=['krb5'])
def lists(w):
    """A list that names a nested group of the domain is obeyed by both protocols."""
    os.chmod(w.export, 0o755)
    domain = Domain(w)
    domain.join_winbind()
    mounted = domain.mount_nfs()
    uids = {user: domain.ticket(user) for user in ('anna', 'bert', 'alice')}
    want = {'anna': (uids['anna'],) * 2, 'bert': (uids['bert'],) * 2, 'alice': (DENIED,) * 2}
    os.mkdir(w.path('team'))
    os.chown(w.path('team'), uids['bert'], uids['bert'])
    entries = ['A:fd:OWNER@:RWX', f'A:fdg:sales-files@{DNS}:RWX']
    as_user(uids['bert'], lambda: run('nfs4_setfacl', '-s', ','.join(entries),
                                      f'{mounted}/team'))
    shown = as_user(uids['bert'], lambda: run('nfs4_getfacl', f'{mounted}/team'))
    eq(f':sales-files@{DNS}:' in shown, True, shown)
    shown = domain.smbcacls('bert', 'team')
    for line in (f'OWNER:{DOMAIN}\\bert', f'ACL:{DOMAIN}\\sales-files:ALLOWED/OI|CI/'):
        eq(line in shown, True, shown)
    eq(may_write(domain, mounted, 'team', uids), want)
    eq(get(w.path('team/anna-by-nfs')), b'')
    # the same by SMB, whose clients name the group by its SID
    os.mkdir(w.path('other'))
    os.chown(w.path('other'), uids['bert'], gid('sales-files'))
    entries = [f'ACL:{DOMAIN}\\{who}:ALLOWED/OI|CI/FULL' for who in ('bert', 'sales-files')]
    domain.smbcacls('bert', 'other', '-S', ','.join(entries))
    shown = domain.smbcacls('bert', 'other')
    eq(f'{DOMAIN}\\sales-files:ALLOWED/OI|CI/FULL' in shown, True, shown)
    eq(may_write(domain, mounted, 'other', uids), want)
    shown = as_user(uids['bert'], lambda: run('nfs4_getfacl', f'{mounted}/other'))
    eq(f':sales-files@{DNS}:' in shown, True, shown)
    eq(stat.S_IMODE(os.stat(w.path('other')).st_mode), 0o770, 'mode bits count the group')
    as_granted(domain, mounted, uids)
    w.client.umount(mounted)
    domain.stop()


def as_granted(domain, mounted, uids):
    """The share is for a group of the domain and one user, by name or SID; both protocols obey."""
    w = domain.world
    os.mkdir(w.path('all'))
    os.chmod(w.path('all'), 0o777)
    shown = domain.smbcacls('bert', 'other', '--numeric')
    group = re.findall(r'ACL:(S-1-5-21-[-\d]+):0/0x3/', shown)[-1]
    put(w.path('given'), b'hers', 0o600)
    for i, name in enumerate((f'{DOMAIN}\\sales-files', group)):
        w.server.set('data', users=[f'{DOMAIN}\\bert=admin'], groups=[f'{name}=write'],
                     default_access='none')
        os.mkdir(w.path(f'all/{i}'))
        os.chmod(w.path(f'all/{i}'), 0o777)
        eq(may_write(domain, mounted, f'all/{i}', {'anna': uids['anna'], 'alice': uids['alice']}),
           {'anna': (uids['anna'],) * 2, 'alice': (DENIED,) * 2}, name)
    # who may give files away gives them to a user of the domain
    domain.smbcacls('bert', 'given', '-C', f'{DOMAIN}\\anna')
    eq(os.stat(w.path('given')).st_uid, uids['anna'])
    eq(f'OWNER:{DOMAIN}\\anna' in domain.smbcacls('bert', 'given'), True)
    eq(as_user(uids['anna'], lambda: get(f'{mounted}/given')), b'hers', 'by NFS')
