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

/**
 * ditto_stub_get - get the stub of a node
 * @node: held
 *
 * Context: may sleep: reads the record for the first time.
 * Return: the stub with a reference; NULL if the file is whole; an ERR_PTR.
 */
struct ditto_stub *ditto_stub_get(struct ditto_node *node);
/* The same for what was read already. Any context. NULL if the node has no stub, or not yet. */
struct ditto_stub *ditto_stub_find(struct ditto_node *node);
/* Drop a reference; NULL does nothing. */
void ditto_stub_put(struct ditto_stub *stub);

/* Allocate a stub with one reference that no node has yet. May sleep. NULL without memory. */
struct ditto_stub *ditto_stub_alloc(struct ditto_node *node);

/**
 * ditto_stub_load_uncut - give a node the stub of a record that could not be cut
 * @node: held, and without a stub; its file, whose inode is locked, has become shorter
 *
 * Context: may sleep.
 * Return: the stub with a reference; or an ERR_PTR.
 */
struct ditto_stub *ditto_stub_load_uncut(struct ditto_node *node);

/*
 * Attach a stub to its node, which gets a reference; the file is not whole any more. Return: false
 * if the node has one.
 */
bool ditto_stub_attach(struct ditto_stub *stub);
/* The file is whole from now on. */
void ditto_stub_detach(struct ditto_stub *stub);

/**
 * ditto_stub_store - change the stored record
 * @stub: its @io is held
 * @file: open for writing
 * @record: to be stored; cut to the size of the file; nothing is stored if no range is absent
 * @durable: the record is durable afterwards, and so is data that was written back before.
 *	Otherwise it is as soon as later changes of the file are
 *
 * Times and change number of the file stay.
 *
 * Context: may sleep; write access to the mount, and no inode lock held.
 * Return: 0 or an errno.
 */
int ditto_stub_store(struct ditto_stub *stub, struct file *file,
		     struct ditto_offload_record *record, bool durable);

/**
 * ditto_stub_adopt - store the record of an empty file, and then make the file that long
 * @stub: new, and attached to its node; the content of its record is all absent
 * @file: open for writing
 * @size: bytes of the content
 * @sized: set if the file has the size, and with it the record
 *
 * Both are durable afterwards. An empty file is left if the machine ends in between: a record is
 * cut to the size of its file.
 *
 * Context: may sleep; neither write access to the mount nor an inode lock held.
 * Return: 0; -ESTALE if a local process has set a size; or another errno.
 */
int ditto_stub_adopt(struct ditto_stub *stub, struct file *file, u64 size, bool *sized);

/*
 * The end of writing back must mean that the file system has changed its metadata, which then is
 * durable before the record or with it. It does so on ext4 and XFS; btrfs notes later where it has
 * put the data, and a record that was durable earlier would say that a hole is data. Return: true
 * there, and where that is not known: an fsync waits for it.
 */
bool ditto_stub_needs_fsync(const struct super_block *sb);

/**
 * ditto_stub_commit - record that bytes are in the file
 * @stub: the stub
 * @file: an open file of the node for writing, opened before the data was written; or NULL
 * @pos: first byte
 * @end: byte behind the last one
 *
 * Only ranges that lie in these bytes as a whole are recorded. The data is made durable before.
 *
 * Context: may sleep; neither write access to the mount nor an inode lock held.
 * Return: 0 or an errno.
 */
int ditto_stub_commit(struct ditto_stub *stub, struct file *file, u64 pos, u64 end);

/**
 * ditto_stub_cut - record that the file was made shorter
 * @stub: the stub
 * @size: the new size
 *
 * Nothing behind the size is brought back any more. If the record cannot be stored, the stub is
 * kept until it is, see cut.c, and ditto_stub_store_cut() tries again before the file can grow.
 *
 * Context: may sleep; write access to the mount, and no inode lock held.
 * Return: 0 or an errno.
 */
int ditto_stub_cut(struct ditto_stub *stub, u64 size);
/* Store a record that was cut, if that is still to be done: as ditto_stub_cut(). */
int ditto_stub_store_cut(struct ditto_stub *stub);
/*
 * The file is whole, since what was absent was cut. Context: may sleep; no inode lock held. Return:
 * 0; an errno if the stored record cannot be removed.
 */
