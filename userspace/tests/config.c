// SPDX-License-Identifier: GPL-2.0-only
/* The configuration file: valid content, and every kind of error. */

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "config/config_save.h"
#include "config/config_text.h"
#include "config/homes.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "test.h"

static struct config *parse_text(const char *text, struct mistakes *m)
{
	char *copy = mem_string(text);
	struct config *cfg = config_parse("f", copy, strlen(text), m);

	free(copy);
	return cfg;
}

static void whole_file(void)
{
	static const char text[] =
		"# comment\n"
		"; another\n"
		"\n"
		"[server]\r\n"
		"  threads = 8 \r\n"
		"max_connections=100\n"
		"udp = on\n"
		"require_signing = yes\n"
		"encryption = required\n"
		"min_dialect = 3.0.2\n"
		"user-map = root@EXAMPLE.ORG = none\n"
		"user_map = *@EXAMPLE.ORG = *\n"
		"min_uid = 500\n"
		"nfs_gss = gssproxy\n"
		"[listener nfs]\n"
		"[listener nfs]\n"
		"transport = udp\n"
		"address = 192.0.2.1\n"
		"port = 2050\n"
		"[share data]\n"
		"path = /srv/data/\n"
		"read_only = yes\n"
		"squash = all_to_guest\n"
		"anon_uid = 1000\n"
		"anon-gid = 1001\n"
		"sec = sys,krb5\n"
		"allow = 192.0.2.0/24=ro\n"
		"allow = @admins=rw,squash=root_to_admin\n"
		"allow = a.b,anon_gid=7,squash=all-to-guest,anon-uid=4294967294\n"
		"manage_gids = on\n"
		"encrypt = on\n"
		"guest = on\n"
		"browse = off\n"
		"notify = no\n"
		"comment = Data of all; [no section]\n"
		"trash = on\n"
		"trash_keep = 7\n"
		"trash-exclude = *.tmp,~$*\n"
		"user = root=admin\n"
		"user = 1000=read\n"
		"group = root=none\n"
		"default_access = read\n"
		"link = a b/c=one:/x,[2001:db8::1]:/y\n"
		"link = d=two:/z\n"
		"id = 00112233-4455-6677-8899-aabbccddeeff\n"
		"[share with space]\n"
		"path = /srv/a b = c";
	char mapping[USER_MAP_TEXT_MAX];
	char where[LISTENER_TEXT_MAX];
	struct mistakes m;
	struct config *cfg = parse_text(text, &m);
	struct share_users resolved;
	struct why why;
	char *rule;
	const struct share *s;

	if (!CHECK(cfg)) {
		SAME(m.text[0], "");
		mistakes_free(&m);
		return;
	}
	CHECK(cfg->given[SETTING_threads] && cfg->setting[SETTING_threads] == 8);
	CHECK(cfg->setting[SETTING_max_connections] == 100);
	CHECK(cfg->setting[SETTING_udp] == 1);
	CHECK(cfg->setting[SETTING_require_signing] == 1);
	CHECK(cfg->setting[SETTING_encryption] == 2);
	CHECK(cfg->setting[SETTING_min_dialect] == 0x0302);
	CHECK(!cfg->given[SETTING_node_limit]);
	CHECK(cfg->users.min_uid == 500 && cfg->users.n == 2 && cfg->users.rules[0].deny);
	CHECK(cfg->gssproxy);
	SAME(user_rule_text(&cfg->users.rules[1], mapping), "*@EXAMPLE.ORG = *");
	CHECK(cfg->nlisteners == 2);
	SAME(listener_text(&cfg->listeners[0], where), "nfs tcp *");
	SAME(listener_text(&cfg->listeners[1], where), "nfs udp 192.0.2.1 port 2050");
	CHECK(cfg->nshares == 2);
	s = cfg->shares[0];
	SAME(s->name, "data");
	SAME(s->path, "/srv/data");
	CHECK(s->read_only && s->manage_gids && s->anon_uid == 1000 && s->anon_gid == 1001);
	CHECK(s->squash == DITTO_SQUASH_MODE_ALL_TO_GUEST);
	CHECK(s->sec == (DITTO_FLAVOR_SYS | DITTO_FLAVOR_KRB5));
	CHECK(s->id[0] == 0 && s->id[15] == 0xff);
	CHECK(s->nrules == 3);
	rule = share_rule_text(&s->rules[1]);
	SAME(rule, "@admins=rw,squash=root-to-admin");
	free(rule);
	rule = share_rule_text(&s->rules[2]);
	SAME(rule, "a.b=rw,squash=all-to-guest,anon-uid=4294967294,anon-gid=7");
	free(rule);
	CHECK(s->encrypt && s->guest && !s->browse && s->default_access == DITTO_SHARE_RIGHT_READ);
	CHECK(!s->notify && s->streams);
	SAME(s->comment, "Data of all; [no section]");
	CHECK(s->trash && s->trash_keep == 7 && !s->trash_size && config_has_trash(cfg));
	SAME(s->trash_exclude, "*.tmp,~$*");
	SAME(s->links, "a b/c=one:/x,[2001:db8::1]:/y\nd=two:/z");
	CHECK(s->users.n == 3);
	CHECK(!s->users.user[0].group && s->users.user[0].access == DITTO_SHARE_RIGHT_ADMIN);
	CHECK(s->users.user[1].id == 1000 && s->users.user[1].access == DITTO_SHARE_RIGHT_READ);
	CHECK(s->users.user[2].group && s->users.user[2].access == DITTO_SHARE_RIGHT_NONE);
	SAME(s->users.user[2].name, "root");
	CHECK(!share_users_resolve(&s->users, &resolved, share_user_find, &why) && resolved.n == 3);
	rule = share_user_text(&resolved.user[2]);
	share_users_free(&resolved);
	SAME(rule, "root=none");
	free(rule);
	SAME(cfg->shares[1]->name, "with space");
	SAME(cfg->shares[1]->path, "/srv/a b = c");
	CHECK(cfg->shares[1]->squash == DITTO_SQUASH_MODE_ROOT_TO_GUEST);
	config_free(cfg);
}

