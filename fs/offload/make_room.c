// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making room on a full file system: when more data comes back, or somebody writes, blocks of files
 * whose data came back earlier and has not changed since are freed again, without an upload and
 * without the helper. Such files are the candidates of a volume. A reserve is kept free, so that
 * most recalls and writes find room and do not wait.
 *
 * The content of a candidate is kept in the store by its record, or, if it is whole, by the
 * attribute that stored.c is about. These are looked at when it is its turn; the list only says
 * where to look. The list is in memory; see candidates.c for what becomes of it when the last share
 * is removed. It has at most the nodes that the cache of nodes keeps, and no references to them: a
 * node is tried for one, which fails if the node is being freed.
 */
#include <linux/blk_types.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/statfs.h>
#include <linux/workqueue.h>
#include <linux/xattr.h>

#include "../../net/server.h"
#include "../node/node_private.h"
#include "../op/quota.h"
#include "stub.h"

/* Candidates that are tried in vain before a search ends. The next search goes on behind them. */
#define SEARCH_MAX	32
/* Candidates of other projects that are passed over for one. */
#define PASS_MAX	4096
/*
 * This part of a file system is kept free for what comes next. It is little, because what is freed
 * may be used again.
 */
#define RESERVE_PART	256
#define RESERVE_MAX	SZ_64M
/* Recalls leave this part of the reserve to those who write. */
#define WRITERS_PART	4
/* Bytes of the reserve that are freed before those who need room have their turn. */
#define RESERVE_STEP	SZ_1M
/* Mark of files and directories by "dittoctl offload pin", "never" and "auto". */
#define MARK_XATTR	"trusted.ditto.keep"
#define MARK_AUTO	"auto"

/* The node has so many bytes that may be freed; or 0, and then it is no candidate. */
static void candidate_count_locked(struct ditto_node *node, u64 bytes)
{
	struct ditto_volume *volume = node->volume;

	lockdep_assert_held(&volume->release_lock);
	volume->release_bytes += bytes - node->release_bytes;
	node->release_bytes = bytes;
}

/* Data has come back into the file of a stub. Any context that may take a spinlock. */
void ditto_release_candidate_note(struct ditto_stub *stub)
{
	bool stored = READ_ONCE(stub->stored);
	struct ditto_node *node = stub->node;
	struct ditto_volume *volume = node->volume;
	u64 bytes;

	if (!stored && !ditto_stub_is_unchanged(stub))
		return;
	WRITE_ONCE(node->release_project, ditto_node_bound_project(node));
	bytes = ditto_stub_resident(stub);
	spin_lock(&volume->release_lock);
	/* The node is dropped after its stub is taken away, and noted again if it is whole. */
	if (stored || rcu_access_pointer(node->stub) == stub) {
		list_move_tail(&node->release_candidate, &volume->release_candidates);
		candidate_count_locked(node, bytes);
	}
	node->release_came = jiffies;
	spin_unlock(&volume->release_lock);
}

/* A file that is whole may be one, too, and nobody waits for its data. Context: the same. */
void ditto_release_candidate_add(struct ditto_node *node)
{
	struct ditto_volume *volume = node->volume;

	WRITE_ONCE(node->release_project, ditto_node_bound_project(node));
	spin_lock(&volume->release_lock);
	list_move_tail(&node->release_candidate, &volume->release_candidates);
	candidate_count_locked(node, i_size_read(node->inode));
	node->release_came = jiffies - msecs_to_jiffies(DITTO_OFFLOAD_UNUSED_MS);
	spin_unlock(&volume->release_lock);
}

/* A node is none any more. Any context that may take a spinlock. */
void ditto_release_candidate_drop(struct ditto_node *node)
{
	struct ditto_volume *volume = node->volume;

	spin_lock(&volume->release_lock);
	list_del_init(&node->release_candidate);
	candidate_count_locked(node, 0);
	spin_unlock(&volume->release_lock);
}

/*
 * Take the first candidate off the list, with a reference; candidates of other projects keep their
 * places. Return: NULL if this search has come to all.
 */