int ditto_stub_end(struct ditto_stub *stub);

/* Wake all that wait for data of the file. May sleep. */
void ditto_stub_wake(struct ditto_stub *stub);

/*
 * Turn away all users of a stub in order to free the blocks of its ranges again. Return: false if
 * data comes or goes, is all here or all absent, or came a moment ago and nobody has used it yet.
 */
bool ditto_stub_release_again(struct ditto_stub *stub);
/* The release has ended. May sleep. */
void ditto_stub_released(struct ditto_stub *stub);

/* Any context. Return: true if the ranges that are in the file are as they were released. */
bool ditto_stub_is_unchanged(const struct ditto_stub *stub);

/* Return: true if the change number tells of all changes, also of those through mapped memory. */
static inline bool ditto_stub_counts(const struct ditto_node *node)
{
	return mapping_can_writeback(node->inode->i_mapping);
}

/* Bytes of the content that are in the file. Any context that may take a spinlock. */
u64 ditto_stub_resident(struct ditto_stub *stub);

/* Copy the record, for kfree(). May sleep. NULL without memory. */
struct ditto_offload_record *ditto_stub_copy_record(struct ditto_stub *stub);

/*
 * Is there a failure that stops new attempts? It then counts as reported. stub->lock is held.
 * Return: 0, or what ditto_stub_error() says.
 */
int ditto_stub_failed_locked(struct ditto_stub *stub);

/* recall.c */

/**
 * ditto_recall_range - ask for a range, unless that is done already
 * @stub: its node is held
 * @range: the range
 * @op: who needs it, for fair ordering; NULL for the server itself
 * @ahead: nobody needs it yet
 *
 * Context: may sleep for memory.
 * Return: 0; -EIO if data cannot be written into the file; -ENOMEM.
 */
int ditto_recall_range(struct ditto_stub *stub, u32 range, const struct ditto_op *op, bool ahead);

/* Any context. Return: true if the range is absent, and nobody has asked for it. */
bool ditto_recall_is_due(struct ditto_stub *stub, u32 range);

/*
 * Any context. Return: true if a byte is absent, for a read or for others, and something goes on
 * that ends with ditto_stub_wake().
 */
bool ditto_recall_runs(struct ditto_stub *stub, u64 pos, bool read);

/*
 * As ditto_offload_absent(), for a read, which may have the beginning of a range while the rest
 * comes. stub->lock is held.
 */
u32 ditto_recall_absent_locked(struct ditto_stub *stub, u64 pos, u64 end);

/* An operation uses these bytes, which it has found. stub->lock is held. */
void ditto_recall_use_locked(struct ditto_stub *stub, u64 pos, u64 end);

/**
 * ditto_recall_all - ask for all absent ranges, some at a time
 * @stub: its node is held
 *
 * Context: may sleep for memory.
 * Return: 0; -EBUSY while the blocks are being freed; -EIO, -ENOSPC or -EDQUOT after a failure;
 * -ENOMEM.
 */
int ditto_recall_all(struct ditto_stub *stub);

/* What users get for a failure of a recall, or to store a record; 0 stays 0. */
static inline int ditto_stub_error(int err)
{
	return !err || err == -ENOSPC || err == -EDQUOT ? err : -EIO;
}

/**
 * ditto_record_write - set or remove an attribute of fs/offload/
 * @dentry: the file, whose inode is locked
 * @name: name of the attribute
 * @buf: its value
 * @len: bytes of the value; 0 removes the attribute, if there is one
 *
 * Times and change number of the file stay as they are.
 *
 * Context: may sleep; write access to the mount.
 * Return: 0 or an errno.
 */
int ditto_record_write(struct dentry *dentry, const char *name, const u8 *buf, size_t len);

/* conflict.c */

/**
 * ditto_stub_own - record that this server may leave data in an absent range
 * @stub: the stub
 * @file: open for writing
 * @range: the range
 *
 * It is recorded on the disk before what is written into the range afterwards.
 *
 * Context: may sleep; neither write access to the mount nor an inode lock held.
 * Return: 0 or an errno.
 */
