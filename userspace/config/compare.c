// SPDX-License-Identifier: GPL-2.0-only
/* Compares what the kernel serves with the configuration, see compare.h. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "clock.h"
#include "compare.h"
#include "config.h"
#include "daemon/kernel.h"
#include "auth/keytab.h"
#include "mem.h"
#include "nl/share_conf.h"
#include "running.h"

/* Bytes of a list of names; further names are only counted. */
#define NAMES_MAX	600

/* Milliseconds that file systems have to answer. */
#define SPACE_TIME	5000
/* Less than this part of a file system is little space. */
#define SPACE_LITTLE	20

#define BY_HAND	"not in the configuration file: gone at the next start unless \"dittoctl config save\" writes it there"

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

static void tell_setting(const struct running *r, const struct config *cfg, unsigned int id,
			 struct compared *result)
{
	char want[SETTING_TEXT_MAX], have[SETTING_TEXT_MAX], what[64];
	struct why why;

	snprintf(what, sizeof(what), "setting %s", settings[id].name);
	why_not(&why, "is %s, and %s in the configuration file",
		setting_text(&settings[id], r->server.value[id], have),
		setting_text(&settings[id], cfg->setting[id], want));
	problems_add(&result->problems, what, why.text);
}

/* Tell what differs in a share, in one sentence. Returns how many of the differences that were. */
static unsigned int tell_share(const struct running *r, const struct config *cfg,
			       const struct difference *d, unsigned int n,
			       struct compared *result)
{
	const struct share *want = cfg->shares[d->in_file];
	struct names options = { 0 };
	struct share_conf c;
	char what[300];
	struct why why;
	unsigned int i;

	snprintf(what, sizeof(what), "share %s", want->name);
	if (d->kind == DIFFERENCE_SHARE) {
		problems_add(&result->problems, what,
			     "in the configuration file, and not served");
		return 1;
	}
	for (i = 0; i < n && d[i].kind == DIFFERENCE_OPTION && d[i].in_file == d->in_file; i++) {
		share_conf_get(want, d[i].id, &c);
		names_add(&options, "", c.key);
		share_conf_free(&c);
	}
	if (!strcmp(options.text, "path"))
		why_not(&why, "serves %s, and %s in the configuration file",
			r->shares.share[d->in_kernel]->path, want->path);
	else
		why_not(&why, "other options than in the configuration file: %s", options.text);
	problems_add(&result->problems, what, why.text);
	return i;
}

static void tell_differences(const struct running *r, const struct config *cfg,
			     struct compared *result, struct names *by_hand)
{
	char text[LISTENER_TEXT_MAX], what[LISTENER_TEXT_MAX + 32];
	struct differences all = { 0 };
	unsigned int i, step;

	differences_find(r, cfg, &all);
	for (i = 0; i < all.n; i += step) {
		const struct difference *d = &all.list[i];

		step = 1;
		if (d->kind == DIFFERENCE_SETTING && d->in_file < 0) {
			names_add(by_hand, "setting", settings[d->id].name);
		} else if (d->kind == DIFFERENCE_SETTING) {
			tell_setting(r, cfg, d->id, result);
		} else if (d->kind == DIFFERENCE_LISTENER && d->in_file < 0) {
			names_add(by_hand, "listener",
				  listener_text(&r->listeners.listener[d->in_kernel], text));
		} else if (d->kind == DIFFERENCE_LISTENER) {
			snprintf(what, sizeof(what), "listener %s",
				 listener_text(&cfg->listeners[d->in_file], text));
			problems_add(&result->problems, what,
				     "in the configuration file, and not there");
		} else if (d->in_file < 0) {
			names_add(by_hand, "share", r->shares.share[d->in_kernel]->name);
		} else {
			step = tell_share(r, cfg, d, all.n - i, result);
		}
	}
	differences_free(&all);
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
	char what[300], bin[320];
	struct why why;

	snprintf(what, sizeof(what), "share %s", s->name);
	if (s->trash && space->bin_is_open) {
		snprintf(bin, sizeof(bin), APPLY_BIN_OF "%s", what);
		why_not(&why,
			"what clients remove is gone for good, as others than root can change %s/.ditto/trash: look what they have put there, then: chown -h root, chmod go= of it, and chmod go-w of the directory above",
			s->path);
		problems_add(&result->problems, bin, why.text);
	}
	if (!space->size)
		return;
	result->space = mem_grow(result->space, result->nspaces, sizeof(*result->space));
	result->space[result->nspaces].share = mem_string(s->name);
	result->space[result->nspaces++].space = *space;
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
	struct running r;
	struct why why;

	if (running_read(k, &r)) {
		running_free(&r);
		return;
	}
	tell_differences(&r, cfg, result, &by_hand);
	compare_keytabs(&r.shares, &r.listeners, cfg, result);
	compare_handles(&r.shares, &r.listeners, result);
	compare_spaces(&r.shares, result);
	running_free(&r);
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
