// SPDX-License-Identifier: GPL-2.0-only
/*
 * Credentials and their cache.
 *
 * The key of an entry is the identity before squashing and the generation of the share's options,
 * so that a hit costs one hash and one comparison. Eviction uses the clock algorithm: it prefers
 * entries that were not used since the last scan and have no holders.
 *
 * Locking: the hash table is read under RCU. The lock guards the list and serializes removal; the
 * hash table is changed inside it. The epoch goes up inside it before the entries are dropped, so
 * that an entry made from what was known before is not inserted afterwards; and again when all are
 * dropped, so that a caller that remembers an entry found in between does not go on with it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init_task.h>
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "../../lockd/acting.h"
#include "../../net/helper/names.h"
#include "../../net/helper/token.h"
#include "../../net/server.h"
#include "cred.h"
#include "cred_private.h"
#include "rules_private.h"
#include "share.h"

/* Recently used entries that eviction passes over before it takes one anyway. */
#define CLOCK_STEPS	32

/**
 * struct ditto_cred_cache - the credentials of a server
 * @table: struct cred_entry by struct cred_key
 * @lock: guards @list and @count
 * @list: entries in clock order
 * @count: length of @list
 * @epoch: see ditto_creds_epoch()
 */
struct ditto_cred_cache {
	struct rhashtable table;
	spinlock_t lock;		/* guards the list and its count */
	struct list_head list;
	unsigned int count;
	/* Read by each call. */
	atomic_t epoch ____cacheline_aligned_in_smp;
};

/**
 * struct cred_key - key of an entry
 * @generation: generation of the share's options
 * @token_hash: hash of @token, 0 without one
 * @uid: uid as in the request
 * @gid: gid as in the request
 * @anon_uid: anonymous user of the client's rule, or 0
 * @anon_gid: the same for the group
 * @squash: squash mode that applies to the client
 * @proven: the user has logged in, and the share has another user or group for such
 * @anonymous: anonymous identity; all members are zero but @generation and the rule's
 * @admin: the share grants the administrator's privileges
 * @ngroups: number of @groups
 * @groups: groups of the request, or the entry's copy
 * @token: SIDs that the identity brought along, or NULL
 */
struct cred_key {
	u64 generation;
	u64 token_hash;
	uid_t uid;
	gid_t gid;
	uid_t anon_uid;
	gid_t anon_gid;
	u8 squash;
	u8 proven;
	u8 anonymous;
	u8 admin;
	u32 ngroups;
	const kgid_t *groups;
	struct ditto_token *token;
};

#define CRED_KEY_WORDS	(offsetof(struct cred_key, groups) / sizeof(u32))
/* No holes: the key is hashed and compared as raw memory. */
static_assert(offsetof(struct cred_key, groups) == 40);

/**
 * struct privileged - a credential with added privileges
 * @cred: the credential
 * @acting: marks a task with @cred as acting for the client
 * @rcu: freed under RCU
 */
struct privileged {
	const struct cred *cred;
	struct ditto_acting acting;
	struct rcu_head rcu;
};

/**
 * struct cred_entry - a cached credential
 * @pub: the part that users see
 * @acting: marks a task with the credential as acting for a client
 * @privileged: privileged variants, each set once, or NULL
 * @backup: see ditto_cred_backup(), held; set once, or NULL
 * @key: key of the entry; its groups are @groups, and it holds its token
 * @node: link in the hash table
 * @list: link in clock order; empty when removed
 * @referenced: used since the last scan
 * @ages: expires at @expires
 * @expires: jiffies
 * @rcu: freed under RCU
 * @groups: copy of the groups for @key
 */
struct cred_entry {
	struct ditto_cred pub;
	struct ditto_acting acting;
	struct privileged *privileged[DITTO_PRIVILEGES];
	struct cred_entry *backup;
	struct cred_key key;
	struct rhash_head node;
	struct list_head list;
	bool referenced;
	bool ages;
	unsigned long expires;
	struct rcu_head rcu;
	kgid_t groups[];
};

static u32 key_hash(const void *data, u32 len, u32 seed)
{
	const struct cred_key *key = data;
	u32 hash = jhash2((const u32 *)key, CRED_KEY_WORDS, seed);

	return jhash2((const u32 *)key->groups, key->ngroups, hash);
}

static u32 entry_hash(const void *data, u32 len, u32 seed)
{
	const struct cred_entry *entry = data;

	return key_hash(&entry->key, len, seed);
}

