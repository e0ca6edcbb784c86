// SPDX-License-Identifier: GPL-2.0-only
/* Holes, reserved blocks and copies, on a tmpfs; and claims that refuse them. */
#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/uio.h>

#include "../../../fs/node/file.h"
#include "../../../fs/op/space.h"
#include "../../../lockd/range.h"
#include "../../../lockd/table.h"
#include "../test_client.h"
#include "folder.h"

#define PIECE	SZ_16K

DEFINE_FOLDER(folder, "kunit-space")
static struct test_client client;
static struct ditto_owner *owner;
static char buffer[PIECE];

static void space_begin(struct kunit *test)
{
	folder_begin(test, &folder);
	test_client_begin(&client, folder.srv->locks);
	owner = ditto_owner_get(&client.client, "owner", 5);
	KUNIT_ASSERT_FALSE(test, IS_ERR(owner));
}

static void space_end(struct kunit *test)
{
	ditto_owner_put(owner);
	test_client_end(&client);
	folder_end(test, &folder);
}

static ssize_t node_io(struct ditto_node *node, u64 pos, size_t count, bool write)
{
	struct kvec vec = { .iov_base = buffer, .iov_len = count };
	struct ditto_wcc wcc;
	struct iov_iter iter;
	u64 verifier;
	bool eof;

	iov_iter_kvec(&iter, write ? ITER_SOURCE : ITER_DEST, &vec, 1, count);
	if (!write)
		return ditto_read(&folder.op, node, pos, &iter, &eof);
	return ditto_write(&folder.op, node, pos, &iter, DITTO_UNSTABLE, &verifier, &wcc);
}

static struct ditto_node *file_make(struct kunit *test, const char *name, char fill, u32 pieces)
{
	struct ditto_node *node = folder_make(test, &folder, name, 0600, false);

	memset(buffer, fill, sizeof(buffer));
	for (u32 i = 0; i < pieces; i++)
		KUNIT_EXPECT_EQ(test, node_io(node, (u64)i * PIECE, PIECE, true), PIECE);
	return node;
}

static void file_drop(struct kunit *test, struct ditto_node *node, const char *name)
{
	ditto_node_put(node);
	folder_remove(test, &folder, name, false);
}

/* True if every byte of the range is this one. */
static bool is_all(struct ditto_node *node, u64 pos, size_t count, char fill)
{
	memset(buffer, ~fill, sizeof(buffer));
	return node_io(node, pos, count, false) == count && buffer[0] == fill &&
	       !memcmp(buffer, buffer + 1, count - 1);
}

static u64 size_of(struct kunit *test, struct ditto_node *node)
{
	return folder_stat(test, &folder, node).size;
}

static u64 blocks_of(struct kunit *test, struct ditto_node *node)
{
	return folder_stat(test, &folder, node).blocks;
}

static int node_allocate(struct ditto_node *node, enum ditto_space_how how, u64 pos, u64 count)
{
	return ditto_allocate(&folder.op, node, how, pos, count);
}

static int node_zero(struct ditto_node *node, u64 pos, u64 count, u64 *next)
{
	return ditto_zero(&folder.op, node, pos, pos + count, next);
}

static void allocates_and_punches(struct kunit *test)
{
	struct ditto_node *file;

	space_begin(test);
	file = file_make(test, "file", 'a', 1);
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_RESERVE_KEEP, 0, 4 * PIECE), 0);
	KUNIT_EXPECT_EQ(test, size_of(test, file), PIECE);
	KUNIT_EXPECT_GE(test, blocks_of(test, file), 4 * PIECE / 512);
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_RESERVE, PIECE, PIECE), 0);
	KUNIT_EXPECT_EQ(test, size_of(test, file), 2 * PIECE);
	KUNIT_EXPECT_TRUE(test, is_all(file, 0, PIECE, 'a'));
	KUNIT_EXPECT_TRUE(test, is_all(file, PIECE, PIECE, 0));
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_RESERVE, U64_MAX - 5, 10), -EFBIG);
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_RESERVE, 1, U64_MAX), -EFBIG);
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_RESERVE, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, node_allocate(folder.root, DITTO_SPACE_RESERVE, 0, 1), -EINVAL);
	folder.op.cred = folder.user;
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_RESERVE, 0, 1), -EACCES);
	folder.op.cred = folder.admin;
	file_drop(test, file, "file");
	space_end(test);
}