/* Check the connections that the first share accepts. */
static void check_xprtsec(const struct config *cfg, const char *expected)
{
	char text[SETTING_TEXT_MAX];

	SAME(setting_text(&share_options[SHARE_OPTION_xprtsec], cfg->shares[0]->xprtsec, text),
	     expected);
}

static void tls_section(void)
{
	struct mistakes m;
	struct config *cfg = parse_text("[tls]\nagent = on\ncertificate = /c\n"
					"private_key = /k\ntrust = /t\n"
					"client_map = dns:*.a = a\n"
					"client_map = dns:* = none\n"
					"[share a]\npath = /a\nxprtsec = tls,mtls\n", &m);

	if (!CHECK(cfg))
		return;
	CHECK(cfg->tls.agent == TLS_AGENT_ON);
	SAME(cfg->tls.certificate, "/c");
	SAME(cfg->tls.key, "/k");
	SAME(cfg->tls.trust, "/t");
	CHECK(cfg->tls.clients.n == 2);
	check_xprtsec(cfg, "tls,mtls");
	config_free(cfg);
	cfg = parse_text("[share a]\npath = /a\n", &m);
	if (!CHECK(cfg))
		return;
	CHECK(cfg->tls.agent == TLS_AGENT_AUTO && !cfg->tls.certificate && !cfg->tls.trust);
	check_xprtsec(cfg, "none,tls,mtls");
	config_free(cfg);
}

/* What a share says itself counts, key by key. */
static void templates_used(void)
{
	static const char text[] =
		"[template office]\nread_only = yes\nallow = any=ro\nallow = 192.0.2.1=rw\n"
		"comment = of all\nuser = root=read\n"
		"[template other]\nguest = yes\n"
		"[share a]\ntemplate = office\npath = /a\n"
		"[share b]\npath = /b\nallow = 192.0.2.2\nread-only = no\ntemplate = office\n"
		"[share c]\npath = /c\n";
	struct mistakes m;
	struct config *cfg = parse_text(text, &m);
	struct share **s;
	char *rule;

	if (!CHECK(cfg && cfg->nshares == 3))
		return;
	s = cfg->shares;
	CHECK(s[0]->read_only && s[0]->nrules == 2 && s[0]->users.n == 1 && !s[0]->guest);
	SAME(s[0]->comment, "of all");
	SAME(s[0]->path, "/a");
	CHECK(!s[1]->read_only && s[1]->nrules == 1 && s[1]->users.n == 1);
	rule = share_rule_text(&s[1]->rules[0]);
	SAME(rule, "192.0.2.2=rw");
	free(rule);
	SAME(s[1]->comment, "of all");
	CHECK(!s[2]->read_only && !s[2]->nrules && !s[2]->comment);
	config_free(cfg);
}

