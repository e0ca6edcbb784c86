// SPDX-License-Identifier: GPL-2.0-only
/* Compares what the kernel serves with the configuration, see compare.h. */

#include <stdio.h>
#include <string.h>

#include "compare.h"
#include "config.h"
#include "kernel.h"
#include "keytab.h"

/* Bytes of a list of names; further names are only counted. */
#define NAMES_MAX	600

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

/* Clients that log in with Kerberos need the server's key. */
static void compare_keytab(const struct kernel_shares *have,
			   const struct kernel_listeners *listeners, const struct config *cfg,
			   struct compared *result)
{
	const u32 others = DITTO_FLAVOR_NONE | DITTO_FLAVOR_SYS;
	bool nfs = false, asked = false, good = true;
	struct why why, full;
	char what[300];
	unsigned int i;

	for (i = 0; i < listeners->n; i++)
		nfs |= !strcmp(listeners->listener[i].protocol, "nfs");
	for (i = 0; nfs && !cfg->gssproxy && i < have->n; i++) {
		if (!(have->share[i]->sec & ~others))
			continue;
		if (!asked)
			good = keytab_has_service("nfs", &why);
		asked = true;
		if (good)
			return;
		snprintf(what, sizeof(what), "share %s", have->share[i]->name);
		why_not(&full, "NFS clients with Kerberos are refused: %.900s", why.text);
		problems_add(&result->problems, what, full.text);
	}
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
		compare_keytab(&shares, &listeners, cfg, result);
		kernel_listeners_free(&listeners);
	}
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
	problems_free(&result->problems);
	problems_free(&result->remarks);
}
