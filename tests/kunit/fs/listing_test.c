// SPDX-License-Identifier: GPL-2.0-only
/*
 * Listings: each entry comes with the dentry of its name, whatever happens to the entries before
 * it, and whatever room the caller expects to have.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/namei.h>

#include "../../../fs/share/handle.h"
#include "../../../fs/node/node.h"
#include "../../../fs/op/op.h"
#include "folder.h"

/* Files of a case: more than are read of a directory at once. */
#define FILES		200
/* Files of which all names are read at once. */
#define FEW		100
#define NAME_ROOM	8
/* Every so many files are replaced while a listing is about to come to them. */
#define REPLACED	10
/* Entries that a caller expects to have room for, and how many are read if it has more. */
#define MOST		10
#define MORE		16
/* Bytes of an entry for the caller: without its name, and of the name. */
#define ENTRY_EACH	24
#define ENTRY_NAME	8

DEFINE_FOLDER(folder, "kunit-listing")

/**
 * struct listing_seen - what a listing has handed out
 * @test: the case
 * @other: directory with files of the same names, or NULL
 * @spoil: called with each entry, which is about to become the previous one; or NULL
 * @count: files of the case
 * @right: those whose dentry is that of their name in the directory
 * @live: those whose dentry can be looked up
 * @handles: those whose file handle is the same, made in either way
 * @memo: of the handles
 * @held: dentries of files that were removed
 * @cut_at: the entry, counted from 1, with which files are removed
 * @cut_to: files that are listed first and stay, besides the last one
 * @stop_at: the entry, counted from 1, for which the caller has no room; 0 if it has for all
 */
struct listing_seen {
	struct kunit *test;
	struct ditto_node *other;
	void (*spoil)(struct listing_seen *seen, const struct ditto_dirent *entry);
	u32 count;
	u32 right;
	u32 live;
	u32 handles;
	struct ditto_handle_memo memo;
	struct dentry *held[FILES / REPLACED];
	u32 cut_at;
	u32 cut_to;
	u32 stop_at;
};

static void listing_name(char name[NAME_ROOM], u32 i)
{
	snprintf(name, NAME_ROOM, "f%03u", i);
}

static void listing_fill(struct kunit *test, struct ditto_node *dir, u32 files)
{
	const struct ditto_setattr set = { .valid = DITTO_SET_MODE, .mode = 0644 };
	char buf[NAME_ROOM];

	for (u32 i = 0; i < files; i++) {
		struct ditto_node *node;

		listing_name(buf, i);
		KUNIT_ASSERT_EQ(test, folder_create(&folder.op, dir,
						    &(struct ditto_name){ buf, strlen(buf) },
						    &set, false, &node), 0);
		ditto_node_put(node);
	}
}

static void listing_empty(struct kunit *test, struct ditto_node *dir)
{
	struct ditto_wcc wcc;
	char buf[NAME_ROOM];

	for (u32 i = 0; i < FILES; i++) {
		listing_name(buf, i);
		/* A case may have removed it. */
		ditto_remove(&folder.op, dir, &(struct ditto_name){ buf, strlen(buf) }, false,
			     &wcc);
	}
}

static bool listing_same_handle(struct listing_seen *seen, const struct ditto_dirent *entry)
{
	struct ditto_handle room, file;
	const u8 *handle;
	u32 len;

	if (ditto_handle_encode(folder.share, entry->dentry, &file))
		return false;
	handle = ditto_handle_of_entry(folder.share, folder.root, entry, &room, &seen->memo, &len);
	return handle && len == file.len && !memcmp(handle, file.data, file.len);
}

static bool listing_emit(void *arg, const struct ditto_dirent *entry)
{
	struct listing_seen *seen = arg;
	struct dentry *dentry = entry->dentry;

	/* "." and "..", and the other directory */
	if (entry->name.name[0] != 'f')
		return true;
	seen->count++;
	if (dentry && dentry->d_name.len == entry->name.len &&
	    !memcmp(dentry->d_name.name, entry->name.name, entry->name.len) &&
	    d_inode(dentry->d_parent) == folder.root->inode &&
	    d_inode(dentry)->i_ino == entry->ino)
		seen->right++;
	if (dentry && !d_unhashed(dentry))
		seen->live++;
	if (dentry && listing_same_handle(seen, entry))
		seen->handles++;
	if (seen->spoil)
		seen->spoil(seen, entry);
	return seen->count != seen->stop_at;
}