/* This file system has holes, but zeroes ranges only by writing zeros. */
static void punch_and_zero(struct kunit *test)
{
	struct ditto_node *file;
	u64 blocks, next;

	space_begin(test);
	file = file_make(test, "file", 'b', 64);
	blocks = blocks_of(test, file);
	KUNIT_EXPECT_EQ(test, node_zero(file, 100, 20 * PIECE, &next), 0);
	KUNIT_EXPECT_EQ(test, blocks_of(test, file), blocks);
	KUNIT_EXPECT_TRUE(test, is_all(file, 0, 100, 'b'));
	KUNIT_EXPECT_TRUE(test, is_all(file, 100, PIECE, 0));
	KUNIT_EXPECT_TRUE(test, is_all(file, 19 * PIECE + 100, PIECE, 0));
	KUNIT_EXPECT_TRUE(test, is_all(file, 20 * PIECE + 100, PIECE, 'b'));
	/* The size is unchanged, wherever the range ends. */
	KUNIT_EXPECT_EQ(test, node_zero(file, 63 * PIECE, S64_MAX, &next), 0);
	KUNIT_EXPECT_EQ(test, size_of(test, file), 64 * PIECE);
	KUNIT_EXPECT_TRUE(test, is_all(file, 63 * PIECE, PIECE, 0));
	KUNIT_EXPECT_EQ(test, node_zero(file, S64_MAX, 1, &next), 0);
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_PUNCH, 30 * PIECE, 10 * PIECE), 0);
	KUNIT_EXPECT_EQ(test, blocks_of(test, file), blocks - 10 * PIECE / 512);
	KUNIT_EXPECT_TRUE(test, is_all(file, 30 * PIECE, PIECE, 0));
	KUNIT_EXPECT_TRUE(test, is_all(file, 40 * PIECE, PIECE, 'b'));
	file_drop(test, file, "file");
	space_end(test);
}

/* Much is written in several calls, and a hole is left. */
static void zeroes_in_parts(struct kunit *test)
{
	u64 size = SZ_16M + 12 * PIECE, next = 0, blocks;
	struct ditto_node *file;

	space_begin(test);
	file = file_make(test, "file", 'z', size / PIECE);
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_PUNCH, SZ_128K, SZ_128K), 0);
	blocks = blocks_of(test, file);
	KUNIT_EXPECT_EQ(test, ditto_zero(&folder.op, file, 0, size, &next), 0);
	KUNIT_EXPECT_EQ(test, next, SZ_16M + SZ_128K);
	KUNIT_EXPECT_TRUE(test, is_all(file, next - PIECE, PIECE, 0));
	KUNIT_EXPECT_TRUE(test, is_all(file, next, PIECE, 'z'));
	KUNIT_EXPECT_EQ(test, ditto_zero(&folder.op, file, next, size, &next), 0);
	KUNIT_EXPECT_EQ(test, next, size);
	KUNIT_EXPECT_TRUE(test, is_all(file, size - PIECE, PIECE, 0));
	KUNIT_EXPECT_EQ(test, blocks_of(test, file), blocks);
	file_drop(test, file, "file");
	space_end(test);
}

/* Reserved space goes with the last instance, and stays where others could extend the file. */
static void reserved_space_goes(struct kunit *test)
{
	struct ditto_node *file;

	space_begin(test);
	file = file_make(test, "file", 'a', 1);
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_RESERVE_KEEP, 0, 4 * PIECE), 0);
	/* A new instance has opened the file since the last one went. */
	file->instances = 1;
	ditto_space_trim(folder.share, file);
	KUNIT_EXPECT_GE(test, blocks_of(test, file), 4 * PIECE / 512);
	file->instances = 0;
	ditto_space_trim(folder.share, file);
	KUNIT_EXPECT_EQ(test, blocks_of(test, file), PIECE / 512);
	KUNIT_EXPECT_EQ(test, size_of(test, file), PIECE);
	KUNIT_EXPECT_TRUE(test, is_all(file, 0, PIECE, 'a'));
	file->volume->is_remote = true;
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_RESERVE_KEEP, 0, 4 * PIECE), 0);
	ditto_space_trim(folder.share, file);
	KUNIT_EXPECT_GE(test, blocks_of(test, file), 4 * PIECE / 512);
	file->volume->is_remote = false;
	file_drop(test, file, "file");
	space_end(test);
}