/* What a rule makes of users, and whose home a path may be. */
static void homes_of_users(void)
{
	static const struct {
		const char *rule, *name, *domain, *path;
	} users[] = {
		{ "/home/%U", "alice", "HOST", "/home/alice" },
		{ "/home/%U", "EXAMPLE\\Bob", "HOST", "/home/Bob" },
		{ "/home/%U", "bob@example.org", "HOST", "/home/bob" },
		{ "/srv/%D/%U/100%%", "EXAMPLE\\bob", "HOST", "/srv/EXAMPLE/bob/100%" },
		{ "/srv/%D/%U", "bob", "HOST", "/srv/HOST/bob" },
		{ "/srv/%D/%U", "bob", "..", NULL },
		{ "/srv/%D/%U", "bob@example.org", "HOST", "/srv/example.org/bob" },
		{ "/srv/%D/%U", "bob", "", NULL },
		{ "/home/%U", "bob", "", "/home/bob" },
		{ "/home/%U", "Homes", "HOST", NULL },
		{ "/home/%U", "GLOBAL", "HOST", NULL },
		{ "/home/%U", "..", "HOST", NULL },
		{ "/home/%U", ".", "HOST", NULL },
		{ "/home/%U", "", "HOST", NULL },
		{ "/home/%U", "a/b", "HOST", NULL },
		{ "/home/%U", "X\\a/b", "HOST", NULL },
		{ "/home/%U", "X\\a\\b", "HOST", NULL },
		{ "/home/%U", "a\nb", "HOST", NULL },
		{ "/home/%U", "pc$", "HOST", NULL },
	};
	char longest[NAME_MAX + 2];
	struct home_user user = { .uid = 1000 };
	struct share *rule, *s, *again;
	struct share_bits differs;
	struct why why;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(users); i++) {
		rule = share_new("");
		CHECK(share_set_path(rule, users[i].rule, &why) && homes_check(rule, &why));
		user.name = users[i].name;
		user.domain = users[i].domain;
		s = homes_make(rule, &user, &why);
		CHECK(!s == !users[i].path);
		if (s) {
			SAME(s->path, users[i].path);
			SAME(s->protocols, "smb");
			CHECK(share_is_home(s) && s->home_uid == 1000 && s->users.n == 1 &&
			      s->default_access == DITTO_SHARE_RIGHT_NONE);
			again = homes_make_again(rule, s);
			differs = share_diff(s, again);
			CHECK(again && !share_bits_any(&differs));
			share_free(again);
			share_set_path(s, "/elsewhere/bob", &why);
			CHECK(!homes_make_again(rule, s) && !homes_make_again(NULL, s));
			share_free(s);
		}
		share_free(rule);
	}
	CHECK(homes_fixed_len("/home/%U") == 5 && !homes_fixed_len("/%U") &&
	      homes_fixed_len("/srv/x%D/%U") == 4);
	rule = share_new("");
	CHECK(share_set_path(rule, "/h/%U", &why));
	memset(longest, 'a', sizeof(longest) - 1);
	longest[NAME_MAX + 1] = '\0';
	user.name = longest;
	CHECK(!homes_make(rule, &user, &why));
	longest[NAME_MAX] = '\0';
	s = homes_make(rule, &user, &why);
	CHECK(s);
	share_free(s);
	share_free(rule);
}

/* A template has what both have in common; names are looked up later. */
static void homes_section(void)
{
	static const char text[] =
		"[template t]\ncomment = of all\nveto-files = /*.exe/\n"
		"[homes]\npath = /srv/home/%U\nhome-create = yes\ntemplate = t\ntrash = yes\n"
		"[share a]\npath = /a\ntemplate = t\nforce-user = nobody\nforce_group = 7\n";
	struct share_users names;
	struct mistakes m;
	struct config *cfg = parse_text(text, &m);
	struct share *s;
	struct why why;

	if (!CHECK(cfg && cfg->nshares == 1 && cfg->homes))
		return;
	SAME(cfg->homes->path, "/srv/home/%U");
	SAME(cfg->homes->comment, "of all");
	SAME(cfg->homes->veto_files, "/*.exe/");
	CHECK(cfg->home_create && cfg->homes->trash && config_has_trash(cfg));
	s = cfg->shares[0];
	SAME(s->force_user, "nobody");
	CHECK(s->force_uid == SHARE_NOBODY && s->force_gid == 7 && !s->force_group);
	share_force_begin(s, &names);
	CHECK(names.n == 1 && !names.user[0].group);
	names.user[0].id = 65534;
	CHECK(share_force_end(s, &names, &why));
	CHECK(s->force_uid == 65534);
	names.user[0].id = 0;
	CHECK(!share_force_end(s, &names, &why));
	SAME(why.text, "force-user: nobody can be made nobody");
	CHECK(!share_set_force_user(s, "0", &why) && !share_set_force_group(s, "0", &why));
	share_users_free(&names);
	config_free(cfg);
}

/* Local snapshots need no store; the shortest period of all shares counts. */
static void local_snapshots(void)
{
	static const char text[] =
		"[template t]\nsnapshots = .snapshots\nsnapshot_schedule = weekly 4, daily 7\n"
		"[share a]\npath = /a\ntemplate = t\n"
		"[share b]\npath = /b\nsnapshots = s\nsnapshot-schedule = monthly 2\n"
		"[share c]\npath = /c\nsnapshot-schedule = off\n";
	struct offload_schedule s;
	struct config *cfg;
	struct mistakes m;
	int job;

	cfg = parse_text(text, &m);
	if (!CHECK(cfg && cfg->nshares == 3))
		return;
	CHECK(cfg->shares[0]->snapshot_keep[0].count == 4);
	CHECK(cfg->shares[0]->snapshot_keep[1].period == 86400);
	CHECK(!cfg->shares[0]->snapshot_keep[2].period && !cfg->shares[2]->snapshot_keep[0].period);
	config_schedule(cfg, &s);
	for (job = 0; job < OFFLOAD_JOBS; job++)
		CHECK(s.period[job] == (job == OFFLOAD_JOB_LOCAL ? 86400 : 0));
	config_free(cfg);
	cfg = config_new();
	config_schedule(cfg, &s);
	CHECK(!s.period[OFFLOAD_JOB_LOCAL] && !s.stores);
	config_free(cfg);
}