static void listing_run(struct listing_seen *seen, u32 most)
{
	/* Names of one to four bytes take a unit each. */
	const struct ditto_readdir_args args = {
		.room = most * (ENTRY_EACH + ENTRY_NAME),
		.each = ENTRY_EACH,
		.per_byte = 2,
		.align = ENTRY_NAME,
		.dentries = true,
	};
	bool eof = false;

	int err = ditto_readdir(&folder.op, folder.root, &args, listing_emit, seen, &eof);

	KUNIT_EXPECT_EQ(seen->test, err, 0);
	KUNIT_EXPECT_TRUE(seen->test, eof);
}

static void listing_has_dentries(struct kunit *test)
{
	struct listing_seen seen = { .test = test };

	listing_fill(test, folder.root, FILES);
	listing_run(&seen, 0);
	KUNIT_EXPECT_EQ(test, seen.count, FILES);
	KUNIT_EXPECT_EQ(test, seen.right, FILES);
	KUNIT_EXPECT_EQ(test, seen.handles, FILES);
	listing_empty(test, folder.root);
}

/* A listing does not end with the room that its caller expects to have. */
static void listing_has_more(struct kunit *test)
{
	static const u32 mosts[] = { 1, 2, 7, FILES, FILES + 2 };

	listing_fill(test, folder.root, FILES);
	for (size_t i = 0; i < ARRAY_SIZE(mosts); i++) {
		struct listing_seen seen = { .test = test };

		listing_run(&seen, mosts[i]);
		KUNIT_EXPECT_EQ(test, seen.count, FILES);
		KUNIT_EXPECT_EQ(test, seen.right, FILES);
	}
	listing_empty(test, folder.root);
}

/*
 * The file behind @entry in the listing, if it is one of those that change. Return: its number, or
 * -ENOENT.
 */
static int listing_next(const struct ditto_dirent *entry, char buf[NAME_ROOM],
			struct ditto_name *next)
{
	char name[NAME_ROOM] = {};
	u32 i;

	memcpy(name, entry->name.name, min_t(size_t, entry->name.len, sizeof(name) - 1));
	if (kstrtou32(name + 1, 10, &i) || !i || (i - 1) % REPLACED)
		return -ENOENT;
	listing_name(buf, i - 1);
	*next = (struct ditto_name){ .name = buf, .len = entry->name.len };
	return i - 1;
}

/* Move the file that is listed next away, whose dentry was found together with this entry's. */
static void listing_move_next(struct listing_seen *seen, const struct ditto_dirent *entry)
{
	struct ditto_wcc from, to;
	struct ditto_name next;
	char buf[NAME_ROOM];

	if (listing_next(entry, buf, &next) < 0)
		return;
	KUNIT_EXPECT_EQ(seen->test, ditto_rename(&folder.op, folder.root, &next, &folder.op,
						 seen->other, &next, &from, &to), 0);
}

/* Only the names of files are listed that were moved after the names were read. */
static void listing_notices_moves(struct kunit *test)
{
	struct listing_seen seen = { .test = test, .spoil = listing_move_next };

	seen.other = folder_make(test, &folder, "other", 0755, true);
	listing_fill(test, folder.root, FILES);
	listing_run(&seen, 0);
	KUNIT_EXPECT_EQ(test, seen.count, FILES);
	KUNIT_EXPECT_EQ(test, seen.right, FILES - FILES / REPLACED);
	KUNIT_EXPECT_EQ(test, seen.live, FILES - FILES / REPLACED);
	listing_empty(test, folder.root);
	listing_empty(test, seen.other);
	ditto_node_put(seen.other);
	folder_remove(test, &folder, "other", true);
}

/* Move the file to the other directory, where it has neighbours with the names of those here. */
static void listing_move(struct listing_seen *seen, const struct ditto_dirent *entry)
{
	struct ditto_wcc from, to;

	KUNIT_EXPECT_EQ(seen->test, ditto_rename(&folder.op, folder.root, &entry->name, &folder.op,
						 seen->other, &entry->name, &from, &to), 0);
}

