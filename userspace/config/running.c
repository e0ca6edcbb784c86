// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel serves, and how that differs from a configuration; see running.h. */

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "mem.h"
#include "nl/share_conf.h"
#include "running.h"

int running_read(struct kernel *k, struct running *r)
{
	int rc;

	memset(r, 0, sizeof(*r));
	rc = kernel_server_get(k, &r->server);
	if (!rc)
		rc = kernel_shares_get(k, &r->shares);
	if (!rc)
		rc = kernel_listeners_get(k, &r->listeners);
	return rc;
}

void running_free(struct running *r)
{
	kernel_shares_free(&r->shares);
	kernel_listeners_free(&r->listeners);
}

void differences_free(struct differences *d)
{
	free(d->list);
	memset(d, 0, sizeof(*d));
}

static void difference_add(struct differences *d, enum difference_kind kind, unsigned int id,
			   int in_file, int in_kernel)
{
	d->list = mem_grow(d->list, d->n, sizeof(*d->list));
	d->list[d->n++] = (struct difference){ kind, id, in_file, in_kernel };
}

char *difference_subject(const struct difference *d, const struct running *r,
			 const struct config *cfg)
{
	char text[LISTENER_TEXT_MAX];
	struct listener l;

	if (d->kind == DIFFERENCE_SETTING)
		return mem_print("setting %s", settings[d->id].name);
	if (d->kind != DIFFERENCE_LISTENER)
		return mem_print("share %s", d->in_file < 0 ?
				 r->shares.share[d->in_kernel]->name :
				 cfg->shares[d->in_file]->name);
	if (d->in_file >= 0)
		return mem_print("listener %s", listener_text(&cfg->listeners[d->in_file], text));
	/* The kernel tells the usual port, too. */
	l = r->listeners.listener[d->in_kernel];
	l.port = 0;
	if (listener_port(&l) != r->listeners.listener[d->in_kernel].port)
		l.port = r->listeners.listener[d->in_kernel].port;
	return mem_print("listener %s", listener_text(&l, text));
}

static void compare_settings(const struct kernel_server *server, const struct config *cfg,
			     struct differences *d)
{
	unsigned int i;

	for (i = 0; i < SETTINGS; i++) {
		if (!server->has[i])
			continue;
		if (server->value[i] != (cfg->given[i] ? cfg->setting[i] : settings[i].initial))
			difference_add(d, DIFFERENCE_SETTING, i, cfg->given[i] ? 0 : -1, 0);
	}
}

/* Names of users that only the name service knows cannot be compared with numbers. */
static bool share_is_comparable(const struct share *s, const char *key)
{
	unsigned int i;

	if (!strcmp(key, "force-user"))
		return !s->force_user;
	if (!strcmp(key, "force-group"))
		return !s->force_group;
	if (strcmp(key, "user") && strcmp(key, "group"))
		return true;
	for (i = 0; i < s->users.n; i++)
		if (s->users.user[i].name)
			return false;
	return true;
}

static bool same_values(const struct share_conf *a, const struct share_conf *b)
{
	unsigned int i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (strcmp(a->value[i], b->value[i]))
			return false;
	return true;
}

bool share_key_differs(const struct share *want, const struct share *have, unsigned int i)
{
	struct share_conf file, kernel;
	bool differs;

	if (!share_conf_is_given(have, i) || share_conf_same(want, have, i))
		return false;
	share_conf_get(want, i, &file);
	share_conf_get(have, i, &kernel);
	/* Users and groups are two keys of one attribute. */
	differs = !same_values(&file, &kernel) && share_is_comparable(want, file.key);
	share_conf_free(&kernel);
	share_conf_free(&file);
	return differs;
}

static void compare_share(const struct config *cfg, int in_file, const struct running *r,
			  int in_kernel, struct differences *d)
{
	const struct share *want = cfg->shares[in_file], *have = r->shares.share[in_kernel];
	unsigned int i;

	if (have->path && strcmp(want->path, have->path)) {
		difference_add(d, DIFFERENCE_OPTION, 0, in_file, in_kernel);
		return;
	}
	for (i = 0; i < share_conf_count(); i++)
		if (share_key_differs(want, have, i))
			difference_add(d, DIFFERENCE_OPTION, i, in_file, in_kernel);
}

static void compare_shares(const struct running *r, const struct config *cfg,
			   struct differences *d)
{
	unsigned int i;

	for (i = 0; i < cfg->nshares; i++) {
		int have = share_place(r->shares.share, r->shares.n, cfg->shares[i]->name);

		if (have < 0)
			difference_add(d, DIFFERENCE_SHARE, 0, (int)i, -1);
		else
			compare_share(cfg, (int)i, r, have, d);
	}
	/* Home shares come with logins, and not from the file. */
	for (i = 0; i < r->shares.n; i++)
		if (!share_is_home(r->shares.share[i]) &&
		    share_place(cfg->shares, cfg->nshares, r->shares.share[i]->name) < 0)
			difference_add(d, DIFFERENCE_SHARE, 0, -1, (int)i);
}

static bool listener_is_in(const struct listener *l, const struct listener *list, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (listener_same_place(l, &list[i]) && listener_port(l) == listener_port(&list[i]))
			return true;
	return false;
}

static void compare_listeners(const struct kernel_listeners *have, const struct config *cfg,
			      struct differences *d)
{
	const struct listener usual = { .protocol = "nfs" };
	const struct listener *want = cfg->nlisteners ? cfg->listeners : &usual;
	unsigned int n = cfg->nlisteners ?: 1, i;

	/* Another one may stand in for that which no file names. */
	for (i = 0; i < cfg->nlisteners; i++)
		if (!listener_is_in(&want[i], have->listener, have->n))
			difference_add(d, DIFFERENCE_LISTENER, 0, (int)i, -1);
	for (i = 0; i < have->n; i++)
		if (!listener_is_in(&have->listener[i], want, n))
			difference_add(d, DIFFERENCE_LISTENER, 0, -1, (int)i);
}

void differences_find(const struct running *r, const struct config *cfg, struct differences *d)
{
	compare_settings(&r->server, cfg, d);
	compare_shares(r, cfg, d);
	compare_listeners(&r->listeners, cfg, d);
}