static struct ditto_node *candidate_take(struct ditto_volume *volume, u32 search, u32 project)
{
	struct ditto_node *node, *next, *taken = NULL;
	u32 passes = PASS_MAX;

	spin_lock(&volume->release_lock);
	list_for_each_entry_safe(node, next, &volume->release_candidates, release_candidate) {
		if (node->release_search == search)
			break;
		if (project && READ_ONCE(node->release_project) != project) {
			if (!--passes)
				break;
			continue;
		}
		list_del_init(&node->release_candidate);
		if (refcount_inc_not_zero(&node->ref)) {
			node->release_search = search;
			taken = node;
			break;
		}
		candidate_count_locked(node, 0);
	}
	spin_unlock(&volume->release_lock);
	return taken;
}

/* A node that was taken has given way, or is put @back. It may have been noted again. */
static void candidate_end(struct ditto_node *node, bool back)
{
	struct ditto_volume *volume = node->volume;

	spin_lock(&volume->release_lock);
	if (back)
		list_move_tail(&node->release_candidate, &volume->release_candidates);
	else if (list_empty(&node->release_candidate))
		candidate_count_locked(node, 0);
	spin_unlock(&volume->release_lock);
}

/*
 * Has the administrator marked the file, or a directory above it? The nearest mark counts. A file
 * whose directory is not known may be below one.
 */
static bool candidate_is_marked(struct ditto_node *node)
{
	struct dentry *dentry = ditto_node_dentry(node), *parent;
	char mark[16];
	bool marked;
	ssize_t len;

	for (;;) {
		len = __vfs_getxattr(dentry, d_inode(dentry), MARK_XATTR, mark, sizeof(mark));
		if (len > 0) {
			marked = len != strlen(MARK_AUTO) || memcmp(mark, MARK_AUTO, len);
			break;
		}
		if (IS_ROOT(dentry)) {
			marked = dentry != node->inode->i_sb->s_root;
			break;
		}
		parent = dget_parent(dentry);
		dput(dentry);
		dentry = parent;
	}
	dput(dentry);
	return marked;
}

/* The data of a file that is whole stays until the file was looked up again, see stub.c. */
static bool candidate_is_awaited(const struct ditto_node *node)
{
	return !test_bit(DITTO_NODE_REFERENCED, &node->flags) &&
	       time_before(jiffies, READ_ONCE(node->release_came) +
				    msecs_to_jiffies(DITTO_OFFLOAD_UNUSED_MS));
}

/* Bytes of a file's blocks, or U64_MAX. XFS keeps another number than the inode's. May sleep. */
u64 ditto_release_space(struct ditto_node *node)
{
	struct path path = { .mnt = node->volume->mnt };
	struct kstat st;
	int err = -EOPNOTSUPP;

	if (path.mnt) {
		path.dentry = ditto_node_dentry(node);
		err = vfs_getattr_nosec(&path, &st, STATX_BLOCKS, AT_STATX_DONT_SYNC);
		dput(path.dentry);
	}
	return err ? U64_MAX : st.blocks << SECTOR_SHIFT;
}

/* The file may have got another project since it was noted. */
static bool candidate_is_of(struct ditto_node *node, u32 project)
{
	if (!project)
		return true;
	WRITE_ONCE(node->release_project, ditto_node_bound_project(node));
	return node->release_project == project;
}

/* Free the blocks of a candidate. Return: bytes that were freed; holes have none. */
static u64 candidate_release(struct ditto_node *node)
{
	u64 bytes = 0, before = ditto_release_space(node), after;
	struct ditto_stub *stub;
	int err;

	stub = ditto_stub_get(node);
	if (IS_ERR(stub)) {
		err = PTR_ERR(stub);
	} else if (before <= node->inode->i_sb->s_blocksize) {
		/* Its record may take as much. */
		err = -ENODATA;
	} else if (!candidate_is_of(node, node->volume->room->project) ||
		   candidate_is_marked(node) || (!stub && candidate_is_awaited(node))) {
		err = -EBUSY;
	} else if (stub) {
		bytes = ditto_stub_resident(stub);
		/* It was released already, and is noted again when data comes back. */
		err = bytes ? ditto_release_again(stub) : -ENODATA;
	} else {
		err = ditto_release_stored(node, &bytes);
	}
	if (!IS_ERR(stub))
		ditto_stub_put(stub);
	/* The next search may have more luck, unless the content is not in the store. */
	candidate_end(node, err && err != -ESTALE && err != -ENODATA);
	if (err)
		return 0;
	/* Another range of the file may have come back; then @bytes is the best guess. */
	after = ditto_release_space(node);
	return after > before ? bytes : min(bytes, before - after);
}

