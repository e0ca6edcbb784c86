// SPDX-License-Identifier: GPL-2.0-only
/*
 * Home shares: added when their users log in; see homes.h.
 *
 * A file system that does not answer must not keep a login, nor the logins of others: it is asked
 * by a thread of its own, and the user has no home share before it answers.
 *
 * Locking: rule_lock guards the rule. add_lock is held while a share is added, because the end of
 * one addition discards the results of all.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "daemon/detached.h"
#include "daemon/kernel.h"
#include "daemon/log.h"
#include "ditto-nl-gen.h"
#include "homes.h"
#include "mem.h"

/* Milliseconds for an addition, bytes of the stack of its thread, and most that do not end. */
#define HOME_TIME	4000
#define STACK_SIZE	(256 * 1024)
#define HOMES_LATE_MAX	8

static pthread_mutex_t rule_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t add_lock = PTHREAD_MUTEX_INITIALIZER;
static struct share *used_rule;
static bool used_create;

void homes_set(const struct share *rule, bool create)
{
	struct share *old;

	pthread_mutex_lock(&rule_lock);
	old = used_rule;
	used_rule = rule ? share_dup(rule) : NULL;
	used_create = create;
	pthread_mutex_unlock(&rule_lock);
	share_free(old);
}

/**
 * struct home_add - the addition of a home share
 * @call: the call
 * @share: the share
 * @fixed: bytes of its path that nobody but administrators changes
 * @why: what is wrong
 */
struct home_add {
	struct detached call;
	struct share *share;
	size_t fixed;
	struct why why;
};

/* Which addition: the members as in struct home_add. */
struct home_key {
	const struct share *share;
	size_t fixed;
};

static struct home_add *home_add_of(const struct detached *one)
{
	return (struct home_add *)one;
}

static bool home_add_same(const struct detached *one, const void *key)
{
	const struct share *a = home_add_of(one)->share, *b = ((const struct home_key *)key)->share;

	return a->home_uid == b->home_uid && !strcmp(a->name, b->name) && !strcmp(a->path, b->path);
}

static struct detached *home_add_make(const void *key)
{
	const struct home_key *k = key;
	struct home_add *add = mem_new(sizeof(*add));
	char *access = mem_print("%u=write", k->share->home_uid);
	struct why why;

	add->share = share_dup(k->share);
	share_add_user(add->share, access, &why);
	add->fixed = k->fixed;
	why_not(&add->why, "there is no thread for it");
	free(access);
	return &add->call;
}

/*
 * Open the directory that a home is in. Users may write below the fixed part of the path: there, no
 * link is followed.
 */
static int home_open_above(const char *path, size_t fixed)
{
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	char *root = mem_print("%.*s/", (int)fixed, path);
	size_t rest = (size_t)(strrchr(path, '/') - path);
	int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = dir, rc = errno;
	char *inner;

	free(root);
	if (dir >= 0 && rest > fixed) {
		inner = mem_print("%.*s", (int)(rest - fixed - 1), path + fixed + 1);
		fd = (int)syscall(SYS_openat2, dir, inner, &how, sizeof(how));
		rc = errno;
		free(inner);
		close(dir);
	}
	return fd < 0 ? -rc : fd;
}

/* Have what is mounted there on demand mounted. */
static void home_mount(int dir, const char *path)
{
	int fd = openat(dir, strrchr(path, '/') + 1,
			O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
}

static int home_add_run(struct detached *one)
{
	struct home_add *add = home_add_of(one);
	int dir = home_open_above(add->share->path, add->fixed), rc;
	struct kernel *k;

	if (dir < 0) {
		why_not(&add->why, "the directory above cannot be opened: %s", strerror(-dir));
		return dir;
	}
	home_mount(dir, add->share->path);
	add->share->home_dir = (u32)dir;
	add->share->given |= SHARE_BIT(DITTO_A_SHARE_HOME_DIR);
	k = kernel_open();
	rc = k ? kernel_share_add(k, add->share) : -ENOMEM;
	why_not(&add->why, "%s", k ? kernel_why(k) : strerror(ENOMEM));
	if (k)
		kernel_close(k);
	close(dir);
	return rc;
}

static void home_add_read(const struct detached *one, void *out)
{
	*(struct why *)out = home_add_of(one)->why;
}

static void home_add_free(struct detached *one)
{
	share_free(home_add_of(one)->share);
	free(home_add_of(one));
}

static const struct detached_ops home_add_ops = {
	.stack_size = STACK_SIZE,
	.same = home_add_same,
	.make = home_add_make,
	.run = home_add_run,
	.read = home_add_read,
	.free = home_add_free,
};

/* Returns 0 or a negative errno with @why filled. */
static int home_add(const struct home_key *key, u64 until, struct why *why)
{
	static struct detached_list adds = DETACHED_LIST(&home_add_ops);
	const struct timespec end = clock_timespec(until);
	int rc;

	why_not(why, "the file system does not answer");
	if (pthread_mutex_clocklock(&add_lock, CLOCK_MONOTONIC, &end))
		return -ETIMEDOUT;
	if (detached_count_late(&adds) >= HOMES_LATE_MAX) {
		rc = -EAGAIN;
	} else {
		detached_begin(&adds, key);
		rc = detached_get(&adds, key, until, why);
		detached_end(&adds);
	}
	pthread_mutex_unlock(&add_lock);
	return rc;
}

/* Is the share there already? Returns false if not, and if it is another's with @why filled. */
static bool home_is_there(const struct share *want, struct why *why)
{
	struct kernel *k = kernel_open();
	struct share *have = k ? kernel_share_get(k, want->name) : NULL;
	bool ours = have && share_is_home(have) && have->home_uid == want->home_uid;

	why->text[0] = '\0';
	if (have && !ours)
		why_not(why,
			share_is_home(have) ? "another user of this name has it" :
			"there is a share of this name, which is not a home");
	share_free(have);
	if (k)
		kernel_close(k);
	return ours;
}

void homes_login(const struct home_user *user, u64 until)
{
	const u64 most = clock_ms() + HOME_TIME;
	struct share *rule = NULL, *s;
	struct home_key key;
	struct why why;

	pthread_mutex_lock(&rule_lock);
	if (used_rule)
		rule = share_dup(used_rule);
	if (rule && used_create) {
		rule->home_gid = user->gid;
		rule->given |= SHARE_BIT(DITTO_A_SHARE_HOME_GID);
	}
	pthread_mutex_unlock(&rule_lock);
	if (!rule)
		return;
	s = homes_make(rule, user, &why);
	if (s && home_is_there(s, &why))
		goto out;
	key = (struct home_key){ s, homes_fixed_len(rule->path) };
	if (s && !why.text[0] && !home_add(&key, until < most ? until : most, &why))
		log_info("share %s added: the home of user %u at %s", s->name, user->uid, s->path);
	else
		log_warning("no home share for %s (uid %u): %s", user->name, user->uid, why.text);
out:
	share_free(s);
	share_free(rule);
}