static int entry_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct cred_key *key = arg->key;
	const struct cred_entry *entry = obj;

	return memcmp(&entry->key, key, offsetof(struct cred_key, groups)) ||
	       memcmp(entry->groups, key->groups, array_size(key->ngroups, sizeof(kgid_t))) ||
	       !ditto_token_eq(entry->key.token, key->token);
}

static const struct rhashtable_params cred_params = {
	.head_offset = offsetof(struct cred_entry, node),
	.hashfn = key_hash,
	.obj_hashfn = entry_hash,
	.obj_cmpfn = entry_cmp,
	.automatic_shrinking = true,
};

static struct cred_entry *to_entry(struct ditto_cred *cred)
{
	return container_of(cred, struct cred_entry, pub);
}

static void privileged_cred_free(struct privileged *privileged)
{
	if (!privileged)
		return;
	ditto_acting_del(&privileged->acting);
	put_cred(privileged->cred);
	kfree_rcu(privileged, rcu);
}

static struct privileged *privileged_cred_new(const struct cred_entry *entry,
					      enum ditto_privilege how)
{
	const struct cred *cred = entry->pub.cred;
	struct privileged *privileged = kzalloc(sizeof(*privileged), GFP_KERNEL);
	struct cred *more = privileged ? prepare_kernel_cred(&init_task) : NULL;

	if (!more) {
		kfree(privileged);
		return NULL;
	}
	more->fsuid = cred->fsuid;
	more->fsgid = cred->fsgid;
	set_groups(more, cred->group_info);
	if (how == DITTO_PRIVILEGE_SERVER)
		cap_lower(more->cap_effective, CAP_SYS_RESOURCE);
	else
		more->cap_effective = cred->cap_effective;
	cap_raise(more->cap_effective, CAP_DAC_OVERRIDE);
	cap_raise(more->cap_effective, CAP_DAC_READ_SEARCH);
	if (how >= DITTO_PRIVILEGE_OWNER)
		cap_raise(more->cap_effective, CAP_FOWNER);
	if (how >= DITTO_PRIVILEGE_CHOWN)
		cap_raise(more->cap_effective, CAP_CHOWN);
	privileged->cred = more;
	ditto_acting_add(&privileged->acting, more, entry->acting.table);
	return privileged;
}

/*
 * Get the same identity with added privileges. The privileged credential is made on first use and
 * kept with @cred. Return: the credential, valid as long as @cred is held; NULL without memory.
 */
const struct cred *ditto_cred_privileged(struct ditto_cred *cred, enum ditto_privilege how)
{
	struct cred_entry *entry = to_entry(cred);
	/* Pairs with cmpxchg(), which orders the contents before the pointer. */
	struct privileged *privileged = smp_load_acquire(&entry->privileged[how]);
	struct privileged *other;

	if (privileged)
		return privileged->cred;
	privileged = privileged_cred_new(entry, how);
	if (!privileged)
		return NULL;
	other = cmpxchg(&entry->privileged[how], NULL, privileged);
	if (!other)
		return privileged->cred;
	privileged_cred_free(privileged);
	return other->cred;
}

/**
 * ditto_cred_put - drop a reference to a credential
 * @cred: the credential
 *
 * Context: any.
 */
void ditto_cred_put(struct ditto_cred *cred)
{
	struct cred_entry *entry = to_entry(cred);

	if (refcount_dec_and_test(&cred->ref)) {
		for (size_t i = 0; i < ARRAY_SIZE(entry->privileged); i++)
			privileged_cred_free(entry->privileged[i]);
		if (entry->backup)
			ditto_cred_put(&entry->backup->pub);
		ditto_acting_del(&entry->acting);
		put_cred(cred->cred);
		ditto_token_put(entry->key.token);
		kfree_rcu(entry, rcu);
	}
}
EXPORT_SYMBOL_NS_GPL(ditto_cred_put, "DITTO");

static bool entry_expired(const struct cred_entry *entry)
{
	return entry->ages && time_after(jiffies, entry->expires);
}

/* Remove an entry from table and list; the cache's reference passes to the caller. */
static void entry_remove(struct ditto_cred_cache *cache, struct cred_entry *entry)
{
	lockdep_assert_held(&cache->lock);
	rhashtable_remove_fast(&cache->table, &entry->node, cred_params);
	list_del_init(&entry->list);
	cache->count--;
}

