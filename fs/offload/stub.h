/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stubs: the state of a file that is not whole, as long as its node exists. Internal to
 * fs/offload/.
 *
 * Locking, from the outside: write access to the mount (which a freeze of the file system blocks),
 * stub->sem, stub->io, inode lock, stub->lock. Whoever writes data that was brought back holds
 * stub->sem for reading, changes of the size for writing. stub->io serializes changes of the stored
 * record. stub->lock (spinlock) guards the members; the record is changed under stub->io and
 * stub->lock, except that a local truncation cuts it under the inode lock and stub->lock.
 *
 * A bit of the map is set only after data and record are durable, so a client's write is never
 * acknowledged for a range that would be brought back after a crash.
 */
#ifndef _DITTO_FS_OFFLOAD_STUB_H
#define _DITTO_FS_OFFLOAD_STUB_H

#include <linux/backing-dev.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "../../lockd/claim.h"
#include "offload.h"
#include "record.h"

struct ditto_file;
struct ditto_park;
struct ditto_part;
struct path;
struct ditto_stats_group;

/* How long no new attempt is made after one has failed. */
#define DITTO_OFFLOAD_RETRY_MS	5000
/* How long a failure is kept for somebody who did not hear of it. */
#define DITTO_OFFLOAD_TELL_MS	60000
/* How long data that came back stays for those who waited for it, at most. */
#define DITTO_OFFLOAD_UNUSED_MS	60000

/* Ranges that are requested together for those who want all, or much, of a file. */
#define DITTO_OFFLOAD_AT_ONCE	2
/* Files that give way at the same time. */
#define DITTO_ROOM_JOBS		16U
/* Bytes that stay free, for the records of files that give way. */
#define DITTO_OFFLOAD_HEADROOM	SZ_1M

/**
 * struct ditto_offload_reader - how far a file is read in sequence
 * @next: range that is read next
 * @window: ranges behind those that are read that come in advance
 * @asked: range before which all were asked for
 */
struct ditto_offload_reader {
	u32 next;
	u32 window;
	u32 asked;
};

/**
 * struct ditto_stub - a file that is not whole
 * @ref: references
 * @node: its node, which outlives the stub's users; not counted
 * @sem: see above
 * @io: see above
 * @lock: guards the following
 * @record: what is stored
 * @releasing: the blocks are being freed; nothing may use the data, and nothing comes back
 * @touched: attributes of the file were changed while its blocks were being freed; this and
 *	@touched_mtime are under the inode lock
 * @touched_mtime: time of the last change of the content, as it was then
 * @damaged: the stored record cannot be read, or belongs to another file
 * @clearing: operations that write zeros; until they end, nothing is brought back
 * @whole: all data is to be brought back
 * @recalls: struct ditto_recall that are under way
 * @parts: beginnings of ranges that recalls have left, see part.c
 * @reader: see ditto_read_ahead()
 * @error: failure of the last recall, or 0
 * @error_at: jiffies of @error
 * @told: somebody got @error
 * @change_tells: the ranges in the file are as they were released, if the file has the change
 *	number of the record; constant once the stub is attached, but see candidates.c
 * @came: jiffies of the last recall
 * @used: an operation has found its data since
 * @forget: the administrator wants the file back for good; see stored.c
 * @stored: the file is whole, and its content is still stored; see stored.c
 * @refused: it was logged that nothing can be written into the file
 * @checked: it is known whether there is a @conflict, see conflict.c; written under @io, or when
 *	nobody else has the stub
 * @conflict: somebody else has written into an absent range
 * @keep_local: what somebody else has written into absent ranges stays when they come back
 * @uncut: the stored record says more than @record, which was cut; no client may make the file
 *	longer before it is stored, and the stub stays attached; set under @lock together
 *	with the cut, written otherwise under @io or the inode lock
 * @uncut_link: link on the volume's @uncut, or empty
 * @replaces: the first record is written only in place of the attribute that stored.c is about;
 *	under @io
 * @wait: local processes that wait for data
 * @rcu: freed under RCU
 */
