// SPDX-License-Identifier: GPL-2.0-only
/*
 * --show-config, --diff-config, --save-config and --dry-run: the configuration file beside what the
 * kernel serves, see command.h.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apply.h"
#include "command.h"
#include "config.h"
#include "config_file.h"
#include "config_save.h"
#include "ctl/out.h"
#include "daemon/log.h"
#include "identity/identity.h"
#include "identity/user_lookup.h"
#include "mem.h"
#include "text.h"
#include "nl/share_conf.h"
#include "nl/status.h"
#include "running.h"
#include "running_text.h"
#include "state/state.h"

/* Users and groups of the file by number, as the kernel tells them; those that are found. */
static void users_resolve(struct config *cfg)
{
	struct share_users users;
	struct why why;
	unsigned int i;

	identity_map_read(IDENTITY_MAP);
	identity_configure(&cfg->identity, &cfg->aliases);
	for (i = 0; i < cfg->nshares; i++) {
		struct share *s = cfg->shares[i];

		if (share_users_resolve(&s->users, &users, user_lookup_find, &why)) {
			share_users_free(&users);
			continue;
		}
		share_users_free(&s->users);
		s->users = users;
	}
}

/* Read what the kernel serves. Returns false after an error was logged. */
static bool command_running(struct running *r)
{
	struct kernel *k = kernel_open();
	int rc = k ? running_read(k, r) : -errno;

	if (rc)
		log_error("%s", k ? kernel_why(k) : strerror(-rc));
	if (rc && k)
		running_free(r);
	kernel_close(k);
	return !rc;
}

/* Ends of lines in these would make others of what is behind. */
static void share_make_printable(struct share *s)
{
	char *const texts[] = { s->path, s->comment, s->snapshots, s->trash_exclude };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i])
			text_make_printable(texts[i]);
}

/* Print lines of a text, which a terminal must not take for commands. */
static void lines_print(char *text)
{
	char *line;

	while ((line = strsep(&text, "\n")) && text) {
		text_make_printable(line);
		puts(line);
	}
}

int command_show_config(void)
{
	struct config_texts nothing = { 0 }, texts;
	struct config *empty;
	struct problems none;
	struct running r;
	unsigned int i;

	if (!command_running(&r))
		return EXIT_FAILURE;
	empty = config_new();
	config_texts_add(&nothing, "", mem_string(""), 0);
	for (i = 0; i < r.shares.n; i++)
		share_make_printable(r.shares.share[i]);
	texts = running_text(&r, empty, &nothing, NULL, &none);
	lines_print(texts.file[0].text);
	config_texts_free(&texts);
	config_texts_free(&nothing);
	running_free(&r);
	config_free(empty);
	return EXIT_SUCCESS;
}

/* Fill @c with a line of a setting or a listener, or with the lines of a key of a share. */
static void difference_values(const struct difference *d, bool file, const struct running *r,
			      const struct config *cfg, struct share_conf *c)
{
	int place = file ? d->in_file : d->in_kernel;
	char text[SETTING_TEXT_MAX];
	u32 value;

	memset(c, 0, sizeof(*c));
	if (d->kind == DIFFERENCE_SETTING) {
		value = !file ? r->server.value[d->id] : cfg->given[d->id] ?
			cfg->setting[d->id] : settings[d->id].initial;
		c->key = settings[d->id].name;
		c->value = mem_new(sizeof(*c->value));
		c->value[c->n++] = mem_string(setting_text(&settings[d->id],
							   value, text));
	} else if (d->kind == DIFFERENCE_OPTION) {
		share_conf_get(file ? cfg->shares[place] : r->shares.share[place], d->id, c);
	}
}

/* Return the section of a difference, freed by the caller. */
static char *difference_section(const struct difference *d, const struct running *r,
				const struct config *cfg)
{
	char text[LISTENER_TEXT_MAX];

	if (d->kind == DIFFERENCE_SETTING)
		return mem_string("server");
	/* Here with the port that the kernel tells. */
	if (d->kind == DIFFERENCE_LISTENER && d->in_file < 0)
		return mem_print("listener %s",
				 listener_text(&r->listeners.listener[d->in_kernel], text));
	return difference_subject(d, r, cfg);
}

static void side_json(const char *side, const struct difference *d, bool file,
		      const struct running *r, const struct config *cfg)
{
	struct share_conf c;
	unsigned int i;

	json_open(stdout, side, '[');
	difference_values(d, file, r, cfg, &c);
	for (i = 0; i < c.n; i++)
		json_string(stdout, NULL, c.value[i]);
	share_conf_free(&c);
	json_close(stdout, ']');
}

