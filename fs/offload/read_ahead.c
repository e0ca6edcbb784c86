// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading ahead: ranges behind those that are read are brought back before a reader needs them.
 *
 * The window, which is how many of them, begins with one range, and doubles with each range that a
 * reader enters in sequence. So a reader who stops has at most as much brought back in vain as it
 * has read, and one who goes on finds its data, or data on the way: a client of NFSv4 tries again
 * after a time in which several ranges come.
 */
#include <linux/fs.h>
#include <linux/path.h>
#include <linux/statfs.h>

#include "../../net/server.h"
#include "../node/node.h"
#include "../op/op.h"
#include "stub.h"

/* Reads of one reader come out of order, by so many ranges. */
#define READER_SLACK	1
/* This part of the running recalls may be for read-ahead: readers that wait come first. */
#define AHEAD_PART	2

/*
 * Note a read, and find how far to ask in advance. @reader: under the lock of its stub. Return: the
 * range behind the last one to ask for; 0 if the read is not in sequence.
 */
u32 ditto_read_ahead(struct ditto_offload_reader *reader, u32 first, u32 last, u32 most)
{
	bool entered = last >= reader->next;

	if (first > reader->next || first + 1 + READER_SLACK < reader->next) {
		reader->next = last + 1;
		reader->window = 0;
		reader->asked = 0;
		return 0;
	}
	if (entered)
		reader->next = last + 1;
	if (!reader->window)
		reader->window = 1;
	else if (entered)
		reader->window *= 2;
	reader->window = min(reader->window, most);
	return reader->next + reader->window;
}

/* Data that comes in advance makes no other data give way. */
static bool ahead_has_room(struct ditto_stub *stub)
{
	struct ditto_volume *volume = stub->node->volume;
	/* This range, the one that is read, and those under way. */
	u64 needed = (u64)(2 + atomic_read(&volume->offload_ahead)) << stub->record.shift;
	struct path path = { .mnt = volume->mnt, .dentry = ditto_node_dentry(stub->node) };
	struct kstatfs fs;
	int err;

	err = path.mnt ? vfs_statfs(&path, &fs) : -EOPNOTSUPP;
	dput(path.dentry);
	return !err && fs.f_bavail > (needed + DITTO_OFFLOAD_HEADROOM) / fs.f_bsize;
}

static bool ahead_is_allowed(struct ditto_stub *stub, struct ditto_server *srv)
{
	u32 most = max(READ_ONCE(srv->settings.offload_recalls) / AHEAD_PART, 1);

	return atomic_read(&stub->node->volume->offload_ahead) < most && ahead_has_room(stub);
}

/* Ask for what a reader of these bytes, which are not none, may need next. May sleep. */
void ditto_offload_read_ahead(struct ditto_op *op, struct ditto_stub *stub, u64 pos, u64 end)
{
	u32 most = READ_ONCE(op->srv->settings.offload_read_ahead), range, ranges, to;

	if (!most)
		return;
	spin_lock(&stub->lock);
	ranges = ditto_offload_ranges(&stub->record);
	to = ditto_read_ahead(&stub->reader, min_t(u64, pos >> stub->record.shift, ranges),
			      min_t(u64, (end - 1) >> stub->record.shift, ranges), most);
	to = min(to, ranges);
	range = max(stub->reader.next, stub->reader.asked);
	spin_unlock(&stub->lock);
	if (range >= to)
		return;
	for (; range < to; range++)
		if (ditto_recall_is_due(stub, range) &&
		    (!ahead_is_allowed(stub, op->srv) || ditto_recall_range(stub, range, op, true)))
			break;
	spin_lock(&stub->lock);
	stub->reader.asked = range;
	spin_unlock(&stub->lock);
}