static void empty_file(void)
{
	struct mistakes m;
	struct config *cfg = parse_text("", &m);

	CHECK(cfg && !cfg->nshares && !cfg->nlisteners);
	CHECK(cfg && !cfg->users.n && cfg->users.min_uid == 1000 && !cfg->gssproxy);
	config_free(cfg);
}

#define SHARE	"[share a]\npath = /a\n"
/* The end of a SID with most parts. */
#define LONG_SID	"-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15"

static const struct {
	const char *text;
	const char *mistake;
} mistakes[] = {
	{
		"threads = 1\n",
		"f:1: a key before the first [section]"
	},
	{
		"[server\n",
		"f:1: a section's ']' is missing at the end of the line"
	},
	{
		"[]\n",
		"f:1: there is no section []: [server], [listener PROTOCOL], [tls], [store NAME], [policy NAME], [schedule], [template NAME], [share NAME] and [homes] are allowed"
	},
	{
		"[homes]\nread-only = yes\n",
		"f:1: [homes]: 'path' is missing"
	},
	{
		"[homes]\npath = /home\n",
		"f:1: [homes]: path: %U is missing, which stands for the name of the user, as in /srv/home/%U"
	},
	{
		"[homes]\npath = /home/%U/%x\n",
		"f:1: [homes]: path: '%x' is not allowed: %U for the user, %D for the domain, and %% for % are"
	},
	{
		"[homes]\npath = /home/%U\nuser = root=read\n",
		"f:1: [homes]: user, group, default-access, force-user and force-group: only its user has a home share, as himself; others use a share of the directory above"
	},
	{
		"[homes]\npath = /home/%U\nprotocols = nfs\n",
		"f:1: [homes]: protocols: home shares are for SMB; for NFS, add a share of the directory above"
	},
	{
		"[homes]\npath = /home/%U\nid = 00112233445566778899aabbccddeeff\n",
		"f:1: [homes]: id, mountpoint, snapshot-schedule, offload and offload-store are for one share"
	},
	{
		"[share a]\npath = /a\nhome-create = yes\n",
		"f:3: home-create: it is a key of [homes]"
	},
	{
		"[share a]\npath = /a\nveto-files = //\n",
		"f:3: veto-files: '//' is not allowed: patterns of names between slashes are, such as /*.exe/~$*/"
	},
	{
		"[tls]\ntrust = ca.pem\n",
		"f:2: trust: 'ca.pem' is not allowed: an absolute path is"
	},
	{
		"[tls]\ncertificate = /c\n",
		"f:1: [tls]: 'private-key' is missing"
	},
	{
		"[tls]\nagent = maybe\n",
		"f:2: agent: 'maybe' is not allowed: one of auto, on, off is"
	},
	{
		"[tls]\n[tls]\n",
		"f:2: [tls] is there already, in line 1"
	},
	{
		SHARE "xprtsec = ssl\n",
		"f:3: xprtsec: 'ssl' is not allowed: a list of none, tls, mtls is"
	},
	{
		"[servre]\nthreads = 1\n",
		"f:1: there is no section [servre]; did you mean [server]?"
	},
	{
		"[sahre x]\npath = /x\n",
		"f:1: there is no section [sahre]; did you mean [share]?"
	},
	{
		"[printer]\nx = 1\n",
		"f:1: there is no section [printer]: [server], [listener PROTOCOL], [tls], [store NAME], [policy NAME], [schedule], [template NAME], [share NAME] and [homes] are allowed"
	},
	{
		"[policy a]\npath = /a\n",
		"f:1: [policy a]: 'accessed', 'changed', or 'start' and 'stop' are needed"
	},
	{
		"[policy a]\npath = /a\naccessed = 1d\nchanged = 1y\n",
		"f:4: changed: '1y' is not allowed: a time such as 30m, 12h or 7d, up to 36500d, is"
	},
	{
		"[policy a]\npath = /a\nchanged = 1d\nstore = x\n",
		"f:1: [policy a]: store: there is no [store x]"
	},
	{
		"[policy a]\npath = /a\nchanged = 1d\n[policy a]\npath = /b\nchanged = 1d\n",
		"f:4: [policy a] is there already, in line 1"
	},
	{
		"[policy a]\npath = /a\nchanged = 1d\n[policy b]\npath = /a\nchanged = 1d\n",
		"f:4: [policy b]: there is [policy a] with the same path"
	},
	{
		"[server nfs]\n",
		"f:1: [server]: 'nfs' is one word too many"
	},
	{
		"[server]\n[server]\n",
		"f:2: [server] is there already, in line 1"
	},
	{
		"[listener]\n",
		"f:1: [listener]: the protocol is missing"
	},
	{
		"[listener NFS]\n",
		"f:1: there is no protocol 'NFS': nfs, smb are"
	},
	{
		"[share]\npath = /a\n",
		"f:1: [share]: the name is missing"
	},
	{
		"[share a/b]\npath = /a\n",
		"f:1: 'a/b' is not allowed: a name without slashes and control characters is"
	},
	{
		"[server]\nthreads\n",
		"f:2: neither a [section], nor 'key = value', nor a # comment"
	},
	{
		"[server]\n= 1\n",
		"f:2: neither a [section], nor 'key = value', nor a # comment"
	},
	{
		"[server]\nthread = 1\n",
		"f:2: [server] has no key 'thread'; did you mean 'threads'?"
	},
	{
		"[server]\nhandle_key = 00112233445566778899aabbccddeeff\n",
		"f:2: [server] has no key 'handle_key': max-connections, node-limit, file-limit, file-idle-ms, drain-ms, upcall-ms, name-ttl-s, name-negative-ttl-s, lease-time-s, grace-s, waits-per-node, claims-per-client, recall-pause-s, max-delegations, delegations-per-client, delegations, break-wait-ms, login-delay-ms, budget-memory-mib, budget-user-mib, budget-anonymous-mib, budget-unproven-kib, budget-connections, budget-opens, offload-recall-ms, offload-recalls, offload-read-ahead, threads, udp, session-slots, sessions-per-client, copy-sync-kib, offload-wait-ms, share-paths, fast-path, require-signing, require-ntlm-signing, encryption, compression, min-dialect, durable-s, silence-s, sessions-per-connection, restrict-anonymous, domain, user-map, min-uid, identity, builtin, nfsidmap, nfs-gss, service-names, server-names, share-root, audit-log, scan-command, workgroup, server-string are allowed"
	},
	{
		"[server]\nstarted = 1\n",
		"f:2: [server] has no key 'started': max-connections, node-limit, file-limit, file-idle-ms, drain-ms, upcall-ms, name-ttl-s, name-negative-ttl-s, lease-time-s, grace-s, waits-per-node, claims-per-client, recall-pause-s, max-delegations, delegations-per-client, delegations, break-wait-ms, login-delay-ms, budget-memory-mib, budget-user-mib, budget-anonymous-mib, budget-unproven-kib, budget-connections, budget-opens, offload-recall-ms, offload-recalls, offload-read-ahead, threads, udp, session-slots, sessions-per-client, copy-sync-kib, offload-wait-ms, share-paths, fast-path, require-signing, require-ntlm-signing, encryption, compression, min-dialect, durable-s, silence-s, sessions-per-connection, restrict-anonymous, domain, user-map, min-uid, identity, builtin, nfsidmap, nfs-gss, service-names, server-names, share-root, audit-log, scan-command, workgroup, server-string are allowed"
	},
	{
		"[server]\nworkgroup = our office\n",
		"f:2: workgroup: 'our office' is no work group: 1 to 15 letters, digits, '.', '_' and '-' are"
	},
	{
		"[server]\nworkgroup = ABCDEFGHIJKLMNOP\n",
		"f:2: workgroup: 'ABCDEFGHIJKLMNOP' is no work group: 1 to 15 letters, digits, '.', '_' and '-' are"
	},
	{
		"[server]\nserver-string = a\tb\n",
		"f:2: server-string: 'a\tb' is not allowed: 255 bytes of UTF-8 at most are"
	},
	{
		"[server]\ndomain = user@example.org\n",
		"f:2: domain: 'user@example.org' is no domain, such as example.org"
	},
	{
		"[server]\nuser-map = alice\n",
		"f:2: user-map: 'alice' is not allowed: PATTERN = ACCOUNT is"
	},
	{
		"[server]\nshare-root = /\n",
		"f:2: share-root: '/' is not allowed: an absolute path other than /, without '.', '..' and '//', is"
	},
	{
		"[server]\nshare-root = /srv/./x\n",
		"f:2: share-root: '/srv/./x' is not allowed: an absolute path other than /, without '.', '..' and '//', is"
	},
	{
		"[server]\nshare-root = /srv/../etc\n",
		"f:2: share-root: '/srv/../etc' is not allowed: an absolute path other than /, without '.', '..' and '//', is"
	},
	{
		"[server]\nshare-root = /srv//x\n",
		"f:2: share-root: '/srv//x' is not allowed: an absolute path other than /, without '.', '..' and '//', is"
	},
	{
		"[server]\nmin-uid = root\n",
		"f:2: min-uid: 'root' is not allowed: a number from 0 to 4294967294 is"
	},
	{
		"[server]\nnfs-gss = svcgssd\n",
		"f:2: nfs-gss: 'svcgssd' is not allowed: dittod, gssproxy are"
	},
	{
		"[server]\nmin-uid = 1\nthreads = 1\nmin_uid = 1\n",
		"f:4: min_uid: is there already, in line 2"
	},
	{
		"[server]\nencryption = maybe\n",
		"f:2: encryption: 'maybe' is not allowed: one of off, offered, required is"
	},
	{
		"[server]\nmin_dialect = 2\n",
		"f:2: min_dialect: '2' is not allowed: one of 2.0.2, 2.1, 3.0, 3.0.2, 3.1.1 is"
	},
	{
		"[share a]\npath = /a\nlink = b\n",
		"f:3: link: 'b' is not allowed: DIRECTORY=SERVER:/SHARE[/PATH] is"
	},
	{
		"[share a]\npath = /a\ngroup = root\n",
		"f:3: group: 'root' is not allowed: NAME=ACCESS is"
	},
	{
		"[share a]\npath = /a\nuser = root=all\n",
		"f:3: user: 'all' is not allowed: one of none, read, write, admin is"
	},
	{
		"[share a]\npath = /a\nuser = root=read\nuser = root=write\n",
		"f:4: user: user 'root' is there twice"
	},
	{
		"[server]\nthreads = 1\nthreads = 2\n",
		"f:3: threads: is there already, in line 2"
	},
	{
		"[server]\nthreads = 1025\n",
		"f:2: threads: '1025' is not allowed: a number from 0 to 1024 is"
	},
	{
		"[server]\nthreads =\n",
		"f:2: threads: '' is not allowed: a number from 0 to 1024 is"
	},
	{
		"[server]\nudp = maybe\n",
		"f:2: udp: 'maybe' is not allowed: yes (on, true, 1) or no (off, false, 0) is"
	},
	{
		"[listener nfs]\ntransport = sctp\n",
		"f:2: transport: 'sctp' is not allowed: one of tcp, udp, rdma is"
	},
	{
		"[listener nfs]\naddress = host\n",
		"f:2: address: 'host' is not allowed: an IPv4 or IPv6 address or * is"
	},
	{
		"[listener nfs]\nport = 0\n",
		"f:2: port: '0' is not allowed: a number from 1 to 65535 is"
	},
	{
		"[listener nfs]\nprot = 1\n",
		"f:2: [listener] has no key 'prot'; did you mean 'port'?"
	},
	{
		"[listener nfs]\n[listener nfs]\n",
		"f:2: [listener nfs tcp *] is there already, in line 1"
	},
	{
		"[share a]\nsquash = none\n",
		"f:1: [share a]: 'path' is missing"
	},
	{
		SHARE "snapshot-schedule = daily 7\n",
		"f:1: [share a]: snapshot-schedule: the key snapshots is missing, which names the directory, such as .snapshots"
	},
	{
		SHARE "snapshots = s\nsnapshot-schedule = daily\n",
		"f:4: snapshot-schedule: 'daily' is not allowed: off, or such as 'hourly 24 daily 7 weekly 4 monthly 12' is"
	},
	{
		SHARE "snapshots = s\nsnapshot-schedule = hourly 900 daily 101\n",
		"f:4: snapshot-schedule: 1001 snapshots are too many, 1000 are allowed"
	},
	{
		"[share a]\npath = a\n",
		"f:2: path: 'a' is not allowed: an absolute path is"
	},
	{
		SHARE "path = /b\n",
		"f:3: path: is there already, in line 2"
	},
	{
		SHARE SHARE,
		"f:3: [share a] is there already, in line 1"
	},
	{
		SHARE "read_only = perhaps\n",
		"f:3: read_only: 'perhaps' is not allowed: yes (on, true, 1) or no (off, false, 0) is"
	},
	{
		SHARE "squash = root\n",
		"f:3: squash: 'root' is not allowed: one of root-to-guest, none, root-to-admin, all-to-admin, all-to-guest is"
	},
	{
		SHARE "anon_uid = nobody\n",
		"f:3: anon_uid: 'nobody' is not allowed: a number from 1 to 4294967294 is"
	},
	{
		SHARE "anon_gid = -1\n",
		"f:3: anon_gid: '-1' is not allowed: a number from 1 to 4294967294 is"
	},
	{
		SHARE "anon_uid = 0\n",
		"f:3: anon_uid: the anonymous user is neither root nor in its group: squash all-to-admin makes root of all"
	},
	{
		SHARE "allow = *=rw,squash=all-to-guest,anon-gid=00\n",
		"f:3: allow: the anonymous user is neither root nor in its group: squash all-to-admin makes root of all"
	},
	{
		SHARE "allow = *,anon-uid=nobody\n",
		"f:3: allow: 'nobody' is not allowed: a number from 1 to 4294967294 is"
	},
	{
		SHARE "allow = *,anon-uid\n",
		"f:3: allow: ',anon-uid' is not allowed: ,squash=MODE, ,anon-uid=UID or ,anon-gid=GID is"
	},
	{
		SHARE "allow = *=rw,squash=none,\n",
		"f:3: allow: ',' is not allowed: ,squash=MODE, ,anon-uid=UID or ,anon-gid=GID is"
	},
	{
		SHARE "sec = krb4\n",
		"f:3: sec: 'krb4' is not allowed: a list of none, sys, krb5, krb5i, krb5p is"
	},
	{
		SHARE "allow = 10.0.0.0/40\n",
		"f:3: allow: '10.0.0.0/40' is not a network: its prefix must be from 0 to 32"
	},
	{
		SHARE "allow = *=wr\n",
		"f:3: allow: 'wr' is not allowed: one of rw, ro, none is"
	},
	{
		SHARE "allow = *=rw,sqash=none\n",
		"f:3: allow: ',sqash=none' is not allowed: ,squash=MODE, ,anon-uid=UID or ,anon-gid=GID is"
	},
	{
		SHARE "allow = *=rw,squash=no\n",
		"f:3: allow: 'no' is not allowed: one of root-to-guest, none, root-to-admin, all-to-admin, all-to-guest is"
	},
	{
		SHARE "id = 1234\n",
		"f:3: id: '1234' is not allowed: a UUID of 32 hexadecimal digits is"
	},
	{
		SHARE "manage_gids = x\n",
		"f:3: manage_gids: 'x' is not allowed: yes (on, true, 1) or no (off, false, 0) is"
	},
	{
		SHARE "readonly = yes\n",
		"f:3: [share] has no key 'readonly'; did you mean 'read-only'?"
	},
	{
		"[template t]\npath = /a\n" SHARE,
		"f:1: [template]: 'path' and 'id' are for one share"
	},
	{
		"[template t]\nid = 00112233445566778899aabbccddeeff\n" SHARE,
		"f:1: [template]: 'path' and 'id' are for one share"
	},
	{
		"[template t]\nread-only = x\n" SHARE "template = t\n",
		"f:2: read-only: 'x' is not allowed: yes (on, true, 1) or no (off, false, 0) is"
	},
	{
		"[template t]\n[template t]\n",
		"f:2: [template t] is there already, in line 1"
	},
	{
		"[template t]\n[template u]\ntemplate = t\n",
		"f:3: template: a template does not use another one"
	},
	{
		SHARE "template = t\n[template t]\n",
		"f:3: template: there is no [template t] above"
	},
	{
		"[template t]\n[template u]\n" SHARE "template = t\ntemplate = u\n",
		"f:6: template: is there already, in line 5"
	},
	{
		"[share a]\npath = /a\nid = 00112233445566778899aabbccddeeff\n[share b]\npath = /b\nid = 00112233445566778899aabbccddeeff\n",
		"f:4: [share b]: the id is that of share 'a'"
	},
};