int ditto_stub_own(struct ditto_stub *stub, struct file *file, u32 range);

/**
 * ditto_stub_conflict_find - find data in absent ranges that this server has not left there
 * @file: open, on the file system itself
 * @record: the file's
 * @range: filled: the first such range, or DITTO_OFFLOAD_NONE
 *
 * Context: may sleep; no inode lock held.
 * Return: 0 or an errno.
 */
int ditto_stub_conflict_find(struct file *file, const struct ditto_offload_record *record,
			     u32 *range);

/*
 * Learn whether a stub has a conflict, and tell the administrator. stub->io is held. Return: 0, or
 * an errno if that is not known.
 */
int ditto_stub_conflict_look(struct ditto_stub *stub, struct file *file);

/**
 * ditto_stub_conflict_check - make sure that nothing is overwritten that somebody else has written
 * @stub: its node is held
 *
 * Context: may sleep for the disk; no lock inside of stub->sem held.
 * Return: 0; -EIO if there is a conflict, or that is not known; or what ditto_stub_error() says.
 */
int ditto_stub_conflict_check(struct ditto_stub *stub);

/**
 * ditto_stub_conflict_piece - tell what somebody else has written from holes that are to be filled
 * @file: open, on the file system itself
 * @record: the file's
 * @pos: where the piece begins, in a range that this server has not written into
 * @end: filled: the byte behind the piece
 *
 * Context: may sleep; no inode lock held.
 * Return: 1 if the piece was written and stays; 0 if it is to be filled; an errno.
 */
int ditto_stub_conflict_piece(struct file *file, const struct ditto_offload_record *record,
			      u64 pos, u64 *end);

/**
 * ditto_stub_conflict_decide - end a conflict, if there is one
 * @stub: its node is held
 * @choice: whose data is the content
 *
 * Context: may sleep; neither write access to the mount nor an inode lock held.
 * Return: 0 or an errno.
 */
int ditto_stub_conflict_decide(struct ditto_stub *stub, enum ditto_offload_choice choice);

/* part.c */

/* May sleep for memory. NULL without. */
struct ditto_part *ditto_part_alloc(u32 range, u64 end);
/* Keep the beginning of a range that nobody brings back now. Context: stub->lock held. */
void ditto_part_keep_locked(struct ditto_stub *stub, struct ditto_part *part);
/*
 * Byte behind the beginning of a range that is here; the first one of the range if none is.
 * Context: stub->lock held.
 */
u64 ditto_part_end_locked(struct ditto_stub *stub, u32 range);
/*
 * Byte behind the beginning of a range that is here, for whoever brings the rest of the range.
 * Context: stub->lock held.
 */
u64 ditto_part_take_locked(struct ditto_stub *stub, u32 range);
/*
 * What is here of absent ranges does not stay. Context: stub->lock held, or the stub is freed.
 */
void ditto_parts_drop_locked(struct ditto_stub *stub);

/* cut.c */

/**
 * ditto_record_cut - cut the stored record of a file that was made shorter
 * @dentry: the file, whose inode is locked
 * @size: bytes of the content that count
 *
 * Context: may sleep; write access to the mount.
 * Return: 0, also if there is no record that says more; or an errno.
 */
int ditto_record_cut(struct dentry *dentry, u64 size);

/*
 * Keep a stub that is uncut, until its record is stored. Any context that may take a spinlock.
 * Return: false if the volume stops, or too many are kept.
 */
bool ditto_cut_keep(struct ditto_stub *stub);
/* Set up the part of a volume. Any context. */
void ditto_cuts_start(struct ditto_volume *volume);
/* Try to store all records for the last time, and let go of the stubs. May sleep. */
void ditto_cuts_stop(struct ditto_volume *volume);

/* stored.c */

/**
 * ditto_stored_read - find where the content of a file that is whole is stored
 * @node: a regular file, held
 * @stored: filled
 *
 * Context: may sleep.
 * Return: 0; -ENODATA if there is no attribute; -ESTALE if it does not hold; or another errno.
 */