static void room_work(struct work_struct *work)
{
	struct ditto_room_job *job = container_of(work, struct ditto_room_job, work);

	job->bytes = candidate_release(job->node);
	ditto_node_put(job->node);
}

/* Begin to free so many bytes. Return: number of jobs. */
static u32 room_begin(struct ditto_volume *volume, u32 search, u32 most, u64 bytes)
{
	struct ditto_room_job *job;
	u64 hoped = 0;
	u32 n;

	most = min(most, DITTO_ROOM_JOBS);
	for (n = 0; n < most && hoped < bytes; n++) {
		job = &volume->room->jobs[n];
		job->node = candidate_take(volume, search, volume->room->project);
		if (!job->node)
			break;
		hoped += READ_ONCE(job->node->release_bytes);
		INIT_WORK(&job->work, room_work);
		queue_work(volume->srv->offload->room_wq, &job->work);
	}
	return n;
}

/*
 * Free bytes, several files together: what a file system makes durable for all of them costs about
 * what it costs for one. Return: bytes that were freed.
 */
static u64 room_search(struct ditto_volume *volume, u64 bytes, u32 project)
{
	struct ditto_room *room = volume->room;
	u32 left = SEARCH_MAX, search, n;
	u64 freed = 0;

	lockdep_assert_held(&room->lock);
	search = ++room->search;
	room->project = project;
	WRITE_ONCE(room->searches, true);
	while (freed < bytes && left) {
		n = room_begin(volume, search, left, bytes - freed);
		if (!n)
			break;
		while (n--) {
			flush_work(&room->jobs[n].work);
			freed += room->jobs[n].bytes;
			left -= !room->jobs[n].bytes;
		}
	}
	WRITE_ONCE(room->searches, false);
	return freed;
}

/*
 * Free blocks of files whose content is unchanged in the store. Those into which data came longest
 * ago are first. Those that are in use, or that the administrator has marked, are skipped. Context:
 * may sleep for the disk, and a moment for users, but for no data; no lock of a stub held. Return:
 * bytes that were freed.
 */
u64 ditto_release_make_room(struct ditto_volume *volume, u64 bytes, u32 project)
{
	u64 freed;

	mutex_lock(&volume->room->lock);
	freed = room_search(volume, bytes, project);
	mutex_unlock(&volume->room->lock);
	return freed;
}

/* Bytes that users may have there, and the reserve; U64_MAX if that is not known. */
static u64 room_at(const struct ditto_volume *volume, struct dentry *dentry, u64 *reserve)
{
	struct path path = { .mnt = volume->mnt, .dentry = dentry };
	struct kstatfs fs;

	*reserve = 0;
	if (!path.mnt || vfs_statfs(&path, &fs) ||
	    max(fs.f_bavail, fs.f_blocks) > U64_MAX / fs.f_bsize)
		return U64_MAX;
	*reserve = min_t(u64, fs.f_blocks * fs.f_bsize / RESERVE_PART, RESERVE_MAX);
	return fs.f_bavail * fs.f_bsize;
}

/*
 * May sleep. A file says what the file system has; a directory with a project, as the root may have
 * one, says what its quota leaves, by its soft limit, too. Return: bytes that users may have, and
 * the reserve; U64_MAX if that is not known.
 */
u64 ditto_room_now(struct ditto_volume *volume, u64 *reserve)
{
	struct ditto_node *node;
	struct dentry *dentry;
	u64 now;

	spin_lock(&volume->release_lock);
	node = list_first_entry_or_null(&volume->release_candidates, struct ditto_node,
					release_candidate);
	if (node && !refcount_inc_not_zero(&node->ref))
		node = NULL;
	spin_unlock(&volume->release_lock);
	dentry = node ? ditto_node_dentry(node) : dget(volume->sb->s_root);
	now = room_at(volume, dentry, reserve);
	dput(dentry);
	if (node)
		ditto_node_put(node);
	return now;
}

