// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which part of a range is data, for a read that leaves holes out.
 *
 * SEEK_HOLE costs as much as there is data before the hole, so every read of a large file would
 * search most of it. Only SEEK_DATA is used, at some places of the range: in data it returns
 * immediately, and in a hole it costs as much as that hole's one extent.
 */

#include <linux/fs.h>
#include <linux/sizes.h>

#include "../offload/offload.h"
#include "check/lock_check_private.h"
#include "data_private.h"
#include "scan.h"
#include "space.h"

/* Distance of the places where holes are looked for. */
#define MAP_STEP	SZ_64K
/*
 * A shorter hole between data is read as zeros: the map ends with the hole, and another request
 * costs more than these bytes.
 */
#define MAP_HOLE_MIN	SZ_128K

/*
 * Find data of an open file, as the file system knows it. Return: the offset of the next data, or
 * @end.
 */
u64 ditto_next_data(struct file *file, u64 pos, u64 end)
{
	/* The file position that this sets is not used. */
	loff_t at = vfs_llseek(file, pos, SEEK_DATA);

	if (at == -ENXIO)
		return end;
	/* Without SEEK_DATA all is data. Other errors are found by the caller's next step. */
	return at < 0 ? pos : min_t(u64, at, end);
}

static void map_range(struct file *file, u64 pos, u64 end, u64 data_max,
		      struct ditto_data_map *map)
{
	u64 data = ditto_next_data(file, pos, end), stop, at, next;

	if (data != end && data - pos < PAGE_SIZE)
		data = pos;
	map->hole = data - pos;
	stop = min(end, data + data_max);
	for (at = round_up(data + 1, MAP_STEP); at < stop; at = round_up(next + 1, MAP_STEP)) {
		next = ditto_next_data(file, at, end);
		if (next < end && next - at < MAP_HOLE_MIN)
			continue;
		map->data = at - data;
		map->tail = next - at;
		return;
	}
	map->data = min(end - data, data_max);
}

/*
 * End a hole that nothing follows with the file, which may have been truncated since the hole was
 * found. The data in front of it was there when it was read, but the file may end before it now.
 */
static void map_cut(const struct ditto_node *node, u64 pos, struct ditto_data_map *map)
{
	u64 *hole = map->data ? &map->tail : &map->hole;
	u64 begin = map->data ? pos + map->hole + map->data : pos;
	u64 size = i_size_read(node->inode);

	*hole = size > begin ? min(*hole, size - begin) : 0;
	map->eof = begin + *hole == size || (begin > size && !map->data);
}

/**
 * ditto_data_map_settle - fit a map to what was read of its data
 * @node: held
 * @pos: first byte of the range
 * @count: bytes of data that were read
 * @eof: the read met the end of the file
 * @map: from ditto_map_data()
 *
 * If the file was truncated since, no hole is left beyond its end, and @map->eof tells whether
 * the three end at the end that the file has now or had when the data was read.
 *
 * Context: any.
 */
void ditto_data_map_settle(const struct ditto_node *node, u64 pos, u64 count, bool eof,
			   struct ditto_data_map *map)
{
	/* The file was truncated since, or the data is in pieces: more comes with the next. */
	if (count < map->data)
		map->tail = 0;
	map->data = count;
	if (count && !map->tail)
		map->eof = eof;
	else
		map_cut(node, pos, map);
}
EXPORT_SYMBOL_NS_GPL(ditto_data_map_settle, "DITTO");

/**
 * ditto_may_have_holes - is it worth looking for holes?
 * @op: its share is @node's
 * @node: a regular file, held
 *
 * A file with as many blocks as its size needs counts as data, although some of them may be beyond
 * its end or hold no data.
 *
 * Return: true if there are fewer blocks, or that is not known.
 */
bool ditto_may_have_holes(const struct ditto_op *op, struct ditto_node *node)
{
	const struct inode *inode = node->inode;
	struct path path = { .mnt = op->share->root.mnt };
	struct kstat st;
	int err;

	/* Blocks that are not allocated yet are counted elsewhere, or not at all. */
	if (likely((u64)READ_ONCE(inode->i_blocks) << 9 >= i_size_read(inode)))
		return false;
	path.dentry = ditto_node_dentry(node);
	err = vfs_getattr_nosec(&path, &st, STATX_SIZE | STATX_BLOCKS, AT_STATX_DONT_SYNC);
	dput(path.dentry);
	return err || (u64)st.blocks << 9 < st.size;
}
EXPORT_SYMBOL_NS_GPL(ditto_may_have_holes, "DITTO");

/**
 * ditto_map_data - find out which part of a range has to be read
 * @op: the caller; checked as for reading the range
 * @node: a regular file, held
 * @pos: first byte
 * @count: number of bytes
 * @data_max: most bytes of data
 * @map: filled; it may end before the range
 *
 * The costs do not depend on the size of the file: it is looked for data in steps within the range.
 * A caller that asks ditto_may_have_holes() first often has none of them.
 *
 * Return: 0, -EINVAL (not a regular file), -EACCES, -EAGAIN, -EJUKEBOX and others.
 */
int ditto_map_data(struct ditto_op *op, struct ditto_node *node, u64 pos, u64 count,
		   u64 data_max, struct ditto_data_map *map)
{
	struct inode *inode = node->inode;
	struct ditto_stub *stub = NULL;
	const struct cred *old;
	struct ditto_file *df;
	u64 size;
	int err;

	*map = (struct ditto_data_map){};
	if (!S_ISREG(inode->i_mode))
		return -EINVAL;
	old = ditto_op_enter(op);
	err = ditto_may_read(op, node);
	if (err)
		goto leave;
	df = ditto_file_to_read(op, node, pos, count);
	err = PTR_ERR_OR_ZERO(df);
	if (err)
		goto leave;
	ditto_refresh_size(op->share, node);
	err = ditto_scan_check(op, node) ?:
	      ditto_offload_enter(op, node, DITTO_OFFLOAD_READ, pos, count, &stub);
	size = i_size_read(inode);
	if (!err && pos < size && count)
		map_range(df->file, pos, pos + min(count, size - pos), data_max, map);
	map_cut(node, pos, map);
	ditto_offload_leave(stub);
	ditto_file_put(df);
leave:
	ditto_op_leave(old);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_map_data, "DITTO");