/* Operations of the file system. Those below let it zero ranges by itself, and keep account. */
static const struct file_operations *tmpfs;

/* Ranges that the file system has zeroed: how many, their bytes, and the end of the last. */
static u32 zeroed_count;
static u64 zeroed_bytes, zeroed_end;

static long zeroing_fallocate(struct file *file, int mode, loff_t pos, loff_t len)
{
	if (mode != (FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE) || pos < zeroed_end)
		return -EINVAL;
	zeroed_count++;
	zeroed_bytes += len;
	zeroed_end = pos + len;
	return 0;
}

static loff_t zeroing_llseek(struct file *file, loff_t pos, int whence)
{
	return tmpfs->llseek(file, pos, whence);
}

static ssize_t zeroing_write(struct kiocb *kiocb, struct iov_iter *iter)
{
	return tmpfs->write_iter(kiocb, iter);
}

static const struct file_operations zeroing = {
	.llseek = zeroing_llseek,
	.write_iter = zeroing_write,
	.fsync = noop_fsync,
	.fallocate = zeroing_fallocate,
};

/* A call zeroes a limited number of ranges of data in a file with many holes. */
static void zeroes_ranges_in_parts(struct kunit *test)
{
	const u32 at_once = 1024, ranges = 2 * at_once + 3;
	u64 size = (2 * ranges - 1) * PAGE_SIZE, next = 0;
	struct ditto_node *file;

	space_begin(test);
	file = file_make(test, "file", 'r', 0);
	tmpfs = file->inode->i_fop;
	file->inode->i_fop = &zeroing;
	for (u32 i = 0; i < ranges; i++)
		KUNIT_ASSERT_EQ(test, node_io(file, 2 * i * PAGE_SIZE, PAGE_SIZE, true), PAGE_SIZE);
	zeroed_count = 0;
	zeroed_bytes = 0;
	zeroed_end = 0;
	for (u32 part = 1; part <= 2; part++) {
		KUNIT_EXPECT_EQ(test, node_zero(file, next, size - next, &next), 0);
		KUNIT_EXPECT_EQ(test, zeroed_count, part * at_once);
		KUNIT_EXPECT_EQ(test, next, 2 * part * at_once * PAGE_SIZE);
	}
	KUNIT_EXPECT_EQ(test, node_zero(file, next, size - next, &next), 0);
	KUNIT_EXPECT_EQ(test, next, size);
	KUNIT_EXPECT_EQ(test, zeroed_count, ranges);
	KUNIT_EXPECT_EQ(test, zeroed_bytes, ranges * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, zeroed_end, size);
	file->inode->i_fop = tmpfs;
	file_drop(test, file, "file");
	space_end(test);
}

static void seeks_data_and_holes(struct kunit *test)
{
	struct ditto_node *file;
	u64 at = 0;

	space_begin(test);
	file = file_make(test, "file", 'c', 4);
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_PUNCH, PIECE, PIECE), 0);
	KUNIT_EXPECT_EQ(test, ditto_seek(&folder.op, file, 0, true, &at), 0);
	KUNIT_EXPECT_EQ(test, at, PIECE);
	KUNIT_EXPECT_EQ(test, ditto_seek(&folder.op, file, PIECE + 5, false, &at), 0);
	KUNIT_EXPECT_EQ(test, at, 2 * PIECE);
	KUNIT_EXPECT_EQ(test, ditto_seek(&folder.op, file, 2 * PIECE, true, &at), 0);
	KUNIT_EXPECT_EQ(test, at, 4 * PIECE);
	KUNIT_EXPECT_EQ(test, ditto_seek(&folder.op, file, 4 * PIECE, true, &at), -ENXIO);
	KUNIT_EXPECT_EQ(test, ditto_seek(&folder.op, file, U64_MAX, false, &at), -ENXIO);
	KUNIT_EXPECT_EQ(test, ditto_seek(&folder.op, folder.root, 0, false, &at), -EINVAL);
	file_drop(test, file, "file");
	space_end(test);
}

static ssize_t node_copy(struct ditto_node *from, u64 from_pos, struct ditto_node *to, u64 to_pos,
			 u64 count, bool clone)
{
	u64 verifier;

	return ditto_copy(&folder.op, from, from_pos, &folder.op, to, to_pos, count, clone,
			  &verifier);
}

