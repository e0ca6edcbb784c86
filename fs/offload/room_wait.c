// SPDX-License-Identifier: GPL-2.0-only
/*
 * Room for those who write. A file system is full because data of files came back that is in the
 * store, too: an operation that finds no room waits as for data, without a thread, while files give
 * way (make_room.c), and is executed again. It fails only if nothing gives way. If the quota of a
 * project leaves no room, files of the project give way. A lack of room that has another cause,
 * such as the quota of a user or a limit of names, is no reason to wait.
 *
 * For local processes, whose operations are not Ditto's, the free space is looked at while there
 * are candidates: if it has become less than the reserve, files give way.
 *
 * Locking: volume->release_lock guards what operations want and what became of it. The lock table
 * wakes those that are parked on room->point.
 */
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "../../net/event.h"
#include "../../net/server.h"
#include "../node/node_private.h"
#include "../op/op.h"
#include "../share/share.h"
#include "stub.h"

/* How often the free space is looked at, and if there is plenty of it. */
#define LOOK_MS		100
#define LOOK_PLENTY_MS	1000
/* How long, and how often, an operation may have found no room although it was made. */
#define MADE_MS		250
#define MADE_TRIES	8

static void room_point_get(struct ditto_lock_point *point)
{
	refcount_inc(&container_of(point, struct ditto_room, point)->ref);
}

/* A parked call of SMB holds no share, so the volume may end while its park is cancelled. */
static void room_point_put(struct ditto_lock_point *point)
{
	struct ditto_room *room = container_of(point, struct ditto_room, point);

	if (refcount_dec_and_test(&room->ref))
		kfree_rcu(room, rcu);
}

static const struct ditto_lock_point_ops room_point_ops = {
	.get = room_point_get,
	.put = room_point_put,
};

static u64 room_until(unsigned int ms)
{
	return get_jiffies_64() + msecs_to_jiffies(ms);
}

static u32 vain_slot(u32 project)
{
	return project ? 1 + project % (DITTO_ROOM_VAIN_SLOTS - 1) : 0;
}

/* Under volume->release_lock: nothing gave way for a project, or 0 for the file system. */
void ditto_room_note_vain(struct ditto_room *room, u32 project)
{
	room->vain[vain_slot(project)] = (struct ditto_room_vain) {
		.until = room_until(DITTO_ROOM_VAIN_MS),
		.project = project,
	};
}

/* Under the same lock. Return: true if that was not long ago. */
bool ditto_room_is_vain(const struct ditto_room *room, u32 project)
{
	const struct ditto_room_vain *vain = &room->vain[vain_slot(project)];

	return vain->project == project && time_before64(get_jiffies_64(), vain->until);
}

static bool room_has_candidates_locked(struct ditto_volume *volume)
{
	lockdep_assert_held(&volume->release_lock);
	return !READ_ONCE(volume->offload_stopped) &&
	       (!list_empty(&volume->release_candidates) || READ_ONCE(volume->room->searches));
}

/*
 * Look at the free space, which is @now, in a moment, or later if there is plenty, unless nothing
 * can give way. Any context that may take a spinlock.
 */
void ditto_room_look_later(struct ditto_volume *volume, u64 now, bool plenty)
{
	struct ditto_room *room = volume->room;

	spin_lock(&volume->release_lock);
	if (room_has_candidates_locked(volume) &&
	    queue_delayed_work(volume->srv->offload->wq, &room->look,
			       msecs_to_jiffies(plenty ? LOOK_PLENTY_MS : LOOK_MS)))
		room->seen = now;
	spin_unlock(&volume->release_lock);
}

static void room_look(struct work_struct *work)
{
	struct ditto_room *room = container_of(to_delayed_work(work), struct ditto_room, look);
	struct ditto_volume *volume = room->volume;
	u64 reserve, now = ditto_room_now(volume, &reserve), came, freed;

	spin_lock(&volume->release_lock);
	came = room->seen - min(room->seen, now);
	spin_unlock(&volume->release_lock);
	freed = ditto_release_restore_reserve(volume, now, reserve, came);
	/* What was written in between counts for the next look. */
	spin_lock(&volume->release_lock);
	room->seen = now + freed;
	spin_unlock(&volume->release_lock);
}

/* Tell that room is short, with @now bytes free, and that nothing gives way. May sleep. */
void ditto_room_tell(struct ditto_volume *volume, u64 now)
{
	char text[DITTO_SHARE_NAME_MAX + 64], share[DITTO_SHARE_NAME_MAX + 1];
	bool tell;

	spin_lock(&volume->release_lock);
	tell = !time_before64(get_jiffies_64(), volume->room->event_until);
	if (tell)
		volume->room->event_until = room_until(DITTO_ROOM_VAIN_MS);
	spin_unlock(&volume->release_lock);
	if (!tell)
		return;
	ditto_volume_share_name(volume, share, sizeof(share));
	snprintf(text, sizeof(text), "%s: %llu bytes are free", share, now);
	ditto_event(volume->srv, DITTO_EVENT_OFFLOAD_FULL, text);
}