static void difference_json(const struct difference *d, const struct running *r,
			    const struct config *cfg)
{
	char *section = difference_section(d, r, cfg);
	bool whole = d->kind == DIFFERENCE_SHARE || d->kind == DIFFERENCE_LISTENER;
	struct share_conf c;

	json_open(stdout, NULL, '{');
	json_string(stdout, "section", section);
	if (whole) {
		json_string(stdout, "only", d->in_file < 0 ? "running" : "file");
	} else {
		difference_values(d, false, r, cfg, &c);
		json_string(stdout, "key", c.key);
		share_conf_free(&c);
		side_json("file", d, true, r, cfg);
		side_json("running", d, false, r, cfg);
	}
	json_close(stdout, '}');
	free(section);
}

static void side_print(char sign, const struct difference *d, const struct running *r,
		       const struct config *cfg)
{
	struct share_conf c;
	unsigned int i;

	difference_values(d, sign == '-', r, cfg, &c);
	for (i = 0; i < c.n; i++) {
		text_make_printable(c.value[i]);
		printf("%c%s = %s\n", sign, c.key, c.value[i]);
	}
	share_conf_free(&c);
}

/* Print a difference, below its section unless that is @last, which this one replaces. */
static void difference_print(const struct difference *d, const struct running *r,
			     const struct config *cfg, char **last)
{
	char *section = difference_section(d, r, cfg);

	if (d->kind == DIFFERENCE_SHARE || d->kind == DIFFERENCE_LISTENER)
		printf("%c[%s]\n", d->in_file < 0 ? '+' : '-', section);
	else if (!*last || strcmp(*last, section))
		printf(" [%s]\n", section);
	side_print('-', d, r, cfg);
	side_print('+', d, r, cfg);
	free(*last);
	*last = section;
}

int command_diff_config(const struct config_file *file, bool json)
{
	struct config *cfg = config_file_load(file, NULL, NULL);
	struct differences all = { 0 };
	struct running r;
	char *last = NULL;
	unsigned int i;

	if (!cfg || !command_running(&r)) {
		config_free(cfg);
		return EXIT_FAILURE;
	}
	users_resolve(cfg);
	differences_find(&r, cfg, &all);
	if (json)
		json_open(stdout, NULL, '[');
	else if (all.n)
		printf("--- %s\n+++ what is served\n", file->path);
	for (i = 0; i < all.n; i++) {
		if (json)
			difference_json(&all.list[i], &r, cfg);
		else
			difference_print(&all.list[i], &r, cfg, &last);
	}
	if (json) {
		json_close(stdout, ']');
		json_end(stdout);
	}
	i = all.n;
	free(last);
	differences_free(&all);
	running_free(&r);
	config_free(cfg);
	return i ? COMMAND_DIFFERS : EXIT_SUCCESS;
}

/*
 * Only of a server that has the configuration all that is not in the kernel was removed by hand.
 * What somebody has written into the file since was not.
 */
static bool save_is_safe(const struct running *r, const struct config *cfg,
			 const struct status *status)
{
	const char *why = NULL;

	if (status->stopped)
		why = "the server is stopped: dittoctl start";
	else if (status->refused)
		why = "dittod has refused the file, which has mistakes: dittoctl config check";
	else if (status->started != r->server.started)
		why = "dittod has not applied the file yet: dittoctl status tells why";
	else if (!file_stamp_same(&status->file, &cfg->stamp))
		why = "the file was changed since dittod read it: dittoctl config apply";
	if (!why)
		return true;
	log_error("what is served is not what is configured, as %s", why);
	return false;
}

/* The first difference that is not of something that was kept, or NULL. */
static const struct difference *difference_left(const struct differences *all,
						const struct running *r, const struct config *cfg,
						const struct problems *kept)
{
	unsigned int i, j;

	for (i = 0; i < all->n; i++) {
		char *what = difference_subject(&all->list[i], r, cfg);

		for (j = 0; j < kept->n && strcmp(kept->list[j].what, what); j++)
			;
		free(what);
		if (j == kept->n)
			return &all->list[i];
	}
	return NULL;
}

/* Do texts say what the kernel serves, but for what was kept? Else the reason is logged. */
static bool save_is_faithful(const struct config_texts *texts, const struct running *r,
			     const struct problems *kept)
{
	const struct difference *left;
	struct differences all = { 0 };
	struct mistakes mistakes;
	struct config *cfg;
	char *section;
	bool good;

	cfg = config_texts_parse(texts, &mistakes);
	if (!cfg) {
		log_error("this cannot be written into the file: %s", mistakes.text[0]);
		mistakes_free(&mistakes);
		return false;
	}
	users_resolve(cfg);
	differences_find(r, cfg, &all);
	left = difference_left(&all, r, cfg, kept);
	good = !left;
	if (!r->listeners.n && !cfg->nlisteners) {
		log_error("there is no listener, which a file cannot say: dittoctl listener add");
		good = false;
	} else if (!good) {
		section = difference_section(left, r, cfg);
		log_error("%s: the file cannot say this, such as a text of two lines", section);
		free(section);
	}
	differences_free(&all);
	config_free(cfg);
	return good;
}

