// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittoctl offload adopt: a new server goes on with what the store has of another one.
 *
 * Order: the prefix becomes this server's; each share gets the tree of its newest snapshot, as
 * stubs; the index is made. A mark on the root of a share says which snapshot it is getting, so
 * that another run goes on with that one, and no checkpoint is made of a part of it. Another mark
 * says that all is there, so that what users remove afterwards does not come back.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "fd_path.h"
#include "mem.h"
#include "object/cookie.h"
#include "lock.h"
#include "own.h"
#include "ctl/snapshot/snapshot_restore.h"
#include "survey.h"
#include "ctl/out.h"

/**
 * struct adopt - one run of the command
 * @ctl: this run of the tool
 * @store: name of the store
 * @to: directory in which each share gets a directory of its own, or NULL for the paths of shares
 * @older: an older snapshot will do where the newest one cannot be read
 * @accept: what fails is given up
 * @all: the snapshots of all stores
 * @problems: what could not be done; each was printed
 */
struct adopt {
	struct ctl *ctl;
	const char *store;
	const char *to;
	bool older;
	bool accept;
	struct snapshots all;
	u64 problems;
};

static void adopt_problem(struct adopt *a, const char *subject, const char *text)
{
	snapshot_problem(a->ctl, subject, "%s", text);
	a->problems++;
}

/* The records of files have the name that the store had. */
static bool adopt_may_use(struct adopt *a, const struct snapshot *s)
{
	struct cookie cookie;
	char *text;

	if (cookie_decode(&cookie, s->head.cookie, s->head.cookie_len) &&
	    !strcmp(cookie.store, a->store))
		return true;
	text = mem_print("its files name another store: the section has to be [store %s]",
			 cookie.store);
	adopt_problem(a, s->head.name, text);
	free(text);
	return false;
}

/* Whether a root has a mark with the name of a snapshot. */
static bool adopt_is_marked(int root, const char *mark, const char *object)
{
	char name[FD_PATH_MAX], value[OBJECT_NAME_SIZE] = "";
	ssize_t len = getxattr(fd_path(root, name), mark, value, sizeof(value) - 1);

	return len > 0 && (!object || !strcmp(value, object));
}

static bool adopt_mark(struct adopt *a, struct restore *r, const char *mark)
{
	const char *object = r->s.object;
	char name[FD_PATH_MAX];

	if (!setxattr(fd_path(r->root, name), mark, object, strlen(object), 0))
		return true;
	adopt_problem(a, r->to, strerror(errno));
	return false;
}

/*
 * Whether an older snapshot takes the place of one that cannot be read. A store that does not
 * answer now may have the newest one, and once the share is complete nothing would tell.
 */
static bool adopt_leave(struct adopt *a, const struct snapshot *s, int error, const char *why)
{
	char *text;
	bool older = a->older || error == -ENODATA || error == -EBADMSG;

	text = mem_print("%.500s; %s", why, older ? "an older one is taken" :
			 "run the command again later, or with --older to take an older one");
	adopt_problem(a, s->head.name, text);
	free(text);
	return older;
}

/*
 * Load a snapshot. A wrong clock has made one from the future, which may be older than others, or
 * this server's clock is wrong. Returns 0, or
 * fills @why and returns a negative errno.
 */
static int adopt_load_tree(const struct snapshot *s, struct restore *r, struct why *why)
{
	if (s->head.time <= (u64)time(NULL))
		return snapshot_load_tree(s, &r->tree, why);
	why_not(why, "it is from the future: set the clock of this server if it is wrong");
	return -EAGAIN;
}

/*
 * Load the newest snapshot of a share, or the one that an earlier run began with. One that is gone
 * for good gives way to an older one. Returns false after messages.
 */
static bool adopt_load(struct adopt *a, struct restore *r, const char *share)
{
	bool begun = adopt_is_marked(r->root, ADOPTING_XATTR, NULL);
	const struct snapshot *s;
	struct why why;
	int error;
	size_t i;

	for (i = a->all.n; i; i--) {
		s = &a->all.list[i - 1];
		if (strcmp(s->head.share, share) || strcmp(s->store, a->store) ||
		    (begun && !adopt_is_marked(r->root, ADOPTING_XATTR, s->object)))
			continue;
		if (!adopt_may_use(a, s))
			return false;
		r->s = *s;
		error = adopt_load_tree(s, r, &why);
		if (!error)
			return true;
		if (!adopt_leave(a, s, error, why.text))
			return false;
	}
	if (begun)
		adopt_problem(a, share,
			      "the snapshot that it was getting is not in the store any more; to begin again with another one, remove the attribute trusted.ditto.adopting of its root");
	else
		adopt_problem(a, share, "none of its snapshots can be read");
	return false;
}