struct ditto_stub {
	refcount_t ref;
	struct ditto_node *node;
	struct rw_semaphore sem;
	struct mutex io;	/* see above */
	spinlock_t lock;	/* see above */
	struct ditto_offload_record record;
	bool releasing;
	bool touched;
	struct timespec64 touched_mtime;
	bool damaged;
	u32 clearing;
	bool whole;
	struct list_head recalls;
	struct list_head parts;
	struct ditto_offload_reader reader;
	int error;
	unsigned long error_at;
	bool told;
	bool change_tells;
	unsigned long came;
	bool used;
	bool forget;
	bool stored;
	bool refused;
	bool checked;
	bool conflict;
	bool keep_local;
	bool uncut;
	struct list_head uncut_link;
	bool replaces;
	wait_queue_head_t wait;
	struct rcu_head rcu;
};

/* Operations of the statistics. */
enum ditto_offload_count {
	DITTO_OFFLOAD_COUNT_RELEASE,
	DITTO_OFFLOAD_COUNT_ADOPT,
	DITTO_OFFLOAD_COUNT_RECALL,
	DITTO_OFFLOAD_COUNT_FILL,
	DITTO_OFFLOAD_COUNTS,
};

/**
 * struct ditto_room_job - a file that gives way
 * @work: frees its blocks
 * @node: the file, with a reference
 * @bytes: bytes that were freed
 */
struct ditto_room_job {
	struct work_struct work;
	struct ditto_node *node;
	u64 bytes;
};

/* Projects for which nothing gave way that are known. */
#define DITTO_ROOM_VAIN_SLOTS	8

/**
 * struct ditto_room_vain - nothing gave way, so no room is made for operations
 * @until: in jiffies
 * @project: the project, or 0 for the file system
 */
struct ditto_room_vain {
	u64 until;
	u32 project;
};

/**
 * struct ditto_room - how a volume makes room
 * @lock: one task at a time makes room; outside of the locks of stubs
 * @search: number of the last search for room; under @lock
 * @project: only files of this project give way, or 0; of @jobs, and written under @lock
 * @searches: a search has taken files off the list of candidates; written under @lock
 * @jobs: under @lock
 * @volume: the file system
 * @reserve_until: in jiffies: nothing gave way for the reserve; under @lock
 * @point: operations that wait for room are parked on it; nothing is claimed there
 * @wanted: bytes that the largest of these needs; under volume->release_lock, as are the next ones
 * @wanted_project: it needs them in this project, whose quota is all used, or 0
 * @awaited: room is being made for them
 * @made_until: in jiffies: room was made a moment ago, so who found none is to try again
 * @vain: for which projects nothing gave way; the first is for the file system
 * @event_until: in jiffies: the event was sent, so no other one is
 * @make: makes room for the operations that wait
 * @look: looks at the free space while there are candidates
 * @seen: free bytes at the last look
 * @saved: ids of candidates from before; of @restore alone, while that may run
 * @restore: looks for them, see candidates.c
 * @ref: of the volume, and of the lock context of @point
 * @rcu: freed under RCU
 */
struct ditto_room {
	struct mutex lock;	/* see above */
	u32 search;
	u32 project;
	bool searches;
	struct ditto_room_job jobs[DITTO_ROOM_JOBS];
	u64 reserve_until;
	struct ditto_volume *volume;
	struct ditto_lock_point point;
	u64 wanted;
	u32 wanted_project;
	bool awaited;
	u64 made_until;
	struct ditto_room_vain vain[DITTO_ROOM_VAIN_SLOTS];
	u64 event_until;
	struct work_struct make;
	struct delayed_work look;
	u64 seen;
	struct list_head saved;
	struct work_struct restore;
	refcount_t ref;
	struct rcu_head rcu;
};

/**
 * struct ditto_offload - offloaded files of a server
 * @recalls: struct ditto_recall by number
 * @next: where the search for a free number continues
 * @term: upper half of the numbers; random
 * @stats: counters
 * @wq: ends recalls, which waits for disks
 * @room_wq: runs the jobs of all volumes that make room; recalls wait for it, so it is not @wq
 */
