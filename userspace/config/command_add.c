// SPDX-License-Identifier: GPL-2.0-only
/* --add-config: sections that are added to the configuration file, see command.h. */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "config.h"
#include "config_edit.h"
#include "config_file.h"
#include "config_save.h"
#include "daemon/log.h"
#include "mem.h"
#include "nl/share_conf.h"

static bool config_has_listener(const struct config *cfg, const char *protocol)
{
	unsigned int i;

	for (i = 0; i < cfg->nlisteners; i++)
		if (!strcmp(cfg->listeners[i].protocol, protocol))
			return true;
	/* A file without listeners means one. */
	return !cfg->nlisteners && !strcmp(protocol, "nfs");
}

/* The section that a header of @more is to be; CONFIG_EDIT_NONE if the file has it already. */
static unsigned int section_place(struct config_edit *e, const struct config *cfg, char *header)
{
	static const char listener[] = "listener ", share[] = "share ";
	unsigned int server;

	header++;
	*strrchr(header, ']') = '\0';
	if (!strcmp(header, "server")) {
		server = config_edit_find(e, header, 0);
		return server == CONFIG_EDIT_NONE ? config_edit_append(e, header) : server;
	}
	if (!strncmp(header, share, strlen(share)) &&
	    share_place(cfg->shares, cfg->nshares, header + strlen(share)) >= 0)
		return CONFIG_EDIT_NONE;
	if (strncmp(header, listener, strlen(listener)))
		return config_edit_append(e, header);
	if (config_has_listener(cfg, header + strlen(listener)))
		return CONFIG_EDIT_NONE;
	if (!cfg->nlisteners)
		config_edit_append(e, "listener nfs");
	return config_edit_append(e, header);
}

/* Is a line one of a setting that the file has? */
static bool setting_is_given(const struct config *cfg, const char *line)
{
	char *key = mem_print("%.*s", (int)strcspn(line, " ="), line);
	unsigned int setting = setting_find(key);

	free(key);
	return setting < SETTINGS && cfg->given[setting];
}

/* Return the text @before of a configuration with the sections of @more, which is modified. */
static char *config_text_add(const struct config *cfg, const char *before, char *more)
{
	struct config_edit *e = config_edit_begin(before);
	unsigned int section = CONFIG_EDIT_NONE;
	bool server = false;
	char *line;

	while ((line = strsep(&more, "\n")))
		if (line[0] == '[') {
			section = section_place(e, cfg, line);
			server = !strcmp(line, "[server");
		} else if (line[0] && section != CONFIG_EDIT_NONE &&
			   !(server && setting_is_given(cfg, line))) {
			config_edit_add(e, section, line);
		}
	return config_edit_end(e);
}

/* Parse a text. Returns false after its mistakes were logged. */
static bool config_is_good(const char *name, const char *text, struct config **cfg)
{
	struct mistakes mistakes;
	char *copy = mem_string(text);
	unsigned int i;

	*cfg = config_parse(name, copy, strlen(copy), &mistakes);
	for (i = 0; i < mistakes.count; i++)
		log_error("%s", mistakes.text[i]);
	mistakes_free(&mistakes);
	free(copy);
	return *cfg;
}

static bool share_is_same(const struct share *more, const struct share *have)
{
	unsigned int i;

	for (i = 0; i < share_conf_count() && share_conf_same(more, have, i); i++)
		;
	return i == share_conf_count() && !strcmp(more->path, have->path) &&
	       more->mountpoint == have->mountpoint && !have->offload_store;
}

/* No share is replaced, and no setting: the file says what the administrator wants. */
static bool add_is_possible(const char *path, const struct config *cfg, const struct config *more,
			    unsigned int *added)
{
	bool good = true;
	unsigned int i;

	*added = 0;
	for (i = 0; i < more->nshares; i++) {
		int have = share_place(cfg->shares, cfg->nshares, more->shares[i]->name);

		*added += have < 0;
		if (have < 0 || share_is_same(more->shares[i], cfg->shares[have]))
			continue;
		log_error("%s: there is another share '%s' already", path, more->shares[i]->name);
		good = false;
	}
	for (i = 0; i < SETTINGS; i++) {
		if (!cfg->given[i] || !more->given[i] || cfg->setting[i] == more->setting[i])
			continue;
		log_error("%s: '%s' is there already, with another value", path, settings[i].name);
		good = false;
	}
	return good;
}

int command_add_config(const struct config_file *file, bool json)
{
	struct config *cfg = NULL, *more = NULL, *after = NULL;
	char *before = NULL, *text = NULL, *input;
	unsigned int added = 0;
	char path[PATH_MAX];
	bool good = false;
	size_t len;
	int folder;

	if (!realpath(file->path, path))
		snprintf(path, sizeof(path), "%s", file->path);
	input = config_text_read(stdin, &len);
	folder = input ? config_save_begin(path) : -1;
	if (folder < 0) {
		log_error("%s: %s", input ? path : "standard input", strerror(errno));
		free(input);
		return EXIT_FAILURE;
	}
	cfg = config_file_load(file, NULL, &before);
	if (!cfg)
		goto out;
	if (config_is_good("standard input", input, &more) &&
	    add_is_possible(path, cfg, more, &added)) {
		text = config_text_add(cfg, before, input);
		good = config_is_good("what would be written", text, &after) &&
		       config_save_is_current(path, cfg);
	}
	if (good) {
		good = config_save_replace(path, text);
		if (!good)
			log_error("%s: %s", path, strerror(errno));
	}
	if (good && !json)
		printf("%u shares were added to %s: dittoctl config apply serves them\n",
		       added, path);
	free(text);
	free(before);
	config_free(after);
	config_free(more);
	config_free(cfg);
out:
	free(input);
	close(folder);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