/* All of the share is there, or what is not was given up: now its root gets its attributes, too. */
static void adopt_complete(struct adopt *a, struct restore *r)
{
	const char *accept = ", or with --accept to give up what has failed";
	char name[FD_PATH_MAX];

	if (!r->incomplete && (!r->failed || a->accept))
		restore_root_attributes(r);
	if (r->incomplete)
		accept = "";
	if (r->incomplete || (r->failed && !a->accept)) {
		snapshot_problem(a->ctl, r->to,
				 "it is not complete. Run the command again when the causes are mended%s; until then the schedule makes no snapshots of it",
				 accept);
		return;
	}
	if (adopt_mark(a, r, RESTORED_XATTR) && removexattr(fd_path(r->root, name), ADOPTING_XATTR))
		adopt_problem(a, r->to, strerror(errno));
}

static void adopt_print_lost(struct adopt *a, const struct restore *r)
{
	const struct snapshot_entry *e;
	struct snapshot_reader reader;
	struct why why;

	json_open(stdout, "lost", '[');
	snapshot_reader_begin(&reader, &r->tree);
	while ((e = snapshot_reader_next(&reader)))
		if (e->flags & SNAPSHOT_LOST)
			json_string(stdout, NULL, e->path);
	if (!snapshot_reader_end(&reader, &why))
		adopt_problem(a, r->to, why.text);
	json_close(stdout, ']');
}

static void adopt_print(struct adopt *a, const struct restore *r, const char *share, bool before)
{
	char bytes[OUT_VALUE_MAX], time[32], *name;

	if (r->ctl->json) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "share", share);
		json_string(stdout, "path", r->to);
		json_bool(stdout, "adopted-before", before);
		if (!before) {
			json_string(stdout, "snapshot", r->s.head.name);
			json_number(stdout, "time", r->s.head.time);
			json_number(stdout, "files", r->files);
			json_number(stdout, "others", r->others);
			json_number(stdout, "bytes", r->bytes);
			json_number(stdout, "there", r->there);
			json_number(stdout, "kept", r->kept);
			json_number(stdout, "failed", r->failed);
			adopt_print_lost(a, r);
		}
		json_close(stdout, '}');
		return;
	}
	name = text_printable(share);
	if (before)
		printf("share %s, %s: it was adopted before\n", name, r->to);
	else
		printf("share %s, %s: as of %s UTC: %llu files and %llu others, %s\n"
		       "%llu were there, %llu have no content in the store, %llu failed\n",
		       name, r->to, snapshot_time_text(r->s.head.time, time),
		       (unsigned long long)r->files, (unsigned long long)r->others,
		       bytes_text((double)r->bytes, bytes), (unsigned long long)r->there,
		       (unsigned long long)r->lost, (unsigned long long)r->failed);
	free(name);
}

/* Fill the open root of a share. The lock keeps the content until the stubs are on disk. */
static void adopt_root(struct adopt *a, struct restore *r, const char *share)
{
	int lock;

	if (adopt_is_marked(r->root, RESTORED_XATTR, NULL)) {
		adopt_print(a, r, share, true);
		return;
	}
	lock = snapshot_lock();
	if (lock < 0) {
		adopt_problem(a, share, strerror(-lock));
		return;
	}
	if (adopt_load(a, r, share) && adopt_mark(a, r, ADOPTING_XATTR)) {
		restore_all(r, NULL);
		adopt_complete(a, r);
		a->problems += r->failed;
		adopt_print(a, r, share, false);
	}
	close(lock);
}

/* The path that a share gets. NULL after a message, otherwise to be freed. */
static char *adopt_path(struct adopt *a, const char *name)
{
	struct snapshot_share share;
	char *path;

	/* The name comes from the bucket, and must not lead elsewhere. */
	if (a->to && (strchr(name, '/') || name[0] == '.' || !name[0])) {
		adopt_problem(a, name, "this is no name of a directory; leave out --to");
		return NULL;
	}
	if (a->to) {
		path = mem_print("%s/%s", a->to, name);
		if (!mkdir(path, 0700) || errno == EEXIST)
			return path;
		adopt_problem(a, path, strerror(errno));
		free(path);
		return NULL;
	}
	if (!snapshot_share_get(a->ctl, name, &share)) {
		adopt_problem(a, name,
			      "to get it back, add its section [share] with its path and 'offload = on' to ditto.conf, then: systemctl reload dittod, and this command again");
		return NULL;
	}
	if (share.offload)
		return mem_string(share.path);
	adopt_problem(a, name, "offload is off in this share");
	return NULL;
}