/*
 * The same as ditto_room_now() for a file. @project: the project whose quota leaves less than there
 * is, or 0. XFS has ENOSPC for the quota of a project.
 */
u64 ditto_room_of(struct ditto_node *node, u64 *reserve, u32 *project)
{
	struct dentry *dentry = ditto_node_dentry(node);
	u64 now = room_at(node->volume, dentry, reserve), left;

	dput(dentry);
	*project = ditto_quota_project_left(node, &left);
	if (left >= now)
		*project = 0;
	return *project ? left : now;
}

/*
 * Make sure that a file system has room for data. If that does not succeed, the file system says so
 * later. Context: as ditto_release_make_room(). Return: bytes that were freed; 0 also if there is
 * room.
 */
u64 ditto_release_keep_room(struct ditto_volume *volume, u64 needed)
{
	u64 reserve, room, freed = 0;

	needed += DITTO_OFFLOAD_HEADROOM;
	room = ditto_room_now(volume, &reserve);
	needed += reserve / WRITERS_PART;
	if (room >= needed)
		return 0;
	mutex_lock(&volume->room->lock);
	/* Somebody else may have made room. */
	room = ditto_room_now(volume, &reserve);
	if (room < needed)
		freed = room_search(volume, needed - room, 0);
	mutex_unlock(&volume->room->lock);
	return freed;
}

/* May sleep. Return: true if @bytes more would take what is left for those who write. */
bool ditto_release_is_scarce(struct ditto_node *node, u64 bytes)
{
	u32 project;
	u64 reserve, room = ditto_room_of(node, &reserve, &project);

	return room < bytes + (project ? DITTO_OFFLOAD_HEADROOM : reserve / WRITERS_PART);
}

/* Room that those who write soon lack; 0 for a while after nothing gave way. */
static u64 reserve_lacks(struct ditto_room *room, u64 now, u64 reserve)
{
	if (time_before64(get_jiffies_64(), room->reserve_until))
		return 0;
	return reserve / WRITERS_PART - min(now, reserve / WRITERS_PART);
}

/*
 * Have files give way for the next recalls and writes. @room: bytes that users may have, and
 * @reserve, see ditto_room_now(); @came: bytes that came since the last time. It leaves early if
 * somebody else needs room, and frees no more than is proportionate to @came. Context: as
 * ditto_release_make_room(), and nobody waits for the caller. Return: bytes that were freed.
 */
u64 ditto_release_restore_reserve(struct ditto_volume *volume, u64 room, u64 reserve, u64 came)
{
	u64 want, freed, sum = 0;

	ditto_room_look_later(volume, room, room > DITTO_ROOM_PLENTY *
					    (reserve + DITTO_OFFLOAD_HEADROOM));
	if (room >= reserve + DITTO_OFFLOAD_HEADROOM || !mutex_trylock(&volume->room->lock))
		return 0;
	came = max(came, reserve_lacks(volume->room, room, reserve));
	/*
	 * If what fills the file system cannot give way, the reserve is out of reach, and all other
	 * data would go at each recall. So no more is freed than fits what came.
	 */
	want = came ? min(2 * reserve + DITTO_OFFLOAD_HEADROOM - room,
			  max_t(u64, 2 * came, RESERVE_STEP)) : 0;
	while (want && !READ_ONCE(volume->offload_stopped)) {
		freed = room_search(volume, min_t(u64, want, RESERVE_STEP), 0);
		if (!freed)
			volume->room->reserve_until =
				get_jiffies_64() + msecs_to_jiffies(DITTO_ROOM_VAIN_MS);
		mutex_unlock(&volume->room->lock);
		sum += freed;
		/* Those who need room have their turn. */
		if (!freed || !mutex_trylock(&volume->room->lock))
			return sum;
		want -= min(want, freed);
	}
	mutex_unlock(&volume->room->lock);
	return sum;
}
