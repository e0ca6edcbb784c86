// SPDX-License-Identifier: GPL-2.0-only
/*
 * Home shares: added when their users log in; see homes.h.
 *
 * A file system that does not answer must not keep a login, nor the logins of others: it is asked
 * by a thread of its own, and the user has no home share before it answers.
 *
 * Locking: rule_lock guards the rule, and what was logged. homes_lock() is outside.
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
#include "daemon/problems.h"
#include "ditto-nl-gen.h"
#include "homes.h"
#include "mem.h"

/* Milliseconds before its deadline that a login goes on, and for an addition without one. */
#define HOME_RESERVE	1000
#define HOME_TIME	4000
/* Bytes of the stack of the thread of an addition, and most threads that do not end. */
#define STACK_SIZE	(256 * 1024)
#define HOMES_LATE_MAX	8
/* Failures that are remembered, so that each is logged once. */
#define HOMES_FAILED_MAX	256

static pthread_mutex_t rule_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t shares_lock = PTHREAD_MUTEX_INITIALIZER;
static struct problems failures;
static struct share *used_rule;
static bool used_create;
/* Grows with each change of the rule. */
static u64 used_generation;

void homes_lock(void)
{
	pthread_mutex_lock(&shares_lock);
}

void homes_unlock(void)
{
	pthread_mutex_unlock(&shares_lock);
}

void homes_set(const struct share *rule, bool create)
{
	struct share *old;

	pthread_mutex_lock(&rule_lock);
	old = used_rule;
	used_rule = rule ? share_dup(rule) : NULL;
	used_create = create;
	used_generation++;
	problems_free(&failures);
	pthread_mutex_unlock(&rule_lock);
	share_free(old);
}

/**
 * struct home_add - the addition of a home share
 * @call: the call
 * @share: the share
 * @fixed: bytes of its path that nobody but administrators changes
 * @generation: of the rule that it is made by
 * @why: what is wrong
 */
struct home_add {
	struct detached call;
	struct share *share;
	size_t fixed;
	u64 generation;
	struct why why;
};