static void each_mistake(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mistakes); i++) {
		struct mistakes m;
		struct config *cfg = parse_text(mistakes[i].text, &m);

		CHECK(!cfg);
		CHECK(m.count == 1);
		SAME(m.count ? m.text[0] : NULL, mistakes[i].mistake);
		if (m.count > 1)
			SAME(m.text[1], "");
		mistakes_free(&m);
		config_free(cfg);
	}
}

static void all_mistakes(void)
{
	struct mistakes m;

	CHECK(!parse_text("[server]\nthreads = x\nudp = x\n[share a]\n", &m));
	CHECK(m.count == 3);
	mistakes_free(&m);
}

static void too_many_mistakes(void)
{
	struct mistakes m;
	char *text = mem_new(4096);
	int i;

	for (i = 0; i < 500; i++)
		strcat(text, "x = 1\n");
	CHECK(!parse_text(text, &m));
	CHECK(m.count == 50);
	mistakes_free(&m);
	free(text);
}

/* Appends a line to a file; takes over both. */
static char *file_append(char *text, char *line)
{
	char *longer = mem_print("%s%s", text, line);

	free(text);
	free(line);
	return longer;
}

/* Checks the first mistake of a file; takes over its text. */
static void file_is_wrong(char *text, const char *why)
{
	struct mistakes m;

	CHECK(!parse_text(text, &m));
	SAME(m.count ? m.text[0] : NULL, why);
	mistakes_free(&m);
	free(text);
}