static void room_make(struct work_struct *work)
{
	struct ditto_room *room = container_of(work, struct ditto_room, make);
	struct ditto_volume *volume = room->volume;
	u64 wanted, reserve, now, freed;
	u32 project;
	bool vain;

	spin_lock(&volume->release_lock);
	wanted = room->wanted;
	room->wanted = 0;
	project = room->wanted_project;
	spin_unlock(&volume->release_lock);
	if (project)
		freed = ditto_release_make_room(volume, wanted + DITTO_OFFLOAD_HEADROOM, project);
	else
		freed = ditto_release_keep_room(volume, wanted);
	now = ditto_room_now(volume, &reserve);
	vain = !freed && (project || now < wanted + DITTO_OFFLOAD_HEADROOM);
	spin_lock(&volume->release_lock);
	room->awaited = false;
	/* Room that was there before does not count, or what fails all the same would never end. */
	if (freed)
		room->made_until = room_until(MADE_MS);
	else if (vain)
		ditto_room_note_vain(room, project);
	spin_unlock(&volume->release_lock);
	if (vain && !project)
		ditto_room_tell(volume, now);
	ditto_park_wake_point(&room->point);
}

/* Is it worth to make room? If not, the file system has another reason, or nothing gives way. */
static bool room_is_worth(struct ditto_volume *volume, u64 bytes, u64 now, u32 project, u8 *tries)
{
	struct ditto_room *room = volume->room;
	bool may, made;

	if (bytes > S64_MAX || now == U64_MAX)
		return false;
	spin_lock(&volume->release_lock);
	made = time_before64(get_jiffies_64(), room->made_until);
	/* If all of it is not enough, it would give way in vain. */
	may = room_has_candidates_locked(volume) &&
	      bytes - min(bytes, now) <= volume->release_bytes &&
	      !ditto_room_is_vain(room, project);
	spin_unlock(&volume->release_lock);
	if (now >= bytes + DITTO_OFFLOAD_HEADROOM)
		return made && (!tries || (*tries)++ < MADE_TRIES);
	return may;
}

/*
 * Have files give way for a task that tries again by itself. @node: a file of the file system,
 * held, for which there is no room; @bytes: bytes of data that it needs room for; @tries: how often
 * it found none although there is room, 0 at first; NULL if that is not known. Context: does not
 * wait for that. Return: true if it is worth trying again.
 */
bool ditto_room_want(struct ditto_node *node, u64 bytes, u8 *tries)
{
	struct ditto_volume *volume = node->volume;
	struct ditto_room *room = volume->room;
	u64 reserve, now;
	u32 project;
	bool wants;

	if (!ditto_offload_is_used(volume))
		return false;
	now = ditto_room_of(node, &reserve, &project);
	if (!room_is_worth(volume, bytes, now, project, tries)) {
		/* Room is not short because somebody wants more than the file system has. */
		if (!project && now < max_t(u64, reserve, DITTO_OFFLOAD_HEADROOM))
			ditto_room_tell(volume, now);
		return false;
	}
	spin_lock(&volume->release_lock);
	wants = !READ_ONCE(volume->offload_stopped);
	if (wants) {
		room->awaited = true;
		room->wanted = max(room->wanted, bytes);
		room->wanted_project = project;
		queue_work(volume->srv->offload->wq, &room->make);
	}
	spin_unlock(&volume->release_lock);
	return wants;
}

/*
 * Park an operation until room was made, or nothing gave way. May sleep. Return: false if too many
 * are parked.
 */
bool ditto_room_park(struct ditto_volume *volume, struct ditto_park *park)
{
	struct ditto_room *room = volume->room;
	bool awaited;

	if (!ditto_park_on(&room->point, park))
		return false;
	/* What has ended before woke nobody. */
	spin_lock(&volume->release_lock);
	awaited = room->awaited;
	spin_unlock(&volume->release_lock);
	if (!awaited)
		ditto_park_wake_point(&room->point);
	return true;
}

/* The part of ditto_offload_find_room() for operations that found none, with its results. */
int ditto_offload_full(struct ditto_op *op, struct ditto_node *node, u64 bytes)
{
	/* The caller cannot wait. */
	if (!op->park && !op->absent)
		return -ENOSPC;
	if (!ditto_room_want(node, bytes, op->park ? &op->park->tries : NULL))
		return -ENOSPC;
	if (op->absent && !op->absent->node) {
		ditto_node_hold(node);
		*op->absent = (struct ditto_absence) { .node = node, .room = true };
	}
	if (op->park)
		ditto_room_park(node->volume, op->park);
	return -EJUKEBOX;
}

int ditto_room_init(struct ditto_volume *volume)
{
	struct ditto_room *room = kzalloc(sizeof(*room), GFP_KERNEL);

	if (!room)
		return -ENOMEM;
	refcount_set(&room->ref, 1);
	mutex_init(&room->lock);
	INIT_WORK(&room->make, room_make);
	INIT_DELAYED_WORK(&room->look, room_look);
	INIT_LIST_HEAD(&room->saved);
	ditto_lock_point_init(&room->point, volume->srv->locks, &room_point_ops);
	room->volume = volume;
	volume->room = room;
	return 0;
}

/* End what goes on, and wake all that wait; the volume stops. May sleep. */
void ditto_room_stop(struct ditto_volume *volume)
{
	struct ditto_room *room = volume->room;

	/* Whoever has the lock now saw that the volume stops, or was first. */
	spin_lock(&volume->release_lock);
	spin_unlock(&volume->release_lock);
	cancel_delayed_work_sync(&room->look);
	cancel_work_sync(&room->make);
	cancel_work_sync(&room->restore);
	/* What parks from now on is not to wait for work that was cancelled. */
	spin_lock(&volume->release_lock);
	room->awaited = false;
	spin_unlock(&volume->release_lock);
	ditto_park_wake_point(&room->point);
}

void ditto_room_exit(struct ditto_volume *volume)
{
	room_point_put(&volume->room->point);
}