struct ditto_offload {
	struct xarray recalls;
	u32 next;
	u32 term;
	struct ditto_stats_group *stats;
	struct workqueue_struct *wq;
	struct workqueue_struct *room_wq;
};

/* stub.c */

struct ditto_stub *ditto_stub_get(struct ditto_node *node);
struct ditto_stub *ditto_stub_find(struct ditto_node *node);
void ditto_stub_put(struct ditto_stub *stub);
struct ditto_stub *ditto_stub_alloc(struct ditto_node *node);
struct ditto_stub *ditto_stub_load_uncut(struct ditto_node *node);
bool ditto_stub_attach(struct ditto_stub *stub);
void ditto_stub_detach(struct ditto_stub *stub);
int ditto_stub_store(struct ditto_stub *stub, struct file *file,
		     struct ditto_offload_record *record, bool durable);
int ditto_stub_adopt(struct ditto_stub *stub, struct file *file, u64 size, bool *sized);
bool ditto_stub_needs_fsync(const struct super_block *sb);
int ditto_stub_commit(struct ditto_stub *stub, struct file *file, u64 pos, u64 end);
int ditto_stub_cut(struct ditto_stub *stub, u64 size);
int ditto_stub_store_cut(struct ditto_stub *stub);
int ditto_stub_end(struct ditto_stub *stub);
void ditto_stub_wake(struct ditto_stub *stub);
bool ditto_stub_release_again(struct ditto_stub *stub);
void ditto_stub_released(struct ditto_stub *stub);
bool ditto_stub_is_unchanged(const struct ditto_stub *stub);

/* Return: true if the change number tells of all changes, also of those through mapped memory. */
static inline bool ditto_stub_counts(const struct ditto_node *node)
{
	return mapping_can_writeback(node->inode->i_mapping);
}

u64 ditto_stub_resident(struct ditto_stub *stub);
struct ditto_offload_record *ditto_stub_copy_record(struct ditto_stub *stub);
int ditto_stub_failed_locked(struct ditto_stub *stub);

/* recall.c */

int ditto_recall_range(struct ditto_stub *stub, u32 range, const struct ditto_op *op, bool ahead);
bool ditto_recall_is_due(struct ditto_stub *stub, u32 range);
bool ditto_recall_runs(struct ditto_stub *stub, u64 pos, bool read);
u32 ditto_recall_absent_locked(struct ditto_stub *stub, u64 pos, u64 end);
void ditto_recall_use_locked(struct ditto_stub *stub, u64 pos, u64 end);
int ditto_recall_all(struct ditto_stub *stub);

/* What users get for a failure of a recall, or to store a record; 0 stays 0. */
static inline int ditto_stub_error(int err)
{
	return !err || err == -ENOSPC || err == -EDQUOT ? err : -EIO;
}

int ditto_record_write(struct dentry *dentry, const char *name, const u8 *buf, size_t len);

/* conflict.c */

int ditto_stub_own(struct ditto_stub *stub, struct file *file, u32 range);
int ditto_stub_conflict_find(struct file *file, const struct ditto_offload_record *record,
			     u32 *range);
int ditto_stub_conflict_look(struct ditto_stub *stub, struct file *file);
int ditto_stub_conflict_check(struct ditto_stub *stub);
int ditto_stub_conflict_piece(struct file *file, const struct ditto_offload_record *record,
			      u64 pos, u64 *end);
int ditto_stub_conflict_decide(struct ditto_stub *stub, enum ditto_offload_choice choice);

/* part.c */

struct ditto_part *ditto_part_alloc(u32 range, u64 end);
void ditto_part_keep_locked(struct ditto_stub *stub, struct ditto_part *part);
u64 ditto_part_end_locked(struct ditto_stub *stub, u32 range);
u64 ditto_part_take_locked(struct ditto_stub *stub, u32 range);
void ditto_parts_drop_locked(struct ditto_stub *stub);

/* cut.c */

int ditto_record_cut(struct dentry *dentry, u64 size);
bool ditto_cut_keep(struct ditto_stub *stub);
void ditto_cuts_start(struct ditto_volume *volume);
void ditto_cuts_stop(struct ditto_volume *volume);

