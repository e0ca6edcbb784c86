// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl offload check: files whose data is elsewhere, without a server or a store. */

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "offload.h"
#include "object/record.h"
#include "ctl/out.h"

/**
 * struct check - a search
 * @ctl: this run of the tool
 * @end: what is behind each path
 * @failed: something could not be looked at
 */
struct check {
	struct ctl *ctl;
	char end;
	bool failed;
};

static void check_failed(struct check *c, const char *path, int error)
{
	offload_complain(c->ctl, false, path, strerror(error));
	c->failed = true;
}

static void check_found(const struct check *c, const FTSENT *e)
{
	if (!c->ctl->json) {
		printf("%s%c", e->fts_path, c->end);
		return;
	}
	json_open(stdout, NULL, '{');
	json_string(stdout, "path", e->fts_path);
	json_number(stdout, "size", (u64)e->fts_statp->st_size);
	json_close(stdout, '}');
}

static void check_file(struct check *c, const FTSENT *e)
{
	ssize_t len = lgetxattr(e->fts_accpath, OFFLOAD_RECORD_XATTR, NULL, 0);

	if (len > 0) {
		/* Lines are for programs that read lists of names. */
		if (!c->ctl->json && c->end == '\n' && strchr(e->fts_path, '\n')) {
			offload_complain(c->ctl, false, e->fts_path,
					 "its name has a new line: use --null");
			c->failed = true;
		}
		check_found(c, e);
	} else if (len < 0 && errno != ENODATA && errno != EOPNOTSUPP) {
		check_failed(c, e->fts_path, errno);
	}
}

static int check_walk(struct check *c, char **paths)
{
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW, NULL);
	FTSENT *e;

	if (!fts)
		return ctl_usage(c->ctl, "%s", strerror(errno));
	if (c->ctl->json)
		json_open(stdout, NULL, '[');
	while ((e = fts_read(fts)))
		if (e->fts_info == FTS_F)
			check_file(c, e);
		else if (offload_walk_failed(e) ||
			 (e->fts_info == FTS_NS && e->fts_level == FTS_ROOTLEVEL))
			check_failed(c, e->fts_path, e->fts_errno);
	if (c->ctl->json) {
		json_close(stdout, ']');
		json_end(stdout);
	}
	fts_close(fts);
	return c->failed ? CTL_REFUSED : CTL_OK;
}

int offload_check(struct ctl *ctl, char **words)
{
	struct check c = { .ctl = ctl, .end = '\n' };

	for (; *words && !strncmp(*words, "--", 2); words++) {
		if (!strcmp(*words, "--json"))
			ctl->json = true;
		else if (!strcmp(*words, "--null"))
			c.end = '\0';
		else
			return ctl_unknown(ctl, "option", *words, NULL);
	}
	if (!*words)
		return ctl_usage(ctl, "the path of a directory or file is needed");
	/* Others do not see the attribute, and would find nothing. */
	if (geteuid())
		return ctl_usage(ctl, "only root sees which files are offloaded");
	return check_walk(&c, words);
}
