// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes of shares by remote calls; see share_admin.h.
 *
 * Administrators of Windows administer what lies below the directories that ditto.conf gives them,
 * and nothing else.
 *
 * Locking: the mutex is held while a share is changed in the kernel, so that no call finds one half
 * made. It protects the number of the last removal too. Names and folders are looked up without it.
 */

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "config/share_roots.h"
#include "daemon/detached.h"
#include "daemon/kernel.h"
#include "daemon/log.h"
#include "ditto-nl-gen.h"
#include "identity/identity.h"
#include "mem.h"
#include "share_admin.h"
#include "share_change.h"

/* Most lines about changes, and about refusals, in a time in milliseconds. */
#define LOG_BURST	20
#define LOG_TIME	10000
/* Name of a share that clients have always. */
#define IPC_SHARE	"IPC$"
/* Bytes of the stack of a thread that removes a share. */
#define STACK_SIZE	(64 * 1024)
/* Most removals that wait for requests, and how often one is looked at, in milliseconds. */
#define REMOVALS_MAX	8
#define REMOVAL_STEP	100

static pthread_mutex_t change_lock = PTHREAD_MUTEX_INITIALIZER;

/**
 * struct admin_work - a change that is made
 * @k: connection to the kernel
 * @user: who asks for it
 * @until: deadline
 * @change: the change
 * @have: the shares that there are
 * @chain: memory
 */
struct admin_work {
	struct kernel *k;
	const struct rpc_user *user;
	u64 until;
	struct share_change change;
	struct kernel_shares have;
	struct mem_chain *chain;
};

/* Refusals use up no lines of changes. */
static bool log_take_line(bool refusal)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static unsigned int count[2];
	static u64 start[2];
	bool room;

	pthread_mutex_lock(&lock);
	if (clock_ms() - start[refusal] >= LOG_TIME) {
		start[refusal] = clock_ms();
		count[refusal] = 0;
	}
	room = count[refusal]++ < LOG_BURST;
	pthread_mutex_unlock(&lock);
	return room;
}

static void admin_log(const struct admin_work *w, const char *outcome, const char *why)
{
	const char *domain = w->user->domain;
	char *line, *printable;

	if (!log_take_line(why))
		return;
	line = mem_print("share %s: %s by %s%s%s on srvsvc%s%s", w->change.name, outcome, domain,
			 domain[0] ? "\\" : "", w->user->name, why ? ": " : "", why ?: "");
	printable = text_printable(line);
	if (why)
		log_warning("%s", printable);
	else
		log_notice("%s", printable);
	free(printable);
	free(line);
}

static int admin_refuse(const struct admin_work *w, int rc, const char *format, ...)
	__printf(3, 4);

static int admin_refuse(const struct admin_work *w, int rc, const char *format, ...)
{
	static const char *const wanted[] = {
		[SHARE_CHANGE_ADD] = "not added",
		[SHARE_CHANGE_SET] = "not changed",
		[SHARE_CHANGE_DELETE] = "not removed",
	};
	va_list args;
	char *why;

	va_start(args, format);
	why = mem_vprint(format, args);
	va_end(args);
	admin_log(w, wanted[w->change.kind], why);
	free(why);
	return rc;
}

/* Names of shares are compared without their case by clients; the exact one comes first. */
static struct share *share_find(const struct kernel_shares *have, const char *name)
{
	struct share *found = NULL;
	unsigned int i;

	for (i = 0; i < have->n; i++) {
		if (!strcmp(have->share[i]->name, name))
			return have->share[i];
		if (!found && !strcasecmp(have->share[i]->name, name))
			found = have->share[i];
	}
	return found;
}

/*
 * Convert "C:\srv\data" to "/srv/data", memory of the chain: the opposite of srvsvc_path(). NULL if
 * it is no such path, or a part of it is empty, "." or "..".
 */