/* Which addition: the members as in struct home_add. */
struct home_key {
	const struct share *share;
	size_t fixed;
	u64 generation;
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
	add->generation = k->generation;
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

/* Is the share there already? Returns false if not, and if it is another's with @why filled. */
static bool home_is_there(struct kernel *k, const struct share *want, struct why *why)
{
	struct share *have = kernel_share_get(k, want->name);
	bool ours = have && share_is_home(have) && have->home_uid == want->home_uid;

	why->text[0] = '\0';
	if (have && !ours)
		why_not(why,
			share_is_home(have) ? "another user of this name has it" :
			"there is a share of this name, which is not a home");
	share_free(have);
	return ours;
}

static bool rule_is_used(u64 generation)
{
	bool same;

	pthread_mutex_lock(&rule_lock);
	same = used_generation == generation;
	pthread_mutex_unlock(&rule_lock);
	return same;
}

/*
 * A rule that came during the addition may have been applied before the share was there. Only a
 * home of this user is touched: an administrator's share may have taken the name. A rule that comes
 * later finds the share, so this waits for no changes that are applied.
 */
static void home_follow_rule(struct kernel *k, const struct home_add *add)
{
	struct share *have, *want, *rule = NULL;

	if (rule_is_used(add->generation))
		return;
	homes_lock();
	pthread_mutex_lock(&rule_lock);
	if (used_rule)
		rule = share_dup(used_rule);
	pthread_mutex_unlock(&rule_lock);
	have = kernel_share_get(k, add->share->name);
	if (have && share_is_home(have) && have->home_uid == add->share->home_uid) {
		want = homes_make_again(rule, have);
		if (want)
			want->given = share_diff(want, have);
		if (!want || (share_bits_any(&want->given) && kernel_share_set(k, want)))
			kernel_share_del(k, have->name);
		share_free(want);
	}
	share_free(have);
	share_free(rule);
	homes_unlock();
}

static int home_add_to(struct kernel *k, struct home_add *add)
{
	int dir, rc;

	/* Before the disk is asked, which may not answer. */
	if (home_is_there(k, add->share, &add->why))
		return -EALREADY;
	if (add->why.text[0])
		return -EEXIST;
	dir = home_open_above(add->share->path, add->fixed);
	if (dir < 0) {
		why_not(&add->why, "the directory above cannot be opened: %s", strerror(-dir));
		return dir;
	}
	home_mount(dir, add->share->path);
	add->share->home_dir = (u32)dir;
	add->share->given.attrs |= SHARE_BIT(DITTO_A_SHARE_HOME_DIR);
	rc = kernel_share_add(k, add->share);
	why_not(&add->why, "%s", kernel_why(k));
	if (!rc)
		home_follow_rule(k, add);
	close(dir);
	return rc;
}

static int home_add_run(struct detached *one)
{
	struct home_add *add = home_add_of(one);
	struct kernel *k = kernel_open();
	int rc;

	if (!k) {
		why_not(&add->why, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	rc = home_add_to(k, add);
	kernel_close(k);
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

/*
 * Returns 0; -EALREADY if the share was there, or another login of the user waits for the same; or
 * another negative errno with @why filled.
 */
static int home_add(const struct home_key *key, u64 until, struct why *why)
{
	static struct detached_list adds = DETACHED_LIST(&home_add_ops);
	int rc;

	why_not(why, "the file system does not answer");
	if (detached_count_late(&adds) >= HOMES_LATE_MAX)
		return -EAGAIN;
	detached_begin(&adds, key);
	rc = detached_get(&adds, key, until, why);
	detached_drop(&adds, key);
	return rc == -ETIMEDOUT && clock_ms() < until ? -EALREADY : rc;
}

/* Log what a login meets once, until there is another rule; that there is no room, for all. */
static void home_failed(const struct home_user *user, int rc, const char *why)
{
	const char *what = rc == -ENOSPC ? "" : user->name;
	bool known;

	pthread_mutex_lock(&rule_lock);
	known = problems_have(&failures, what, why);
	if (failures.n >= HOMES_FAILED_MAX)
		problems_free(&failures);
	if (!known)
		problems_add(&failures, what, why);
	pthread_mutex_unlock(&rule_lock);
	if (!known)
		log_warning("no home share for %s (uid %u): %s", user->name, user->uid, why);
}

void homes_login(const struct home_user *user, u64 deadline)
{
	const u64 now = clock_ms();
	u64 until = deadline == UINT64_MAX ? now + HOME_TIME : deadline - HOME_RESERVE;
	struct share *rule = NULL, *s;
	struct home_key key = { 0 };
	size_t len = strlen(user->name);
	struct why why;
	int rc;

	pthread_mutex_lock(&rule_lock);
	if (used_rule)
		rule = share_dup(used_rule);
	key.generation = used_generation;
	if (rule && used_create) {
		rule->home_gid = user->gid;
		rule->given.attrs |= SHARE_BIT(DITTO_A_SHARE_HOME_GID);
	}
	pthread_mutex_unlock(&rule_lock);
	/* Machines log in, too, and nobody looks for their homes. */
	if (!rule || until <= now || deadline < HOME_RESERVE ||
	    (len && user->name[len - 1] == '$'))
		goto out;
	s = homes_make(rule, user, &why);
	if (!s) {
		home_failed(user, -EINVAL, why.text);
		goto out;
	}
	key.share = s;
	key.fixed = homes_fixed_len(rule->path);
	rc = home_add(&key, until, &why);
	if (!rc)
		log_info("share %s added: the home of user %u at %s", s->name, user->uid, s->path);
	else if (rc != -EALREADY)
		home_failed(user, rc, why.text);
	share_free(s);
out:
	share_free(rule);
}
