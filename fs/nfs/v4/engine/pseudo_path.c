// SPDX-License-Identifier: GPL-2.0-only
/*
 * Paths of shares below the pseudo root: a share of /srv/data is also found as /srv/data, because
 * that is what clients of other servers, and of version 3, mount.
 *
 * The directories on the way exist for those clients only that a share below them admits. Each has
 * a number that follows from its path, and stays over restarts: it is the directory's fileid, and
 * all that a filehandle of it has. A share that has such a path is found by it unless another share
 * has the first name of the path as its own.
 */
#include <linux/siphash.h>
#include <linux/string.h>

#include "../../../../net/server.h"
#include "../../../share/share.h"
#include "../../server.h"
#include "compound.h"

/**
 * struct path_step - a step on the way from the pseudo root to a share
 * @rest: what follows in the path
 * @name: name of the step
 * @parent: number of the directory that has the name; 0 is the pseudo root
 * @id: number of what it names
 */
struct path_step {
	const char *rest;
	struct ditto_name name;
	u64 parent;
	u64 id;
};

/* Return: false behind the last step. */
static bool path_step_next(const siphash_key_t *key, struct path_step *step)
{
	siphash_key_t own = *key;

	step->rest += strspn(step->rest, "/");
	step->name.name = step->rest;
	step->name.len = strcspn(step->rest, "/");
	step->rest += step->name.len;
	step->parent = step->id;
	own.key[1] ^= step->id;
	/* Positive and not reserved as a cookie, like the number of a share. */
	step->id = max(siphash(step->name.name, step->name.len, &own) >> 1, 3ULL);
	return step->name.len;
}

static bool path_step_is_last(const struct path_step *step)
{
	return !step->rest[strspn(step->rest, "/")];
}

/* Find the step of a share's path that leads out of a directory. */
static bool path_step_in(const siphash_key_t *key, const struct ditto_share *share, u64 dir,
			 struct path_step *step)
{
	*step = (struct path_step){ .rest = ditto_share_path(share) };
	while (path_step_next(key, step))
		if (step->parent == dir)
			return true;
	return false;
}

/* Whether shares are found by their paths. */
bool dnfs4_paths_are_served(const struct dnfs4_compound *cmp)
{
	return READ_ONCE(cmp->call->server->settings.share_paths);
}

static void path_key_derive(const struct dnfs4_compound *cmp, siphash_key_t *key)
{
	ditto_key_derive(cmp->call->srv, DITTO_KEY_PSEUDO_PATH, key);
}

/**
 * struct path_search - search of the shares that the client may use
 * @cmp: compound
 * @key: for the numbers of directories
 * @dir: number of a directory
 * @name: name in the directory; NULL for any
 * @share: out: the share that the name leads to, held; or NULL
 * @id: out: number of what was found; 0 if nothing was
 */
struct path_search {
	struct dnfs4_compound *cmp;
	siphash_key_t key;
	u64 dir;
	const struct ditto_name *name;
	struct ditto_share *share;
	u64 id;
};

/* A share goes before a directory of the same name. */
static int path_search_share(struct ditto_share *share, void *arg)
{
	struct path_search *search = arg;
	struct path_step step;
	int err;

	if (!path_step_in(&search->key, share, search->dir, &step))
		return 0;
	if (search->name && (step.name.len != search->name->len ||
			     memcmp(step.name.name, search->name->name, step.name.len)))
		return 0;
	err = dnfs4_pseudo_admits(search->cmp, share);
	if (err)
		return err == -ENOENT ? 0 : err;
	search->id = step.id;
	if (search->name && path_step_is_last(&step)) {
		percpu_ref_get(&share->ref);
		search->share = share;
	}
	return !search->name || search->share;
}

/* Find a name, or any if it is NULL, in a directory; otherwise as dnfs4_pseudo_find(). */
u32 dnfs4_path_find(struct dnfs4_compound *cmp, u64 dir, const struct ditto_name *name,
		    struct dnfs4_pseudo_entry *entry)
{
	struct path_search search = { .cmp = cmp, .dir = dir, .name = name };
	int err;

	if (!dnfs4_paths_are_served(cmp))
		return NFS4ERR_NOENT;
	path_key_derive(cmp, &search.key);
	err = ditto_share_visit(cmp->call->srv, path_search_share, &search);
	if (err < 0)
		return dnfs4_status(cmp, err);
	*entry = (struct dnfs4_pseudo_entry){ .id = search.id, .share = search.share };
	return search.id ? NFS4_OK : NFS4ERR_NOENT;
}

/* Make a directory the current filehandle. NFS4ERR_STALE if no share that admits is below it. */
u32 dnfs4_path_enter(struct dnfs4_compound *cmp, u64 dir)
{
	struct dnfs4_pseudo_entry any;
	u32 status;

	/* The root has no number in its filehandle. */
	if (!dir)
		return NFS4ERR_BADHANDLE;
	status = dnfs4_path_find(cmp, dir, NULL, &any);
	if (status)
		return status == NFS4ERR_NOENT ? NFS4ERR_STALE : status;
	dnfs4_fh_enter_pseudo(cmp, dir);
	return NFS4_OK;
}

/* The number of the path of a share. */
u64 dnfs4_path_id(const struct dnfs4_compound *cmp, const struct ditto_share *share)
{
	struct path_step step = { .rest = ditto_share_path(share) };
	siphash_key_t key;
	u64 id = 0;

	path_key_derive(cmp, &key);
	while (path_step_next(&key, &step))
		id = step.id;
	return id;
}

/* A share that has the directory on its path tells what is above it. */
static int path_search_parent(struct ditto_share *share, void *arg)
{
	struct path_search *search = arg;
	struct path_step step = { .rest = ditto_share_path(share) };
	int err;

	while (path_step_next(&search->key, &step)) {
		if (step.id != search->dir || path_step_is_last(&step))
			continue;
		err = dnfs4_pseudo_admits(search->cmp, share);
		if (err)
			return err == -ENOENT ? 0 : err;
		search->id = step.parent;
		return 1;
	}
	return 0;
}

/* Make the parent of the current filehandle, whose path_id is not 0, the current one. */
u32 dnfs4_path_parent(struct dnfs4_compound *cmp)
{
	const struct dnfs4_fh *fh = &cmp->current_fh;
	struct path_search search = { .cmp = cmp, .dir = fh->path_id };
	struct path_step step;
	int ret;

	path_key_derive(cmp, &search.key);
	if (fh->kind == DNFS4_FH_NODE) {
		step = (struct path_step){ .rest = ditto_share_path(fh->target.op.share) };
		while (path_step_next(&search.key, &step))
			search.id = step.parent;
		ret = 1;
	} else {
		ret = ditto_share_visit(cmp->call->srv, path_search_parent, &search);
	}
	if (ret < 0)
		return dnfs4_status(cmp, ret);
	if (!ret)
		return NFS4ERR_STALE;
	dnfs4_fh_enter_pseudo(cmp, dnfs4_paths_are_served(cmp) ? search.id : 0);
	return NFS4_OK;
}

/* Fill in the entry of a directory that leads to a share. False if the share is not below it. */
bool dnfs4_path_entry(const struct dnfs4_compound *cmp, struct ditto_share *share, u64 dir,
		      struct dnfs4_pseudo_entry *entry)
{
	struct path_step step;
	siphash_key_t key;

	path_key_derive(cmp, &key);
	if (!path_step_in(&key, share, dir, &step))
		return false;
	*entry = (struct dnfs4_pseudo_entry){
		.name = step.name,
		.id = step.id,
		.share = share,
		.leads = !path_step_is_last(&step),
	};
	return true;
}
