# SPDX-License-Identifier: GPL-2.0-only
"""Logins and groups while a name service or winbind never answers about others."""
import contextlib
import os

from impacket import ntlm

import kdc
import nfs3
import rpc
import smb
from checks import eq, one_of, wait_for
from files import put
from harness import test
from processes import run
from smbraw import SESSION_SETUP, Link

# Questions about users that dittod asks at once for one client: UPCALL_NAMES_PER_ASKER.
PER_ASKER = 4
# A name service that never answers for some users, while a file exists.
HANGS = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A byte for each look-up that hangs. */
static void hang(const char *file)
{
	int fd = open(file, O_WRONLY | O_APPEND);

	if (fd < 0)
		return;
	if (write(fd, "h", 1) != 1)
		abort();
	close(fd);
	while (!access(file, F_OK))
		usleep(20000);
}

int getpwuid_r(uid_t uid, struct passwd *pw, char *buf, size_t size, struct passwd **found)
{
	int (*next)(uid_t, struct passwd *, char *, size_t, struct passwd **) =
		dlsym(RTLD_NEXT, "getpwuid_r");

	if (uid >= 60000 && uid < 61000)
		hang(getenv("HANGS"));
	return next(uid, pw, buf, size, found);
}

int getpwnam_r(const char *name, struct passwd *pw, char *buf, size_t size, struct passwd **found)
{
	int (*next)(const char *, struct passwd *, char *, size_t, struct passwd **) =
		dlsym(RTLD_NEXT, "getpwnam_r");

	if (!strncmp(name, "hanging", 7))
		hang(getenv("HANGS"));
	return next(name, pw, buf, size, found);
}
"""
# The library of winbind, where all questions about users hang: in the login worker, which can write
# no file.
WINBIND = """
#include <stdlib.h>
#include <unistd.h>

void wbcFreeMemory(void *memory)
{
}

int wbcInterfaceDetails(void **details)
{
	return 1;
}

int wbcAuthenticateUserEx(void)
{
	while (!access(getenv("HANGS"), F_OK))
		usleep(20000);
	return 1;
}
"""


@contextlib.contextmanager
def users_that_hang(w, conf=None):
    """Start the helper with these libraries; yields a function that counts accounts that hang."""
    source, library, hangs = (f'{w.base}/{name}' for name in ('hangs.c', 'hangs.so', 'hangs'))
    put(source, HANGS)
    put(hangs)
    os.chmod(hangs, 0o666)
    os.chmod(w.base, 0o755)
    run('cc', '-shared', '-fPIC', '-o', library, source, '-ldl')
    put(source, WINBIND)
    run('cc', '-shared', '-fPIC', '-o', f'{w.base}/libwbclient.so.0', source)
    w.server.helper_start(conf, by=('env', f'LD_PRELOAD={library}', f'HANGS={hangs}',
                                    f'LD_LIBRARY_PATH={w.base}'))
    try:
        yield lambda: os.stat(hangs).st_size
    finally:
        os.unlink(hangs)


@test(server='ditto', clients=2, timeout=180)
def users_nobody_finds(w):
    """Groups are found for one client while the name service hangs for users of another one."""
    with open('/etc/passwd', 'a', encoding='ascii') as f:
        f.write('member:x:7001:7001::/:/bin/false\n')
    with open('/etc/group', 'a', encoding='ascii') as f:
        f.write('some:x:7100:member\n')
    put(w.path('f'), b'for the group')
    os.chown(w.path('f'), 0, 7100)
    os.chmod(w.path('f'), 0o640)
    bad, good = (c.nfs() for c in w.clients)
    fh = bad.lookup(bad.root, 'f').fh
    with users_that_hang(w) as hanging:
        w.server.set('data', manage_gids=True)
        w.server.ctl('server', 'set', 'upcall-ms', '2000')
        for uid in range(60000, 60040):
            status = bad.as_user(rpc.auth_sys(uid, uid, [])).read(fh, 0, 9).status
            one_of(status, (nfs3.JUKEBOX, nfs3.ACCES))
        # None of them ends, and so many have their threads; the client may have no more.
        eq(hanging(), PER_ASKER)
        # A question that this client may not ask now is still asked for others.
        bad.as_user(rpc.auth_sys(7001, 7001, [])).read(fh, 0, 9)
        member = good.as_user(rpc.auth_sys(7001, 7001, []))
        wait_for('its groups', lambda: member.read(fh, 0, 9).status == nfs3.OK, 60)
        eq(hanging(), PER_ASKER, 'those before still hang')


def logs_in(client):
    with Link(client).negotiate() as s:
        return s.login() == 'SUCCESS'


def nobody_logs_in(client):
    with Link(client).negotiate() as s:
        return s.anonymous() == 'SUCCESS'


def crowd_logs_in(w, stack, token):
    """Logins of one machine beyond the threads of the helper, which nobody answers.

    token: makes the last token for a connection; the connections stay open.
    """
    crowd = [stack.enter_context(Link(w.clients[0]).negotiate()) for _ in range(24)]
    tokens = [token(s) for s in crowd]
    w.server.ctl('server', 'set', 'upcall-ms', '1000')
    for s, last in zip(crowd, tokens):
        s.send(SESSION_SETUP, s.setup_body(last))


@test(smb=True, clients=2, timeout=120)
def winbind_hangs(w):
    """Local users and nobody log in while winbind hangs for users of a domain."""
    def proof(s):
        eq(s.ntlm_first(), 'MORE_PROCESSING_REQUIRED')
        return ntlm.getNTLMSSPType3(s.type1, s.token(), 'far', 'Off here', 'AWAY')[0].getData()
    w.server.set('data', guest=True)
    w.server.helper_stop()
    with users_that_hang(w), contextlib.ExitStack() as stack:
        wait_for('a login', lambda: logs_in(w.clients[1]))
        crowd_logs_in(w, stack, proof)
        wait_for('the line in the log', lambda: (
            "winbind does not answer about others, and user 'far'" in w.server.helper_log()))
        w.server.ctl('server', 'set', 'upcall-ms', '10000')
        wait_for('a login', lambda: logs_in(w.clients[1]))
        eq(nobody_logs_in(w.clients[1]), True, 'a login of nobody')


@test(smb=True, clients=2, timeout=120)
def accounts_hang(w):
    """Local users log in while the name service hangs for users of a realm."""
    realm = kdc.Realm(w, dict(smb.USERS, hanging='Never comes back'))
    cache = realm.login(w.clients[0], 'hanging', 'Never comes back')
    realm.service_ticket(w.clients[0], cache)
    w.server.helper_stop()
    with users_that_hang(w, w.server.conf) as hanging, contextlib.ExitStack() as stack:
        wait_for('a login', lambda: logs_in(w.clients[1]))
        crowd_logs_in(w, stack, lambda s: kdc.ticket_token(cache)[0])
        wait_for('what hangs', hanging)
        wait_for('the line in the log', lambda: (
            f'about others, and hanging@{kdc.REALM} waits' in w.server.helper_log()))
        w.server.ctl('server', 'set', 'upcall-ms', '10000')
        wait_for('a login', lambda: logs_in(w.clients[1]))
    realm.stop()