static void entry_drop(struct ditto_cred_cache *cache, struct cred_entry *entry)
{
	bool mine;

	spin_lock(&cache->lock);
	mine = !list_empty(&entry->list);
	if (mine)
		entry_remove(cache, entry);
	spin_unlock(&cache->lock);
	if (mine)
		ditto_cred_put(&entry->pub);
}

/* Evict one entry by the clock algorithm. */
static struct cred_entry *clock_take(struct ditto_cred_cache *cache)
{
	struct cred_entry *entry, *next;
	int steps = CLOCK_STEPS;

	lockdep_assert_held(&cache->lock);
	list_for_each_entry_safe(entry, next, &cache->list, list) {
		bool used = READ_ONCE(entry->referenced) || refcount_read(&entry->pub.ref) > 1;

		if (!steps-- || !used || entry_expired(entry)) {
			entry_remove(cache, entry);
			return entry;
		}
		WRITE_ONCE(entry->referenced, false);
		list_move_tail(&entry->list, &cache->list);
	}
	return NULL;
}

static struct cred_entry *cred_find(struct ditto_cred_cache *cache, const struct cred_key *key)
{
	struct cred_entry *entry;

	rcu_read_lock();
	entry = rhashtable_lookup(&cache->table, key, cred_params);
	if (entry && !refcount_inc_not_zero(&entry->pub.ref))
		entry = NULL;
	rcu_read_unlock();
	if (!entry)
		return NULL;

	if (unlikely(entry_expired(entry))) {
		entry_drop(cache, entry);
		ditto_cred_put(&entry->pub);
		return NULL;
	}
	if (!READ_ONCE(entry->referenced))
		WRITE_ONCE(entry->referenced, true);
	return entry;
}

/*
 * Insert a new entry, unless entries were dropped since @epoch. Returns it, or the entry that
 * another task inserted, held.
 */
static struct cred_entry *cred_enter(struct ditto_cred_cache *cache, struct cred_entry *entry,
				     u32 epoch)
{
	struct cred_entry *old, *gone = NULL;

	rcu_read_lock();
	spin_lock(&cache->lock);
	if (atomic_read(&cache->epoch) != epoch) {
		spin_unlock(&cache->lock);
		rcu_read_unlock();
		return entry;
	}
	/* Removal takes the lock, too, so a found entry still has the cache's reference. */
	old = rhashtable_lookup_get_insert_key(&cache->table, &entry->key, &entry->node,
					       cred_params);
	if (!old) {
		refcount_inc(&entry->pub.ref);
		list_add_tail(&entry->list, &cache->list);
		if (++cache->count > DITTO_CREDS_MAX)
			gone = clock_take(cache);
	} else if (!IS_ERR(old)) {
		refcount_inc(&old->pub.ref);
	}
	spin_unlock(&cache->lock);
	rcu_read_unlock();

	if (gone)
		ditto_cred_put(&gone->pub);
	/* An entry that could not be inserted can be used all the same. */
	if (IS_ERR_OR_NULL(old))
		return entry;
	ditto_cred_put(&entry->pub);
	return old;
}

/* Apply a squash mode to an identity. Context: any. */
void ditto_cred_squash(const struct ditto_share_opts *opts, const struct ditto_verdict *verdict,
		       const struct ditto_ident *ident, struct ditto_squashed *who)
{
	bool root = !ident->anonymous && uid_eq(ident->uid, GLOBAL_ROOT_UID);
	kgid_t anon_gid = ditto_share_anon_gid(opts, verdict);
	unsigned int squash = verdict->squash;

	*who = (struct ditto_squashed) {
		.uid = ditto_share_anon_uid(opts, verdict),
		.gid = anon_gid,
		.anon_gid = anon_gid,
	};

	/* Root can be made an administrator by the share's list, like any other user. */
	if (ident->admin && squash == DITTO_SQUASH_ROOT_TO_GUEST)
		squash = DITTO_SQUASH_NONE;
	if (ident->anonymous || !uid_valid(ident->uid) || squash == DITTO_SQUASH_ALL_TO_GUEST ||
	    (root && squash == DITTO_SQUASH_ROOT_TO_GUEST)) {
		who->guest = true;
		return;
	}
	if (squash == DITTO_SQUASH_ALL_TO_ADMIN) {
		who->uid = GLOBAL_ROOT_UID;
		who->gid = GLOBAL_ROOT_GID;
		who->admin = true;
		return;
	}

	who->uid = ident->uid;
	who->gid = ident->gid;
	who->groups = true;
	if (ident->proven && gid_valid(opts->force_gid))
		who->gid = opts->force_gid;
	if (ident->proven && !ident->admin && uid_valid(opts->force_uid)) {
		who->uid = opts->force_uid;
		who->gid = opts->force_gid;
		who->groups = false;
		who->forced = true;
	} else {
		who->admin = ident->admin || (root && squash == DITTO_SQUASH_ROOT_TO_ADMIN);
	}
	/* Group 0 often gives as much access as uid 0. */
	who->no_root_group = squash == DITTO_SQUASH_ROOT_TO_GUEST;
	/* The primary group of a user for all is yet to be asked for. */
	if ((!gid_valid(who->gid) && !who->forced) ||
	    (who->no_root_group && gid_eq(who->gid, GLOBAL_ROOT_GID)))
		who->gid = anon_gid;
}

