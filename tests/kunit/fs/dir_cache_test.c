// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kept listings: they spare reading of the directory, tell what the directory has, and end with
 * the first change of it.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/random.h>
#include <linux/sizes.h>

#include "../../../fs/share/handle.h"
#include "../../../fs/node/node.h"
#include "../../../fs/op/dir_cache.h"
#include "../../../fs/op/op.h"
#include "../../../fs/op/op_private.h"
#include "folder.h"

/* Files of the directory: entries of several parts. */
#define FILES		300
/* Entries with "." and "..", and as many more as a case adds. */
#define ENTRIES_MOST	(FILES + 8)
#define NAME_ROOM	8
/* Listings of a case with random beginnings. */
#define LISTINGS	200
/* Entries of a part that a case makes up. */
#define PART_ENTRIES	20
/* Directories of a case, whose listings have more than this memory. */
#define DIRS		60
#define DIRS_MEMORY	SZ_16K

DEFINE_FOLDER(folder, "kunit-kept")

/**
 * struct kept_list - what a listing has handed out
 * @test: the case
 * @names: names of the entries
 * @cookies: positions behind them
 * @count: number of entries
 * @most: entries for which there is room
 * @handles: entries whose handle is the one that is made without a listing
 * @memo: of the handles
 * @eof: the end was reached
 */
struct kept_list {
	struct kunit *test;
	char names[ENTRIES_MOST][NAME_ROOM];
	u64 cookies[ENTRIES_MOST];
	u32 count;
	u32 most;
	u32 handles;
	struct ditto_handle_memo memo;
	bool eof;
};

static bool kept_handle_is_right(struct kept_list *list, const struct ditto_dirent *entry)
{
	struct ditto_handle room, file;
	const u8 *handle;
	u32 len;

	if (!entry->dentry || ditto_handle_encode(folder.share, entry->dentry, &file))
		return false;
	handle = ditto_handle_of_entry(folder.share, folder.root, entry, &room, &list->memo, &len);
	return handle && len == file.len && !memcmp(handle, file.data, file.len);
}

static bool kept_emit(void *arg, const struct ditto_dirent *entry)
{
	struct kept_list *list = arg;

	if (list->count == list->most)
		return false;
	KUNIT_ASSERT_LT(list->test, entry->name.len, NAME_ROOM);
	memcpy(list->names[list->count], entry->name.name, entry->name.len);
	list->names[list->count][entry->name.len] = '\0';
	list->cookies[list->count++] = entry->cookie;
	list->handles += kept_handle_is_right(list, entry);
	return true;
}

/* List from a cookie. Return: how often the directory was read. */
static int kept_list(struct kunit *test, struct kept_list *list, u64 cookie, u32 most)
{
	const struct ditto_readdir_args args = {
		.cookie = cookie,
		.room = most,
		.each = 1,
		.align = 1,
		.dentries = true,
		.handles = true,
	};
	int before = atomic_read(&ditto_dir_reads);

	list->test = test;
	list->count = 0;
	list->most = most;
	list->memo = (struct ditto_handle_memo){};
	list->handles = 0;
	KUNIT_EXPECT_EQ(test, ditto_readdir(&folder.op, folder.root, &args, kept_emit, list,
					    &list->eof), 0);
	KUNIT_EXPECT_EQ(test, list->handles, list->count);
	return atomic_read(&ditto_dir_reads) - before;
}

static int kept_list_all(struct kunit *test, struct kept_list *list)
{
	int reads = kept_list(test, list, 0, ENTRIES_MOST);

	KUNIT_EXPECT_TRUE(test, list->eof);
	return reads;
}

static bool kept_has(const struct kept_list *list, const char *name)
{
	for (u32 i = 0; i < list->count; i++)
		if (!strcmp(list->names[i], name))
			return true;
	return false;
}

