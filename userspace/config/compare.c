// SPDX-License-Identifier: GPL-2.0-only
/* Compares what the kernel serves with the configuration, see compare.h. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "compare.h"
#include "config.h"
#include "daemon/kernel.h"
#include "auth/keytab.h"
#include "mem.h"

/* Bytes of a list of names; further names are only counted. */
#define NAMES_MAX	600

/* Milliseconds that file systems have to answer. */
#define SPACE_TIME	5000
/* Less than this part of a file system is little space. */
#define SPACE_LITTLE	20

#define BY_HAND	"not in the configuration file: gone at the next start"

/* Names for a sentence. */
struct names {
	char text[NAMES_MAX];
	unsigned int more;
};

static void names_add(struct names *n, const char *kind, const char *name)
{
	size_t len = strlen(n->text);
	int took = snprintf(n->text + len, sizeof(n->text) - len, "%s%s%s%s", len ? ", " : "",
			    kind, kind[0] ? " " : "", name);

	if (took >= 0 && (size_t)took < sizeof(n->text) - len)
		return;
	n->text[len] = '\0';
	n->more++;
}

static void compare_settings(const struct kernel_server *server, const struct config *cfg,
			     struct compared *result, struct names *by_hand)
{
	char want[SETTING_TEXT_MAX], have[SETTING_TEXT_MAX], what[64];
	struct why why;
	unsigned int i;

	for (i = 0; i < SETTINGS; i++) {
		if (!server->has[i])
			continue;
		if (!cfg->given[i]) {
			if (server->value[i] != settings[i].initial)
				names_add(by_hand, "setting", settings[i].name);
			continue;
		}
		if (server->value[i] == cfg->setting[i])
			continue;
		snprintf(what, sizeof(what), "setting %s", settings[i].name);
		why_not(&why, "is %s, and %s in the configuration file",
			setting_text(&settings[i], server->value[i], have),
			setting_text(&settings[i], cfg->setting[i], want));
		problems_add(&result->problems, what, why.text);
	}
}

static const struct share *share_find(struct share *const *list, unsigned int n, const char *name)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!strcmp(list[i]->name, name))
			return list[i];
	return NULL;
}

/* Names of users that only the name service knows cannot be compared with numbers. */
static u64 share_comparable(const struct share *s)
{
	unsigned int i;

	for (i = 0; i < s->users.n; i++)
		if (s->users.user[i].name)
			return ~SHARE_BIT(DITTO_A_SHARE_USERS);
	return UINT64_MAX;
}

static void compare_share(const struct share *want, const struct share *have,
			  struct compared *result)
{
	struct names options = { 0 };
	char what[300];
	struct why why;
	unsigned int i;
	u64 differs;

	snprintf(what, sizeof(what), "share %s", want->name);
	if (!have) {
		problems_add(&result->problems, what,
			     "in the configuration file, and not served");
		return;
	}
	if (have->path && strcmp(want->path, have->path)) {
		why_not(&why, "serves %s, and %s in the configuration file", have->path,
			want->path);
		problems_add(&result->problems, what, why.text);
		return;
	}
	differs = share_diff(want, have) & share_comparable(want);
	for (i = 0; i < SHARE_OPTION_FIRST; i++)
		if (differs & SHARE_BIT(i))
			names_add(&options, "", spec_share_set.attrs[i].name);
	for (i = 0; i < SHARE_OPTIONS; i++)
		if (differs & SHARE_OPTION_BIT(i))
			names_add(&options, "", share_options[i].name);
	if (!differs)
		return;
	why_not(&why, "other options than in the configuration file: %s", options.text);
	problems_add(&result->problems, what, why.text);
}

static void compare_shares(const struct kernel_shares *have, const struct config *cfg,
			   struct compared *result, struct names *by_hand)
{
	unsigned int i;

	for (i = 0; i < cfg->nshares; i++)
		compare_share(cfg->shares[i],
			      share_find(have->share, have->n, cfg->shares[i]->name), result);
	for (i = 0; i < have->n; i++)
		if (!share_find(cfg->shares, cfg->nshares, have->share[i]->name))
			names_add(by_hand, "share", have->share[i]->name);
}

static bool listener_same(const struct listener *want, const struct listener *have)
{
	return listener_same_place(want, have) && listener_port(want) == have->port;
}

static void compare_listeners(const struct kernel_listeners *have, const struct config *cfg,
			      struct compared *result, struct names *by_hand)
{
	const struct listener usual = { .protocol = "nfs" };
	const struct listener *want = cfg->nlisteners ? cfg->listeners : &usual;
	unsigned int n = cfg->nlisteners ?: 1, i, j;
	char text[LISTENER_TEXT_MAX], what[LISTENER_TEXT_MAX + 32];

	/* Another one may stand in for that which no file names. */
	for (i = 0; i < cfg->nlisteners; i++) {
		for (j = 0; j < have->n && !listener_same(&want[i], &have->listener[j]); j++)
			;
		if (j < have->n)
			continue;
		snprintf(what, sizeof(what), "listener %s", listener_text(&want[i], text));
		problems_add(&result->problems, what,
			     "in the configuration file, and not there");
	}
	for (i = 0; i < have->n; i++) {
		for (j = 0; j < n && !listener_same(&want[j], &have->listener[i]); j++)
			;
		if (j == n)
			names_add(by_hand, "listener", listener_text(&have->listener[i], text));
	}
}

static bool has_protocol(const struct kernel_listeners *have, const char *protocol)
{
	unsigned int i;

	for (i = 0; i < have->n; i++)
		if (!strcmp(have->listener[i].protocol, protocol))
			return true;
	return false;
}