int ditto_stored_read(struct ditto_node *node, struct ditto_stored *stored);

/*
 * Note where the content of a stub is stored, if it matches its record. All of it is in the
 * file. @buf: DITTO_STORED_MAX bytes. Context: as ditto_record_write().
 */
void ditto_stored_note(struct ditto_stub *stub, struct dentry *dentry, u8 *buf);
/* Check whether a file has the attribute. May sleep. */
bool ditto_stored_is(struct dentry *dentry);
/* Remove the attribute of a file, if it has one. Context: as ditto_record_write(). */
void ditto_stored_drop(struct dentry *dentry);
/*
 * The same, for a caller that holds nothing but the node; with @stale, which is overwritten, only
 * if the attribute does not hold. May sleep.
 */
void ditto_stored_forget(struct ditto_node *node, struct ditto_stored *stale);

/* read_ahead.c */

/**
 * ditto_read_ahead - note a read, and find how far to ask in advance
 * @reader: under the lock of its stub
 * @first: first range that is read
 * @last: last one
 * @most: ranges in advance at most, not 0
 *
 * Return: the range behind the last one to ask for; 0 if the read is not in sequence.
 */
u32 ditto_read_ahead(struct ditto_offload_reader *reader, u32 first, u32 last, u32 most);

/* Ask for what a reader of these bytes, which are not none, may need next. May sleep. */
void ditto_offload_read_ahead(struct ditto_op *op, struct ditto_stub *stub, u64 pos, u64 end);

/* make_room.c */

/* Data has come back into the file of a stub. Any context that may take a spinlock. */
void ditto_release_candidate_note(struct ditto_stub *stub);
/* A file that is whole may be one, too, and nobody waits for its data. Context: the same. */
void ditto_release_candidate_add(struct ditto_node *node);
/* A node is none any more. Any context that may take a spinlock. */
void ditto_release_candidate_drop(struct ditto_node *node);

/**
 * ditto_release_make_room - free blocks of files whose content is unchanged in the store
 * @volume: the file system
 * @bytes: how much is needed
 * @project: only files of this project give way; 0 for all
 *
 * Those into which data came longest ago are first. Those that are in use, or that the
 * administrator has marked, are skipped.
 *
 * Context: may sleep for the disk, and a moment for users, but for no data; no lock of a stub held.
 * Return: bytes that were freed.
 */
u64 ditto_release_make_room(struct ditto_volume *volume, u64 bytes, u32 project);

/**
 * ditto_release_keep_room - make sure that a file system has room for data
 * @volume: the file system
 * @needed: bytes
 *
 * If that does not succeed, the file system says so later.
 *
 * Context: as ditto_release_make_room().
 * Return: bytes that were freed; 0 also if there is room.
 */
u64 ditto_release_keep_room(struct ditto_volume *volume, u64 needed);

/* May sleep. Return: true if @bytes more would take what is left for those who write. */
bool ditto_release_is_scarce(struct ditto_node *node, u64 bytes);

/**
 * ditto_release_restore_reserve - have files give way for the next recalls and writes
 * @volume: the file system
 * @room: bytes that users may have, and @reserve, see ditto_room_now()
 * @reserve: the reserve
 * @came: bytes that came since the last time
 *
 * It leaves early if somebody else needs room, and frees no more than is proportionate to @came.
 *
 * Context: as ditto_release_make_room(), and nobody waits for the caller.
 * Return: bytes that were freed.
 */
u64 ditto_release_restore_reserve(struct ditto_volume *volume, u64 room, u64 reserve, u64 came);

/* May sleep. Return: bytes that users may have, and the reserve; U64_MAX if that is not known. */
u64 ditto_room_now(struct ditto_volume *volume, u64 *reserve);
/* The same for a file. @project: the project whose quota leaves less than there is, or 0. */
u64 ditto_room_of(struct ditto_node *node, u64 *reserve, u32 *project);

/* room_wait.c */