static char *path_convert(struct admin_work *w)
{
	const char *from = w->change.path;
	char *path, *at;
	size_t len;

	if (toupper((unsigned char)from[0]) != 'C' || from[1] != ':')
		return NULL;
	path = mem_chain_print(&w->chain, "%s", from + 2);
	for (at = path; *at; at++)
		if (*at == '\\')
			*at = '/';
	len = strlen(path);
	if (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	return share_roots_check_path(path) ? path : NULL;
}

/* What a mask of share permissions gives; false if Ditto has no such access. */
static bool mask_get_access(u32 mask, u32 *access)
{
	switch (mask) {
	case SHARE_MASK_FULL:
	case GENERIC_FULL:
		*access = DITTO_SHARE_RIGHT_WRITE;
		return true;
	case SHARE_MASK_READ:
	case GENERIC_READ_EXECUTE:
		*access = DITTO_SHARE_RIGHT_READ;
		return true;
	default:
		return false;
	}
}

/* Find the user or the group that a SID stands for. Returns 0 or a negative errno. */
static int sid_find_user(struct admin_work *w, const struct sid *sid, struct share_user *user)
{
	const struct identity_who who = { .user = w->user->uid, .until = w->until };
	struct identity found;
	char text[NSS_NAME_SIZE];
	enum sid_use use;
	int rc;

	sid_text(sid, text);
	if (sid->authority == SID_AUTHORITY_UNIX && sid->nsubs == 2 &&
	    (sid->sub[0] == SID_UNIX_USERS || sid->sub[0] == SID_UNIX_GROUPS)) {
		user->group = sid->sub[0] == SID_UNIX_GROUPS;
		user->id = sid->sub[1];
		return 0;
	}
	rc = identity_by_sid(&who, sid, &found);
	if (rc && rc != -ENOENT)
		return admin_refuse(w, -EIO, "nobody answers who %s is", text);
	/* The number of an account may be for both kinds; what the SID is decides. */
	use = rc ? SID_USE_UNKNOWN : found.name.use;
	user->group = use == SID_USE_GROUP || use == SID_USE_ALIAS;
	if ((user->group || use == SID_USE_USER) &&
	    found.kinds & (user->group ? IDENTITY_GROUP : IDENTITY_USER)) {
		user->id = found.id;
		return 0;
	}
	if ((use != SID_USE_USER && use != SID_USE_GROUP) || found.kinds ||
	    !identity_directory_may_have(sid))
		return admin_refuse(w, -EOPNOTSUPP,
				    "%s is no user or group here; a share can name these, and Everyone",
				    text);
	user->sid_len = (u32)sid_put(sid, user->sid);
	return 0;
}

static struct share_user *users_find(struct share_users *users, const struct share_user *one)
{
	unsigned int i;

	for (i = 0; i < users->n; i++)
		if (share_user_same(&users->user[i], one))
			return &users->user[i];
	return NULL;
}

/* Of the entries for one user or group, a denial counts, which comes first, else the most. */
static void users_merge(struct share_users *users, const struct share_user *one)
{
	struct share_user *known = users_find(users, one);

	if (!known) {
		users->user = mem_grow(users->user, users->n, sizeof(*users->user));
		users->user[users->n++] = *one;
	} else if (known->access != DITTO_SHARE_RIGHT_NONE && one->access > known->access) {
		known->access = one->access;
	}
}

/*
 * In a descriptor what a user has himself, by groups and as one of all adds up, and denials win.
 * In a share his own entry decides, else the highest of his groups, else the one for others. Find
 * the entries that mean the same, if there are such. Returns 0 or a negative errno.
 */
static int users_make_exact(struct admin_work *w, struct share *to)
{
	struct share_users *users = &to->users;
	u32 groups_most = DITTO_SHARE_RIGHT_NONE;
	bool denied[2] = { false }, allowed[2] = { false };
	bool group_denied = false;
	unsigned int i;

	for (i = 0; i < users->n; i++) {
		struct share_user *user = &users->user[i];

		if (user->access != DITTO_SHARE_RIGHT_NONE && user->access < to->default_access)
			user->access = to->default_access;
		if (!user->group && user->access == DITTO_SHARE_RIGHT_NONE)
			denied[!!user->sid_len] = true;
		else if (!user->group)
			allowed[!!user->sid_len] = true;
		if (user->group && user->access > groups_most)
			groups_most = user->access == DITTO_SHARE_RIGHT_ADMIN ?
				      DITTO_SHARE_RIGHT_WRITE : user->access;
		group_denied |= user->group && user->access == DITTO_SHARE_RIGHT_NONE;
	}
	if (group_denied && groups_most)
		return admin_refuse(w, -EOPNOTSUPP,
				    "a group is denied and another one allowed, and somebody may be in both: deny users instead");
	if ((denied[0] && allowed[1]) || (denied[1] && allowed[0]))
		return admin_refuse(w, -EOPNOTSUPP,
				    "a user with an account here and one of a domain without are named, one is denied and the other allowed, and they may be the same: name users of one kind");
	for (i = 0; i < users->n; i++) {
		const struct share_user *user = &users->user[i];

		if (user->group || user->access == DITTO_SHARE_RIGHT_NONE)
			continue;
		if (group_denied || user->access < groups_most)
			return admin_refuse(w, -EOPNOTSUPP,
					    "the entry for user %u would decide alone, whatever those of his groups say: give it Full Control, or name groups only",
					    user->id);
	}
	return 0;
}

/*
 * Administrators of the share stay such while their own entries say Full Control, before what
 * everybody has raises them.
 */
static void users_keep_admins(const struct share *from, struct share *to)
{
	unsigned int i;

	for (i = 0; i < from->users.n; i++) {
		const struct share_user *old = &from->users.user[i];
		struct share_user *user = users_find(&to->users, old);

		if (old->access == DITTO_SHARE_RIGHT_ADMIN && user &&
		    user->access == DITTO_SHARE_RIGHT_WRITE)
			user->access = DITTO_SHARE_RIGHT_ADMIN;
	}
}

/* Set users, groups and others to what a descriptor says. @old is the share as it is, or NULL. */
static int access_set(struct admin_work *w, const struct share *old, struct share *to)
{
	const struct share_ace *ace = w->change.aces.item;
	struct ndr_array same;
	bool allowed = false;
	unsigned int i;
	int rc;

	if (old) {
		share_aces_of(old, &same, &w->chain);
		/* Clients send back what they have read to change something else. */
		if (share_aces_same(&same, &w->change.aces))
			return 0;
	}
	to->default_access = DITTO_SHARE_RIGHT_NONE;
	for (i = 0; i < w->change.aces.n; i++) {
		struct share_user user = { .access = DITTO_SHARE_RIGHT_NONE };
		u32 access;

		if (!mask_get_access(ace[i].mask, &access) ||
		    (ace[i].type == ACE_DENIED && access != DITTO_SHARE_RIGHT_WRITE))
			return admin_refuse(w, -EOPNOTSUPP,
					    "an entry %s the rights %#x: Ditto has Full Control and Read, which can be allowed, and Full Control, which can be denied",
					    ace[i].type == ACE_DENIED ? "denies" : "allows",
					    ace[i].mask);
		if (ace[i].type == ACE_DENIED && allowed)
			return admin_refuse(w, -EOPNOTSUPP,
					    "an entry that denies is behind one that allows");
		allowed |= ace[i].type == ACE_ALLOWED;
		if (sid_same(ace[i].sid, &share_everyone)) {
			if (ace[i].type == ACE_DENIED)
				return admin_refuse(w, -EOPNOTSUPP, "Everyone is denied");
			if (access > to->default_access)
				to->default_access = access;
			continue;
		}
		rc = sid_find_user(w, ace[i].sid, &user);
		if (rc)
			return rc;
		if (ace[i].type == ACE_ALLOWED)
			user.access = access;
		users_merge(&to->users, &user);
	}
	if (old)
		users_keep_admins(old, to);
	rc = users_make_exact(w, to);
	if (rc)
		return rc;
	to->given.attrs |= SHARE_BIT(DITTO_A_SHARE_USERS) | SHARE_BIT(DITTO_A_SHARE_DEFAULT_ACCESS);
	return 0;
}

/* Set all that a change gives. */
static int options_set(struct admin_work *w, const struct share *old, struct share *to)
{
	const struct share_change *c = &w->change;
	struct why why;

	if (c->given & SHARE_CHANGE_COMMENT && !share_set_comment(to, c->comment, &why))
		return admin_refuse(w, -EINVAL, "%s", why.text);
	if (c->given & SHARE_CHANGE_FLAGS) {
		/* Windows sends back what it read; links, and no flag, make a share one of DFS. */
		if (c->flags & ~(SHARE_FLAG_ACCESS_BASED | SHARE_FLAG_ENCRYPT | SHARE_FLAG_DFS |
				 SHARE_FLAG_DFS_ROOT))
			return admin_refuse(w, -EOPNOTSUPP,
					    "the flags %#x are not access-based enumeration and encryption only",
					    c->flags);
		to->hide_unreadable = c->flags & SHARE_FLAG_ACCESS_BASED;
		to->encrypt = c->flags & SHARE_FLAG_ENCRYPT;
		to->given.options |= SHARE_OPTION_BIT(SHARE_OPTION_hide_unreadable) |
				     SHARE_OPTION_BIT(SHARE_OPTION_encrypt);
	}
	return c->given & SHARE_CHANGE_ACES ? access_set(w, old, to) : 0;
}

static int admin_refuse_kernel(const struct admin_work *w, int rc, const char *why)
{
	switch (rc) {
	case -ENOENT:
	case -ENOTDIR:
		rc = -ENOTDIR;
		break;
	case -EEXIST:
	case -EOPNOTSUPP:
	case -EINVAL:
		break;
	default:
		rc = -EIO;
	}
	return admin_refuse(w, rc, "%s", why);
}

/* Find the folder of a path below a share-root. Returns 0 or a negative errno. */
static int folder_find(const struct admin_work *w, const char *path, struct share_path_file *file)
{
	struct why why;
	int rc = share_roots_find(path, w->until, file, &why);

	if (!rc)
		return 0;
	if (rc == -ENOENT)
		rc = -ENOTDIR;
	else if (rc != -EACCES && rc != -ENOTDIR)
		rc = -EIO;
	return admin_refuse(w, rc, "%s: %s", path, why.text);
}

/* Lock the changes, before the deadline. Returns 0 or a negative errno. */
static int change_begin(const struct admin_work *w)
{
	const struct timespec end = clock_timespec(w->until);

	if (pthread_mutex_clocklock(&change_lock, CLOCK_MONOTONIC, &end))
		return admin_refuse(w, -EIO, "another change takes too long");
	if (clock_ms() < w->until)
		return 0;
	pthread_mutex_unlock(&change_lock);
	return admin_refuse(w, -EIO, "it took too long to look it up");
}

static void change_end(void)
{
	pthread_mutex_unlock(&change_lock);
}

/* Is a folder the root of a share in the kernel? */
static int root_check_locked(const struct admin_work *w, const char *name,
			     const struct share_path_file *file)
{
	struct share *s = kernel_share_get(w->k, name);
	bool same = s && s->inode == file->inode && s->device == file->device;

	share_free(s);
	return same ? 0 : admin_refuse(w, -EACCES, "its path leads to another folder than its own");
}

/*
 * Whoever may write below a share-root can exchange folders of a path for links at any time. So
 * the share is open to nobody until its root was found to be the folder that was checked.
 */
static int share_add_locked(struct admin_work *w, struct share *s,
			    const struct share_path_file *file)
{
	struct share opened = *s;
	int rc, del;

	opened.given = (struct share_bits){
		.attrs = s->given.attrs & (SHARE_BIT(DITTO_A_SHARE_USERS) |
					   SHARE_BIT(DITTO_A_SHARE_DEFAULT_ACCESS)),
	};
	opened.users = s->users;
	s->users = (struct share_users){ 0 };
	s->default_access = DITTO_SHARE_RIGHT_NONE;
	rc = kernel_share_add(w->k, s);
	s->users = opened.users;
	if (rc)
		return admin_refuse_kernel(w, rc, kernel_why(w->k));
	rc = root_check_locked(w, s->name, file);
	if (!rc && kernel_share_set(w->k, &opened))
		rc = admin_refuse_kernel(w, -EIO, kernel_why(w->k));
	if (!rc)
		return 0;
	del = kernel_share_del(w->k, s->name);
	if (del && del != -ENOENT && del != -ETIMEDOUT)
		admin_refuse(w, del,
			     "it is left without access for anybody, and cannot be removed: %s",
			     kernel_why(w->k));
	return rc;
}

static int admin_add(struct admin_work *w)
{
	const char *path = path_convert(w);
	struct share_path_file file;
	struct share *s = NULL;
	char *outcome;
	struct why why;
	int rc;

	if (!path)
		return admin_refuse(w, -EINVAL, "'%s' is no path such as C:\\srv\\data",
				    w->change.path);
	if (!share_roots_contain(path))
		return admin_refuse(w, -EACCES,
				    "no share may be added at %s; a line 'share-root = DIRECTORY' in section [server] of ditto.conf allows what is below",
				    path);
	if (!share_check_name(w->change.name, &why))
		return admin_refuse(w, -EINVAL, "%s", why.text);
	if (share_find(&w->have, w->change.name) || !strcasecmp(w->change.name, IPC_SHARE))
		return admin_refuse(w, -EEXIST, "there is one of that name");
	s = share_new(w->change.name);
	s->default_access = DITTO_SHARE_RIGHT_READ;
	s->given.attrs = SHARE_BIT(DITTO_A_SHARE_USERS) | SHARE_BIT(DITTO_A_SHARE_DEFAULT_ACCESS);
	rc = options_set(w, NULL, s);
	if (rc)
		goto out;
	if (!share_set_path(s, path, &why) || !share_set_protocols(s, "smb", &why)) {
		rc = admin_refuse(w, -EINVAL, "%s", why.text);
		goto out;
	}
	rc = folder_find(w, path, &file) ?: change_begin(w);
	if (rc)
		goto out;
	rc = share_add_locked(w, s, &file);
	change_end();
	if (!rc) {
		outcome = mem_chain_print(&w->chain, "added at %s", path);
		admin_log(w, outcome, NULL);
	}
out:
	share_free(s);
	return rc;
}

/*
 * The path of a share in the kernel may have led through a link when it was added, by dittod before
 * it ended too early to find that out.
 */
static int admin_set(struct admin_work *w, const struct share *old)
{
	struct share *s = share_new(old->name);
	struct share_path_file file;
	int rc;

	s->default_access = old->default_access;
	rc = options_set(w, old, s);
	if (rc || !share_bits_any(&s->given))
		goto out;
	rc = folder_find(w, old->path, &file) ?: change_begin(w);
	if (rc)
		goto out;
	rc = root_check_locked(w, old->name, &file);
	if (!rc) {
		rc = kernel_share_set(w->k, s);
		if (rc)
			rc = admin_refuse_kernel(w, rc, kernel_why(w->k));
	}
	change_end();
	if (!rc)
		admin_log(w, "changed", NULL);
out:
	share_free(s);
	return rc;
}

/**
 * struct removal_key - which removal
 * @number: number of the removal, because a share of the same name may be removed later
 * @name: name of the share
 */
struct removal_key {
	unsigned int number;
	const char *name;
};

/**
 * struct removal - the removal of a share
 * @call: the call
 * @number: see struct removal_key
 * @name: name of the share
 * @why: what is wrong
 * @done: in a copy: the call has ended
 */
struct removal {
	struct detached call;
	unsigned int number;
	char *name;
	struct why why;
	bool done;
};

static struct removal *removal_of(const struct detached *one)
{
	return (struct removal *)one;
}

static bool removal_same(const struct detached *one, const void *key)
{
	return removal_of(one)->number == ((const struct removal_key *)key)->number;
}

static struct detached *removal_make(const void *key)
{
	struct removal *r = mem_new(sizeof(*r));

	r->number = ((const struct removal_key *)key)->number;
	r->name = mem_string(((const struct removal_key *)key)->name);
	why_not(&r->why, "there is no thread for it");
	return &r->call;
}

static int removal_run(struct detached *one)
{
	struct removal *r = removal_of(one);
	struct kernel *k = kernel_open();
	int rc;

	if (!k)
		return -EIO;
	rc = kernel_share_del(k, r->name);
	if (rc)
		why_not(&r->why, "%s", kernel_why(k));
	kernel_close(k);
	return rc;
}

static void removal_read(const struct detached *one, void *out)
{
	struct removal *to = out;

	to->why = removal_of(one)->why;
	to->done = true;
}

static void removal_free(struct detached *one)
{
	free(removal_of(one)->name);
	free(removal_of(one));
}

static const struct detached_ops removal_ops = {
	.stack_size = STACK_SIZE,
	.same = removal_same,
	.make = removal_make,
	.run = removal_run,
	.read = removal_read,
	.free = removal_free,
};

/*
 * Clients lose a share before it drains, for as long as requests run: these are not waited for,
 * because the client has an answer to get.
 */
static int share_remove_locked(struct admin_work *w, const char *name)
{
	static struct detached_list removals = DETACHED_LIST(&removal_ops);
	static unsigned int number;
	const struct removal_key key = { ++number, name };
	struct removal end = { .why = { "it takes too long" } };
	struct share *s;
	bool gone = false;
	u64 step;
	int rc;

	if (detached_count_late(&removals) >= REMOVALS_MAX)
		return admin_refuse(w, -EIO, "requests still run in %d removed shares",
				    REMOVALS_MAX);
	detached_begin(&removals, &key);
	do {
		step = clock_ms() + REMOVAL_STEP;
		rc = detached_get(&removals, &key, step < w->until ? step : w->until, &end);
		if (end.done)
			break;
		s = kernel_share_get(w->k, name);
		gone = !s;
		share_free(s);
	} while (!gone && clock_ms() < w->until);
	detached_end(&removals);
	if (end.done ? rc && rc != -ETIMEDOUT : !gone)
		return rc == -ENOENT ? rc : admin_refuse_kernel(w, rc, end.why.text);
	return 0;
}

static int admin_delete(struct admin_work *w, const struct share *old)
{
	struct share *s;
	int rc = change_begin(w);

	if (rc)
		return rc;
	s = kernel_share_get(w->k, old->name);
	rc = s && s->path && !strcmp(s->path, old->path) ? share_remove_locked(w, old->name) :
							    -ENOENT;
	share_free(s);
	change_end();
	if (!rc)
		admin_log(w, "removed", NULL);
	return rc;
}

int share_admin_change(struct kernel *k, const struct rpc_user *user, const u8 *bytes, size_t len,
		       u64 until)
{
	struct admin_work w = { .k = k, .user = user, .until = until };
	const struct share *old;
	int rc = -EACCES;

	if (!user->administrator)
		return rc;
	if (!share_change_get(&w.change, bytes, len, &w.chain)) {
		rc = -EBADMSG;
		goto out;
	}
	if (kernel_shares_get(k, &w.have)) {
		rc = admin_refuse_kernel(&w, -EIO, kernel_why(k));
		goto out;
	}
	if (w.change.kind == SHARE_CHANGE_ADD) {
		rc = admin_add(&w);
		goto out;
	}
	old = share_find(&w.have, w.change.name);
	if (!old || !share_has_protocol(old, "smb"))
		rc = -ENOENT;
	else if (!old->path || !share_roots_contain(old->path))
		rc = admin_refuse(&w, -EACCES,
				  "it is administered on this machine; a line 'share-root = DIRECTORY' in section [server] of ditto.conf allows it for shares below");
	else if (share_has_protocol(old, "nfs"))
		rc = admin_refuse(&w, -EACCES,
				  "NFS serves it too, so it is administered on this machine; 'protocols = smb' in its section of ditto.conf allows it");
	else if (w.change.kind == SHARE_CHANGE_SET)
		rc = admin_set(&w, old);
	else
		rc = admin_delete(&w, old);
out:
	kernel_shares_free(&w.have);
	mem_chain_free(&w.chain);
	return rc;
}