/* Wait until the next change of the directory has another time. */
static void kept_settle(void)
{
	struct inode *inode = folder.root->inode;
	struct timespec64 ctime = inode_get_ctime(inode), now;

	do {
		msleep(20);
		now = current_time(inode);
	} while (timespec64_compare(&now, &ctime) <= 0);
}

static void kept_name(char name[NAME_ROOM], u32 i)
{
	snprintf(name, NAME_ROOM, "f%03u", i);
}

static struct kept_list *kept_fill(struct kunit *test)
{
	struct kept_list *list = kunit_kzalloc(test, sizeof(*list), GFP_KERNEL);
	char name[NAME_ROOM];

	KUNIT_ASSERT_NOT_NULL(test, list);
	for (u32 i = 0; i < FILES; i++) {
		kept_name(name, i);
		ditto_node_put(folder_make(test, &folder, name, 0644, false));
	}
	kept_settle();
	return list;
}

static void kept_empty(struct kunit *test)
{
	struct ditto_wcc wcc;
	char name[NAME_ROOM];

	for (u32 i = 0; i < FILES; i++) {
		kept_name(name, i);
		ditto_remove(&folder.op, folder.root,
			     &(struct ditto_name){ name, strlen(name) }, false, &wcc);
	}
}

/* The second listing without a change is kept, and the third one reads nothing. */
static void kept_begins(struct kunit *test)
{
	struct kept_list *list = kept_fill(test);
	int reads = kept_list_all(test, list);

	KUNIT_EXPECT_GE(test, reads, 3);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(folder.root->dir_cache));
	KUNIT_EXPECT_EQ(test, kept_list_all(test, list), reads);
	KUNIT_EXPECT_NOT_NULL(test, rcu_access_pointer(folder.root->dir_cache));
	/* The first of these makes the handles, and the second one has them. */
	for (int i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, kept_list_all(test, list), 0);
		KUNIT_EXPECT_EQ(test, list->count, FILES + 2);
		for (u32 file = 0; file < FILES; file++) {
			char name[NAME_ROOM];

			kept_name(name, file);
			KUNIT_EXPECT_TRUE(test, kept_has(list, name));
		}
	}
	kept_empty(test);
}

/* While another change might have the same time, nothing is kept. */
static void kept_waits_for_clock(struct kunit *test)
{
	struct kept_list *list = kunit_kzalloc(test, sizeof(*list), GFP_KERNEL);
	struct inode *inode = folder.root->inode;
	struct timespec64 ctime, now;
	bool same = false;

	KUNIT_ASSERT_NOT_NULL(test, list);
	for (int i = 0; i < 1000 && !same; i++) {
		ditto_node_put(folder_make(test, &folder, "f000", 0644, false));
		for (int again = 0; again < 3; again++)
			kept_list_all(test, list);
		ctime = inode_get_ctime(inode);
		now = current_time(inode);
		same = timespec64_equal(&now, &ctime);
		if (same)
			KUNIT_EXPECT_NULL(test, rcu_access_pointer(folder.root->dir_cache));
		folder_remove(test, &folder, "f000", false);
	}
	KUNIT_EXPECT_TRUE(test, same);
}

static void kept_change_create(struct kunit *test)
{
	ditto_node_put(folder_make(test, &folder, "new", 0644, false));
}

static void kept_change_rename(struct kunit *test)
{
	static const struct ditto_name from = { "new", 3 }, to = { "newer", 5 };
	struct ditto_wcc wcc[2];

	KUNIT_EXPECT_EQ(test, ditto_rename(&folder.op, folder.root, &from, &folder.op, folder.root,
					   &to, &wcc[0], &wcc[1]), 0);
}

static void kept_change_remove(struct kunit *test)
{
	folder_remove(test, &folder, "newer", false);
}

