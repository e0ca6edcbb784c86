# SPDX-License-Identifier: GPL-2.0-only
"""Groups of a domain, by the PAC of a ticket."""
import os

import kdc
import pac
from checks import eq
from files import put
from harness import test
from realm import Realm
from smb import UIDS, USERS

DOMAIN = 'S-1-5-21-1-2-3'
OTHER = 'S-1-5-21-4-5-6'
IDMAP = '/etc/ditto/idmap'
# Numbers that no account of the guest has.
TEAM, PAST, LOCAL = 3105, 3106, 3107
MAP = f"""{DOMAIN}-1105 gid {TEAM} EXAMPLE\\team
{OTHER}-1106 gid {PAST} OTHER\\past
{DOMAIN}-1107 gid {LOCAL} EXAMPLE\\of this domain
"""


class Domain(Realm):
    """A realm whose tickets have PACs."""

    def __init__(self, w, idmap=MAP):
        put(IDMAP, idmap)
        super().__init__(w)

    def writes(self, where, *args, user='alice', sign=True, **kw):
        """True if a user whose ticket has this PAC may create a file in a directory."""
        cache = self.login(self.world.client, user, USERS[user])
        self.service_ticket(self.world.client, cache)
        if args:
            pac.add(cache, self.keytab, pac.logon_info(*args, **kw), sign)
        name = f'f{len(os.listdir(self.dir))}'
        out = self.smbclient(self.world.client, cache,
                             f'put {put(f"{self.dir}/{name}", b"x")} {where}\\{name}')
        path = self.world.path(f'{where}/{name}')
        there = os.path.exists(path)
        eq('putting file' in out, there, out)
        if there:
            eq(os.stat(path).st_uid, UIDS[user])
            os.unlink(path)
        elif 'NT_STATUS_ACCESS_DENIED opening' not in out:
            raise AssertionError(out)
        return there

    def refusal(self, *args, **kw):
        """The reason in the log why a login with this PAC is refused."""
        at = len(self.world.server.helper_log())
        cache = self.login(self.world.client, 'alice', USERS['alice'])
        self.service_ticket(self.world.client, cache)
        pac.add(cache, self.keytab, *args, **kw)
        out = self.smbclient(self.world.client, cache, 'ls')
        eq('NT_STATUS_LOGON_FAILURE' in out or 'NT_STATUS_ACCESS_DENIED' in out, True, out)
        line, = [line for line in self.world.server.helper_log()[at:].splitlines()
                 if ' refused: ' in line]
        return line

    def stop(self):
        os.unlink(IDMAP)
        super().stop()


def make_directories(w, **gids):
    """Directories that only a group may use."""
    os.chmod(w.export, 0o777)
    for name, gid in gids.items():
        os.mkdir(w.path(name))
        os.chown(w.path(name), 0, gid)
        os.chmod(w.path(name), 0o770)


@test(smb=True, squash='none', timeout=60)
def groups_of_a_ticket(w):
    """Groups count that the ticket tells, whatever kind they are of, if they have a number."""
    make_directories(w, team=TEAM, past=PAST, local=LOCAL)
    realm = Domain(w)
    alice = f'{DOMAIN}-1104'
    for where in ('team', 'past', 'local'):
        eq(realm.writes(where), False, 'without a PAC')
    eq(realm.writes('team', alice, [f'{DOMAIN}-1105', f'{DOMAIN}-1999']), True)
    eq(realm.writes('past', alice, [f'{DOMAIN}-1105']), False)
    eq(realm.writes('past', alice, extra=[f'{OTHER}-1106', 'S-1-18-1']), True)
    eq(realm.writes('local', alice, resource=[f'{DOMAIN}-1107']), True)
    eq(realm.writes('team', alice, [f'{DOMAIN}-1105'], sign=False), False, 'nobody signed it')
    realm.stop()


@test(smb=True, squash='none', timeout=60)
def pac_is_refused(w):
    """The user of the PAC is another one here, it names too many groups, or it is malformed."""
    make_directories(w, team=TEAM)
    realm = Domain(w, MAP + f'{DOMAIN}-1104 uid {UIDS["alice"]} EXAMPLE\\alice\n'
                            f'{DOMAIN}-1108 uid {UIDS["bob"]} EXAMPLE\\bob\n')
    said = realm.refusal(pac.logon_info(f'{DOMAIN}-1108', [f'{DOMAIN}-1105']))
    eq(f'alice@{kdc.REALM}' in said and f'EXAMPLE\\bob ({DOMAIN}-1108)' in said, True, said)
    said = realm.refusal(pac.logon_info(f'{DOMAIN}-1109'))
    eq(f'its account {DOMAIN}-1104' in said, True, said)
    said = realm.refusal(pac.logon_info(f'{DOMAIN}-1104', [f'{DOMAIN}-{2000 + i}'
                                                           for i in range(1025)]))
    eq('more than 1024 SIDs' in said, True, said)
    said = realm.refusal(pac.logon_info(f'{DOMAIN}-1104')[:-80])
    eq('malformed' in said, True, said)
    eq(w.server.json('session', 'list'), [])
    eq(realm.writes('team', f'{DOMAIN}-1104', [f'{DOMAIN}-{2000 + i}' for i in range(1000)]
                    + [f'{DOMAIN}-1105']), True, 'many groups')
    realm.stop()