static void adopt_share(struct adopt *a, const char *name)
{
	struct restore r = { .ctl = a->ctl, .root = -1, .resume = true };
	char *path = adopt_path(a, name);

	if (!path)
		return;
	r.to = path;
	if (restore_open_root(&r))
		a->problems++;
	else
		adopt_root(a, &r, name);
	restore_end(&r, -1);
	free(path);
}

/* Whether a share has no snapshot before this place in the list. */
static bool adopt_is_first(const struct adopt *a, size_t place)
{
	size_t i;

	for (i = 0; i < place; i++)
		if (!strcmp(a->all.list[i].head.share, a->all.list[place].head.share) &&
		    !strcmp(a->all.list[i].store, a->store))
			return false;
	return !strcmp(a->all.list[place].store, a->store);
}

static void adopt_shares(struct adopt *a)
{
	char share[SNAPSHOT_SHARE_MAX + 1];
	u64 shares = 0;
	size_t i;

	for (i = 0; i < a->all.n; i++) {
		if (!adopt_is_first(a, i))
			continue;
		shares++;
		snprintf(share, sizeof(share), "%s", a->all.list[i].head.share);
		adopt_share(a, share);
	}
	if (!shares && !a->all.problems)
		adopt_problem(a, a->store, "the store has no snapshot of a share");
}

/* Data of file systems that are not here stays until somebody says that they are gone. */
static void adopt_index(struct adopt *a)
{
	u64 absent = 0;

	if (!offload_rebuild_index(a->ctl, &absent))
		a->problems++;
	if (a->ctl->json)
		json_number(stdout, "absent-filesystems", absent);
	else if (absent)
		printf("%llu file systems are not here; gc waits until they are forgotten\n",
		       (unsigned long long)absent);
}

static int adopt_run(struct adopt *a)
{
	bool taken;

	if (!offload_take_store(a->ctl, a->store, OWNER_TAKE, &taken))
		return CTL_REFUSED;
	snapshots_load(a->ctl, &a->all);
	a->problems += a->all.problems;
	if (a->ctl->json) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "store", a->store);
		json_bool(stdout, "taken", taken);
		json_open(stdout, "shares", '[');
	}
	if (!a->all.problems || a->older)
		adopt_shares(a);
	else
		adopt_problem(a, a->store,
			      "nothing is adopted, as newer snapshots may be among those that cannot be read; run the command again when they can be read, or with --older to go without them");
	if (a->ctl->json)
		json_close(stdout, ']');
	adopt_index(a);
	if (a->ctl->json) {
		json_number(stdout, "problems", a->problems);
		json_close(stdout, '}');
		json_end(stdout);
	}
	snapshots_free(&a->all);
	return a->problems ? CTL_REFUSED : CTL_OK;
}

int offload_adopt(struct ctl *ctl, char **words)
{
	struct adopt a = { .ctl = ctl };
	struct why why;
	int lock, rc;

	for (; *words; words++) {
		if (!strcmp(*words, "--json"))
			ctl->json = true;
		else if (!strcmp(*words, "--to") && words[1])
			a.to = *++words;
		else if (!strcmp(*words, "--accept"))
			a.accept = true;
		else if (!strcmp(*words, "--older"))
			a.older = true;
		else if (!strncmp(*words, "--", 2))
			return ctl_unknown(ctl, "option", *words, NULL);
		else if (!a.store)
			a.store = *words;
		else
			return ctl_no_more(ctl, words);
	}
	if (!a.store)
		return ctl_usage(ctl, "the name of a store is missing");
	if (ctl_connect(ctl))
		return CTL_REFUSED;
	lock = offload_lock_alone(OFFLOAD_ALONE_SCHEDULE, &why);
	if (lock < 0) {
		ctl->conn.why = why;
		return ctl_refused(ctl, NULL);
	}
	rc = adopt_run(&a);
	close(lock);
	return rc;
}
