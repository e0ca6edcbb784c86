// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beginnings of ranges that recalls have left for which the helper failed: they are on the disk,
 * may be read, and need not come again. No record tells of them, so they are known as long as the
 * stub is in memory.
 */
#include <linux/list.h>
#include <linux/slab.h>

#include "stub.h"

/**
 * struct ditto_part - the beginning of a range
 * @link: entry in stub->parts
 * @range: the range
 * @end: the byte behind the last one
 */
struct ditto_part {
	struct list_head link;
	u32 range;
	u64 end;
};

/* May sleep for memory. NULL without. */
struct ditto_part *ditto_part_alloc(u32 range, u64 end)
{
	struct ditto_part *part = kmalloc(sizeof(*part), GFP_KERNEL);

	if (part)
		*part = (struct ditto_part) { .range = range, .end = end };
	return part;
}

/* Keep the beginning of a range that nobody brings back now. Context: stub->lock held. */
void ditto_part_keep_locked(struct ditto_stub *stub, struct ditto_part *part)
{
	lockdep_assert_held(&stub->lock);
	list_add(&part->link, &stub->parts);
}

static struct ditto_part *part_of_locked(struct ditto_stub *stub, u32 range)
{
	struct ditto_part *part;

	lockdep_assert_held(&stub->lock);
	list_for_each_entry(part, &stub->parts, link)
		if (part->range == range)
			return part;
	return NULL;
}

/*
 * Byte behind the beginning of a range that is here; the first one of the range if none is.
 * Context: stub->lock held.
 */
u64 ditto_part_end_locked(struct ditto_stub *stub, u32 range)
{
	struct ditto_part *part = part_of_locked(stub, range);

	return part ? part->end : ditto_offload_range_pos(&stub->record, range);
}

/*
 * Byte behind the beginning of a range that is here, for whoever brings the rest of the range.
 * Context: stub->lock held.
 */
u64 ditto_part_take_locked(struct ditto_stub *stub, u32 range)
{
	u64 pos = ditto_offload_range_pos(&stub->record, range), end = pos;
	struct ditto_part *part = part_of_locked(stub, range);

	if (part) {
		end = part->end;
		list_del(&part->link);
		kfree(part);
	}
	/* A range that was cut within its part comes again as a whole: something must come. */
	return end < ditto_offload_range_end(&stub->record, range) ? end : pos;
}

/* What is here of absent ranges does not stay. Context: stub->lock held, or the stub is freed. */
void ditto_parts_drop_locked(struct ditto_stub *stub)
{
	struct ditto_part *part, *next;

	list_for_each_entry_safe(part, next, &stub->parts, link)
		kfree(part);
	INIT_LIST_HEAD(&stub->parts);
}