static void maps_data_and_holes(struct kunit *test)
{
	static const struct {
		u64 pos, count, max;
		struct ditto_data_map map;
	} rows[] = {
		/* The file: a hole of 1 piece, 19 of data, 17 of hole, 27 of data but 1 within. */
		{ 0, 64, 64, { .hole = 1, .data = 19, .tail = 17 } },
		{ 0, 1, 64, { .hole = 1 } },
		{ 0, 64, 5, { .hole = 1, .data = 5 } },
		{ 1, 64, 64, { .data = 19, .tail = 17 } },
		{ 1, 25, 64, { .data = 19, .tail = 6 } },
		{ 30, 64, 64, { .hole = 7, .data = 27, .eof = true } },
		{ 30, 34, 27, { .hole = 7, .data = 27, .eof = true } },
		{ 30, 64, 26, { .hole = 7, .data = 26 } },
		{ 37, 2, 64, { .data = 2 } },
		{ 63, 0, 64, { } },
		{ 64, 1, 64, { .eof = true } },
		{ 65, 1, 64, { .eof = true } },
	};
	struct ditto_data_map map;
	struct ditto_node *file;

	space_begin(test);
	file = file_make(test, "file", 'c', 64);
	KUNIT_EXPECT_FALSE(test, ditto_may_have_holes(&folder.op, file));
	KUNIT_EXPECT_EQ(test, ditto_map_data(&folder.op, file, 0, SZ_2M, SZ_512K, &map), 0);
	KUNIT_EXPECT_EQ(test, map.data, SZ_512K);
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_PUNCH, 0, PIECE), 0);
	KUNIT_EXPECT_TRUE(test, ditto_may_have_holes(&folder.op, file));
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_PUNCH, 20 * PIECE, 17 * PIECE), 0);
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_PUNCH, 48 * PIECE, PIECE), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct ditto_data_map *want = &rows[i].map;

		KUNIT_EXPECT_EQ(test, ditto_map_data(&folder.op, file, rows[i].pos * PIECE,
						     rows[i].count * PIECE, rows[i].max * PIECE,
						     &map), 0);
		KUNIT_EXPECT_EQ_MSG(test, map.hole, want->hole * PIECE, "row %zu", i);
		KUNIT_EXPECT_EQ_MSG(test, map.data, want->data * PIECE, "row %zu", i);
		KUNIT_EXPECT_EQ_MSG(test, map.tail, want->tail * PIECE, "row %zu", i);
		KUNIT_EXPECT_EQ_MSG(test, map.eof, want->eof, "row %zu", i);
	}
	KUNIT_EXPECT_EQ(test, ditto_map_data(&folder.op, file, U64_MAX - 1, 1, PIECE, &map), 0);
	KUNIT_EXPECT_TRUE(test, map.eof && !map.hole && !map.data);
	KUNIT_EXPECT_EQ(test, ditto_map_data(&folder.op, folder.root, 0, 1, 1, &map), -EINVAL);
	file_drop(test, file, "file");
	space_end(test);
}

/* A file system whose file is truncated while it is looked for data in it. */
static const struct file_operations *file_ops;
static loff_t cut_at;

static void file_cut(struct dentry *dentry, loff_t size)
{
	struct iattr ia = { .ia_valid = ATTR_SIZE, .ia_size = size };

	inode_lock(d_inode(dentry));
	notify_change(&nop_mnt_idmap, dentry, &ia, NULL);
	inode_unlock(d_inode(dentry));
}

static loff_t cut_llseek(struct file *file, loff_t pos, int whence)
{
	if (whence == SEEK_DATA)
		file_cut(file_dentry(file), cut_at);
	return file_ops->llseek(file, pos, whence);
}

static const struct file_operations cut_ops = { .llseek = cut_llseek };

/* Files of the node that the server opens from now on are truncated, or not. */
static void cut_files(struct ditto_node *file, bool cut)
{
	ditto_files_close(file, NULL);
	file->inode->i_fop = cut ? &cut_ops : file_ops;
}

static void map_settled(struct kunit *test, const struct ditto_node *file, u64 count, bool eof,
			struct ditto_data_map map, struct ditto_data_map want)
{
	map.hole *= PIECE;
	map.data *= PIECE;
	map.tail *= PIECE;
	ditto_data_map_settle(file, 0, count * PIECE, eof, &map);
	KUNIT_EXPECT_EQ(test, map.hole, want.hole * PIECE);
	KUNIT_EXPECT_EQ(test, map.data, want.data * PIECE);
	KUNIT_EXPECT_EQ(test, map.tail, want.tail * PIECE);
	KUNIT_EXPECT_EQ(test, map.eof, want.eof);
}