static bool nfs_wants_keytab(const struct share *s)
{
	return share_has_protocol(s, "nfs") &&
	       s->sec & ~(u32)(DITTO_FLAVOR_NONE | DITTO_FLAVOR_SYS);
}

/* With other kinds of logins the share can be used without tickets. */
static bool smb_wants_keytab(const struct share *s)
{
	struct why why;
	u32 kerberos;

	return share_has_protocol(s, "smb") &&
	       setting_read(&share_options[SHARE_OPTION_auth], "kerberos", &kerberos, &why) &&
	       s->auth == kerberos;
}

/* Clients that log in with Kerberos need the server's key of one of the services. */
static void compare_keytab(const struct kernel_shares *have, bool (*wants)(const struct share *s),
			   const char *protocol, const char *const *services,
			   struct compared *result)
{
	struct why why, full;
	char what[300];
	unsigned int i;
	bool asked = false;

	for (i = 0; i < have->n; i++) {
		if (!wants(have->share[i]))
			continue;
		for (; !asked && *services; services++)
			if (keytab_has_service(*services, &why))
				return;
		asked = true;
		snprintf(what, sizeof(what), "share %s", have->share[i]->name);
		why_not(&full, "%s clients with Kerberos are refused: %.900s", protocol, why.text);
		problems_add(&result->problems, what, full.text);
	}
}

static void compare_keytabs(const struct kernel_shares *have,
			    const struct kernel_listeners *listeners, const struct config *cfg,
			    struct compared *result)
{
	static const char *const nfs[] = { "nfs", NULL };
	/* The reason for the last one is reported. */
	static const char *const smb[] = { "host", "cifs", NULL };

	if (has_protocol(listeners, "nfs") && !cfg->gssproxy)
		compare_keytab(have, nfs_wants_keytab, "NFS", nfs, result);
	if (has_protocol(listeners, "smb"))
		compare_keytab(have, smb_wants_keytab, "SMB", smb, result);
}

/* NFS finds files by handles of their file system. */
static void compare_handles(const struct kernel_shares *have,
			    const struct kernel_listeners *listeners, struct compared *result)
{
	bool nfs = has_protocol(listeners, "nfs");
	char what[300];
	struct why why;
	unsigned int i;

	for (i = 0; nfs && i < have->n; i++) {
		const struct share *s = have->share[i];

		if (!s->no_handles || !share_has_protocol(s, "nfs"))
			continue;
		snprintf(what, sizeof(what), "share %s", s->name);
		why_not(&why,
			"NFS cannot serve it, because its file system (%s) gives no file handles; the option \"protocols smb\" says that it is for SMB",
			s->fs_type ?: "?");
		problems_add(&result->problems, what, why.text);
	}
}

static void compare_space(const struct share *s, const struct share_path_space *space,
			  struct compared *result)
{
	char what[300];
	struct why why;

	if (!space->size)
		return;
	result->space = mem_grow(result->space, result->nspaces, sizeof(*result->space));
	result->space[result->nspaces].share = mem_string(s->name);
	result->space[result->nspaces++].space = *space;
	snprintf(what, sizeof(what), "share %s", s->name);
	if (!space->free) {
		problems_add(&result->problems, what, "its file system is full");
	} else if (space->free < space->size / SPACE_LITTLE) {
		why_not(&why, "%u%% of its file system is free",
			(unsigned int)(space->free * 100 / space->size));
		problems_add(&result->remarks, what, why.text);
	}
}

/* A file system that does not answer is left out. */
static void compare_spaces(const struct kernel_shares *have, struct compared *result)
{
	u64 until = clock_ms() + SPACE_TIME;
	struct share_path_space space;
	unsigned int i;

	for (i = 0; i < have->n; i++)
		if (have->share[i]->path)
			share_path_space_begin(have->share[i]->path);
	for (i = 0; i < have->n; i++)
		if (have->share[i]->path &&
		    !share_path_space_wait(have->share[i]->path, until, &space))
			compare_space(have->share[i], &space, result);
	share_path_space_end();
}

void compare(struct kernel *k, const struct config *cfg, struct compared *result)
{
	struct names by_hand = { 0 };
	struct kernel_listeners listeners;
	struct kernel_server server;
	struct kernel_shares shares;
	struct why why;

	if (kernel_server_get(k, &server) || kernel_shares_get(k, &shares))
		return;
	if (!kernel_listeners_get(k, &listeners)) {
		compare_settings(&server, cfg, result, &by_hand);
		compare_shares(&shares, cfg, result, &by_hand);
		compare_listeners(&listeners, cfg, result, &by_hand);
		compare_keytabs(&shares, &listeners, cfg, result);
		compare_handles(&shares, &listeners, result);
		kernel_listeners_free(&listeners);
	}
	compare_spaces(&shares, result);
	kernel_shares_free(&shares);
	if (!by_hand.text[0])
		return;
	if (by_hand.more)
		why_not(&why, "%s and %u more are " BY_HAND, by_hand.text, by_hand.more);
	else
		why_not(&why, "%s: " BY_HAND, by_hand.text);
	problems_add(&result->remarks, "added by hand", why.text);
}

void compared_free(struct compared *result)
{
	unsigned int i;

	for (i = 0; i < result->nspaces; i++)
		free(result->space[i].share);
	free(result->space);
	result->space = NULL;
	result->nspaces = 0;
	problems_free(&result->problems);
	problems_free(&result->remarks);
}