/* Each change of the directory is in the next listing. */
static void kept_ends(struct kunit *test)
{
	static const struct {
		void (*change)(struct kunit *test);
		const char *name;
		const char *gone;
	} changes[] = {
		{ kept_change_create, "new", "newer" },
		{ kept_change_rename, "newer", "new" },
		{ kept_change_remove, "f000", "newer" },
	};
	struct kept_list *list = kept_fill(test);

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		for (int again = 0; again < 2; again++)
			kept_list_all(test, list);
		KUNIT_EXPECT_EQ(test, kept_list_all(test, list), 0);
		changes[i].change(test);
		KUNIT_EXPECT_GT(test, kept_list_all(test, list), 0);
		KUNIT_EXPECT_TRUE(test, kept_has(list, changes[i].name));
		KUNIT_EXPECT_FALSE(test, kept_has(list, changes[i].gone));
		kept_settle();
	}
	kept_empty(test);
}

/* A listing may begin at each cookie, with each room, in parts that others have made. */
static void kept_resumes(struct kunit *test)
{
	struct kept_list *all = kept_fill(test);
	struct kept_list *list = kunit_kzalloc(test, sizeof(*list), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, list);
	kept_list_all(test, all);
	kept_list(test, list, 0, 20);
	for (int i = 0; i < LISTINGS; i++) {
		u32 at = get_random_u32_below(all->count), most = get_random_u32_inclusive(1, 150);
		u32 left = all->count - 1 - at, want = min(left, most);

		kept_list(test, list, all->cookies[at], most);
		KUNIT_ASSERT_EQ(test, list->count, want);
		KUNIT_EXPECT_EQ(test, list->eof, left <= most);
		for (u32 n = 0; n < want; n++) {
			KUNIT_ASSERT_STREQ(test, list->names[n], all->names[at + 1 + n]);
			KUNIT_ASSERT_EQ(test, list->cookies[n], all->cookies[at + 1 + n]);
		}
	}
	kept_list_all(test, list);
	KUNIT_EXPECT_EQ(test, kept_list_all(test, list), 0);
	KUNIT_EXPECT_EQ(test, list->count, all->count);
	for (u32 n = 0; n < all->count; n++)
		KUNIT_EXPECT_STREQ(test, list->names[n], all->names[n]);
	kept_empty(test);
}

/* Handles that were made with another key are not handed out. */
static void kept_handles_follow_key(struct kunit *test)
{
	struct kept_list *list = kept_fill(test);
	siphash_key_t key = folder.srv->handle_key;

	for (int i = 0; i < 3; i++)
		kept_list_all(test, list);
	folder.srv->handle_key.key[0]++;
	KUNIT_EXPECT_EQ(test, kept_list_all(test, list), 0);
	folder.srv->handle_key = key;
	KUNIT_EXPECT_EQ(test, kept_list_all(test, list), 0);
	kept_empty(test);
}

/* Listings go when memory is short; the directory is read again. */
static void kept_shrinks(struct kunit *test)
{
	struct kept_list *list = kept_fill(test);

	for (int i = 0; i < 2; i++)
		kept_list_all(test, list);
	KUNIT_EXPECT_EQ(test, kept_list_all(test, list), 0);
	KUNIT_EXPECT_GT(test, ditto_dir_cache_shrink(LONG_MAX), FILES);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(folder.root->dir_cache));
	KUNIT_EXPECT_GT(test, kept_list_all(test, list), 0);
	KUNIT_EXPECT_EQ(test, list->count, FILES + 2);
	kept_empty(test);
}

/* A position behind all that a file system has is refused, not taken for the end. */
static void kept_refuses_cookie(struct kunit *test)
{
	struct kept_list *list = kept_fill(test);
	const struct ditto_readdir_args args = { .cookie = U64_MAX };

	for (int i = 0; i < 2; i++)
		kept_list(test, list, 0, 20);
	KUNIT_ASSERT_NOT_NULL(test, rcu_access_pointer(folder.root->dir_cache));
	KUNIT_EXPECT_EQ(test, ditto_readdir(&folder.op, folder.root, &args, kept_emit, list,
					    &list->eof), -EBADCOOKIE);
	kept_empty(test);
}