/*
 * Get the capabilities of a share's administrator. They concern files only: ownership, modes,
 * set-id bits, device nodes. An administrator gets no capability that reaches beyond the share
 * (CAP_SYS_ADMIN), none to change security labels or file capabilities that clients cannot see, and
 * not CAP_SYS_RESOURCE, which would allow to exceed quotas and to use reserved blocks. Context:
 * any. Return: the effective set.
 */
kernel_cap_t ditto_admin_caps(void)
{
	static const int caps[] = {
		CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID,
		CAP_MKNOD,
	};
	kernel_cap_t set = CAP_EMPTY_SET;

	for (size_t i = 0; i < ARRAY_SIZE(caps); i++)
		cap_raise(set, caps[i]);
	return set;
}

/* Kernel credential, except for identity and capabilities. */
static const struct cred *squashed_cred(const struct ditto_squashed *who, const kgid_t *groups,
					unsigned int count)
{
	struct cred *cred = prepare_kernel_cred(&init_task);
	struct group_info *info;

	if (!cred)
		return NULL;
	info = groups_alloc(count);
	if (!info) {
		put_cred(cred);
		return NULL;
	}
	for (unsigned int i = 0; i < count; i++) {
		info->gid[i] = groups[i];
		if (!gid_valid(groups[i]) ||
		    (who->no_root_group && gid_eq(groups[i], GLOBAL_ROOT_GID)))
			info->gid[i] = who->anon_gid;
	}
	groups_sort(info);
	cred->fsuid = who->uid;
	cred->fsgid = who->gid;
	set_groups(cred, info);
	put_group_info(info);
	if (who->admin)
		cred->cap_effective = ditto_admin_caps();
	else
		cap_clear(cred->cap_effective);
	return cred;
}

static struct cred_entry *entry_new(const struct ditto_lock_table *locks,
				    const struct cred_key *key, const struct ditto_squashed *who,
				    const kgid_t *groups, unsigned int count)
{
	struct cred_entry *entry;

	entry = kzalloc(struct_size(entry, groups, key->ngroups), GFP_KERNEL);
	if (!entry)
		return NULL;
	entry->key = *key;
	memcpy(entry->groups, key->groups, array_size(key->ngroups, sizeof(kgid_t)));
	entry->key.groups = entry->groups;
	ditto_token_hold(key->token);
	INIT_LIST_HEAD(&entry->list);
	entry->pub.uid = who->uid;
	entry->pub.person = who->forced ? KUIDT_INIT(key->uid) : who->uid;
	entry->pub.gid = who->gid;
	entry->pub.admin = who->admin;
	entry->pub.anonymous = key->anonymous;
	entry->pub.guest = who->guest;
	entry->pub.forced = who->forced;
	entry->pub.own_groups = who->groups;
	entry->pub.token = who->groups ? key->token : NULL;
	if (who->admin)
		entry->pub.privileges = DITTO_TOKEN_PRIVILEGES;
	else if (entry->pub.token)
		entry->pub.privileges = key->token->privileges;
	refcount_set(&entry->pub.ref, 1);
	entry->pub.cred = squashed_cred(who, groups, count);
	if (!entry->pub.cred) {
		ditto_token_put(key->token);
		kfree(entry);
		return NULL;
	}
	ditto_acting_add(&entry->acting, entry->pub.cred, locks);
	return entry;
}