/* Print which files were changed. Returns false if none was. */
static bool files_tell(const struct config_texts *before, const struct config_texts *after,
		       bool json)
{
	bool changed = false;
	unsigned int i;
	char *path;

	for (i = 0; i < after->n; i++) {
		if (!strcmp(before->file[i].text, after->file[i].text))
			continue;
		changed = true;
		path = config_save_path(after->file[i].path);
		if (json)
			json_string(stdout, NULL, path);
		else if (before->file[i].missing)
			printf("%s is what is served\n", path);
		else
			printf("%s is what is served; before it was %s.bak\n", path, path);
		free(path);
	}
	return changed;
}

static void save_tell(const struct config_texts *before, const struct config_texts *after,
		      const struct problems *kept, bool json)
{
	char *path = config_save_path(before->file[0].path);
	bool changed;
	unsigned int i;

	if (!json) {
		for (i = 0; i < kept->n; i++)
			printf("%s: stays as it is in the file, which could not be applied: %s\n",
			       kept->list[i].what, kept->list[i].why);
		if (!files_tell(before, after, false))
			printf("%s is what is served already\n", path);
		free(path);
		return;
	}
	json_open(stdout, NULL, '{');
	json_string(stdout, "file", path);
	free(path);
	json_open(stdout, "files", '[');
	changed = files_tell(before, after, true);
	json_close(stdout, ']');
	json_bool(stdout, "changed", changed);
	json_open(stdout, "kept", '[');
	for (i = 0; i < kept->n; i++)
		json_string(stdout, NULL, kept->list[i].what);
	json_close(stdout, ']');
	json_close(stdout, '}');
	json_end(stdout);
}

int command_save_config(const struct config_file *file, bool json)
{
	struct config_texts before, after = { 0 };
	struct problems kept = { 0 };
	struct status status;
	struct config *cfg;
	struct running r;
	bool good = false;
	int folder;

	/* Without it, the folder of the usual file need not be there. */
	if (!status_read(&status)) {
		log_error("dittod does not run: systemctl start dittod");
		return EXIT_FAILURE;
	}
	status_free(&status);
	folder = config_save_begin(file);
	if (folder < 0)
		return EXIT_FAILURE;
	cfg = config_file_load(file, NULL, &before);
	if (!cfg)
		goto out_folder;
	/* First: what dittod has applied by now is there when the kernel is asked. */
	status_read(&status);
	if (!command_running(&r))
		goto out_config;
	users_resolve(cfg);
	good = save_is_safe(&r, cfg, &status);
	if (good) {
		after = running_text(&r, cfg, &before, &status, &kept);
		good = save_is_faithful(&after, &r, &kept);
	}
	good = good && config_save_is_current(file, &before) &&
	       config_save_replace(&before, &after);
	if (good)
		save_tell(&before, &after, &kept, json);
	problems_free(&kept);
	config_texts_free(&after);
	running_free(&r);
out_config:
	status_free(&status);
	config_texts_free(&before);
	config_free(cfg);
out_folder:
	close(folder);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void problems_json(const char *key, const struct problems *p, const char *member)
{
	unsigned int i;

	json_open(stdout, key, '[');
	for (i = 0; i < p->n; i++) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "subject", p->list[i].what);
		json_string(stdout, member, p->list[i].why);
		json_close(stdout, '}');
	}
	json_close(stdout, ']');
}

static void dry_run_tell(const struct applied *result, bool json)
{
	unsigned int i;

	if (json) {
		json_open(stdout, NULL, '{');
		problems_json("changes", &result->changes, "change");
		problems_json("problems", &result->problems, "problem");
		json_close(stdout, '}');
		json_end(stdout);
		return;
	}
	for (i = 0; i < result->changes.n; i++)
		printf("%s: would be %s\n", result->changes.list[i].what,
		       result->changes.list[i].why);
	for (i = 0; i < result->problems.n; i++)
		printf("%s: %s\n", result->problems.list[i].what, result->problems.list[i].why);
	if (!result->changes.n && !result->problems.n)
		puts("nothing would be changed");
}

int command_dry_run(const struct config_file *file, const char *state_dir, bool json)
{
	struct applied before = { 0 }, result = { 0 };
	struct config *cfg = config_file_load(file, NULL, NULL);
	bool stopped = false;
	struct kernel *k;
	struct state *st;
	struct why why;
	int status;

	if (!cfg)
		return EXIT_FAILURE;
	st = state_open_copy(state_dir, &why);
	k = kernel_open_dry();
	if (!st || !k) {
		log_error("%s", st ? strerror(errno) : why.text);
		status = EXIT_FAILURE;
		goto out;
	}
	config_use_accounts(cfg);
	log_close();
	apply(k, cfg, st, &before, &result, &stopped, false);
	if (result.gone)
		problems_add(&result.problems, "server", kernel_why(k));
	dry_run_tell(&result, json);
	status = result.gone ? EXIT_FAILURE : result.problems.n ? COMMAND_DIFFERS : EXIT_SUCCESS;
	applied_free(&result);
out:
	kernel_close(k);
	state_close(st);
	config_free(cfg);
	return status;
}