static void too_many_rules(void)
{
	char *text = mem_string(SHARE);
	int i;

	for (i = 0; i < 257; i++)
		text = file_append(text, mem_print("allow = 10.0.0.%d\n", i % 256));
	file_is_wrong(text,
		      "f:259: allow: there are more than 256 rules: put the clients into a netgroup");
}

/* A list that a message cannot have must not be left out of it. */
static void too_long_lists(void)
{
	char *rules = mem_string(SHARE), *users = mem_string(SHARE);
	char name[256];
	int i;

	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	for (i = 0; i < 256; i++)
		rules = file_append(rules, mem_print("allow = %s=ro\n", name));
	file_is_wrong(rules,
		      "f:229: allow: the rules are longer than 65279 bytes: put the clients into a netgroup");
	for (i = 0; i < 1024; i++)
		users = file_append(users, mem_print("user = S-1-%d%s=read\n", i, LONG_SID));
	file_is_wrong(users,
		      "f:712: user: there are more than 1024 users, or 65279 bytes: put them into groups");
}

/* A name is as long as the SID that a directory may give for it. */
static void names_become_sids(void)
{
	char *users = mem_string(SHARE);
	int i;

	for (i = 0; i < 1024; i++)
		users = file_append(users, i < 500 ?
				    mem_print("user = S-1-%d%s=read\n", i, LONG_SID) :
				    mem_print("user = name%d=read\n", i));
	file_is_wrong(users,
		      "f:873: user: there are more than 1024 users, or 65279 bytes: put them into groups");
}