/* Begin a listing of a directory that has none. Return: the listing, to be put. */
static struct ditto_dir_cache *kept_start(struct kunit *test, struct ditto_node *dir)
{
	struct ditto_dir_cache *cache = NULL;

	for (int i = 0; i < 2 && !cache; i++)
		cache = ditto_dir_cache_get(folder.share, dir, 0);
	KUNIT_ASSERT_NOT_NULL(test, cache);
	return cache;
}

/* The same for the folder. */
static struct ditto_dir_cache *kept_start_folder(struct kunit *test)
{
	ditto_dir_cache_shrink(LONG_MAX);
	kept_settle();
	return kept_start(test, folder.root);
}

/* Add a part that the file system might have given. */
static void kept_add_part(struct ditto_dir_cache *cache, struct ditto_node *dir, const char *name,
			  u64 from, u64 first, u32 count, u64 behind)
{
	union {
		struct ditto_raw_entry raw;
		u64 words[PART_ENTRIES * 4];
	} entries = {};
	struct ditto_raw_entry *raw = &entries.raw;
	u32 used = 0;

	for (u32 i = 0; i < count; i++) {
		raw = (void *)&entries + used;
		raw->pos = first + i;
		raw->len = strlen(name);
		memcpy(raw->name, name, raw->len);
		used += ditto_raw_size(raw->len);
	}
	ditto_dir_cache_add(cache, dir, from, behind, &entries.raw, used, true);
}

static bool kept_finds(struct ditto_dir_cache *cache, u64 pos)
{
	const struct ditto_raw_entry *raw;
	u32 index;

	return ditto_dir_cache_find(cache, pos, &raw, &index);
}

/*
 * A part that ends between entries with the same position is not kept, as it would lead to itself;
 * nor what was read behind it, which does not have all entries of that position.
 */
static void kept_same_position(struct kunit *test)
{
	struct ditto_dir_cache *cache = kept_start_folder(test);

	kept_add_part(cache, folder.root, "first", 10, 10, PART_ENTRIES, 30);
	KUNIT_EXPECT_TRUE(test, kept_finds(cache, 10));
	KUNIT_EXPECT_TRUE(test, kept_finds(cache, 29));
	kept_add_part(cache, folder.root, "second", 30, 30, PART_ENTRIES, 49);
	KUNIT_EXPECT_FALSE(test, kept_finds(cache, 30));
	kept_add_part(cache, folder.root, "third", 49, 49, PART_ENTRIES, 80);
	KUNIT_EXPECT_FALSE(test, kept_finds(cache, 49));
	KUNIT_EXPECT_TRUE(test, kept_finds(cache, 10));
	ditto_dir_cache_put(cache);
}

/* A part that could not be found takes no memory, however often it is read. */
static void kept_dots_again(struct kunit *test)
{
	struct ditto_dir_cache *cache = kept_start_folder(test);
	long bytes;

	/* ext4 has ".." far behind ".", and listings may begin between them. */
	kept_add_part(cache, folder.root, "..", 0, 0, 2, 100);
	for (u32 i = 0; i < LISTINGS; i++)
		kept_add_part(cache, folder.root, "..", 0, 1, 1, 100);
	KUNIT_EXPECT_TRUE(test, kept_finds(cache, 0));
	ditto_dir_cache_put(cache);
	bytes = ditto_dir_cache_shrink(LONG_MAX);
	KUNIT_EXPECT_GT(test, bytes, 0);
	KUNIT_EXPECT_LT(test, bytes, LISTINGS * (long)sizeof(struct ditto_dir_part));
}

static void kept_add_some(struct kunit *test, struct ditto_dir_cache *cache, struct ditto_node *dir)
{
	kept_add_part(cache, dir, "name", 0, 0, PART_ENTRIES, 100);
	KUNIT_EXPECT_TRUE(test, kept_finds(cache, 0));
}

static void kept_add_handles(struct kunit *test, struct ditto_dir_cache *cache,
			     struct ditto_node *dir)
{
	const struct ditto_raw_entry *raw;
	struct ditto_dir_part *part;
	u32 index;