static void listing_survives_moves(struct kunit *test)
{
	struct listing_seen seen = { .test = test, .spoil = listing_move };

	seen.other = folder_make(test, &folder, "other", 0755, true);
	listing_fill(test, folder.root, FILES);
	/* The last one is listed first, and moved to before the one that is listed next. */
	listing_fill(test, seen.other, FILES - 1);
	listing_run(&seen, 0);
	KUNIT_EXPECT_EQ(test, seen.right, FILES);
	listing_empty(test, seen.other);
	ditto_node_put(seen.other);
	folder_remove(test, &folder, "other", true);
}

static void listing_remove(struct listing_seen *seen, const struct ditto_dirent *entry)
{
	struct ditto_wcc wcc;

	int err = ditto_remove(&folder.op, folder.root, &entry->name, false, &wcc);

	KUNIT_EXPECT_EQ(seen->test, err, 0);
}

static void listing_survives_removals(struct kunit *test)
{
	struct listing_seen seen = { .test = test, .spoil = listing_remove };

	listing_fill(test, folder.root, FILES);
	listing_run(&seen, 0);
	KUNIT_EXPECT_EQ(test, seen.count, FILES);
	KUNIT_EXPECT_EQ(test, seen.right, FILES);
}

/*
 * Replace the file that is listed next. The old dentry stays beside this entry's as long as it is
 * held, but is not that of the name any more.
 */
static void listing_replace(struct listing_seen *seen, const struct ditto_dirent *entry)
{
	const struct ditto_setattr set = { .valid = DITTO_SET_MODE, .mode = 0644 };
	struct ditto_node *node;
	struct ditto_name next;
	struct ditto_wcc wcc;
	struct dentry *dir;
	struct qstr name;
	char buf[NAME_ROOM];
	int i;

	i = listing_next(entry, buf, &next);
	if (i < 0)
		return;
	name = (struct qstr)QSTR_INIT(buf, next.len);
	dir = ditto_node_dentry(folder.root);
	seen->held[i / REPLACED] = d_hash_and_lookup(dir, &name);
	dput(dir);
	KUNIT_EXPECT_EQ(seen->test, ditto_remove(&folder.op, folder.root, &next, false, &wcc), 0);
	if (folder_create(&folder.op, folder.root, &next, &set, false, &node))
		KUNIT_FAIL(seen->test, "%s is not made again", buf);
	else
		ditto_node_put(node);
}

static void listing_survives_replacements(struct kunit *test)
{
	struct listing_seen *seen = kunit_kzalloc(test, sizeof(*seen), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, seen);
	seen->test = test;
	seen->spoil = listing_replace;
	listing_fill(test, folder.root, FILES);
	listing_run(seen, 0);
	KUNIT_EXPECT_EQ(test, seen->count, FILES);
	KUNIT_EXPECT_EQ(test, seen->live, FILES);
	for (u32 i = 0; i < ARRAY_SIZE(seen->held); i++) {
		KUNIT_EXPECT_NOT_NULL(test, seen->held[i]);
		dput(seen->held[i]);
	}
	listing_empty(test, folder.root);
}

static void listing_rename(struct kunit *test, const char *from, const char *to)
{
	const struct ditto_name old = { from, strlen(from) }, new = { to, strlen(to) };
	struct ditto_wcc wcc[2];

	KUNIT_EXPECT_EQ(test, ditto_rename(&folder.op, folder.root, &old, &folder.op, folder.root,
					   &new, &wcc[0], &wcc[1]), 0);
}

/* A dentry becomes the first of its directory when it is renamed. */
static void listing_put_first(struct kunit *test, u32 i)
{
	char buf[NAME_ROOM];

	listing_name(buf, i);
	listing_rename(test, buf, "moving");
	listing_rename(test, "moving", buf);
}

/*
 * Turn the order of the dentries around, behind the back of the listing, which has read all names.
 * Then one of them has none before it, and the next one is elsewhere.
 */
static void listing_turn(struct listing_seen *seen, const struct ditto_dirent *entry)
{
	if (seen->count != 1)
		return;
	for (u32 i = FEW; i-- > 0; )
		listing_put_first(seen->test, i);
	listing_put_first(seen->test, FEW / 2);
}