/* stored.c */

int ditto_stored_read(struct ditto_node *node, struct ditto_stored *stored);
void ditto_stored_note(struct ditto_stub *stub, struct dentry *dentry, u8 *buf);
bool ditto_stored_is(struct dentry *dentry);
void ditto_stored_drop(struct dentry *dentry);
void ditto_stored_forget(struct ditto_node *node, struct ditto_stored *stale);

/* read_ahead.c */

u32 ditto_read_ahead(struct ditto_offload_reader *reader, u32 first, u32 last, u32 most);
void ditto_offload_read_ahead(struct ditto_op *op, struct ditto_stub *stub, u64 pos, u64 end);

/* make_room.c */

void ditto_release_candidate_note(struct ditto_stub *stub);
void ditto_release_candidate_add(struct ditto_node *node);
void ditto_release_candidate_drop(struct ditto_node *node);
u64 ditto_release_make_room(struct ditto_volume *volume, u64 bytes, u32 project);
u64 ditto_release_keep_room(struct ditto_volume *volume, u64 needed);
bool ditto_release_is_scarce(struct ditto_node *node, u64 bytes);
u64 ditto_release_restore_reserve(struct ditto_volume *volume, u64 room, u64 reserve, u64 came);
u64 ditto_room_now(struct ditto_volume *volume, u64 *reserve);
u64 ditto_room_of(struct ditto_node *node, u64 *reserve, u32 *project);

/* room_wait.c */

void ditto_room_note_vain(struct ditto_room *room, u32 project);
bool ditto_room_is_vain(const struct ditto_room *room, u32 project);
/* A file system with so many times its reserve and headroom has plenty of room. */
#define DITTO_ROOM_PLENTY	16
/* How long operations fail after nothing gave way; a client of NFS tries again in between. */
#define DITTO_ROOM_VAIN_MS	15000

void ditto_room_look_later(struct ditto_volume *volume, u64 now, bool plenty);
void ditto_room_tell(struct ditto_volume *volume, u64 now);
bool ditto_room_park(struct ditto_volume *volume, struct ditto_park *park);
/* Allocate and free what a volume makes room with. Return: 0 or -ENOMEM. */
int ditto_room_init(struct ditto_volume *volume);
void ditto_room_exit(struct ditto_volume *volume);
void ditto_room_stop(struct ditto_volume *volume);

/* local.c */

int ditto_offload_guard(struct ditto_volume *volume);
void ditto_offload_unguard(struct ditto_volume *volume);
void ditto_offload_guard_free(struct ditto_volume *volume);

/* candidates.c */

/**
 * struct ditto_candidate - a file that may give way
 * @list: link
 * @fid: its id, with its directory's
 */
struct ditto_candidate {
	struct list_head list;
	struct ditto_fid fid;
};

void ditto_candidates_save(struct ditto_volume *volume);
void ditto_candidates_restore(struct work_struct *work);

/* release.c */

struct ditto_share *ditto_release_share(struct ditto_volume *volume);
int ditto_release_again(struct ditto_stub *stub);
int ditto_release_stored(struct ditto_node *node, u64 *bytes);
void ditto_release_volume_begin(struct ditto_volume *volume);
void ditto_release_volume_end(struct ditto_volume *volume);
bool ditto_offload_volume_owns(const struct ditto_volume *volume);

/* handover.c */

/*
 * Tell a guard in user space that this module guards the file system of a volume, from now on or no
 * more; the latter waits for it for a moment. May sleep.
 */
void ditto_handover_add(struct ditto_volume *volume);
void ditto_handover_remove(struct ditto_volume *volume);

/* Called from unserved.c. The end waits until guards in user space have taken over. */
int ditto_handover_init(void);
void ditto_handover_exit(void);

/* unserved.c */

void ditto_unserved_begin(struct super_block *sb);
void ditto_candidates_free(struct list_head *list);
void ditto_unserved_end(struct super_block *sb, struct list_head *candidates);
void ditto_unserved_save(const struct super_block *sb, u64 session, struct list_head *candidates);
u64 ditto_unserved_session(const struct super_block *sb);

#endif