	part = ditto_dir_cache_find(cache, 0, &raw, &index);
	KUNIT_ASSERT_NOT_NULL(test, part);
	KUNIT_EXPECT_NOT_NULL(test, ditto_dir_cache_handles(cache, part, folder.share));
}

/* Listings of many directories have no more memory than all may have, whatever is added. */
static void kept_limit(struct kunit *test)
{
	static const struct {
		void (*add)(struct kunit *test, struct ditto_dir_cache *cache,
			    struct ditto_node *dir);
		bool begun;
	} steps[] = {
		{ NULL, false }, { kept_add_some, false }, { kept_add_handles, true },
	};
	struct ditto_node *dirs[DIRS];
	long most = ditto_dir_cache_most;
	char name[NAME_ROOM];

	ditto_dir_cache_shrink(LONG_MAX);
	for (u32 i = 0; i < DIRS; i++) {
		kept_name(name, i);
		dirs[i] = folder_make(test, &folder, name, 0755, true);
	}
	kept_settle();
	ditto_dir_cache_most = DIRS_MEMORY;
	for (size_t n = 0; n < ARRAY_SIZE(steps); n++) {
		for (u32 i = 0; i < DIRS; i++) {
			struct ditto_dir_cache *cache;

			if (steps[n].begun && !rcu_access_pointer(dirs[i]->dir_cache))
				continue;
			cache = kept_start(test, dirs[i]);
			if (steps[n].add)
				steps[n].add(test, cache, dirs[i]);
			ditto_dir_cache_put(cache);
		}
		KUNIT_EXPECT_LE(test, atomic_long_read(&ditto_dir_cache_bytes), DIRS_MEMORY);
	}
	ditto_dir_cache_most = most;
	for (u32 i = 0; i < DIRS; i++) {
		ditto_node_put(dirs[i]);
		kept_name(name, i);
		folder_remove(test, &folder, name, true);
	}
}

/* Handles of file systems with short file ids are kept, too. */
static void kept_short_handle(struct kunit *test)
{
	struct ditto_dir_part_handle cache = {};
	const struct ditto_dirent entry = {
		.dentry = folder.share->root.dentry,
		.cached_handle = &cache,
	};
	struct ditto_handle_memo memo = {};
	struct ditto_handle room = {}, file;
	const u8 *handle;
	u32 len;

	KUNIT_ASSERT_EQ(test, ditto_handle_encode(folder.share, entry.dentry, &file), 0);
	KUNIT_ASSERT_LT(test, (u32)file.len, (u32)DITTO_HANDLE_USUAL);
	for (int i = 0; i < 2; i++) {
		handle = ditto_handle_of_entry(folder.share, folder.root, &entry, &room, &memo,
					       &len);
		KUNIT_EXPECT_PTR_EQ(test, handle, i ? (const u8 *)cache.data : room.data);
		KUNIT_ASSERT_EQ(test, len, (u32)file.len);
		KUNIT_EXPECT_MEMEQ(test, handle, file.data, len);
	}
}

static struct kunit_case kept_test_cases[] = {
	KUNIT_CASE(kept_begins),
	KUNIT_CASE(kept_waits_for_clock),
	KUNIT_CASE(kept_ends),
	KUNIT_CASE(kept_resumes),
	KUNIT_CASE(kept_handles_follow_key),
	KUNIT_CASE(kept_shrinks),
	KUNIT_CASE(kept_refuses_cookie),
	KUNIT_CASE(kept_same_position),
	KUNIT_CASE(kept_dots_again),
	KUNIT_CASE(kept_limit),
	KUNIT_CASE(kept_short_handle),
	{}
};

static struct kunit_suite kept_suite = {
	.name = "ditto_dir_cache",
	FOLDER_SUITE(folder),
	FOLDER_CASES(folder),
	.test_cases = kept_test_cases,
};

kunit_test_suite(kept_suite);