static void listing_goes_backwards(struct kunit *test)
{
	struct listing_seen seen = { .test = test, .spoil = listing_turn };

	listing_fill(test, folder.root, FEW);
	listing_run(&seen, 0);
	KUNIT_EXPECT_EQ(test, seen.count, FEW);
	KUNIT_EXPECT_EQ(test, seen.right, FEW);
	KUNIT_EXPECT_EQ(test, seen.live, FEW);
	listing_empty(test, folder.root);
}

/*
 * Those that were made last are listed first. The one that is listed last stays, too: if nothing
 * is left behind its position, tmpfs lists the directory from its beginning.
 */
static void listing_cut(struct listing_seen *seen, const struct ditto_dirent *entry)
{
	struct ditto_wcc wcc;
	char buf[NAME_ROOM];

	if (seen->count != seen->cut_at)
		return;
	for (u32 i = 1; i < FILES - seen->cut_to; i++) {
		listing_name(buf, i);
		KUNIT_EXPECT_EQ(seen->test,
				ditto_remove(&folder.op, folder.root,
					     &(struct ditto_name){ buf, strlen(buf) }, false,
					     &wcc), 0);
	}
}

/*
 * No more is read of the directory than the caller expects to have room for, and then a few: what
 * is removed before it is read is not listed.
 */
static void listing_reads_no_more(struct kunit *test)
{
	static const struct {
		u32 at;
		u32 to;
	} cuts[] = {
		/* "." and ".." are read first. */
		{ 1, MOST - 2 },
		{ MOST - 2 + 1, MOST - 2 + MORE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		struct listing_seen seen = {
			.test = test,
			.spoil = listing_cut,
			.cut_at = cuts[i].at,
			.cut_to = cuts[i].to,
		};

		listing_fill(test, folder.root, FILES);
		listing_run(&seen, MOST);
		KUNIT_EXPECT_EQ(test, seen.count, cuts[i].to + 1);
		KUNIT_EXPECT_EQ(test, seen.right, cuts[i].to + 1);
		listing_empty(test, folder.root);
	}
}

/* Return: references of the dentries of all files together. */
static u32 listing_references(void)
{
	struct dentry *dir = ditto_node_dentry(folder.root), *dentry;
	char buf[NAME_ROOM];
	u32 sum = 0;

	for (u32 i = 0; i < FEW; i++) {
		struct qstr name = QSTR_INIT(buf, 0);

		listing_name(buf, i);
		name.len = strlen(buf);
		dentry = d_hash_and_lookup(dir, &name);
		if (IS_ERR_OR_NULL(dentry))
			continue;
		sum += d_count(dentry) - 1;
		dput(dentry);
	}
	dput(dir);
	return sum;
}

/* Dentries of entries that are not handed out are released. */
static void listing_stops(struct kunit *test)
{
	const struct ditto_readdir_args args = { .dentries = true };
	u32 references;
	bool eof;

	listing_fill(test, folder.root, FEW);
	references = listing_references();
	KUNIT_EXPECT_GE(test, references, FEW);
	for (u32 at = 1; at <= FEW; at++) {
		struct listing_seen seen = { .test = test, .stop_at = at };
		int err = ditto_readdir(&folder.op, folder.root, &args, listing_emit, &seen, &eof);

		KUNIT_EXPECT_EQ(test, err, 0);
		KUNIT_EXPECT_EQ(test, seen.right, at);
		KUNIT_EXPECT_EQ(test, listing_references(), references);
	}
	listing_empty(test, folder.root);
}

static struct kunit_case listing_test_cases[] = {
	KUNIT_CASE(listing_has_dentries),
	KUNIT_CASE(listing_has_more),
	KUNIT_CASE(listing_survives_moves),
	KUNIT_CASE(listing_notices_moves),
	KUNIT_CASE(listing_survives_removals),
	KUNIT_CASE(listing_survives_replacements),
	KUNIT_CASE(listing_goes_backwards),
	KUNIT_CASE(listing_reads_no_more),
	KUNIT_CASE(listing_stops),
	{}
};

static struct kunit_suite listing_suite = {
	.name = "ditto_listing",
	FOLDER_SUITE(folder),
	FOLDER_CASES(folder),
	.test_cases = listing_test_cases,
};

kunit_test_suite(listing_suite);