/* Under volume->release_lock: nothing gave way for a project, or 0 for the file system. */
void ditto_room_note_vain(struct ditto_room *room, u32 project);
/* Under the same lock. Return: true if that was not long ago. */
bool ditto_room_is_vain(const struct ditto_room *room, u32 project);
/* A file system with so many times its reserve and headroom has plenty of room. */
#define DITTO_ROOM_PLENTY	16
/* How long operations fail after nothing gave way; a client of NFS tries again in between. */
#define DITTO_ROOM_VAIN_MS	15000

/*
 * Look at the free space, which is @now, in a moment, or later if there is plenty, unless nothing
 * can give way. Any context that may take a spinlock.
 */
void ditto_room_look_later(struct ditto_volume *volume, u64 now, bool plenty);
/* Tell that room is short, with @now bytes free, and that nothing gives way. May sleep. */
void ditto_room_tell(struct ditto_volume *volume, u64 now);
/*
 * Park an operation until room was made, or nothing gave way. May sleep. Return: false if too many
 * are parked.
 */
bool ditto_room_park(struct ditto_volume *volume, struct ditto_park *park);
/* Allocate and free what a volume makes room with. Return: 0 or -ENOMEM. */
int ditto_room_init(struct ditto_volume *volume);
void ditto_room_exit(struct ditto_volume *volume);
/* End what goes on, and wake all that wait; the volume stops. May sleep. */
void ditto_room_stop(struct ditto_volume *volume);

/* local.c */

/**
 * ditto_offload_guard - let local processes wait for the data of the files of a volume
 * @volume: the volume
 *
 * Context: may sleep.
 * Return: 0 or a negative errno.
 */
int ditto_offload_guard(struct ditto_volume *volume);
/* No more local processes wait. May sleep. */
void ditto_offload_unguard(struct ditto_volume *volume);

/* Undo ditto_offload_guard() for good, after ditto_offload_unguard(). May sleep. */
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

/* Remember the candidates; the volume has stopped, and its nodes are there. May sleep. */
void ditto_candidates_save(struct ditto_volume *volume);
/* Look for those that were remembered; @restore of the volume. May sleep. */
void ditto_candidates_restore(struct work_struct *work);

/* release.c */

/*
 * Get a share that keeps the volume from being stopped, and allows releases; NULL if none does. Any
 * context.
 */
struct ditto_share *ditto_release_share(struct ditto_volume *volume);

/**
 * ditto_release_again - free the blocks of a stub into whose file data has come back
 * @stub: its node is held
 *
 * Context: may sleep for the disk, and a moment for users of the file.
 * Return: 0; -ESTALE if the file was changed; -EBUSY if it is in use; or another errno.
 */
int ditto_release_again(struct ditto_stub *stub);

/**
 * ditto_release_stored - release a file that is whole, and whose content is still stored
 * @node: a regular file, held
 * @bytes: filled with the bytes that were freed
 *
 * Context: as ditto_release_again().
 * Return: 0; -ESTALE or -ENODATA if the content is not stored; -EBUSY if the file is in use; or
 * another errno.
 */
int ditto_release_stored(struct ditto_node *node, u64 *bytes);

/* A volume begins to serve a file system, when no release goes on there. May sleep. */
void ditto_release_volume_begin(struct ditto_volume *volume);
/* It has ended, or has never begun. Any context. */
void ditto_release_volume_end(struct ditto_volume *volume);

/* Return: true if this server, of all that serve the file system, may use its offloaded files. */
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

/*
 * Let opens of files whose data is not here fail while no share serves their file system, from now
 * on or no more. May sleep.
 */
void ditto_unserved_begin(struct super_block *sb);
/* Forget candidates. Any context. */
void ditto_candidates_free(struct list_head *list);
/* @candidates gets what ditto_unserved_save() was given. */
void ditto_unserved_end(struct super_block *sb, struct list_head *candidates);
/*
 * Remember session and candidates of a volume while no share serves the file system, which takes
 * them from the list; nothing is done if opens do not fail then. May sleep.
 */
void ditto_unserved_save(const struct super_block *sb, u64 session, struct list_head *candidates);
/* May sleep. Return: the session of the last volume; 0 if the number of a file may not tell. */
u64 ditto_unserved_session(const struct super_block *sb);

#endif
