// SPDX-License-Identifier: GPL-2.0-only
/* The texts of a configuration that is what the kernel serves, see running_text.h. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "config.h"
#include "config_edit.h"
#include "daemon/problems.h"
#include "mem.h"
#include "nl/share_conf.h"
#include "nl/status.h"
#include "running.h"
#include "running_text.h"

static void section_set_share(struct config_edit *e, const struct share *s)
{
	char *header = mem_print("share %s", s->name);
	unsigned int section = config_edit_append(e, header), i;
	struct share_conf c;

	free(header);
	for (i = 0; share_conf_get(s, i, &c); i++) {
		if (!c.usual)
			config_edit_set(e, section, c.key, c.value, c.n);
		share_conf_free(&c);
	}
}

static void section_set_listener(struct config_edit *e, const struct listener *l)
{
	char *header = mem_print("listener %s", l->protocol);
	unsigned int section = config_edit_append(e, header);
	char text[TEXT_ADDRESS_MAX], port[16];
	struct listener usual = *l;
	char *value = text;

	free(header);
	usual.port = 0;
	if (l->transport) {
		snprintf(text, sizeof(text), "%s",
			 spec_enum_name(&spec_transport_type, l->transport));
		config_edit_set(e, section, "transport", &value, 1);
	}
	if (l->addr.len) {
		text_from_address(l->addr.bytes, l->addr.len, text);
		config_edit_set(e, section, "address", &value, 1);
	}
	snprintf(port, sizeof(port), "%u", listener_port(l));
	value = port;
	if (listener_port(l) != listener_port(&usual))
		config_edit_set(e, section, "port", &value, 1);
}

/**
 * struct edit - a configuration that is changed to what the kernel serves
 * @r: what it serves
 * @cfg: the configuration
 * @text: texts of the configuration
 * @share: the section of each share
 * @listener: the section of each listener
 * @server: the section [server]
 * @status: what dittod could not apply, or NULL
 * @kept: what dittod could not apply, and why
 */
struct edit {
	const struct running *r;
	const struct config *cfg;
	struct config_edit *text;
	unsigned int *share;
	unsigned int *listener;
	unsigned int server;
	const struct status *status;
	struct problems kept;
};

/* Keep @what in the file if dittod has a problem of @subject. */
static bool edit_keeps(struct edit *e, const char *what, const char *subject)
{
	unsigned int i;

	for (i = 0; e->status && i < e->status->nfailures; i++) {
		const struct status_problem *p = &e->status->failure[i];

		if (strcmp(p->what, subject))
			continue;
		if (!problems_have(&e->kept, what, p->why))
			problems_add(&e->kept, what, p->why);
		return true;
	}
	return false;
}

static bool difference_is_bin(const struct edit *e, const struct difference *d)
{
	struct share_conf c;
	bool is;

	if (d->kind != DIFFERENCE_OPTION)
		return false;
	share_conf_get(e->cfg->shares[d->in_file], d->id, &c);
	is = !strcmp(c.key, "trash");
	share_conf_free(&c);
	return is;
}

/*
 * What dittod has tried and could not do, such as to serve a share of a disk that is away, was not
 * changed by hand.
 */
static bool difference_is_kept(struct edit *e, const struct difference *d)
{
	char *what = difference_subject(d, e->r, e->cfg);
	char *bin = mem_print(APPLY_BIN_OF "%s", what);
	bool keeps = edit_keeps(e, what, what) ||
		     (difference_is_bin(e, d) && edit_keeps(e, what, bin));

	free(bin);
	free(what);
	return keeps;
}

static void edit_setting(struct edit *e, unsigned int id)
{
	char text[SETTING_TEXT_MAX];
	char *value = text;

	if (e->server == CONFIG_EDIT_NONE)
		e->server = config_edit_append(e->text, "server");
	setting_text(&settings[id], e->r->server.value[id], text);
	config_edit_set(e->text, e->server, settings[id].name, &value, 1);
}

static void edit_option(struct edit *e, const struct difference *d, unsigned int id)
{
	struct share_conf c;

	share_conf_get(e->r->shares.share[d->in_kernel], id, &c);
	/* No line can say that a share has nothing of what its template has. */
	if (!c.n)
		config_edit_leave_template(e->text, e->share[d->in_file], c.key);
	config_edit_set(e->text, e->share[d->in_file], c.key, c.value, c.n);
	share_conf_free(&c);
}

/* Of a share with another path only that was compared. */
static void edit_options(struct edit *e, const struct difference *d)
{
	unsigned int i;

	edit_option(e, d, d->id);
	for (i = 0; !d->id && i < share_conf_count(); i++)
		if (share_key_differs(e->cfg->shares[d->in_file],
				      e->r->shares.share[d->in_kernel], i))
			edit_option(e, d, i);
}

static void edit_apply(struct edit *e, const struct difference *d)
{
	if (difference_is_kept(e, d))
		return;
	if (d->kind == DIFFERENCE_SETTING)
		edit_setting(e, d->id);
	else if (d->kind == DIFFERENCE_OPTION)
		edit_options(e, d);
	else if (d->in_file >= 0)
		config_edit_remove(e->text, d->kind == DIFFERENCE_SHARE ?
				   e->share[d->in_file] : e->listener[d->in_file]);
	else if (d->kind == DIFFERENCE_SHARE)
		section_set_share(e->text, e->r->shares.share[d->in_kernel]);
	else
		section_set_listener(e->text, &e->r->listeners.listener[d->in_kernel]);
}

/* Sections of a kind, in the order of the files. */
static unsigned int *edit_sections(const struct config_edit *text, const char *kind, unsigned int n)
{
	unsigned int *list = mem_new((n + 1) * sizeof(*list));
	unsigned int i;

	for (i = 0; i < n; i++)
		list[i] = config_edit_find(text, kind, i);
	return list;
}

struct config_texts running_text(const struct running *r, const struct config *cfg,
				 const struct config_texts *texts, const struct status *status,
				 struct problems *kept)
{
	struct edit e = { .r = r, .cfg = cfg, .text = config_edit_begin(texts), .status = status };
	struct differences all = { 0 };
	bool others = false;
	unsigned int i;

	e.share = edit_sections(e.text, "share", cfg->nshares);
	e.listener = edit_sections(e.text, "listener", cfg->nlisteners);
	e.server = config_edit_find(e.text, "server", 0);
	differences_find(r, cfg, &all);
	for (i = 0; i < all.n; i++) {
		/* A file without listeners means one, which it has to name beside others. */
		if (all.list[i].kind == DIFFERENCE_LISTENER && !cfg->nlisteners)
			others = true;
		else
			edit_apply(&e, &all.list[i]);
	}
	for (i = 0; others && i < r->listeners.n; i++)
		section_set_listener(e.text, &r->listeners.listener[i]);
	differences_free(&all);
	free(e.share);
	free(e.listener);
	*kept = e.kept;
	return config_edit_end(e.text);
}