/*
 * Get the same identity with the administrator's privileges. @cred: held; its user may back up and
 * restore (DITTO_TOKEN_RESTORE). For a single open that asks for it. The credential is made on
 * first use and kept with @cred. Return: a credential, valid as long as @cred is held; NULL without
 * memory.
 */
struct ditto_cred *ditto_cred_backup(struct ditto_cred *cred)
{
	struct cred_entry *entry = to_entry(cred), *backup, *other;
	const struct group_info *groups = cred->cred->group_info;
	/* The ids are squashed already. */
	const struct ditto_squashed who = {
		.uid = cred->uid,
		.gid = cred->gid,
		.groups = cred->token,
		.forced = cred->forced,
		.admin = true,
	};

	if (cred->admin)
		return cred;
	/* Pairs with cmpxchg(), which orders the contents before the pointer. */
	backup = smp_load_acquire(&entry->backup);
	if (backup)
		return &backup->pub;
	backup = entry_new(entry->acting.table, &entry->key, &who, groups->gid, groups->ngroups);
	if (!backup)
		return NULL;
	other = cmpxchg(&entry->backup, NULL, backup);
	if (!other)
		return &backup->pub;
	ditto_cred_put(&backup->pub);
	return &other->pub;
}

/*
 * Ask the helper for the groups of a user, as a request can wait for them. Context: for longer than
 * for memory only without @ident->later and @ident->park. Return: as ditto_names_groups().
 */
int ditto_ident_groups(struct ditto_server *srv, const struct ditto_ident *ident, kuid_t uid,
		       kgid_t *groups, unsigned int max)
{
	int count = ditto_names_groups(srv, uid, groups, max, ident->from, !ident->later,
				       ident->park);

	if (count == -EJUKEBOX && ident->later)
		*ident->later = (struct ditto_groups_query) { .needed = true, .uid = uid };
	return count;
}

/*
 * Like entry_new(), with the groups that the helper knows. A user unknown to the helper has no
 * groups. Without a helper, the groups of the request are used for a short time.
 */
static struct cred_entry *entry_new_managed(struct ditto_server *srv, const struct cred_key *key,
					    struct ditto_squashed *who,
					    const struct ditto_ident *ident)
{
	struct cred_entry *entry;
	kgid_t *groups;
	int count;

	groups = kmalloc_array(DITTO_GROUPS_MAX, sizeof(*groups), GFP_KERNEL);
	if (!groups)
		return ERR_PTR(-ENOMEM);
	count = ditto_ident_groups(srv, ident, who->uid, groups, DITTO_GROUPS_MAX);
	if (who->forced && !gid_valid(who->gid))
		who->gid = count > 0 ? groups[0] : who->anon_gid;
	if (who->forced && who->no_root_group && gid_eq(who->gid, GLOBAL_ROOT_GID))
		who->gid = who->anon_gid;
	if (count >= 0) {
		entry = entry_new(srv->locks, key, who, groups, count);
	} else if (count == -ENOENT || (who->forced && count == -ECONNREFUSED)) {
		entry = entry_new(srv->locks, key, who, NULL, 0);
	} else if (count == -ECONNREFUSED) {
		pr_warn_ratelimited("no helper to ask for the groups of user %u: the request's own count\n",
				    from_kuid(&init_user_ns, who->uid));
		entry = entry_new(srv->locks, key, who, key->groups, key->ngroups);
	} else {
		entry = ERR_PTR(count == -ENOMEM ? -ENOMEM : -EJUKEBOX);
	}
	kfree(groups);
	if (!entry)
		return ERR_PTR(-ENOMEM);
	if (IS_ERR(entry))
		return entry;
	entry->ages = true;
	/* The groups may have expired already. */
	entry->expires = jiffies + ditto_rules_named_keep(srv);
	return entry;
}

/**
 * ditto_cred_get - get the credential for an identity on a share
 * @srv: the server
 * @opts: options of the share, held by the caller
 * @verdict: result of the client rules; carries the squash mode and the anonymous user
 * @ident: identity of the request
 *
 * A hit costs one hash and one lookup under RCU, without allocation.
 *
 * Return: a credential, to be released with ditto_cred_put(); ERR_PTR(-ENOMEM); or
 * ERR_PTR(-EJUKEBOX) while the helper is asked for the user's groups.
 */
