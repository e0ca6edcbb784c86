// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl offload pin, never and auto: marks of files and directories. */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "ctl/ctl.h"
#include "offload.h"
#include "mark.h"
#include "ctl/out.h"
#include "text.h"

#define MARK_XATTR	"trusted.ditto.keep"
/* Marks that were removed from a file or directory below a marked one. */
#define MARK_AUTO	"auto"

static const char *const mark_words[] = { "pin", "never", MARK_AUTO };

/* The mark of a file or directory itself, or NULL. */
static const char *mark_of(const char *path)
{
	char value[16];
	ssize_t len = lgetxattr(path, MARK_XATTR, value, sizeof(value));
	size_t i;

	for (i = 0; len > 0 && i < ARRAY_SIZE(mark_words); i++)
		if ((size_t)len == strlen(mark_words[i]) &&
		    !memcmp(value, mark_words[i], (size_t)len))
			return mark_words[i];
	return NULL;
}

/* The mark that a directory has or inherits, or NULL. The last answer is kept for the next file. */
static const char *mark_of_directory(const char *directory)
{
	static char last[PATH_MAX];
	static const char *last_mark;
	const char *mark = NULL;
	char path[PATH_MAX];
	char *slash;

	if (!strcmp(last, directory))
		return last_mark;
	snprintf(path, sizeof(path), "%s", directory);
	while (!mark && path[0]) {
		mark = mark_of(path);
		slash = strrchr(path, '/');
		*slash = '\0';
	}
	snprintf(last, sizeof(last), "%s", directory);
	last_mark = mark;
	return mark;
}

const char *offload_mark_find(const char *path)
{
	const char *mark = mark_of(path), *slash = strrchr(path, '/');
	char directory[PATH_MAX];

	if (!mark) {
		snprintf(directory, sizeof(directory), "%.*s", (int)(slash - path), path);
		mark = mark_of_directory(directory);
	}
	return mark && strcmp(mark, MARK_AUTO) ? mark : NULL;
}

static int mark_set(struct ctl *ctl, char **words, const char *mark)
{
	char path[PATH_MAX];
	bool good = true;

	if (!*words)
		return ctl_usage(ctl, "the path of a file or directory is needed");
	if (ctl->json)
		json_open(stdout, NULL, '[');
	for (; *words; words++) {
		if (!realpath(*words, path) ||
		    setxattr(path, MARK_XATTR, mark, strlen(mark), 0)) {
			ctl_usage(ctl, "%s: %s", *words, strerror(errno));
			good = false;
		} else if (ctl->json) {
			json_open(stdout, NULL, '{');
			json_string(stdout, "path", path);
			json_string(stdout, "mark", mark);
			json_close(stdout, '}');
		}
	}
	if (ctl->json) {
		json_close(stdout, ']');
		json_end(stdout);
	}
	return good ? CTL_OK : CTL_REFUSED;
}

static char **mark_take_options(struct ctl *ctl, char **words)
{
	for (; *words && !strncmp(*words, "--", 2); words++) {
		if (strcmp(*words, "--json")) {
			ctl_unknown(ctl, "option", *words, NULL);
			return NULL;
		}
		ctl->json = true;
	}
	return words;
}

static int mark_command(struct ctl *ctl, char **words, const char *mark)
{
	words = mark_take_options(ctl, words);
	return words ? mark_set(ctl, words, mark) : CTL_USAGE;
}

int offload_pin(struct ctl *ctl, char **words)
{
	bool json;
	int rc;

	words = mark_take_options(ctl, words);
	if (!words)
		return CTL_USAGE;
	/* The recall tells about the files. */
	json = ctl->json;
	ctl->json = false;
	rc = mark_set(ctl, words, "pin");
	ctl->json = json;
	return rc ? rc : offload_recall(ctl, words);
}

int offload_never(struct ctl *ctl, char **words)
{
	return mark_command(ctl, words, "never");
}

int offload_auto(struct ctl *ctl, char **words)
{
	return mark_command(ctl, words, MARK_AUTO);
}