#define MAP(hole_, data_, tail_, eof_)	((struct ditto_data_map) { hole_, data_, tail_, eof_ })

/* No hole reaches beyond the end, which is where the file really ended at some time. */
static void maps_a_file_that_shrinks(struct kunit *test)
{
	struct ditto_data_map map;
	struct ditto_node *file;

	space_begin(test);
	file = file_make(test, "file", 'c', 8);
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_PUNCH, PIECE, PIECE), 0);
	file_ops = file->inode->i_fop;
	cut_files(file, true);
	for (cut_at = 3 * PIECE; cut_at >= 0; cut_at -= 3 * PIECE) {
		KUNIT_EXPECT_EQ(test, ditto_map_data(&folder.op, file, 4 * PIECE, 4 * PIECE, SZ_1M,
						     &map), 0);
		KUNIT_EXPECT_EQ(test, map.hole + map.data + map.tail, 0);
		KUNIT_EXPECT_TRUE(test, map.eof);
	}
	cut_at = 0;
	cut_files(file, false);
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_RESERVE, 0, 6 * PIECE), 0);
	cut_files(file, true);
	KUNIT_EXPECT_EQ(test, ditto_map_data(&folder.op, file, 0, 8 * PIECE, SZ_1M, &map), 0);
	KUNIT_EXPECT_EQ(test, map.hole + map.data + map.tail, 0);
	KUNIT_EXPECT_TRUE(test, map.eof);
	cut_files(file, false);

	/* The same between the search and the read: the file has 3 pieces by now. */
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_RESERVE, 0, 3 * PIECE), 0);
	map_settled(test, file, 0, true, MAP(4, 2, 0, true), MAP(3, 0, 0, true));
	map_settled(test, file, 0, true, MAP(1, 2, 4, true), MAP(1, 0, 0, false));
	map_settled(test, file, 1, true, MAP(2, 2, 4, true), MAP(2, 1, 0, true));
	map_settled(test, file, 1, true, MAP(1, 1, 4, true), MAP(1, 1, 1, true));
	map_settled(test, file, 2, false, MAP(2, 2, 4, true), MAP(2, 2, 0, false));
	/* It did not shrink. */
	map_settled(test, file, 1, false, MAP(1, 1, 1, true), MAP(1, 1, 1, true));
	map_settled(test, file, 1, false, MAP(0, 1, 1, false), MAP(0, 1, 1, false));
	map_settled(test, file, 2, true, MAP(1, 2, 0, true), MAP(1, 2, 0, true));
	map_settled(test, file, 1, false, MAP(0, 2, 1, true), MAP(0, 1, 0, false));
	file_drop(test, file, "file");
	space_end(test);
}

static void copies_and_clones(struct kunit *test)
{
	struct ditto_node *from, *to;

	space_begin(test);
	from = file_make(test, "from", 'd', 4);
	to = file_make(test, "to", 'e', 1);
	KUNIT_EXPECT_EQ(test, node_copy(from, 0, to, 10, 0, false), 4 * PIECE);
	KUNIT_EXPECT_EQ(test, size_of(test, to), 4 * PIECE + 10);
	KUNIT_EXPECT_TRUE(test, is_all(to, 0, 10, 'e'));
	KUNIT_EXPECT_TRUE(test, is_all(to, 10, PIECE, 'd'));
	/* Not beyond the end. */
	KUNIT_EXPECT_EQ(test, node_copy(from, 3 * PIECE, to, 0, 3 * PIECE, false), PIECE);
	KUNIT_EXPECT_EQ(test, node_copy(from, 4 * PIECE, to, 0, PIECE, false), 0);
	KUNIT_EXPECT_EQ(test, node_copy(from, 5 * PIECE, to, 0, 0, false), 0);
	/* Within one file, apart and overlapping. */
	KUNIT_EXPECT_EQ(test, node_copy(from, 0, from, PIECE, PIECE, false), PIECE);
	KUNIT_EXPECT_EQ(test, node_copy(from, 0, from, PIECE - 1, PIECE, false), -EINVAL);
	KUNIT_EXPECT_EQ(test, node_copy(from, PIECE - 1, from, 0, PIECE, false), -EINVAL);
	KUNIT_EXPECT_EQ(test, node_copy(from, 0, to, U64_MAX - 3, PIECE, false), -EFBIG);
	KUNIT_EXPECT_EQ(test, node_copy(from, U64_MAX - 3, to, 0, PIECE, false), -EINVAL);
	/* This file system cannot share blocks. */
	KUNIT_EXPECT_EQ(test, node_copy(from, 0, to, 0, PIECE, true), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, node_copy(folder.root, 0, to, 0, 1, false), -EINVAL);
	file_drop(test, from, "from");
	file_drop(test, to, "to");
	space_end(test);
}