static void long_names(void)
{
	struct mistakes m;
	char name[300];
	char *text;

	memset(name, 'n', sizeof(name));
	name[256] = '\0';
	text = mem_print("[share %s]\npath = /a\n", name);
	CHECK(!parse_text(text, &m));
	SAME(m.count ? m.text[0] : NULL, "f:1: the name of the share is longer than 255 bytes");
	mistakes_free(&m);
	free(text);
}

static void nul_byte(void)
{
	char text[] = "[server]\nthr\0eads = 1\n";
	struct mistakes m;

	CHECK(!config_parse("f", text, sizeof(text) - 1, &m));
	SAME(m.count ? m.text[0] : NULL, "f:2: a NUL byte: this is not a text file");
	mistakes_free(&m);
}

/* Arbitrary content: parsing ends and leaks no memory. */
static void any_bytes(void)
{
	static const char alphabet[] =
		"[]= \t\n#;/*@,server listener share nfs path allow squash\r0";
	unsigned int seed = 1;
	char text[200];
	int round;

	for (round = 0; round < 20000; round++) {
		struct mistakes m;
		struct config *cfg;
		size_t len, i;

		seed = seed * 1103515245 + 12345;
		len = (seed >> 16) % (sizeof(text) - 1);
		for (i = 0; i < len; i++) {
			seed = seed * 1103515245 + 12345;
			text[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		text[len] = '\0';
		cfg = config_parse("f", text, len, &m);
		CHECK(!cfg == !!m.count);
		config_free(cfg);
		mistakes_free(&m);
	}
}

/* Each setting can be given once, with its default. */
static void every_setting(void)
{
	char text[8192], value[SETTING_TEXT_MAX];
	struct config *cfg;
	struct mistakes m;
	size_t len;
	unsigned int i;

	len = (size_t)snprintf(text, sizeof(text), "[server]\n");
	for (i = 0; i < SETTINGS; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s = %s\n",
					settings[i].name,
					setting_text(&settings[i], settings[i].initial, value));
	cfg = parse_text(text, &m);
	if (!CHECK(cfg)) {
		SAME(m.text[0], "");
		mistakes_free(&m);
		return;
	}
	for (i = 0; i < SETTINGS; i++)
		CHECK(cfg->given[i] && cfg->setting[i] == settings[i].initial);
	config_free(cfg);

	for (i = 0; i < SETTINGS; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s = %s\n",
					settings[i].name,
					setting_text(&settings[i], settings[i].initial, value));
	CHECK(!parse_text(text, &m) && m.count == SETTINGS);
	mistakes_free(&m);
}

/* What is commented out in the example is right, too. */
static void example_uncommented(void)
{
	FILE *in = fopen("ditto.conf.example", "r");
	struct config *cfg;
	struct mistakes m;
	size_t len;
	char *text, *at;

	if (!CHECK(in))
		return;
	text = config_text_read(in, &len);
	fclose(in);
	for (at = text; *at; at += strcspn(at, "\n"), at += !!*at)
		if (*at == '#' && at[1] != ' ')
			*at = ' ';
	cfg = config_parse("example", text, len, &m);
	CHECK(cfg);
	SAME(m.count ? m.text[0] : "", "");
	config_free(cfg);
	mistakes_free(&m);
	free(text);
}

static void example_file(void)
{
	struct config *cfg;
	struct mistakes m;

	cfg = config_read("ditto.conf.example", &m);
	CHECK(cfg);
	if (m.count)
		SAME(m.text[0], "");
	config_free(cfg);
	mistakes_free(&m);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(whole_file), TEST(tls_section), TEST(templates_used),
		TEST(homes_of_users), TEST(homes_section), TEST(local_snapshots),
		TEST(empty_file), TEST(each_mistake), TEST(all_mistakes),
		TEST(too_many_mistakes), TEST(too_many_rules), TEST(too_long_lists),
		TEST(names_become_sids), TEST(long_names), TEST(nul_byte), TEST(any_bytes),
		TEST(every_setting), TEST(example_file), TEST(example_uncommented),
		{ NULL, NULL }
	};

	return test_main(tests);
}