struct ditto_cred *ditto_cred_get(struct ditto_server *srv, const struct ditto_share_opts *opts,
				  const struct ditto_verdict *verdict,
				  const struct ditto_ident *ident)
{
	struct cred_key key = {
		.generation = opts->generation,
		.anon_uid = verdict->anon_uid,
		.anon_gid = verdict->anon_gid,
		.squash = verdict->squash,
		.anonymous = ident->anonymous,
	};
	struct ditto_squashed who;
	struct cred_entry *entry;
	u32 epoch;

	if (!ident->anonymous) {
		key.proven = ident->proven && (uid_valid(opts->force_uid) ||
					       gid_valid(opts->force_gid));
		key.admin = ident->admin;
		key.uid = __kuid_val(ident->uid);
		key.gid = __kgid_val(ident->gid);
		key.ngroups = min_t(u32, ident->ngroups, DITTO_GROUPS_MAX);
		key.groups = ident->groups;
		key.token = ident->token;
		key.token_hash = ident->token ? ident->token->hash : 0;
	}
	entry = cred_find(srv->creds, &key);
	if (likely(entry))
		return &entry->pub;

	/* Before the helper is asked. */
	epoch = ditto_creds_epoch(srv);
	ditto_cred_squash(opts, verdict, ident, &who);
	if (who.forced || (who.groups && opts->manage_gids))
		entry = entry_new_managed(srv, &key, &who, ident);
	else if (!who.groups)
		entry = entry_new(srv->locks, &key, &who, NULL, 0);
	else
		entry = entry_new(srv->locks, &key, &who, key.groups, key.ngroups);
	if (IS_ERR_OR_NULL(entry))
		return entry ? ERR_CAST(entry) : ERR_PTR(-ENOMEM);
	return &cred_enter(srv->creds, entry, epoch)->pub;
}
EXPORT_SYMBOL_NS_GPL(ditto_cred_get, "DITTO");

/*
 * Drop all cached credentials. Called when the known groups of users may have changed. Holders keep
 * their references.
 */
void ditto_creds_flush(struct ditto_server *srv)
{
	struct ditto_cred_cache *cache = srv->creds;
	struct cred_entry *entry;

	spin_lock(&cache->lock);
	atomic_inc(&cache->epoch);
	while ((entry = list_first_entry_or_null(&cache->list, struct cred_entry, list))) {
		entry_remove(cache, entry);
		spin_unlock(&cache->lock);
		ditto_cred_put(&entry->pub);
		cond_resched();
		spin_lock(&cache->lock);
	}
	spin_unlock(&cache->lock);
	/*
	 * An entry that was found in between may be one that was dropped. Pairs with
	 * ditto_creds_epoch(): a reader of the new number finds none of them.
	 */
	atomic_inc_return_release(&cache->epoch);
}

/**
 * ditto_creds_epoch - get a number that changes when cached credentials are dropped
 * @srv: the server
 *
 * It changes before and after they are dropped. For callers that remember what follows from an
 * identity: it is as true as when it was found out, as long as the number is the one of before
 * that, and the share's options are the same; except that names expire after a while.
 *
 * Context: any.
 * Return: the number.
 */
u32 ditto_creds_epoch(const struct ditto_server *srv)
{
	/* Pairs with ditto_creds_flush(). */
	return atomic_read_acquire(&srv->creds->epoch);
}
EXPORT_SYMBOL_NS_GPL(ditto_creds_epoch, "DITTO");

#ifdef DITTO_TESTS
/* Get the number of cached credentials. Context: any. Return: the number. */
unsigned int ditto_creds_count(const struct ditto_server *srv)
{
	return READ_ONCE(srv->creds->count);
}
#endif

int ditto_creds_init(struct ditto_server *srv)
{
	struct ditto_cred_cache *cache = kzalloc(sizeof(*cache), GFP_KERNEL);
	int err;

	if (!cache)
		return -ENOMEM;
	spin_lock_init(&cache->lock);
	INIT_LIST_HEAD(&cache->list);
	err = rhashtable_init(&cache->table, &cred_params);
	if (err) {
		kfree(cache);
		return err;
	}
	srv->creds = cache;
	return 0;
}

void ditto_creds_exit(struct ditto_server *srv)
{
	struct ditto_cred_cache *cache = srv->creds;

	ditto_creds_flush(srv);
	rhashtable_destroy(&cache->table);
	srv->creds = NULL;
	kfree(cache);
}