/* Reading the source and writing the target are both checked. */
static void copy_rights(struct kunit *test)
{
	struct ditto_op as_user;
	struct ditto_node *from, *to;
	u64 verifier;

	space_begin(test);
	from = file_make(test, "from", 'd', 1);
	to = file_make(test, "to", 'e', 1);
	as_user = folder.op;
	as_user.cred = folder.user;
	KUNIT_EXPECT_EQ(test, ditto_copy(&as_user, from, 0, &folder.op, to, 0, 1, false,
					 &verifier), -EACCES);
	KUNIT_EXPECT_EQ(test, ditto_copy(&folder.op, from, 0, &as_user, to, 0, 1, false,
					 &verifier), -EACCES);
	as_user.granted = DITTO_MAY_WRITE;
	KUNIT_EXPECT_EQ(test, ditto_copy(&folder.op, from, 0, &as_user, to, 0, 1, false,
					 &verifier), 1);
	file_drop(test, from, "from");
	file_drop(test, to, "to");
	space_end(test);
}

/* Mandatory ranges of others. */
static void claims_are_asked(struct kunit *test)
{
	struct ditto_node *file, *other;
	struct ditto_range_request req;
	u64 at;

	space_begin(test);
	file = file_make(test, "file", 'f', 4);
	other = file_make(test, "other", 'g', 1);
	req = (struct ditto_range_request) {
		.point = &file->point,
		.owner = owner,
		.discipline = DITTO_EXACT,
		.exclusive = true,
		.first = PIECE,
		.last = 2 * PIECE - 1,
	};
	KUNIT_ASSERT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_PUNCH, 0, PIECE), 0);
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_PUNCH, 0, PIECE + 1), -EAGAIN);
	KUNIT_EXPECT_EQ(test, node_zero(file, 2 * PIECE - 1, 1, &at), -EAGAIN);
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_RESERVE, 0, 4 * PIECE), 0);
	KUNIT_EXPECT_EQ(test, ditto_seek(&folder.op, file, PIECE, true, &at), 0);
	KUNIT_EXPECT_EQ(test, node_copy(file, 0, other, 0, 2 * PIECE, false), -EAGAIN);
	KUNIT_EXPECT_EQ(test, node_copy(other, 0, file, 0, 2 * PIECE, false), -EAGAIN);
	KUNIT_EXPECT_EQ(test, node_copy(file, 2 * PIECE, other, 0, 2 * PIECE, false), 2 * PIECE);
	/* New bytes conflict, too. */
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&req), 0);
	req.first = 4 * PIECE;
	req.last = U64_MAX;
	KUNIT_ASSERT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_RESERVE, 0, 5 * PIECE), -EAGAIN);
	KUNIT_EXPECT_EQ(test, node_allocate(file, DITTO_SPACE_RESERVE_KEEP, 0, 5 * PIECE), 0);
	ditto_range_release_owner(&file->point, owner);
	file_drop(test, file, "file");
	file_drop(test, other, "other");
	space_end(test);
}

static struct kunit_case space_cases[] = {
	KUNIT_CASE(allocates_and_punches),
	KUNIT_CASE(punch_and_zero),
	KUNIT_CASE(reserved_space_goes),
	KUNIT_CASE(zeroes_in_parts),
	KUNIT_CASE(zeroes_ranges_in_parts),
	KUNIT_CASE(seeks_data_and_holes),
	KUNIT_CASE(maps_data_and_holes),
	KUNIT_CASE(maps_a_file_that_shrinks),
	KUNIT_CASE(copies_and_clones),
	KUNIT_CASE(copy_rights),
	KUNIT_CASE(claims_are_asked),
	{}
};

static struct kunit_suite space_suite = {
	.name = "ditto_space",
	FOLDER_SUITE(folder),
	.test_cases = space_cases,
};

kunit_test_suite(space_suite);
